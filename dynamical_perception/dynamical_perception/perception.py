"""Perception without ROS: pictures and joint states in; tracks, location and forecast out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_perception.cameras.camera import CameraModel, Frame
from dynamical_perception.cameras.liveness import Liveness
from dynamical_perception.cameras.mounting import Mounting
from dynamical_perception.catalogue import ROBOT
from dynamical_perception.forecast import Forecast, forecast
from dynamical_perception.kinematics import JointHistory, JointSample, RobotKinematics
from dynamical_perception.robot_locations import Location, RobotLocationTracker
from dynamical_perception.segments import Instance, segment
from dynamical_perception.tracking import Tracker
from dynamical_perception.tracks import TrackState
from dynamical_perception.workspaces import Workspace

_LOOK_AHEAD = 0.05  # difference over which link velocities are computed [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """One set of pictures as a camera sent it; see ``Frame`` for the fields."""

    model: CameraModel
    stamp: float
    color: np.ndarray
    depth: np.ndarray
    labels: np.ndarray


class Perception:
    """Everything perceived of one robot's surroundings.

    Args:
        robot_id: The robot whose joint states come in.
        kinematics: Its model; ``None`` = cameras on the robot cannot be used.
        mountings: Where the cameras are.
        workspaces: Known workspaces.

    Raises:
        KinematicsError: If a camera sits on a link that the robot does not have.
    """

    def __init__(
        self,
        robot_id: str,
        *,
        kinematics: RobotKinematics | None,
        mountings: Mapping[str, Mounting],
        workspaces: Sequence[Workspace] = (),
    ) -> None:
        if kinematics is not None:
            for mounting in mountings.values():
                kinematics.check(mounting)
        self._robot_id = robot_id
        self._kinematics = kinematics
        self._mountings = mountings
        self._joints = JointHistory()
        self._locations = RobotLocationTracker(workspaces)
        self._tracker = Tracker()
        self._liveness: dict[str, Liveness] = {}
        self._table: Mapping[int, Instance] = {}
        self.stamp = 0.0

    def set_labels(self, table: Mapping[int, Instance]) -> None:
        """State what the numbers in label pictures mean."""
        self._table = dict(table)

    @property
    def labels_known(self) -> bool:
        """Whether the meaning of labels has been stated."""
        return bool(self._table)

    def add_joints(self, names: Sequence[str], sample: JointSample) -> None:
        """Take in a joint state."""
        self._joints.add(names, sample)
        if self._kinematics is not None:
            self._locations.place(self._robot_id, self._kinematics.base_pose, sample.stamp)

    def process(self, pictures: Pictures) -> str:
        """Take in one set of pictures.

        Returns:
            Why it could not be used; empty if it was.
        """
        if not self._table:
            return "the meaning of labels is not known yet"
        camera = pictures.model.name
        live = self._liveness.setdefault(camera, Liveness())
        if problem := live.problem(pictures.color, pictures.depth, pictures.stamp):
            return problem
        mounting = self._mountings[camera]
        moved = self._move_robot(pictures.stamp)
        if self._kinematics is None or (not moved and not mounting.fixed):
            if not mounting.fixed:
                return (
                    f"no joint state near its stamp, so the pose of {mounting.parent} is unknown"
                )
            pose = mounting.pose
        else:
            pose = self._kinematics.camera_pose(mounting)
        frame = Frame(
            model=pictures.model,
            pose=pose,
            stamp=pictures.stamp,
            color=pictures.color,
            depth=pictures.depth,
            labels=pictures.labels,
        )
        found = segment(frame, self._table)
        self._tracker.update(frame, [view for view in found if view.class_id != ROBOT])
        if moved and self._kinematics is not None:
            links = self._kinematics.link_positions()
            for view in found:
                if view.class_id == ROBOT:
                    self._locations.confirm(self._robot_id, view, links)
        self.stamp = max(self.stamp, pictures.stamp)
        return ""

    def tracks(self, now: float) -> list[TrackState]:
        """All tracks at the newest pictures' stamp; what expired at ``now`` [s] is dropped."""
        self._tracker.drop_expired(now)
        return self._tracker.states(self.stamp)

    def location(self, now: float) -> Location | None:
        """Where the robot stands; ``None`` before its first joint state."""
        return self._locations.location(self._robot_id, now)

    def forecast(self, tracks: Sequence[TrackState]) -> Forecast | None:
        """Forecast from the newest joint state on; ``None`` before the first one."""
        newest = self._joints.newest
        if newest is None or self._kinematics is None:
            return None
        self._kinematics.move(self._joints.names, newest.position + _LOOK_AHEAD * newest.velocity)
        ahead = self._kinematics.link_positions()
        self._kinematics.move(self._joints.names, newest.position)
        links = self._kinematics.link_positions()
        return forecast(tracks, links, (ahead - links) / _LOOK_AHEAD)

    def _move_robot(self, stamp: float) -> bool:
        position = self._joints.at(stamp)
        if position is None or self._kinematics is None:
            return False
        self._kinematics.move(self._joints.names, position)
        return True
