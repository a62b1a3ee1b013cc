"""Who calls, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What a route asks for; none of them contains another.

    Whoever may observe the robot may also stop it and cancel what it does: a stop must never wait
    for someone with more rights.
    """

    OBSERVE = "observe"
    OPERATE = "operate"
    ADMINISTER = "administer"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from.

    Attributes:
        id: The key's id, never the key; ``network:ADDRESS`` for a trusted peer.
        scopes: What the caller may do.
    """

    id: str
    scopes: frozenset[Scope]

    def may(self, scope: Scope) -> bool:
        """Whether the caller has the scope."""
        return scope in self.scopes
