"""Layer 7, WHEN: tier, order and deadline of each step, and which steps are one blended motion.

Steps that nothing orders may run together. Where two of them want the same joints, the rule is: if
they share those, or one follows what the other does with them, they become one blended step; else
the later one waits for the earlier one.
"""

from collections.abc import Sequence
from dataclasses import replace

from dynamical_skills.decomposition import SubTask
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.ownership import SIDES, ownership
from dynamical_skills.plan import ExecutionTier, SkillStep
from dynamical_skills.plan_graph import all_before

# A step may take this much longer than expected: speed scaling near people, one try more.
_PATIENCE = 4.0
_MARGIN_MS = 15_000.0
_OF_A_SIDE = {"arm", "hand"}


class Scheduler:
    """Orders steps by what they depend on and by the joints they need."""

    def schedule(
        self, steps: Sequence[SkillStep], *, tier: ExecutionTier
    ) -> tuple[SkillStep, ...]:
        """The steps with order, tier and deadline set; fewer, if some are blended into one.

        Args:
            steps: In the order of the sub-tasks; ``depends_on`` as the task says, ``joint_groups``
                and ``estimated_duration_ms`` as the skills say.
            tier: Tier asked for.
        """
        result: list[SkillStep] = []
        for step in _blends(list(steps)):
            before = all_before(step, result)
            waits_for = list(step.depends_on)
            for other in reversed(result):
                if other.step_id in before:
                    continue
                if ownership(step.joint_groups).contended(ownership(other.joint_groups)):
                    waits_for.append(other.step_id)
                    before |= {other.step_id, *all_before(other, result)}
            result.append(
                replace(
                    step,
                    tier=tier,
                    depends_on=tuple(sorted(_needed(waits_for, result))),
                    deadline_ms=_PATIENCE * step.estimated_duration_ms + _MARGIN_MS,
                )
            )
        return tuple(result)


def longest_way(steps: Sequence[SkillStep]) -> float:
    """Expected duration of a plan whose branches run side by side [ms]."""
    ends: dict[int, float] = {}
    for step in steps:
        begin = max((ends.get(number, 0.0) for number in step.depends_on), default=0.0)
        ends[step.step_id] = begin + step.estimated_duration_ms
    return max(ends.values(), default=0.0)


def after_of(tasks: Sequence[SubTask], place: int) -> tuple[int, ...]:
    """Places of the sub-tasks that one comes right after."""
    after = tasks[place].after
    if after is not None:
        return after
    return (place - 1,) if place else ()


def side_left(tasks: Sequence[SubTask], skills: Sequence[SkillDescriptor], place: int) -> str:
    """The side that is left for a sub-task that names none, by what is to be done beside it.

    Args:
        tasks: All sub-tasks.
        skills: The skill of each.
        place: Of the one asked about.

    Returns:
        ``"left"``, ``"right"``, or ``""`` if both are or neither is left, or it needs no arm.
    """
    if not _OF_A_SIDE & set(skills[place].joint_groups):
        return ""
    taken = {
        str(other.parameters.get("side"))
        for number, other in enumerate(tasks)
        if _OF_A_SIDE & set(skills[number].joint_groups)
        and number not in _before(tasks, place)
        and place not in _before(tasks, number)
        and number != place
    }
    free = [side for side in SIDES if side not in taken]
    return free[0] if len(free) == 1 else ""


def _before(tasks: Sequence[SubTask], place: int) -> set[int]:
    """Places of all sub-tasks that come before one, at any distance."""
    found: set[int] = set()
    left = list(after_of(tasks, place))
    while left:
        number = left.pop()
        if number not in found:
            found.add(number)
            left.extend(after_of(tasks, number))
    return found


def _blends(steps: list[SkillStep]) -> list[SkillStep]:
    """The steps with those that can run together only as one motion made one."""
    place = 0
    while place < len(steps):
        step = steps[place]
        for other in steps[place + 1 :]:
            if other.depends_on != step.depends_on or set(other.skill_ids[:1]) & set(
                step.skill_ids if step.blended else step.skill_ids[:1]
            ):
                continue
            if not ownership(step.joint_groups).entangled(ownership(other.joint_groups)):
                continue
            step = _one_of(step, other)
            steps[place] = step
            steps.remove(other)
            steps[:] = [
                replace(
                    each,
                    depends_on=tuple(
                        dict.fromkeys(
                            step.step_id if number == other.step_id else number
                            for number in each.depends_on
                        )
                    ),
                )
                for each in steps
            ]
            step = steps[place]
        place += 1
    return steps


def _one_of(step: SkillStep, other: SkillStep) -> SkillStep:
    """A blended step of both, its parameters by skill; every skill has the same weight."""
    ids = (*(step.skill_ids if step.blended else step.skill_ids[:1]), other.skill_ids[0])
    first = step.location_params if step.blended else {step.skill_ids[0]: step.location_params}
    joined = ownership(step.joint_groups).joined(ownership(other.joint_groups))
    return replace(
        step,
        task=f"{step.task} while {other.task}",
        skill_ids=ids,
        weights=(1.0 / len(ids),) * len(ids),
        blended=True,
        joint_groups=joined.words(),
        location_params={**first, other.skill_ids[0]: other.location_params},
        estimated_duration_ms=max(step.estimated_duration_ms, other.estimated_duration_ms),
    )


def _needed(numbers: Sequence[int], steps: Sequence[SkillStep]) -> set[int]:
    """Without those that another one of them depends on anyway."""
    by_id = {step.step_id: step for step in steps}
    implied = set[int]()
    for number in numbers:
        if number in by_id:
            implied |= all_before(by_id[number], steps)
    return set(numbers) - implied
