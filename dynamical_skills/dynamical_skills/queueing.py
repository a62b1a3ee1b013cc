"""One robot, one motion at a time: which execution runs, which wait, which are refused."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Admission(Generic[T]):
    """What happens to a newcomer.

    Attributes:
        start: It is to be started now.
        refused: The queue is full.
        preempted: The running one it takes the place of, which is to be ended, or ``None``.
    """

    start: bool
    refused: bool = False
    preempted: T | None = None


class ExecutionQueue(Generic[T]):
    """First come, first served; a pre-empting newcomer goes to the front. Thread-safe.

    Args:
        capacity: Most executions that wait behind the running one.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[T] = deque()
        self._running: T | None = None
        self._lock = threading.Lock()

    @property
    def running(self) -> T | None:
        """The one that has the robot."""
        return self._running

    @property
    def waiting(self) -> tuple[T, ...]:
        """Those that wait, next one first."""
        with self._lock:
            return tuple(self._waiting)

    def admit(self, newcomer: T, *, preempt: bool = False) -> Admission[T]:
        """Take a newcomer in."""
        with self._lock:
            if self._running is None:
                self._running = newcomer
                return Admission(start=True)
            if len(self._waiting) >= self._capacity:
                return Admission(start=False, refused=True)
            if preempt:
                self._waiting.appendleft(newcomer)
                return Admission(start=False, preempted=self._running)
            self._waiting.append(newcomer)
            return Admission(start=False)

    def withdraw(self, item: T) -> bool:
        """Take one that waits out of the queue; ``False`` if it does not wait."""
        with self._lock:
            if item not in self._waiting:
                return False
            self._waiting.remove(item)
            return True

    def finish(self, item: T) -> T | None:
        """The running one has ended; answers the next one, which counts as running now."""
        with self._lock:
            if self._running is not item:
                return None
            self._running = self._waiting.popleft() if self._waiting else None
            return self._running

    def close(self) -> tuple[T, ...]:
        """Empty the queue and take nobody more in; answers those that waited."""
        with self._lock:
            left = tuple(self._waiting)
            self._waiting.clear()
            self._capacity = 0
            return left
