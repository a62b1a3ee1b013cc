"""Postures of the Dex3 hands: a share closed, 0 open to 1 shut, turned into joint positions.

Each hand has a thumb (rotation, two flexions) and two fingers with two flexions each. The left
hand mirrors the right one about the sagittal plane: flexions change sign, the thumb's rotation
does not.
"""

import numpy as np

JOINTS = ("thumb_0", "thumb_1", "thumb_2", "middle_0", "middle_1", "index_0", "index_1")
# Right hand [rad]: flat with the thumb swung out, and closed well beyond any object so that the
# actuators squeeze.
_OPEN_RIGHT = np.array([0.0, 0.70, -0.02, 0.02, 0.02, 0.02, 0.02])
_SHUT_RIGHT = np.array([0.0, -0.50, -1.25, 1.25, 1.35, 1.25, 1.35])
_BLOCKED = 0.25  # a joint this far from where it was sent is held up by something [rad]
_MIRROR = np.array([1.0, -1.0, -1.0, -1.0, -1.0, -1.0, -1.0])


def joints(side: str) -> tuple[str, ...]:
    """Names of the seven joints of one hand."""
    return tuple(f"{side}_hand_{name}_joint" for name in JOINTS)


def positions(side: str, share: float) -> np.ndarray:
    """Shape (7,), joint positions [rad] in the order of ``joints`` for a share closed, 0..1."""
    right = _OPEN_RIGHT + (_SHUT_RIGHT - _OPEN_RIGHT) * float(np.clip(share, 0.0, 1.0))
    return right if side == "right" else right * _MIRROR


def posture(side: str, share: float) -> dict[str, float]:
    """The same by joint name."""
    return dict(zip(joints(side), positions(side, share).tolist(), strict=True))


def closed_share(side: str, measured: np.ndarray) -> float:
    """How far the two fingers are closed, 0..1, from positions in the order of ``joints``."""
    start, end = positions(side, 0.0), positions(side, 1.0)
    fingers = slice(3, 7)
    return float(
        np.mean((np.asarray(measured)[fingers] - start[fingers]) / (end[fingers] - start[fingers]))
    )


def squeezes(side: str, measured: np.ndarray) -> bool:
    """Whether closed fingers are kept from closing fully by something between them."""
    away = np.abs(np.asarray(measured) - positions(side, 1.0))
    return closed_share(side, measured) > 0.3 and float(away.max()) > _BLOCKED
