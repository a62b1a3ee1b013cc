"""Where the simulated cameras are mounted and how they see.

Mounting is given by eye point and target, in the frame of the parent. MuJoCo cameras look along
their -z with y up; ROS optical frames look along +z with y down (REP-103). Both come from the same
numbers here.
"""

import math
from dataclasses import dataclass

import mujoco
import numpy as np

# Rotation from the optical frame (x right, y down, z forward) to MuJoCo's camera frame (x right, y
# up, z back).
_OPTICAL_TO_MUJOCO = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True, slots=True)
class CameraMount:
    """One camera.

    Attributes:
        name: As in ``graph.CAMERAS``; the optical frame is ``<name>_optical`` or
            ``<name>_camera_optical``.
        parent: ``odom`` or the robot link it sits on.
        position: x, y, z of the lens in the parent frame [m].
        target: Point it looks at, in the parent frame [m].
        fovy: Vertical field of view [deg].
        width: Columns [pixel].
        height: Rows [pixel].
    """

    name: str
    parent: str
    position: tuple[float, float, float]
    target: tuple[float, float, float]
    fovy: float
    width: int = 320
    height: int = 240

    @property
    def frame(self) -> str:
        """Name of the optical frame."""
        return "head_camera_optical" if self.name == "head" else f"{self.name}_optical"

    @property
    def focal_length(self) -> float:
        """Focal length [pixel]; pixels are square."""
        return 0.5 * self.height / math.tan(math.radians(self.fovy) / 2.0)

    def intrinsics(self) -> np.ndarray:
        """Camera matrix K, shape (3, 3) [pixel]; the centre of the first pixel is (0, 0)."""
        focal = self.focal_length
        centre_x, centre_y = (self.width - 1) / 2.0, (self.height - 1) / 2.0
        return np.array([[focal, 0.0, centre_x], [0.0, focal, centre_y], [0.0, 0.0, 1.0]])

    def optical_rotation(self) -> np.ndarray:
        """Rotation from the optical frame to the parent frame, shape (3, 3)."""
        forward = np.subtract(self.target, self.position)
        forward = forward / np.linalg.norm(forward)
        right = np.cross(forward, [0.0, 0.0, 1.0])
        right /= np.linalg.norm(right)
        return np.column_stack([right, np.cross(forward, right), forward])

    def optical_quaternion(self) -> np.ndarray:
        """The same rotation as a unit quaternion w x y z, w >= 0."""
        return _quaternion(self.optical_rotation())

    def mujoco_quaternion(self) -> np.ndarray:
        """Rotation from MuJoCo's camera frame to the parent frame, quaternion w x y z."""
        return _quaternion(self.optical_rotation() @ _OPTICAL_TO_MUJOCO)


def mounting_table(mounts: tuple[CameraMount, ...]) -> dict[str, dict[str, object]]:
    """What ``cameras.yaml`` says: pose of each optical frame, [m], quaternion w x y z."""
    return {
        mount.name: {
            "parent": mount.parent,
            "position": [round(float(value), 6) for value in mount.position],
            "quaternion": [round(float(value), 6) for value in mount.optical_quaternion()],
        }
        for mount in mounts
    }


def _quaternion(rotation: np.ndarray) -> np.ndarray:
    quaternion = np.zeros(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return quaternion if quaternion[0] >= 0.0 else -quaternion


def looking(position: tuple[float, float, float], *, down: float) -> tuple[float, float, float]:
    """Point one metre ahead (+x) of a position, looked at ``down`` [deg] below the horizon."""
    angle = math.radians(down)
    x, y, z = position
    return (x + math.cos(angle), y, z - math.sin(angle))


HEAD_POSITION = (0.08, 0.0, 0.43)
HEAD = CameraMount(
    "head", "torso_link", HEAD_POSITION, looking(HEAD_POSITION, down=38.0), fovy=75.0
)
