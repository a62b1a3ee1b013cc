"""What an observer does: it watches things and people until the leader's part is over."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dynamical_skills.policies.policy import Observation, SeenObject
from dynamical_skills.teamwork.participation import Participation, Wait

_PERIOD = 0.2  # between two looks [s]
_MOVED = 0.03  # what moves less than this may not have moved at all [m]


def watch(
    part: Participation,
    observe: Callable[[], Observation],
    wait: Wait,
    report: Callable[[str, float], None],
) -> dict[str, Any]:
    """Watch; moves nothing.

    Args:
        part: In the role observer.
        observe: What perception sees now.
        wait: Lets seconds pass; raises when the execution is told to end.
        report: Called at each look with the leader's active skill and progress 0..1.

    Returns:
        ``observed``: for each thing seen, from where to where it went, and the heights between;
        ``leader``: whom it watched; ``leader_skills``: what that one did, in order.

    Raises:
        CoordinationError: If the leader does not come, or is lost.
    """
    part.gather(wait)
    first: dict[int, SeenObject] = {}
    last: dict[int, SeenObject] = {}
    highest: dict[int, float] = {}
    skills: list[str] = []
    while True:
        for thing in observe().objects:
            first.setdefault(thing.id, thing)
            last[thing.id] = thing
            highest[thing.id] = max(highest.get(thing.id, -np.inf), float(thing.position[2]))
        leader = part.leader_progress()
        if leader is not None:
            if leader.skill_id and leader.skill_id not in skills[-1:]:
                skills.append(leader.skill_id)
            report(leader.skill_id, leader.progress)
        if part.leader_done():
            break
        wait(_PERIOD)
    return {
        "leader": "" if leader is None else leader.robot_id,
        "leader_skills": skills,
        "observed": [
            _history(first[number], last[number], highest[number]) for number in sorted(first)
        ],
    }


def _history(first: SeenObject, last: SeenObject, highest: float) -> dict[str, Any]:
    moved = float(np.linalg.norm(last.position - first.position))
    return {
        "id": first.id,
        "class_id": first.class_id,
        "color": first.color,
        "from": [round(float(value), 3) for value in first.position],
        "to": [round(float(value), 3) for value in last.position],
        "highest": round(highest, 3),
        "moved": moved > _MOVED,
    }
