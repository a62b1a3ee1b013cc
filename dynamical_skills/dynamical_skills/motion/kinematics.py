"""Inverse kinematics of both arms and the waist, clear of obstacles.

Built on mink: frame tasks for the hands, a posture task for what is left over, joint limits, and
collision avoidance between arms, body and boxes, solved as a quadratic programme with daqp. Units
are SI, positions in the frame ``odom``, joint arrays in robot joint order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import mink
import mujoco
import numpy as np

from dynamical_skills.motion import hands, model, poses
from dynamical_skills.motion.obstacles import Box
from dynamical_skills.motion.site import Site

_STEP_LIMIT = 0.25  # rad one iteration may turn a joint: beyond it the linearisation misleads
_CLEARANCE = 0.004
_DETECTION = 0.12
_RECOVERY = 0.002  # what has come too near is moved apart by this much an iteration [m]


@dataclass(frozen=True, slots=True)
class Pose:
    """Position (3,) [m] and rotation matrix (3, 3) of a hand frame in ``odom``."""

    position: np.ndarray
    rotation: np.ndarray

    def moved(self, offset: Sequence[float] | np.ndarray) -> "Pose":
        """The same orientation, shifted by an offset in ``odom`` [m]."""
        return Pose(self.position + np.asarray(offset, dtype=float), self.rotation)


@dataclass(frozen=True, slots=True)
class Solution:
    """Joints that bring a hand to a pose, and by how much they miss it.

    Attributes:
        joints: Shape (n,), robot joint order [rad].
        miss: Distance between the hand and the pose asked for [m].
        turn: Angle between the two orientations [rad].
    """

    joints: np.ndarray
    miss: float
    turn: float


class _ActiveCollisionLimit(mink.CollisionAvoidanceLimit):
    """mink's collision avoidance without rows for pairs far apart, which cost the solver time."""

    def compute_qp_inequalities(
        self, configuration: mink.Configuration, dt: float
    ) -> mink.Constraint:
        full = super().compute_qp_inequalities(configuration, dt)
        assert full.G is not None
        assert full.h is not None
        active = np.isfinite(full.h)
        return mink.Constraint(G=full.G[active], h=full.h[active])

    def resized(self) -> None:
        """Take in geoms that have another size than before."""
        self._init_broadphase(self.model)

    def smallest_distance(self, data: mujoco.MjData, beyond: float) -> float:
        """Smallest distance between the two geoms of any pair [m], at most ``beyond``."""
        nearest = beyond
        for index in self._broadphase_survivors(data):
            first, second = self.geom_id_pairs[index]
            nearest = min(
                nearest, mujoco.mj_geomDistance(self.model, data, first, second, nearest, None)
            )
        return nearest


