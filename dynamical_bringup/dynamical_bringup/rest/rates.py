"""How often a caller may ask, and the guard that says no.

A window slides over the last ten seconds; its count is kept per key and per address. Stopping is
never counted and never refused.
"""

import math
import time
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from dynamical_bringup.rest.auditing import AuditTrail
from dynamical_bringup.rest.problems import Problem, graph_unavailable, response
from dynamical_bringup.rest.stops import is_stop

WINDOW = 10  # [s]
# A server that is asked to refuse connections refuses stops as well: this bound lets them through.
MOST_AT_ONCE = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class RateSettings:
    """Requests per second on the long run; a burst may take the whole window at once [1/s].

    Attributes:
        key: Of one key.
        address: Of one address, whatever keys it uses.
        failures: Of one address with a key that is not valid.
    """

    key: float = 200.0
    address: float = 400.0
    failures: float = 20.0


class Rates:
    """Counts requests; not to be used from two threads at once."""

    def __init__(self, settings: RateSettings) -> None:
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._key = _item(settings.key)
        self._address = _item(settings.address)
        self._failures = _item(settings.failures)

    def refuse(self, *, caller: str, address: str) -> float:
        """Count a request; returns after how long it may come again, 0 = now [s]."""
        wait = self._count(self._address, "address", address)
        return wait or (self._count(self._key, "key", caller) if caller else 0.0)

    def refuse_failure(self, address: str) -> float:
        """Count a request with no valid key; returns as ``refuse``."""
        return self._count(self._failures, "failure", address)

    def _count(self, item: RateLimitItem, kind: str, who: str) -> float:
        if self._limiter.hit(item, kind, who):
            return 0.0
        reset = self._limiter.get_window_stats(item, kind, who).reset_time
        return max(1.0, reset - time.time())


def _item(per_second: float) -> RateLimitItem:
    return RateLimitItemPerSecond(max(1, math.ceil(per_second * WINDOW)), WINDOW)


def too_many(wait: float, who: str) -> Problem:
    """The answer to a caller who asks too often; ``wait`` in seconds [s]."""
    seconds = math.ceil(wait)
    return Problem(
        429,
        f"{who} asks too often; ask again in {seconds} s (stop and cancel always pass)",
        "rate-limited",
        headers={"Retry-After": str(seconds)},
    )


class RateLimit:
    """Refuses callers who ask too often, and more requests at once than can be served."""

    def __init__(self, app: ASGIApp, rates: Rates, trail: AuditTrail) -> None:
        self._app = app
        self._rates = rates
        self._trail = trail
        self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan" or is_stop(scope.get("method", ""), scope["path"]):
            await self._app(scope, receive, send)
            return
        address = scope["client"][0] if scope.get("client") else ""
        caller = scope["state"].get("principal")
        problem: Problem | None = None
        wait = self._rates.refuse(caller=caller.id if caller else "", address=address)
        if wait:
            problem = too_many(wait, f"key {caller.id}" if caller else address)
        elif self._at_once >= MOST_AT_ONCE:
            problem = graph_unavailable(f"{self._at_once} requests are being served already")
        if problem is not None:
            await self._trail.deny(scope, problem.status)
            await response(problem, scope["state"]["request_id"])(scope, receive, send)
            return
        self._at_once += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._at_once -= 1
