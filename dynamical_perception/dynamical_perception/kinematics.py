"""Where the robot's links are, from its joint states: forward kinematics of its MJCF model."""

import bisect
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from dynamical_perception.cameras.mounting import Mounting
from dynamical_perception.errors import KinematicsError
from dynamical_perception.transforms import Transform

_HISTORY = 64
_EXTRAPOLATION = 0.05  # joint velocity is trusted this long beyond the newest joint state [s]


@dataclass(frozen=True, slots=True)
class JointSample:
    """Joint positions [rad] and velocities [rad/s] in message order, at ROS time ``stamp`` [s]."""

    stamp: float
    position: np.ndarray
    velocity: np.ndarray


class JointHistory:
    """The last joint states, read at the moment a picture was taken."""

    def __init__(self) -> None:
        self._samples: deque[JointSample] = deque(maxlen=_HISTORY)
        self.names: tuple[str, ...] = ()

    def add(self, names: Sequence[str], sample: JointSample) -> None:
        """Add one joint state; one far older than the newest starts anew (a clock went back)."""
        if tuple(names) != self.names or (
            self._samples and sample.stamp < self._samples[-1].stamp - 1.0
        ):
            self._samples.clear()
            self.names = tuple(names)
        if self._samples and sample.stamp <= self._samples[-1].stamp:
            return
        self._samples.append(sample)

    @property
    def newest(self) -> JointSample | None:
        """The newest joint state."""
        return self._samples[-1] if self._samples else None

    def at(self, stamp: float, *, tolerance: float = 0.2) -> np.ndarray | None:
        """Joint positions at ROS time ``stamp`` [s], shape (n,) [rad].

        Interpolated between the two samples around it, extrapolated by velocity for a few
        hundredths of a second; ``None`` if no sample is within ``tolerance`` [s].
        """
        if not self._samples:
            return None
        stamps = [sample.stamp for sample in self._samples]
        i = bisect.bisect_left(stamps, stamp)
        if i == len(stamps):
            last = self._samples[-1]
            ahead = stamp - last.stamp
            if ahead > tolerance:
                return None
            return last.position + last.velocity * min(ahead, _EXTRAPOLATION)
        after = self._samples[i]
        if i == 0:
            return after.position if after.stamp - stamp <= tolerance else None
        before = self._samples[i - 1]
        if min(after.stamp - stamp, stamp - before.stamp) > tolerance:
            return None
        share = (stamp - before.stamp) / (after.stamp - before.stamp)
        return (1.0 - share) * before.position + share * after.position


class RobotKinematics:
    """Forward kinematics of the robot in ``odom``.

    Args:
        mjcf: Model of the robot alone, its base placed in ``odom``.

    Raises:
        KinematicsError: If the file cannot be loaded.
    """

    def __init__(self, mjcf: Path) -> None:
        try:
            self._model = mujoco.MjModel.from_xml_path(str(mjcf))
        except ValueError as error:
            raise KinematicsError(f"robot_mjcf {str(mjcf)!r} cannot be loaded: {error}") from error
        self._data = mujoco.MjData(self._model)
        self._names: tuple[str, ...] = ()
        self._addresses = np.empty(0, int)
        self._columns = np.empty(0, int)
        robot = np.arange(1, self._model.nbody)
        self._bodies = robot[self._model.body_mass[robot] > 0]
        self._base = int(self._model.body_rootid[self._bodies[0]]) if len(self._bodies) else 0
        mujoco.mj_kinematics(self._model, self._data)

    @property
    def base_pose(self) -> Transform:
        """Pose of the robot's base link in ``odom``, as the model has it fixed."""
        return self._pose(self._base)

    def body_names(self) -> list[str]:
        """Names of the links."""
        return [self._model.body(i).name for i in range(1, self._model.nbody)]

    def check(self, mounting: Mounting) -> None:
        """Raise ``KinematicsError`` if the camera's parent is no link of the robot."""
        if not mounting.fixed and mounting.parent not in self.body_names():
            raise KinematicsError(
                f"camera {mounting.camera!r}: parent {mounting.parent!r} is no link of the robot; "
                f"links are {self.body_names()}"
            )

    def move(self, names: tuple[str, ...], position: np.ndarray) -> None:
        """Put the joints at ``position``, shape (n,) [rad]; names the model lacks are ignored.

        Raises:
            KinematicsError: If none of the names is a joint of the model.
        """
        if names != self._names:
            self._bind(names)
        self._data.qpos[self._addresses] = position[self._columns]
        mujoco.mj_kinematics(self._model, self._data)

    def camera_pose(self, mounting: Mounting) -> Transform:
        """Pose of the camera's optical frame in ``odom``, with the joints as last moved."""
        if mounting.fixed:
            return mounting.pose
        return self._pose(self._model.body(mounting.parent).id).compose(mounting.pose)

    def link_positions(self) -> np.ndarray:
        """Origins of all links with mass in ``odom``, shape (k, 3) [m]."""
        return np.array(self._data.xipos[self._bodies])

    def _pose(self, body: int) -> Transform:
        return Transform(self._data.xmat[body].reshape(3, 3), self._data.xpos[body])

    def _bind(self, names: tuple[str, ...]) -> None:
        pairs = []
        for column, name in enumerate(names):
            joint = mujoco.mj_name2id(self._model, mujoco.mjtObj.mjOBJ_JOINT, name)
            if joint >= 0:
                pairs.append((column, int(self._model.jnt_qposadr[joint])))
        if not pairs:
            raise KinematicsError(f"no joint of {list(names)[:5]}... is in the kinematic model")
        self._columns, self._addresses = np.array(pairs, int).T
        self._names = names
