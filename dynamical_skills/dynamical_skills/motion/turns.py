"""One motion is planned at a time, with the obstacles that its own planner has set."""

import threading
from collections.abc import Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.motion.obstacles import Box

_Scene = tuple[Sequence[Box], Mapping[str, Box]]


class PlanningTurns:
    """Lets steps that run side by side share one kinematics, which is expensive to build.

    A skill sets its obstacles once and plans several motions with them. If another one has planned
    in between, they are set again before its next turn.

    Args:
        kinematics: Shared.
    """

    def __init__(self, kinematics: Kinematics) -> None:
        self._kinematics = kinematics
        self._lock = threading.Lock()
        self._last: Hashable = None
        self._scenes: dict[Hashable, _Scene] = {}

    @contextmanager
    def taken(self, key: Hashable) -> Iterator[None]:
        """This one's turn; blocks until it comes. Not to be nested."""
        with self._lock:
            if key != self._last:
                if self._last is not None:
                    self._scenes[self._last] = self._kinematics.scene
                boxes, held = self._scenes.get(key, ((), {}))
                self._kinematics.set_obstacles(boxes, held=held)
                self._last = key
            yield

    def forget(self) -> None:
        """No step is left that has set any obstacles."""
        with self._lock:
            self._scenes.clear()
            self._last = None
