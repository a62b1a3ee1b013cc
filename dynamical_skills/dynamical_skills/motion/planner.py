"""Paths of the hands through space, solved into joint trajectories clear of obstacles."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import hands
from dynamical_skills.motion.kinematics import Kinematics, Pose, Solution
from dynamical_skills.motion.rotations import turn_between, turned_share
from dynamical_skills.motion.trajectories import MotionLimits, merged, time_scaled
from dynamical_skills.policies.policy import SkillError, Trajectory

REACH_TOLERANCE = 0.008
TURN_TOLERANCE = 0.12
_KNOT_DISTANCE = 0.045
_KNOT_TURN = 0.3


class Planner:
    """Plans for one robot.

    Args:
        kinematics: The robot's kinematics; obstacles are set on it before planning.
        limits: Speed limits of every motion planned here.
    """

    def __init__(self, kinematics: Kinematics, *, limits: MotionLimits | None = None) -> None:
        self.kinematics = kinematics
        self.limits = limits or MotionLimits()

    def path(
        self,
        joints: np.ndarray,
        side: str,
        waypoints: Sequence[Pose],
        *,
        local: bool = False,
        speed: float = 1.0,
        phase: str = "moving",
        what: str = "the point",
    ) -> Trajectory:
        """Lead one hand through waypoints in one smooth motion; waist and arms move, fingers stay.

        Args:
            joints: Shape (n,), where the robot is now, robot joint order.
            side: Hand that follows the waypoints; the other arm keeps its posture.
            waypoints: Poses of the hand frame; the motion rests at the last.
            local: Change the arms' posture as little as the way allows, instead of tending to the
                rest posture; for short motions.
            speed: Share of the speed limits, 0..1.
            phase: Word for what is done.
            what: What the last waypoint is, for the error sentence.

        Raises:
            SkillError: OUT_OF_REACH if a waypoint is missed by more than 8 mm, or 7 degrees.
        """
        kinematics = self.kinematics
        start = np.asarray(joints, dtype=float)
        knots = [kinematics.reduced(start)]
        pose = kinematics.hand_pose(start, side)
        for number, waypoint in enumerate(waypoints):
            end = kinematics.solve(
                start, {side: waypoint}, keep=_other(side), posture=start if local else None
            )
            if number == len(waypoints) - 1:
                check_reach(end, side, what, waypoint)
            knots.extend(self._between(start, end.joints, side, pose, waypoint))
            knots.append(kinematics.reduced(end.joints))
            start, pose = end.joints, waypoint
        trajectory = time_scaled(
            np.array(knots), kinematics.planning.joint_names, limits=self.limits.slowed(speed)
        )
        return _with(trajectory, phase=phase, hand=side, goal=waypoints[-1].position)

    def _between(
        self, start: np.ndarray, end: np.ndarray, side: str, pose: Pose, waypoint: Pose
    ) -> list[np.ndarray]:
        """Joints at points in between, whose spare freedom goes evenly from start to end."""
        distance = float(np.linalg.norm(waypoint.position - pose.position))
        turn = turn_between(pose.rotation, waypoint.rotation)
        count = int(np.ceil(max(distance / _KNOT_DISTANCE, turn / _KNOT_TURN, 1.0)))
        knots, joints = [], start
        for share in (np.arange(1, count) / count).tolist():
            target = Pose(
                pose.position + share * (waypoint.position - pose.position),
                turned_share(pose.rotation, waypoint.rotation, share),
            )
            solution = self.kinematics.solve(
                joints,
                {side: target},
                posture=start + share * (end - start),
                iterations=4,
                tolerance=2e-3,
            )
            joints = solution.joints
            knots.append(self.kinematics.reduced(joints))
        return knots

    def joint_path(
        self,
        joints: np.ndarray,
        targets: Sequence[Mapping[str, float]],
        *,
        speed: float = 1.0,
        phase: str = "moving",
    ) -> Trajectory:
        """Go through postures in joint space; joints that no posture names hold."""
        index = self.kinematics.index
        names = tuple(
            name
            for name in self.kinematics.joint_names
            if any(name in target for target in targets)
        )
        columns = [index[name] for name in names]
        knots = [np.asarray(joints, dtype=float)[columns]]
        for target in targets:
            knots.append(
                np.array(
                    [
                        target.get(name, before)
                        for name, before in zip(names, knots[-1], strict=True)
                    ]
                )
            )
        return _with(
            time_scaled(np.array(knots), names, limits=self.limits.slowed(speed)), phase=phase
        )

    def fingers(
        self, joints: np.ndarray, side: str, share: float, *, duration: float = 0.8
    ) -> Trajectory:
        """Bring a hand's fingers to a share closed.

        A hand that squeezes something is opened from the posture it was sent to, far beyond
        contact, through the one it is in: so all fingers let go at the same moment and what they
        held is not pushed.
        """
        names = hands.joints(side)
        now = np.asarray(joints, dtype=float)[[self.kinematics.index[name] for name in names]]
        knots = [now, hands.positions(side, share)]
        if share < 0.5 and hands.squeezes(side, now):
            knots.insert(0, hands.positions(side, 1.0))
        motion = time_scaled(
            np.array(knots),
            names,
            limits=MotionLimits(arm_velocity=3.0, acceleration=14.0),
            shortest=duration,
        )
        before = hands.closed_share(side, now)
        return _with(
            motion,
            hand=side,
            phase="close" if share > 0.5 else "open",
            gripper=np.clip(np.linspace(before, share, len(motion.position)), 0.0, 1.0),
        )

    def hold(
        self, joints: np.ndarray, side: str, seconds: float, *, phase: str = "hold"
    ) -> Trajectory:
        """Stay for a while."""
        names = self.kinematics.planning.joint_names
        still = time_scaled(
            self.kinematics.reduced(joints)[None, :], names, limits=self.limits, shortest=seconds
        )
        return _with(still, phase=phase, hand=side)

    def with_fingers(
        self, trajectory: Trajectory, joints: np.ndarray, side: str, share: float
    ) -> Trajectory:
        """Move the fingers to a share closed while the arm moves."""
        return merged(trajectory, self.fingers(joints, side, share))

    def end(self, joints: np.ndarray, trajectory: Trajectory) -> np.ndarray:
        """All joints, shape (n,), where a trajectory started at ``joints`` ends."""
        result = np.array(joints, dtype=float)
        result[[self.kinematics.index[name] for name in trajectory.joint_names]] = (
            trajectory.position[-1]
        )
        return result

    def is_clear(
        self, joints: np.ndarray, trajectory: Trajectory, *, margin: float = 0.002
    ) -> bool:
        """Whether a trajectory keeps clear of body and obstacles.

        One that begins too near to something may lead away from it, and come back to nothing else as near.
        """
        columns = [self.kinematics.index[name] for name in trajectory.joint_names]
        probe = np.array(joints, dtype=float)
        best = self.kinematics.clearance(probe)
        count = max(6, len(trajectory.position) // 6)
        for row in np.linspace(0, len(trajectory.position) - 1, count).astype(int)[1:]:
            probe[columns] = trajectory.position[row]
            clearance = self.kinematics.clearance(probe)
            if clearance < min(margin, best - 0.003):
                return False
            best = max(best, clearance)
        return True


def check_reach(solution: Solution, side: str, what: str, pose: Pose) -> None:
    """Raise OUT_OF_REACH where a solution misses its pose."""
    if solution.miss <= REACH_TOLERANCE and solution.turn <= TURN_TOLERANCE:
        return
    x, y, z = pose.position
    raise SkillError(
        ErrorCode.OUT_OF_REACH,
        f"the {side} hand misses {what} at ({x:.2f}, {y:.2f}, {z:.2f}) m "
        f"by {solution.miss * 1e3:.0f} mm and {np.degrees(solution.turn):.0f} degrees; "
        f"it may miss by {REACH_TOLERANCE * 1e3:.0f} mm and "
        f"{np.degrees(TURN_TOLERANCE):.0f} degrees",
    )


def _other(side: str) -> str:
    return "left" if side == "right" else "right"


def _with(trajectory: Trajectory, **facts: object) -> Trajectory:
    return replace(trajectory, **facts)  # type: ignore[arg-type]
