"""Which views of a thing may be put together: those taken while it stood where it stands now."""

from collections.abc import Sequence

import numpy as np

from dynamical_perception.segments import Segment

_FRESH = 0.45  # a view older than this is not used [s]
_SAME_MOMENT = 0.02  # views this near in time are of the same moment even if the thing moves [s]
_SHIFT = 0.010  # a view's middle that moves more than this from picture to picture is motion [m]


class Views:
    """The newest view of one thing from each camera."""

    def __init__(self) -> None:
        self._newest: dict[str, Segment] = {}
        self._middles: dict[str, np.ndarray] = {}
        self._moved = -np.inf

    def add(self, view: Segment) -> None:
        """Take in one view."""
        middle = np.median(view.points, axis=0)
        before = self._middles.get(view.camera)
        if before is not None and np.linalg.norm(middle - before) > _SHIFT:
            self._moved = view.stamp
        self._middles[view.camera] = middle
        self._newest[view.camera] = view

    def usable(self, view: Segment, *, resting: bool) -> Sequence[Segment]:
        """Views to fit together with ``view``, itself first."""
        limit = _FRESH if resting and view.stamp - self._moved > _FRESH else _SAME_MOMENT
        others = [
            other
            for camera, other in self._newest.items()
            if camera != view.camera and abs(other.stamp - view.stamp) <= limit
        ]
        return [view, *others]
