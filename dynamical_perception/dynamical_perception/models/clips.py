"""Pictures of a short while, made into what a video model takes. NumPy alone."""

from collections.abc import Sequence

import numpy as np

from dynamical_perception.errors import ModelError

# Mean and deviation of ImageNet's colours, which V-JEPA 2 was trained with (its model card).
_MEAN = np.array([0.485, 0.456, 0.406], np.float32)
_DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)
# The shorter side is brought to this many times the crop, as in the model's own evaluation.
_MARGIN = 256.0 / 224.0


def video(frames: Sequence[np.ndarray], *, crop: int) -> np.ndarray:
    """A clip as the model takes it: resized, cut to its middle, normalised.

    Args:
        frames: Pictures of one size, oldest first, each of shape (height, width, 3), uint8.
        crop: Side of the square that the model takes [pixels].

    Returns:
        Shape (frames, 3, crop, crop), float32.

    Raises:
        ModelError: If there is no picture, or they differ in shape or are not uint8.
    """
    if not len(frames):
        raise ModelError("clip", "has no picture, want at least one")
    shape = frames[0].shape
    for number, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3:
            raise ModelError(
                f"picture {number}",
                f"is {frame.dtype} of shape {frame.shape}, want uint8 of (height, width, 3)",
            )
        if frame.shape != shape:
            raise ModelError(f"picture {number}", f"is {frame.shape}, the first is {shape}")
    scale = int(crop * _MARGIN) / min(shape[:2])
    height, width = (max(crop, round(side * scale)) for side in shape[:2])
    rows = _weights(shape[0], height)[(height - crop) // 2 :][:crop]
    columns = _weights(shape[1], width)[(width - crop) // 2 :][:crop]
    stack = np.stack(frames).astype(np.float32)
    small = np.einsum("yh,thwc,xw->tcyx", rows, stack, columns, optimize=True) / np.float32(255.0)
    result: np.ndarray = (small - _MEAN[:, None, None]) / _DEVIATION[:, None, None]
    return result


def _weights(size: int, wanted: int) -> np.ndarray:
    """Matrix (wanted, size) that resizes one axis by bilinear weights, widened when shrinking."""
    scale = size / wanted
    support = max(scale, 1.0)
    middle = (np.arange(wanted) + 0.5) * scale - 0.5
    weights = np.maximum(0.0, 1.0 - np.abs(np.arange(size) - middle[:, None]) / support)
    result: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return result
