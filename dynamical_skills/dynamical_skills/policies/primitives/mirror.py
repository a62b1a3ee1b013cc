"""Move as the leader of the task moves: its hand at an offset, or its joints."""

from collections.abc import Generator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.motion.model import SIDES
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, side_of
from dynamical_skills.teamwork.word import Bearing

_STILL = 0.3  # how long to hold where there is nothing to follow [s]
_HAND_MOVED, _JOINT_MOVED = 0.004, 0.01  # less than this is not worth a motion [m], [rad]
_FARTHEST = 0.5  # largest offset [m]
_SPACES = ("hand", "joints")


class Mirror(Primitive):
    """Follow the leader until its part is done, one short motion after the other.

    ``space`` is ``hand``: this robot's hand goes where the leader's is, seen from its own body, plus
    ``offset``; or ``joints``: waist and arms take the leader's positions. With ``mirrored`` left and
    right are exchanged, as in a looking-glass.
    """

    id = "mirror"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: COORDINATION_INVALID without a leader, PARAMETER_INVALID, OUT_OF_REACH,
                PLANNING_FAILED.
        """
        team, space = memory.team, str(parameters.get("space") or "hand")
        if team is None:
            raise SkillError(
                ErrorCode.COORDINATION_INVALID,
                "skill 'mirror' needs a leader; give both robots one coordination_id",
            )
        if space not in _SPACES:
            raise SkillError(
                ErrorCode.PARAMETER_INVALID, f"space is {space!r}; it must be one of {_SPACES}"
            )
        offset, glass = _offset(parameters), bool(parameters.get("mirrored", False))
        seen, motions = first, 0
        while not team.leader_done():
            bearing, motion = team.leader_bearing(), None
            if bearing is not None:
                self.avoid(seen, memory)
                motion = (
                    self._as_joints(seen, bearing, glass=glass)
                    if space == "joints"
                    else self._as_hand(seen, bearing, offset, side_of(parameters), glass=glass)
                )
            motions += motion is not None
            seen = yield motion or self.planner.hold(
                seen.joint_position, "right", _STILL, phase="follow"
            )
        memory.results["mirrored_motions"] = motions

    def _as_hand(
        self, seen: Observation, bearing: Bearing, offset: np.ndarray, side: str, *, glass: bool
    ) -> Trajectory | None:
        """Motion of the hand to beside the leader's, or ``None`` where it is there."""
        if bearing.hand not in SIDES:
            return None
        flip = np.diag([1.0, -1.0, 1.0]) if glass else np.eye(3)
        side = side or (_other(bearing.hand) if glass else bearing.hand)
        pose = Pose(flip @ bearing.position + offset, flip @ bearing.rotation @ flip)
        now = self.kinematics.hand_pose(seen.joint_position, side)
        if float(np.linalg.norm(now.position - pose.position)) < _HAND_MOVED:
            return None
        motion = self.planner.path(
            seen.joint_position, side, [pose], phase="follow", what="the leader's hand's place"
        )
        return self._clear(seen, motion)

    def _as_joints(self, seen: Observation, bearing: Bearing, *, glass: bool) -> Trajectory | None:
        """Motion of waist and arms to the leader's posture, or ``None`` where they have it."""
        target = {
            (_opposite(name) if glass else name): _reflected(name, value) if glass else value
            for name, value in bearing.joints.items()
            if name in self.kinematics.planning.joint_names
        }
        away = (
            abs(value - float(seen.joint_position[self.kinematics.index[name]]))
            for name, value in target.items()
        )
        if max(away, default=0.0) < _JOINT_MOVED:
            return None
        return self._clear(
            seen, self.planner.joint_path(seen.joint_position, [target], phase="follow")
        )

    def _clear(self, seen: Observation, motion: Trajectory) -> Trajectory:
        if not self.planner.is_clear(seen.joint_position, motion):
            raise SkillError(
                ErrorCode.PLANNING_FAILED,
                "something that is seen here stands in the way of doing as the leader does",
            )
        return motion


def _offset(parameters: Mapping[str, Any]) -> np.ndarray:
    """Offset x, y, z [m].

    Raises:
        SkillError: PARAMETER_INVALID.
    """
    given = parameters.get("offset") or [0.0, 0.0, 0.0]
    values = np.asarray(given, dtype=float)
    if values.shape != (3,) or not float(np.abs(values).max()) <= _FARTHEST:
        raise SkillError(
            ErrorCode.PARAMETER_INVALID,
            f"offset is {given!r}; it must be x, y, z in metres, each at most {_FARTHEST}",
        )
    return values


def _other(side: str) -> str:
    return "left" if side == "right" else "right"


def _opposite(name: str) -> str:
    """The joint's counterpart on the other side."""
    for side in SIDES:
        if name.startswith(side):
            return _other(side) + name.removeprefix(side)
    return name


def _reflected(name: str, value: float) -> float:
    """Rolls and yaws change sign in a looking-glass, the waist's too; pitches and elbows do not."""
    return -value if "roll" in name or "yaw" in name else value
