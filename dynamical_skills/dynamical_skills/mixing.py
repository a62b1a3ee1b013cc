"""Motions of several steps under way at the same time, as one trajectory after the other.

Control follows one trajectory. Whenever a motion joins those under way, a new trajectory is put
together from what is left of each and the newcomer, beginning where the robot is now: so control,
and the safety gate behind it, only ever see the mix. Trajectory time is common to all of them: when
the gate slows the robot down, every part of the mix slows down alike.
"""

from collections.abc import Hashable
from dataclasses import dataclass, replace

from dynamical_skills.blending import WeightedMotion, blended, remaining
from dynamical_skills.policies.policy import Trajectory
from dynamical_skills.streaming import resampled


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One motion of the mix.

    Attributes:
        trajectory: At the streaming period.
        begun: Time of the mix at which it began; negative = before this mix [s].
    """

    trajectory: Trajectory
    begun: float

    def fraction(self, elapsed: float) -> float:
        """Share of it done, 0..1."""
        duration = self.trajectory.duration
        return 1.0 if duration <= 0.0 else min(1.0, max(0.0, elapsed - self.begun) / duration)

    def left(self, elapsed: float) -> float:
        """Time left of it [s]."""
        return max(0.0, self.begun + self.trajectory.duration - elapsed)


class Mix:
    """The motions under way, by key."""

    def __init__(self) -> None:
        self._parts: dict[Hashable, Part] = {}

    @property
    def parts(self) -> dict[Hashable, Part]:
        """A copy of what is in the mix."""
        return dict(self._parts)

    @property
    def joints(self) -> frozenset[str]:
        """Joints that move."""
        return frozenset(
            name for part in self._parts.values() for name in part.trajectory.joint_names
        )

    def with_motion(self, key: Hashable, trajectory: Trajectory, *, elapsed: float) -> "Mix":
        """A new mix: what is left of this one at ``elapsed`` [s], and a motion that begins now.

        Raises:
            ValueError: If the trajectory is not valid or moves a joint that is under way.
        """
        common = self.joints & set(trajectory.joint_names)
        if common:
            raise ValueError(f"joints {', '.join(sorted(common)[:3])} are under way already")
        mix = Mix()
        for other, part in self._parts.items():
            if part.left(elapsed) > 0.0:
                mix._parts[other] = replace(part, begun=part.begun - elapsed)
        mix._parts[key] = Part(trajectory=resampled(trajectory), begun=0.0)
        return mix

    def without(self, key: Hashable) -> "Mix":
        """A new mix that no longer speaks of a motion which has come to its end."""
        mix = Mix()
        mix._parts = {other: part for other, part in self._parts.items() if other != key}
        return mix

    def trajectory(self) -> Trajectory:
        """The mix from its beginning on; a mix of one motion that begins now is that motion."""
        whole = [part.trajectory for part in self._parts.values() if part.begun >= 0.0]
        if len(self._parts) == len(whole) == 1:
            return whole[0]
        motions = [
            WeightedMotion(trajectory=remaining(part.trajectory, -part.begun))
            for part in self._parts.values()
        ]
        return blended(motions, aligned=False)
