"""Bodies of keys, tickets and audits."""

from pydantic import BaseModel, Field, JsonValue

from dynamical_bringup.rest.models.fields import Name, Request
from dynamical_bringup.rest.principal import Scope


class AuditEntry(BaseModel):
    """One change of zones or hazards, one stop, one reset; or one command over REST."""

    sequence: int | None = None
    time: str = ""
    source: str = ""
    action: str = ""
    version: int = 0
    before: JsonValue = None
    after: JsonValue = None
    hash: str = ""


class Audit(BaseModel):
    """The newest entries, and whether the whole chain holds."""

    intact: bool
    broken_line: int | None
    problem: str | None
    newest_hash: str
    entries: list[AuditEntry]


class KeyRequest(Request):
    """A key to be made."""

    scopes: list[Scope] = Field(
        min_length=1,
        max_length=3,
        description="observe: read, follow, stop, cancel; operate: let the robot act; administer: "
        "zones, skills, reset, keys, audit. None of them contains another.",
    )
    name: Name = Field("", description="who has it, in words")
    days: float | None = Field(
        None, gt=0.0, le=36500.0, description="how long it holds; null = until it is revoked"
    )


class KeyBody(BaseModel):
    """What is known of a key."""

    id: str
    name: str
    scopes: list[Scope]
    created: str
    expires: str | None
    revoked: str | None


class KeyCreated(KeyBody):
    """A key, shown this once."""

    key: str


class KeyList(BaseModel):
    """Keys, oldest first."""

    keys: list[KeyBody]
    total: int


class Ticket(BaseModel):
    """Opens one stream, once."""

    ticket: str
    expires_in: float = Field(description="[s]")
