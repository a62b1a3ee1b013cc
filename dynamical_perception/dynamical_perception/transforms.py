"""Rigid transforms between frames."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Transform:
    """Pose of a child frame in its parent frame: ``p_parent = rotation @ p_child + translation``.

    Attributes:
        rotation: Shape (3, 3), columns are the child's axes.
        translation: Shape (3,), the child's origin [m].
    """

    rotation: np.ndarray
    translation: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "rotation", _fixed(self.rotation, (3, 3)))
        object.__setattr__(self, "translation", _fixed(self.translation, (3,)))

    @classmethod
    def identity(cls) -> "Transform":
        """The child frame is the parent frame."""
        return cls(np.eye(3), np.zeros(3))

    @classmethod
    def from_quaternion(cls, position: np.ndarray, quaternion: np.ndarray) -> "Transform":
        """From a position [m] and a quaternion (w, x, y, z) of any length but zero."""
        w, x, y, z = np.asarray(quaternion, float) / np.linalg.norm(quaternion)
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )
        return cls(rotation, np.asarray(position, float))

    def points(self, points: np.ndarray) -> np.ndarray:
        """Points of shape (n, 3) [m], moved from the child frame to the parent frame."""
        return np.asarray(points @ self.rotation.T + self.translation)

    def compose(self, other: "Transform") -> "Transform":
        """The frame that ``other`` describes in this child frame, in this parent frame."""
        return Transform(self.rotation @ other.rotation, self.points(other.translation[None])[0])

    def inverse(self) -> "Transform":
        """The parent frame seen from the child frame."""
        return Transform(self.rotation.T, -self.rotation.T @ self.translation)


def _fixed(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    result = np.array(array, dtype=float)
    if result.shape != shape:
        raise ValueError(f"expected an array of shape {shape}, got {result.shape}")
    result.setflags(write=False)
    return result
