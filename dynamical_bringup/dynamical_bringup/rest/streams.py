"""Open streams of the bridge: server-sent events and WebSockets, counted, and ended at shutdown."""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from dynamical_bringup.rest.principal import Principal
from dynamical_bringup.rest.problems import graph_unavailable
from dynamical_bringup.rest.store import Execution

MOST = 128
# Long silences end in proxies, and a peer that is gone is only noticed by writing to it.
KEEP_ALIVE = 10.0  # [s]
# A follower gets the newest state, at most this often.
PERIOD = 0.1  # [s]


class Streams:
    """The streams that are open now.

    Args:
        still_holds: Whether a caller who was let in before would be let in now.
    """

    def __init__(self, still_holds: Callable[[Principal], bool] = lambda _: True) -> None:
        self._still_holds = still_holds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = asyncio.Event()
        self._open = 0

    def begin(self) -> None:
        """The server's loop runs; called on it."""
        self._loop = asyncio.get_running_loop()
        self._closing = asyncio.Event()

    def close(self) -> None:
        """Let every stream end now; may be called from any thread."""
        loop, closing = self._loop, self._closing
        if loop is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(closing.set)

    def require_room(self) -> None:
        """503 if as many are open as there may be."""
        if self._open >= MOST:
            raise graph_unavailable(f"{self._open} streams are open already; close one of them")

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Count one stream while it is open."""
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1

    def may_go_on(self, principal: Principal) -> bool:
        """Whether the stream may say more: nothing is shutting down, and the key still holds."""
        return not self._closing.is_set() and self._still_holds(principal)

    async def pause(self, seconds: float) -> None:
        """Wait that long, or until all streams end [s]."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)

    async def news(self, execution: Execution, seen: int) -> bool:
        """Wait until there is more of it than ``seen``; false after a while without any."""
        if execution.revision != seen:
            return True
        waiting = [
            asyncio.ensure_future(execution.news.wait()),
            asyncio.ensure_future(self._closing.wait()),
        ]
        try:
            await asyncio.wait(waiting, timeout=KEEP_ALIVE, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        return execution.revision != seen

    async def follow(
        self, execution: Execution, principal: Principal
    ) -> AsyncIterator[tuple[str, int] | None]:
        """What becomes of an execution: ``(event, revision)``, or ``None`` as a sign of life.

        The event is "progress", and "end" once; intermediate states may be left out, the last one
        never is.
        """
        seen = -1
        with self.opened():
            while self.may_go_on(principal):
                if not await self.news(execution, seen):
                    yield None
                    continue
                if not self.may_go_on(principal):
                    return
                seen, over = execution.revision, execution.is_over
                yield ("end" if over else "progress", seen)
                if over:
                    return
                # An end is told at once; other news is gathered.
                began = time.monotonic()
                while not execution.is_over and (left := began + PERIOD - time.monotonic()) > 0:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(execution.ended.wait(), left)
                    if not self.may_go_on(principal):
                        return


def event(name: str, data: Any, *, number: int) -> str:
    """One server-sent event (WHATWG HTML, 9.2)."""
    text = json.dumps(data, allow_nan=False)
    return f"id: {number}\nevent: {name}\ndata: {text}\n\n"
