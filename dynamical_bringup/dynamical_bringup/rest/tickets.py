"""One-time tickets: how a web page opens a stream, whose requests cannot carry a header.

A ticket stands in the URL, so it is worth little: it opens one stream, once, for half a minute.
"""

import re
import secrets
from collections import OrderedDict

from dynamical_bringup.rest.principal import Principal

LIFETIME = 30.0  # [s]
PARAMETER = "ticket"
STREAMS = re.compile(r"/api/safety/live|/api/v1/skills/executions/[^/]+/(events|stream)")
_MOST = 1000


class Tickets:
    """Tickets on their way; times are seconds of any clock that only goes forward [s]."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[Principal, float]] = OrderedDict()

    def issue(self, principal: Principal, *, now: float) -> str:
        """A ticket in the name of whoever asks; the oldest of very many becomes void."""
        ticket = secrets.token_urlsafe(32)
        self._known[ticket] = (principal, now + LIFETIME)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, *, now: float) -> Principal | None:
        """Whose ticket it is; it is void afterwards."""
        principal, end = self._known.pop(ticket, (None, 0.0))
        return principal if now < end else None
