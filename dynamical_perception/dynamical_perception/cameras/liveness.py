"""Whether a camera shows what is there now: not a picture that repeats itself, nor none at all.

A sensor has noise, so two pictures are never equal to the last bit. A camera that hangs may go on
sending its last picture with fresh stamps; what is built on it looks fresh and is not.
"""

import numpy as np

FROZEN = 0.35  # time for which the same picture may come again [s]
DARK = 3  # brightest value of a colour picture that shows nothing


class Liveness:
    """Watches the pictures of one camera."""

    def __init__(self) -> None:
        self._last = b""
        self._since = 0.0

    def problem(self, color: np.ndarray, depth: np.ndarray, stamp: float) -> str:
        """Why a picture cannot be used; empty if it can.

        Args:
            color: Shape (h, w, 3), 0..255.
            depth: Shape (h, w) [m]; 0 or not finite where nothing was measured.
            stamp: When it says that it was taken, ROS time [s].
        """
        if color.max(initial=0) <= DARK or not (np.isfinite(depth) & (depth > 0.0)).any():
            return "its picture is black: the lens is covered, or the sensor is dead"
        picture = depth.tobytes()
        if picture != self._last:
            self._last, self._since = picture, stamp
            return ""
        frozen = stamp - self._since
        if frozen <= FROZEN:
            return ""
        return f"its picture has not changed for {frozen:.1f} s: it is frozen"
