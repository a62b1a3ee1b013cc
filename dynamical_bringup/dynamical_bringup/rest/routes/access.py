"""Who may call: keys and tickets; and the audit of who did."""

import time
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from dynamical_bringup.rest import models
from dynamical_bringup.rest.auditing import audit_path, note
from dynamical_bringup.rest.context import Context, needs, principal
from dynamical_bringup.rest.keys import KeyStoreError, StoredKey, new_key
from dynamical_bringup.rest.principal import Scope
from dynamical_bringup.rest.problems import Problem, documented, graph_unavailable
from dynamical_bringup.rest.tickets import LIFETIME
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety import audit

KeyId = Annotated[str, Path(max_length=64)]
_DAY = 86400.0


def router(context: Context) -> APIRouter:
    """Routes of keys, tickets and the audit."""
    routes = APIRouter(prefix="/api/v1", tags=["access"])
    keys = context.keys

    @routes.get(
        "/keys",
        operation_id="list_keys",
        responses=documented(401, 403, 422),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def list_keys(page: Annotated[models.Page, Query()]) -> models.KeyList:
        """Every key there is or was; never the keys themselves."""
        known = keys.all()
        return models.KeyList(
            keys=[key_body(entry) for entry in known[page.offset : page.offset + page.limit]],
            total=len(known),
        )

    @routes.post(
        "/keys",
        operation_id="create_key",
        responses=documented(400, 401, 403, 413, 422, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def create_key(body: models.KeyRequest, request: Request) -> models.KeyCreated:
        """Make a key. The answer holds it, and nothing will ever show it again."""
        key = new_key()
        expires = 0.0 if body.days is None else time.time() + body.days * _DAY
        try:
            entry = keys.add(key, scopes=body.scopes, name=body.name, expires=expires)
        except OSError as error:
            raise _unwritable(error) from error
        note(request.scope, key=entry.id)
        return models.KeyCreated(key=key, **key_body(entry).model_dump())

    @routes.delete(
        "/keys/{key_id}",
        operation_id="revoke_key",
        responses=documented(401, 403, 404, 409, 422, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    async def revoke_key(key_id: KeyId) -> models.KeyBody:
        """Make a key void at once and for good; streams opened with it end."""
        try:
            return key_body(keys.revoke(key_id, now=time.time()))
        except KeyError:
            raise Problem(404, f"there is no key {key_id!r}", "key-unknown") from None
        except KeyStoreError as error:
            raise Problem(409, str(error), "key-needed") from None
        except OSError as error:
            raise _unwritable(error) from error

    @routes.post(
        "/tickets",
        operation_id="create_ticket",
        responses=documented(401, 403, 503),
        dependencies=[needs(Scope.OBSERVE)],
    )
    async def create_ticket(request: Request) -> models.Ticket:
        """A ticket that opens one stream, once, within 30 s: `?ticket=...` in its URL.

        For web pages, whose `EventSource` and `WebSocket` cannot send a key; a key itself is never
        taken from a URL.
        """
        ticket = context.tickets.issue(principal(request), now=time.monotonic())
        return models.Ticket(ticket=ticket, expires_in=LIFETIME)

    @routes.get(
        "/audit",
        operation_id="get_rest_audit",
        responses=documented(401, 403, 422, 503),
        dependencies=[needs(Scope.ADMINISTER)],
    )
    def get_rest_audit(last: Annotated[int, Query(ge=0, le=1000)] = 100) -> models.Audit:
        """The newest commands over REST, who gave them and what became of them; is the chain intact?"""
        if context.state_dir is None:
            raise graph_unavailable("the bridge keeps no audit: it was given no folder")
        path = audit_path(context.state_dir)
        try:
            broken = audit.verify(path)
            entries = audit.read(path, last=last)
            newest = audit.newest_hash(path)
        except OSError as error:
            raise graph_unavailable(f"the audit {path} cannot be read: {error}") from None
        return models.Audit(
            intact=broken is None,
            broken_line=None if broken is None else broken.line,
            problem=None if broken is None else broken.problem,
            newest_hash=newest,
            entries=[models.AuditEntry.model_construct(**entry) for entry in entries],
        )

    return routes


def key_body(entry: StoredKey) -> models.KeyBody:
    """A key as the outside sees it."""
    return models.KeyBody(
        id=entry.id,
        name=entry.name,
        scopes=[Scope(scope) for scope in entry.scopes],
        created=entry.created,
        expires=(
            datetime.fromtimestamp(entry.expires, UTC).isoformat(timespec="seconds")
            if entry.expires
            else None
        ),
        revoked=entry.revoked or None,
    )


def _unwritable(error: OSError) -> Problem:
    return Problem(
        503,
        f"the keys cannot be written: {error}",
        "keys-unwritable",
        ErrorCode.STORAGE_FULL,
    )
