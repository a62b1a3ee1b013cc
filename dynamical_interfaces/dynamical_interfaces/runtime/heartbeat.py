"""The heartbeat of a node: ten times a second, whether it is alive and does its work.

It beats from a thread of its own, not from a timer: an executor builds its wait set anew for every
timer, which at 10 Hz costs a 1 kHz loop in the same interpreter more than the heartbeat is worth. That
the executor runs is told by the once-a-second report of the node, which it carries out.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from dynamical_interfaces.runtime.loop import PeriodicLoop

PERIOD = 0.1  # [s]
EXECUTOR_SILENCE = (
    3.0  # times without the once-a-second report that say that the executor hangs [s]
)
MISSED_PERIODS = 5  # of a loop, without a tick
SHORTEST_SILENCE = 0.2  # of a fast loop that counts as standing still [s]


def stands_still(loop: PeriodicLoop) -> bool:
    """Whether a loop that should tick does not."""
    return not loop.alive or loop.silence > max(MISSED_PERIODS * loop.period, SHORTEST_SILENCE)


class Heartbeat:
    """Sends one node's heartbeat until it is stopped.

    Args:
        node: Node name.
        writer: Publisher of the topic ``heartbeat``.
        message: An empty Heartbeat message, used again and again.
        is_active: Whether the lifecycle state is active.
        loops: Gives the node's loops.
        stamp: Gives ROS time as a message.
    """

    def __init__(
        self,
        node: str,
        *,
        writer: Any,
        message: Any,
        is_active: Callable[[], bool],
        loops: Callable[[], Sequence[PeriodicLoop]],
        stamp: Callable[[], Any],
    ) -> None:
        self._writer = writer
        self._message = message
        self._is_active = is_active
        self._loops = loops
        self._stamp = stamp
        self._executed = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"{node}_heart", daemon=True)
        message.node = node
        # Of this process alone, and never the same after a restart, whatever the system clock does.
        message.run = time.monotonic_ns()

    def start(self) -> None:
        """Begin to beat."""
        self._thread.start()

    def stop(self) -> None:
        """Beat no more; safe to call twice, and before the start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def executor_ran(self) -> None:
        """Say that the executor carried something out; at least once a second."""
        self._executed = time.monotonic()

    @property
    def active(self) -> bool:
        """Whether the node works: active, its executor runs, all its loops tick."""
        return (
            self._is_active()
            and time.monotonic() - self._executed < EXECUTOR_SILENCE
            and not any(stands_still(loop) for loop in self._loops())
        )

    def _run(self) -> None:
        message = self._message
        while not self._stop.wait(PERIOD):
            message.header.stamp = self._stamp()
            message.active = self.active
            message.sequence += 1
            self._writer.publish(message)
