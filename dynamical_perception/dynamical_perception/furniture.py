"""Extents of things that do not move, gathered over time: hiding does not make them shrink."""

import numpy as np

from dynamical_perception.segments import Segment
from dynamical_perception.shape import top_height

_OUTWARD = 0.3  # share of a deviation outward that is believed at once
_INWARD = 0.002  # and inward, by a view of the whole thing: slower than anything hides it for
_STEP = 0.05  # an extent that grows by more than this must do so several times in a row [m]
_STRIKES = 3
_PERCENTILES = (0.5, 99.5)


class RunningExtents:
    """Axis-aligned box around a static thing, in ``odom``.

    Its upper face is taken from the view that looks down on it; everything else from the outermost
    points that any camera saw.
    """

    def __init__(self, first: Segment) -> None:
        self._low, self._high = _extents(first)
        self._strikes = np.zeros(6, int)
        self._most_pixels: dict[str, int] = {first.camera: first.pixels}
        self.updates = 1

    def update(self, view: Segment) -> None:
        """Take in one view."""
        most = max(self._most_pixels.get(view.camera, 0), view.pixels)
        self._most_pixels[view.camera] = most
        whole = not view.cut and view.pixels > 0.95 * most and view.hidden < 0.2
        low, high = _extents(view)
        grow = np.concatenate((self._low - low, high - self._high))
        # In the first second there is nothing yet to defend against an outlier.
        far = (grow > _STEP) & (self.updates > 10)
        self._strikes = np.where(far, self._strikes + 1, 0)
        believed = np.where(grow > 0, _OUTWARD, _INWARD if whole else 0.0)
        believed[far & (self._strikes < _STRIKES)] = 0.0
        if not view.from_above and view.top_clear:
            believed[5] = min(believed[5], 0.05)  # seen from the side only, a top is less exact
        move = believed * grow
        self._low = self._low - move[:3]
        self._high = self._high + move[3:]
        self.updates += 1

    @property
    def position(self) -> np.ndarray:
        """Centre, shape (3,) [m]."""
        return np.asarray((self._low + self._high) / 2)

    @property
    def size(self) -> np.ndarray:
        """Full extent, shape (3,) [m]."""
        return np.asarray(self._high - self._low)

    @property
    def deviation(self) -> float:
        """Standard deviation of the centre [m]."""
        return 0.004 + 0.03 / self.updates


def _extents(view: Segment) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.percentile(view.points, _PERCENTILES, axis=0)
    if view.from_above:
        high[2] = top_height(view)
    return low, high
