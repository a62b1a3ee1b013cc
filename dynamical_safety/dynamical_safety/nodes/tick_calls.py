"""Calls from service threads, carried out between two ticks by the thread that owns the gate."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Any


class TickCalls:
    """A queue of calls and their answers."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Callable[[], Any], list[Any], threading.Event]] = deque()
        self._done: list[threading.Event] = []

    def ask(self, call: Callable[[], Any], *, timeout: float = 1.0) -> Any:
        """Have ``call`` carried out at the beginning of the next tick; returns after that tick.

        Raises:
            TimeoutError: If no tick came; the call may still be carried out later.
            Exception: Whatever ``call`` raises.
        """
        outcome: list[Any] = []
        done = threading.Event()
        self._waiting.append((call, outcome, done))
        if not done.wait(timeout):
            raise TimeoutError(f"the safety loop did not tick for {timeout:g} s")
        if isinstance(outcome[0], Exception):
            raise outcome[0]
        return outcome[0]

    def begin(self) -> None:
        """Carry out what is waiting; for the loop, at the beginning of a tick."""
        while self._waiting:
            call, outcome, done = self._waiting.popleft()
            try:
                outcome.append(call())
            except Exception as error:  # noqa: BLE001 - belongs to the caller, not to the loop
                outcome.append(error)
            self._done.append(done)

    def end(self) -> None:
        """Let the callers go on; for the loop, at the end of a tick."""
        while self._done:
            self._done.pop().set()
