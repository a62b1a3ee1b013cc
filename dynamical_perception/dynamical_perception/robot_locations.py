"""Where robots stand.

First version, for robots whose base is held in place: the pose of the base is that of the
    configured model; the pictures *confirm* it (points labelled as robot must lie on the links
    that the joint states say) but do not correct it. Cameras that confirm it are the ones that see
    the robot.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_perception.segments import Segment
from dynamical_perception.transforms import Transform
from dynamical_perception.workspaces import Workspace

_ON_BODY = 0.20  # a point this near to a link's centre of mass belongs to it [m]
_REMEMBERED = 1.0  # a camera counts as seeing the robot for this long after it did [s]
_CONFIRMED = 0.005  # standard deviation of a confirmed base position [m]
_UNCONFIRMED = 0.05  # and of one that no camera confirms [m]
_TURN = 0.01  # of its orientation [rad]


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where one robot stands.

    Attributes:
        robot_id: Which robot.
        pose: Pose of ``base_link`` in ``odom``.
        covariance: Shape (6, 6), x y z roll pitch yaw.
        workspace_id: Workspace it stands in, or ``""``.
        cameras: Cameras that see it now.
        stamp: Newest observation it rests on, ROS time [s].
    """

    robot_id: str
    pose: Transform
    covariance: np.ndarray
    workspace_id: str
    cameras: tuple[str, ...]
    stamp: float


@dataclass(slots=True)
class _Robot:
    base: Transform
    stamp: float
    seen: dict[str, float]


class RobotLocationTracker:
    """Robot id -> location.

    Args:
        workspaces: Known workspaces; they may overlap, the first that fits counts.
    """

    def __init__(self, workspaces: Sequence[Workspace] = ()) -> None:
        self._workspaces = tuple(workspaces)
        self._robots: dict[str, _Robot] = {}

    def place(self, robot_id: str, base: Transform, stamp: float) -> None:
        """State where a robot's base is by its own account, at ROS time ``stamp`` [s]."""
        robot = self._robots.setdefault(robot_id, _Robot(base, stamp, {}))
        robot.base = base
        robot.stamp = max(robot.stamp, stamp)

    def confirm(self, robot_id: str, view: Segment, links: np.ndarray) -> bool:
        """Whether a view of a robot agrees with where its links are, shape (k, 3) [m]."""
        robot = self._robots.get(robot_id)
        if robot is None:
            return False
        points = view.points[:: max(1, len(view.points) // 60)]
        distance = np.linalg.norm(points[:, None] - links[None], axis=2).min(axis=1)
        agrees = bool(np.median(distance) < _ON_BODY)
        if agrees:
            robot.seen[view.camera] = view.stamp
            robot.stamp = max(robot.stamp, view.stamp)
        return agrees

    def location(self, robot_id: str, now: float) -> Location | None:
        """Where a robot stands at ROS time ``now`` [s]; ``None`` if it was never heard of."""
        robot = self._robots.get(robot_id)
        if robot is None:
            return None
        cameras = tuple(sorted(c for c, seen in robot.seen.items() if now - seen < _REMEMBERED))
        deviation = _CONFIRMED if cameras else _UNCONFIRMED
        inside = (w.id for w in self._workspaces if w.contains(robot.base.translation))
        return Location(
            robot_id=robot_id,
            pose=robot.base,
            covariance=np.diag([deviation**2] * 3 + [_TURN**2] * 3),
            workspace_id=next(inside, ""),
            cameras=cameras,
            stamp=robot.stamp,
        )
