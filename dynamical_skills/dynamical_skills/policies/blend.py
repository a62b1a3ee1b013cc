"""Several skills as one: their motions are mixed, in time with each other."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.blending import WeightedMotion, blended, restricted
from dynamical_skills.ownership import Ownership, group_of
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    Skill,
    SkillError,
    Trajectory,
)

_STILL = 0.02  # a joint that turns less than this is left out where it is another skill's [rad]

Motion = Generator[Trajectory, Observation, None]


class BlendedSkill(Skill):
    """A blend of skills; each keeps to its own joints, what they share is mixed by weight.

    The motions of the leading skills are brought to the same duration, mixed, and completed by the
    skills that follow what those do. A skill that has no motion left rests until all have ended.

    Args:
        skills: At least one.
        weights: One per skill, > 0.
        owned: Joint groups of each.

    Raises:
        SkillError: JOINTS_CONTENDED if two of them have the same joints.
    """

    def __init__(
        self, skills: Sequence[Skill], weights: Sequence[float], owned: Sequence[Ownership]
    ) -> None:
        self.id = "+".join(skill.id for skill in skills)
        for place, (skill, its) in enumerate(zip(skills, owned, strict=True)):
            for other, theirs in zip(skills[:place], owned[:place], strict=True):
                common = its.contended(theirs, blended=True)
                if common:
                    raise SkillError(
                        ErrorCode.JOINTS_CONTENDED,
                        f"skills {other.id!r} and {skill.id!r} both need "
                        f"{', '.join(sorted(common))}: they can only be carried out one after "
                        "the other",
                    )
        entries = list(zip(skills, weights, owned, strict=True))
        moved = frozenset[str]().union(*(its.groups for its in owned))
        self._followers = [entry for entry in entries if entry[2].follows & moved]
        leaders = [entry for entry in entries if not entry[2].follows & moved]
        self._leaders = leaders

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``; ``parameters`` holds those of each skill by its id.

        Raises:
            SkillError: What one of the skills raises; JOINTS_CONTENDED if one has to move a joint
                of another.
        """
        under_way = [
            (entry, entry[0].run(first, _of(parameters, entry[0]), memory))
            for entry in self._leaders
        ]
        seen: Observation = first
        answer: Observation | None = None
        try:
            while True:
                motions, still = [], []
                for entry, motion in under_way:
                    try:
                        trajectory = next(motion) if answer is None else motion.send(answer)
                    except StopIteration:
                        continue
                    still.append((entry, motion))
                    motions.append(self._distribution(entry, trajectory))
                under_way = still
                if not motions:
                    return
                mixed = blended(motions)
                for skill, _, its in self._followers:
                    joined = skill.accompany(mixed, seen, _of(parameters, skill), memory)
                    mixed = _completed(mixed, _own(its, joined))
                seen = answer = yield mixed
        finally:
            for _, motion in under_way:
                motion.close()

    def _distribution(
        self, entry: tuple[Skill, float, Ownership], trajectory: Trajectory
    ) -> WeightedMotion:
        """A leader's motion over its own joints and those that no other leader has.

        Joints of a follower may be in it: the follower decides what becomes of them.
        """
        skill, weight, its = entry
        others = frozenset[str]().union(
            *(owned.groups for other, _, owned in self._leaders if other is not skill)
        )
        turn = np.ptp(trajectory.position, axis=0)
        kept = []
        for name, much in zip(trajectory.joint_names, turn.tolist(), strict=True):
            group = group_of(name)
            if group in its.groups or group not in others:
                kept.append(name)
            elif much > _STILL:
                raise SkillError(
                    ErrorCode.JOINTS_CONTENDED,
                    f"skill {skill.id!r} has to turn {name} by {much:.2f} rad, "
                    f"which is another skill's in the blend {self.id!r}",
                )
        return WeightedMotion(trajectory=restricted(trajectory, kept), weight=weight)


def _of(parameters: Mapping[str, Any], skill: Skill) -> Mapping[str, Any]:
    """One skill's own parameters; see ``plan.SkillStep.parameters_of``."""
    return parameters.get(skill.id) or {}


def _own(its: Ownership, trajectory: Trajectory) -> Trajectory:
    """The part of a follower's motion that concerns its own joints."""
    return restricted(
        trajectory, [name for name in trajectory.joint_names if group_of(name) in its.groups]
    )


def _completed(motion: Trajectory, own: Trajectory) -> Trajectory:
    """A motion with a follower's in place of whatever it did with the follower's joints."""
    return blended(
        [
            WeightedMotion(trajectory=motion, precision=dict.fromkeys(own.joint_names, 0.0)),
            WeightedMotion(trajectory=own),
        ]
    )
