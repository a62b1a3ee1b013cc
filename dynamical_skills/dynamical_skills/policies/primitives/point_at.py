"""Point at something with an outstretched index finger."""

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import hands
from dynamical_skills.motion.kinematics import Kinematics, Pose
from dynamical_skills.motion.trajectories import merged
from dynamical_skills.policies.policy import Memory, Observation, SkillError, Trajectory
from dynamical_skills.policies.primitives.primitive import Primitive, find, held_by, named, side_of

_REACHES = (0.30, 0.24, 0.18)  # how far from the shoulder the wrist goes, tried in this order [m]
_NEAREST = 0.30  # the wrist stays this far from what it points at [m]
# From the shoulder: ahead, inward for the right arm, up [m].
_NEAR_PLACES = ((0.20, 0.0, -0.05), (0.18, 0.05, -0.12), (0.22, -0.05, -0.02), (0.12, 0.0, -0.02))


class PointAt(Primitive):
    """Stretch an arm towards an object or a place, index finger out, the other fingers closed."""

    id = "point_at"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: OBJECT_NOT_SEEN, OBJECT_AMBIGUOUS, OUT_OF_REACH, PLANNING_FAILED.
        """
        target = find(
            first, parameters, memory, key="object" if parameters.get("object") else "target"
        )
        default = "left" if target.position[1] > 0 else "right"
        wanted = side_of(parameters)
        self.avoid(first, memory)
        failure: SkillError | None = None
        for side in (wanted,) if wanted else (default, "right" if default == "left" else "left"):
            if held_by(self.kinematics, first, memory, side) is not None:
                continue
            for pose in pointing_poses(self.kinematics, first, side, target.position):
                try:
                    motion = self.planner.path(
                        first.joint_position,
                        side,
                        [pose],
                        phase="point",
                        what=f"a pose pointing at the {named(target)}",
                    )
                except SkillError as error:
                    failure = failure or error
                    continue
                if self.planner.is_clear(first.joint_position, motion):
                    memory.side = side
                    yield merged(
                        motion,
                        self.planner.joint_path(first.joint_position, [_pointing_hand(side)]),
                    )
                    return
        raise failure or SkillError(
            ErrorCode.PLANNING_FAILED,
            f"no free arm has a clear way to point at the {named(target)}",
        )


def pointing_poses(
    kinematics: Kinematics, seen: Observation, side: str, position: np.ndarray
) -> Iterator[Pose]:
    """Hand poses whose fingers head for a position, palm inward, the outstretched arm first.

    Far things are pointed at along the line from the shoulder; near ones from places where the
    arm has room.
    """
    shoulder = kinematics.body_pose(seen.joint_position, f"{side}_shoulder_roll_link").position
    target = np.asarray(position, dtype=float)
    ahead = target - shoulder
    distance = float(np.linalg.norm(ahead))
    for reach in _REACHES:
        if distance - reach > _NEAREST:
            yield _towards(shoulder + ahead * (reach / distance), target)
    inward = -1.0 if side == "left" else 1.0
    for offset in _NEAR_PLACES:
        yield _towards(shoulder + np.array([offset[0], inward * offset[1], offset[2]]), target)


def _towards(place: np.ndarray, target: np.ndarray) -> Pose:
    ahead = target - place
    ahead = ahead / max(float(np.linalg.norm(ahead)), 1e-6)
    left = np.cross([0.0, 0.0, 1.0], ahead)
    left = left / max(float(np.linalg.norm(left)), 1e-6)
    return Pose(place, np.column_stack([ahead, left, np.cross(ahead, left)]))


def _pointing_hand(side: str) -> dict[str, float]:
    posture = hands.posture(side, 0.85)
    stretched = hands.posture(side, 0.0)
    return {name: stretched[name] if "index" in name else value for name, value in posture.items()}
