"""Pinhole cameras and the sets of pictures they deliver."""

from dataclasses import dataclass

import numpy as np

from dynamical_perception.errors import CameraError
from dynamical_perception.transforms import Transform


@dataclass(frozen=True, slots=True)
class CameraModel:
    """Intrinsics of an undistorted pinhole camera.

    Optical frame (REP-103): x right, y down, z forward. Pixel centres lie at integer coordinates,
    so a centred camera has ``cx = (width - 1) / 2``.

    Attributes:
        name: Camera name, e.g. ``"head"``.
        width: Columns.
        height: Rows.
        fx, fy: Focal lengths [pixel].
        cx, cy: Principal point [pixel].
    """

    name: str
    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    def __post_init__(self) -> None:
        if self.width <= 0 or self.height <= 0:
            raise CameraError(self.name, f"size {self.width}x{self.height} must be positive")
        if not (
            np.isfinite((self.fx, self.fy, self.cx, self.cy)).all() and min(self.fx, self.fy) > 0
        ):
            raise CameraError(
                self.name,
                f"intrinsics fx={self.fx} fy={self.fy} cx={self.cx} cy={self.cy} must be finite, "
                "focal lengths positive",
            )

    @classmethod
    def from_matrix(cls, name: str, size: tuple[int, int], matrix: np.ndarray) -> "CameraModel":
        """From size (width, height) and the row-major 3x3 matrix K."""
        k = np.asarray(matrix, float).reshape(3, 3)
        return cls(name, size[0], size[1], k[0, 0], k[1, 1], k[0, 2], k[1, 2])

    def unproject(self, column: np.ndarray, row: np.ndarray, depth: np.ndarray) -> np.ndarray:
        """Points in the optical frame, shape (n, 3) [m], of pixels with depth along z [m]."""
        x = (column - self.cx) * (depth / self.fx)
        y = (row - self.cy) * (depth / self.fy)
        return np.stack((x, y, depth), axis=-1)

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels (n, 2) as (column, row) and depths (n,) [m] of points in the optical frame.

        Points with depth <= 0 are behind the camera; their pixels are NaN.
        """
        depth = points[:, 2]
        safe = np.where(depth > 1e-9, depth, np.nan)
        column = self.fx * points[:, 0] / safe + self.cx
        row = self.fy * points[:, 1] / safe + self.cy
        return np.stack((column, row), axis=-1), depth

    def contains(self, pixels: np.ndarray) -> np.ndarray:
        """Which of the pixels (n, 2) lie in the picture, shape (n,)."""
        with np.errstate(invalid="ignore"):
            return (
                (pixels[:, 0] >= 0)
                & (pixels[:, 0] <= self.width - 1)
                & (pixels[:, 1] >= 0)
                & (pixels[:, 1] <= self.height - 1)
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One set of pictures of one camera, all taken at the same moment.

    Attributes:
        model: Intrinsics.
        pose: Pose of the optical frame in ``odom`` when the pictures were taken.
        stamp: When they were taken, ROS time [s].
        color: Shape (height, width, 3), RGB 0..255.
        depth: Shape (height, width), along the optical axis [m]; NaN, 0 or inf = no value.
        labels: Shape (height, width), instance per pixel; 0 = background.
    """

    model: CameraModel
    pose: Transform
    stamp: float
    color: np.ndarray
    depth: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        shape = (self.model.height, self.model.width)
        for name, wanted in (("color", (*shape, 3)), ("depth", shape), ("labels", shape)):
            got = getattr(self, name).shape
            if got != wanted:
                raise CameraError(
                    self.model.name, f"{name} picture has shape {got}, camera_info says {wanted}"
                )
