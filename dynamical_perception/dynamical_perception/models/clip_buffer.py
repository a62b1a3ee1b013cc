"""The last pictures of one camera at even distances in time, as a video model wants them."""

from collections import deque

import numpy as np


class ClipBuffer:
    """Keeps as many pictures as a clip needs; times are of the pictures' own clock [s].

    A picture is kept if it is a period newer than the last one kept, less a third: cameras are not
    exactly as fast as they say. A gap, or a stamp that goes back, begins a clip anew, for a model would
    take what happened meanwhile for speed.

    Args:
        frames: Pictures of a clip.
        period: Time between two of them [s].
    """

    def __init__(self, frames: int, period: float) -> None:
        self._period = period
        self._pictures: deque[np.ndarray] = deque(maxlen=frames)
        self.stamp = -np.inf

    def add(self, picture: np.ndarray, stamp: float) -> bool:
        """Take a picture in; says whether it was kept and the clip is whole.

        Args:
            picture: Shape (height, width, 3), uint8.
            stamp: When it was taken [s].
        """
        passed = stamp - self.stamp
        if 0.0 <= passed < 0.67 * self._period:
            return False
        if not 0.0 <= passed <= 2.0 * self._period or (
            self._pictures and self._pictures[-1].shape != picture.shape
        ):
            self._pictures.clear()
        self._pictures.append(picture)
        self.stamp = stamp
        return len(self._pictures) == self._pictures.maxlen

    @property
    def clip(self) -> list[np.ndarray]:
        """The pictures kept, oldest first."""
        return list(self._pictures)