class Kinematics:
    """Forward and inverse kinematics of the robot's waist and arms.

    Args:
        robot_mjcf: MJCF of the robot alone, pelvis fixed.
        posture: Joint name -> position [rad] that arms and waist tend to; also where legs stand.
    """

    def __init__(
        self, robot_mjcf: Path | str, *, posture: Mapping[str, float] = poses.HOME
    ) -> None:
        open_hands = {**hands.posture("left", 0.0), **hands.posture("right", 0.0)}
        # Of the step that is planned now; ``Adapted`` sets it.
        self.site = Site()
        self.planning = model.build(Path(robot_mjcf), frozen_posture={**posture, **open_hands})
        self.joint_names = self.planning.all_joint_names
        self.index = {name: i for i, name in enumerate(self.joint_names)}
        mj = self.planning.model
        self.lower, self.upper = mj.jnt_range[:, 0].copy(), mj.jnt_range[:, 1].copy()
        self._rest = np.array([posture.get(name, 0.0) for name in self.planning.joint_names])
        self._configuration = mink.Configuration(mj, q=self._rest)
        self._frames = {
            side: mink.FrameTask(
                model.hand_body(side),
                "body",
                position_cost=1.0,
                orientation_cost=0.25,
                lm_damping=1e-4,
            )
            for side in model.SIDES
        }
        self._posture = mink.PostureTask(mj, cost=self._posture_cost())
        # Finding pairs of geoms takes longer than planning; they depend only on which are in use.
        self._limits_of: dict[
            tuple[tuple[int, ...], tuple[int, ...]],
            tuple[mink.Limit, mink.Limit, _ActiveCollisionLimit],
        ] = {}
        # What was said last about obstacles: the boxes, and what each hand holds.
        self.scene: tuple[Sequence[Box], Mapping[str, Box]] = ((), {})
        self.set_obstacles(())

    def _posture_cost(self) -> np.ndarray:
        cost = np.full(len(self.planning.joint_names), 4e-3)
        cost[self.planning.joint_names.index("waist_yaw_joint")] = 1.2e-2
        cost[self.planning.joint_names.index("waist_pitch_joint")] = 2e-2
        return cost

    # --- obstacles ---------------------------------------------------------------------------

    def set_obstacles(
        self, boxes: Sequence[Box], *, held: Mapping[str, Box] | None = None
    ) -> None:
        """Say what must not be touched until the next call.

        Args:
            boxes: At most ``model.BOX_COUNT`` in ``odom``; of more, the nearest are kept.
            held: Side -> box in that hand, in the hand frame; kept clear of the boxes too.
        """
        self.scene = (boxes, held or {})
        mj, data = self.planning.model, self._configuration.data
        boxes = sorted(boxes, key=lambda box: float(np.linalg.norm(box.position)))[
            : model.BOX_COUNT
        ]
        used = []
        for number, geom in enumerate(self.planning.box_geoms):
            mocap = mj.body_mocapid[mj.geom_bodyid[geom]]
            data.mocap_pos[mocap] = (
                boxes[number].position if number < len(boxes) else (0.0, 0.0, 50.0 + number)
            )
            if number < len(boxes):
                self._resize(geom, boxes[number])
                used.append(geom)
        held_geoms = []
        for side, box in (held or {}).items():
            geom = self.planning.held_geoms[side]
            mj.geom_pos[geom] = box.position
            self._resize(geom, box)
            held_geoms.append(geom)
        geoms = (tuple(used), tuple(held_geoms))
        if geoms not in self._limits_of:
            self._limits_of[geoms] = self._limits_with(*geoms)
        self._limits = self._limits_of[geoms]
        self._collisions = self._limits[-1]
        self._collisions.resized()
        self._configuration.update()

    def _limits_with(
        self, boxes: tuple[int, ...], held: tuple[int, ...]
    ) -> tuple[mink.Limit, mink.Limit, _ActiveCollisionLimit]:
        """Limits that keep arms, body, these box geoms and these held geoms apart."""
        mj, parts = self.planning.model, self.planning
        both_arms = parts.arm_geoms["left"] + parts.arm_geoms["right"]
        pairs = [
            (parts.arm_geoms["left"], parts.body_geoms + parts.arm_geoms["right"]),
            (parts.arm_geoms["right"], parts.body_geoms),
        ]
        if boxes:
            pairs.append((both_arms + held, boxes))
        collisions = _ActiveCollisionLimit(
            mj,
            pairs,
            gain=0.6,
            minimum_distance_from_collisions=_CLEARANCE,
            collision_detection_distance=_DETECTION,
            bound_relaxation=-_RECOVERY,
        )
        return (
            mink.ConfigurationLimit(mj, gain=0.95),
            mink.VelocityLimit(mj, dict.fromkeys(parts.joint_names, _STEP_LIMIT)),
            collisions,
        )

    def _resize(self, geom: int, box: Box) -> None:
        mj = self.planning.model
        mj.geom_size[geom] = np.maximum(box.half, 1e-3)
        mj.geom_rbound[geom] = float(np.linalg.norm(box.half))

    # --- forward -----------------------------------------------------------------------------

    def reduced(self, joints: np.ndarray) -> np.ndarray:
        """Planned joints, shape (m,), of all joints, shape (n,)."""
        return np.asarray(joints, dtype=float)[self.planning.columns]

    def full(self, reduced: np.ndarray, joints: np.ndarray) -> np.ndarray:
        """All joints: ``joints`` with the planned ones replaced."""
        result = np.array(joints, dtype=float)
        result[self.planning.columns] = reduced
        return result

    def range_of(self, joint: str) -> tuple[float, float]:
        """Limits of a waist or arm joint [rad]."""
        number = self.planning.joint_names.index(joint)
        return float(self.lower[number]), float(self.upper[number])

    def hand_pose(self, joints: np.ndarray, side: str) -> Pose:
        """Where the hand frame is for these joints."""
        self._configuration.update(self._clipped(self.reduced(joints)))
        return self._pose(side)

    def body_pose(self, joints: np.ndarray, name: str) -> Pose:
        """Where any body of the robot is for these joints."""
        self._configuration.update(self._clipped(self.reduced(joints)))
        body = self._configuration.data.body(name)
        return Pose(body.xpos.copy(), body.xmat.reshape(3, 3).copy())

    def _pose(self, side: str) -> Pose:
        body = self._configuration.data.body(model.hand_body(side))
        return Pose(body.xpos.copy(), body.xmat.reshape(3, 3).copy())

    def _clipped(self, reduced: np.ndarray) -> np.ndarray:
        return np.clip(reduced, self.lower + 1e-4, self.upper - 1e-4)

    def clearance(self, joints: np.ndarray, *, beyond: float = 0.05) -> float:
        """Smallest distance between arms, body and obstacles [m], at most ``beyond``."""
        self._configuration.update(self._clipped(self.reduced(joints)))
        return self._collisions.smallest_distance(self._configuration.data, beyond)

    def hand_gap(self, joints: np.ndarray, side: str, box: Box, *, beyond: float = 0.2) -> float:
        """Distance between an open hand and a box in ``odom`` [m], at most ``beyond``."""
        mj, data = self.planning.model, self._configuration.data
        geom = self.planning.box_geoms[-1]
        mocap = mj.body_mocapid[mj.geom_bodyid[geom]]
        place, half = data.mocap_pos[mocap].copy(), mj.geom_size[geom].copy()
        data.mocap_pos[mocap] = box.position
        self._resize(geom, box)
        self._configuration.update(self._clipped(self.reduced(joints)))
        gap = min(
            mujoco.mj_geomDistance(mj, data, own, geom, beyond, None)
            for own in self.planning.hand_geoms[side]
        )
        data.mocap_pos[mocap] = place
        self._resize(geom, Box(place, half))
        self._configuration.update()
        return float(gap)

    # --- inverse -----------------------------------------------------------------------------

    def solve(
        self,
        joints: np.ndarray,
        targets: Mapping[str, Pose],
        *,
        keep: str = "",
        posture: np.ndarray | None = None,
        iterations: int = 40,
        tolerance: float = 1e-3,
    ) -> Solution:
        """Find joints near ``joints`` that bring the hands to their targets.

        Args:
            joints: Shape (n,), where to start from.
            targets: Side -> pose of the hand frame. A hand left out follows the posture.
            keep: Side of an arm that shall keep the posture it has.
            posture: Shape (n,), posture that spare freedom goes to; the rest posture if ``None``.
            iterations: Most steps taken.
            tolerance: Distance at which the search ends [m].

        Returns:
            The best joints found; the caller judges ``miss`` and ``turn`` (of the worst hand).
        """
        configuration = self._configuration
        configuration.update(self._clipped(self.reduced(joints)))
        self._posture.set_target(self._spare_posture(joints, posture, keep))
        tasks: list[mink.Task] = [self._posture]
        for side, pose in targets.items():
            rotation = mink.SO3.from_matrix(pose.rotation)
            self._frames[side].set_target(
                mink.SE3.from_rotation_and_translation(
                    rotation, np.asarray(pose.position, dtype=float)
                )
            )
            tasks.append(self._frames[side])
        previous, settled = np.inf, False
        for _ in range(iterations):
            try:
                velocity = mink.solve_ik(
                    configuration, tasks, 1.0, "daqp", damping=1e-5, limits=self._limits
                )
            except mink.NoSolutionFound:
                break
            configuration.integrate_inplace(velocity, 1.0)
            miss, turn = self._errors(targets)
            moved = float(np.abs(velocity).max())
            if miss < tolerance and turn < 0.02 and moved < 0.02:
                break
            if moved < 2e-3 and abs(previous - miss) < 1e-5:
                if miss < tolerance or settled:
                    break
                # What is left is the pull of the posture: let go of it.
                self._posture.set_target(configuration.q)
                settled = True
            previous = miss
        miss, turn = self._errors(targets)
        return Solution(self.full(configuration.q, joints), miss, turn)

    def _spare_posture(
        self, joints: np.ndarray, posture: np.ndarray | None, keep: str
    ) -> np.ndarray:
        """Posture for the freedom that the hands leave."""
        if posture is not None:
            return self._clipped(self.reduced(posture))
        target = self._rest.copy()
        if keep:
            kept = [i for i, name in enumerate(self.planning.joint_names) if name.startswith(keep)]
            target[kept] = self.reduced(joints)[kept]
        return target

    def _errors(self, targets: Mapping[str, Pose]) -> tuple[float, float]:
        miss = turn = 0.0
        for side, pose in targets.items():
            now = self._pose(side)
            miss = max(miss, float(np.linalg.norm(now.position - pose.position)))
            cosine = (np.trace(pose.rotation.T @ now.rotation) - 1.0) / 2.0
            turn = max(turn, float(np.arccos(np.clip(cosine, -1.0, 1.0))))
        return miss, turn
