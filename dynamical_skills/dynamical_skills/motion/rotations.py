"""Rotations as 3 x 3 matrices."""

import numpy as np
from scipy.spatial.transform import Rotation


def about_z(angle: float) -> np.ndarray:
    """Turn about the vertical [rad]."""
    return Rotation.from_euler("z", angle).as_matrix()


def about_x(angle: float) -> np.ndarray:
    """Turn about the fingers' direction of a hand frame [rad]."""
    return Rotation.from_euler("x", angle).as_matrix()


def turn_between(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two orientations [rad]."""
    return float((Rotation.from_matrix(first).inv() * Rotation.from_matrix(second)).magnitude())


def turned_share(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """Orientation at a share of the shortest turn from the first to the second."""
    start = Rotation.from_matrix(first)
    turn = (start.inv() * Rotation.from_matrix(second)).as_rotvec()
    return (start * Rotation.from_rotvec(turn * share)).as_matrix()


def yaw_of(rotation: np.ndarray) -> float:
    """Heading of the x axis [rad]."""
    return float(np.arctan2(rotation[1, 0], rotation[0, 0]))
