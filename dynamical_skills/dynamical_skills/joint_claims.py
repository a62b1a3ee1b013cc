"""Which running step has which joints, and what of a motion a step may play meanwhile."""

from collections.abc import Mapping

import numpy as np

from dynamical_skills.blending import restricted
from dynamical_skills.ownership import GROUPS, group_of
from dynamical_skills.policies.policy import Trajectory

_MOVES = 0.01  # a joint that turns less than this in a motion is not moved by it [rad]
# Spare freedom of an arm's inverse kinematics turns joints of the rest of the body a little; where
# another step has those joints, so little is left out of the motion [rad].
_SPARE = 0.15


class JointClaims:
    """Joint groups of the running steps, by the place of the step; not thread-safe by itself."""

    def __init__(self) -> None:
        self._groups: dict[int, frozenset[str]] = {}
        self._blocked: set[int] = set()

    @property
    def holders(self) -> Mapping[int, frozenset[str]]:
        """Running steps and what they have."""
        return self._groups

    @property
    def taken(self) -> frozenset[str]:
        """What anybody has."""
        return frozenset[str]().union(*self._groups.values())

    def take(self, place: int, groups: frozenset[str]) -> None:
        """A step begins."""
        self._groups[place] = groups

    def release(self, place: int) -> None:
        """A step has ended."""
        self._groups.pop(place, None)
        self._blocked.discard(place)

    def share_of(
        self, place: int, own: frozenset[str], trajectory: Trajectory
    ) -> tuple[Trajectory, frozenset[str]]:
        """What a step may play of a motion, and the groups it lacks for it.

        Its own joints, and those it moves that nobody has: it has them too from then on. A motion
        that lacks something is to be tried again when another step has ended.

        Args:
            place: Of the step.
            own: Its groups by the plan.
            trajectory: What its skill wants to do.
        """
        turn = np.ptp(trajectory.position, axis=0).tolist()
        taken = frozenset[str]().union(
            *(groups for other, groups in self._groups.items() if other != place)
        )
        wanted, missing = [], set()
        for name, much in zip(trajectory.joint_names, turn, strict=True):
            group = group_of(name)
            if group in own or not group or (much > _MOVES and group not in taken):
                wanted.append(name)
            elif group in taken and much > _SPARE:
                missing.add(group)
        if missing:
            self._blocked.add(place)
        else:
            self._blocked.discard(place)
            found = {group_of(name) for name in wanted} & set(GROUPS)
            self._groups[place] = self._groups.get(place, frozenset()) | found
        return restricted(trajectory, wanted), frozenset(missing)

    @property
    def stuck(self) -> bool:
        """Whether every running step waits for joints of another one."""
        return self._blocked.issuperset(self._groups)
