"""What each rule of the gate costs: its methods are wrapped, and their own time is added up."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dynamical_safety import world
from dynamical_safety.gate import SafetyGate

# Rule -> where its work is done, from the gate on; ``world:`` = a function of that module.
RULES: dict[str, tuple[str, ...]] = {
    "admission": ("_take_request",),
    "joint states, tracking error": ("joints.take",),
    "joint plausibility": ("plausibility.take",),
    "contact (external torque)": ("contact.take",),
    "look around, the rest": ("_survey",),
    "kinematics": ("world._kinematics.centres", "world:sphere_velocities"),
    "speed and separation": ("world._separation.assess",),
    "human motion forecast": ("world:human_reach",),
    "forecast ensemble": ("world.ensemble.assess", "world.ensemble.take"),
    "zones": ("world:assess_people", "world:assess_robot"),
    "hazards": ("world.hazard_monitor.assess",),
    "power and force limiting": ("_look_at_forces",),
    "barriers measured": ("filter.refresh",),
    "obstacle table": ("world.obstacle_table",),
    "constraint filter": ("filter.filter",),
    "set-point limits": ("_limiter.propose", "_limiter.commit", "_limiter.brake"),
    "link speed limit": ("_link_speeds.held",),
    "effort limits": ("_efforts.clip_effort",),
    "ages, watchdog, causes": ("_causes",),
    "state machine": ("machine.step",),
    "tracks and people taken in": ("world.take_tracks", "world.take_people_forecast"),
}
REST = "the step itself"


class Stopwatch:
    """Adds up the own processor time of wrapped calls: a call within one counts for itself only.

    Attributes:
        spent: Time of each label [s].
    """

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)
        self._within: list[float] = []

    def timed(self, label: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same callable, timed under a label."""

        def call(*arguments: Any, **named: Any) -> Any:
            self._within.append(0.0)
            begin = time.thread_time()
            try:
                return work(*arguments, **named)
            finally:
                took = time.thread_time() - begin
                self.spent[label] += took - self._within.pop()
                if self._within:
                    self._within[-1] += took

        return call


@contextmanager
def watched(gate: SafetyGate) -> Iterator[Stopwatch]:
    """Time every rule of a gate, and the step around them, while inside."""
    watch = Stopwatch()
    replaced: list[tuple[Any, str, Any]] = []
    for label, paths in {**RULES, REST: ("step",)}.items():
        for path in paths:
            owner, name = _place(gate, path)
            work = getattr(owner, name)
            replaced.append((owner, name, work))
            setattr(owner, name, watch.timed(label, work))
    try:
        yield watch
    finally:
        for owner, name, work in replaced:
            setattr(owner, name, work)


def _place(gate: SafetyGate, path: str) -> tuple[Any, str]:
    """Object and attribute that a path of ``RULES`` names."""
    if path.startswith("world:"):
        return world, path.removeprefix("world:")
    *way, name = path.split(".")
    owner: Any = gate
    for step in way:
        owner = getattr(owner, step)
    return owner, name
