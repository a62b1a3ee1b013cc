"""What comes before what in a plan: its steps as a directed graph without cycles."""

from collections.abc import Sequence
from dataclasses import replace

from dynamical_skills.plan import DONE, SkillStep, StepStatus

# These have an object in the hand as their outcome; not needed if it is there already.
TO_THE_HAND = ("reach", "grasp", "lift")
_GRASP_SEQUENCE = ("look_at", *TO_THE_HAND)


def all_before(step: SkillStep, steps: Sequence[SkillStep]) -> set[int]:
    """Ids of all steps that a step depends on, at any distance."""
    by_id = {other.step_id: other for other in steps}
    found: set[int] = set()
    left = list(step.depends_on)
    while left:
        number = left.pop()
        if number in by_id and number not in found:
            found.add(number)
            left.extend(by_id[number].depends_on)
    return found


def has_branches(steps: Sequence[SkillStep]) -> bool:
    """Whether any two steps of the plan may run at the same time."""
    before = set[int]()
    for step in steps:
        if not before.issubset(all_before(step, steps)):
            return True
        before.add(step.step_id)
    return False


def begun_again(steps: Sequence[SkillStep]) -> list[SkillStep]:
    """The steps as a run finds them: what is not done is to be done, from its preconditions on."""
    return [
        step if step.status in DONE else replace(step, status=StepStatus.PENDING, status_text="")
        for step in steps
    ]


def grasp_around(steps: Sequence[SkillStep], place: int) -> tuple[int, ...] | None:
    """Places of the sequence that leads to a grasp or lift of one object; ``None`` if it is none."""
    if steps[place].blended or steps[place].skill_ids[0] not in ("grasp", "lift"):
        return None
    thing = steps[place].location_params.get("object")
    places, index = [place], {step.step_id: number for number, step in enumerate(steps)}
    while True:
        before = [index[number] for number in steps[places[-1]].depends_on if number in index]
        if len(before) != 1 or steps[before[0]].skill_ids[0] not in _GRASP_SEQUENCE:
            return tuple(places)
        if steps[before[0]].location_params.get("object") != thing:
            return tuple(places)
        places.append(before[0])
