"""All tracks: which view belongs to which thing, what is new, what has gone."""

from collections.abc import Sequence

import numpy as np

from dynamical_perception.cameras.camera import Frame
from dynamical_perception.catalogue import Motion
from dynamical_perception.segments import Segment
from dynamical_perception.tracks import Track, TrackState

_GATE = {  # a view farther from a track than this is of another thing, where labels name none [m]
    Motion.UNKNOWN: 0.15,
    Motion.STATIC: 1.0,
    Motion.MOVABLE: 0.15,
    Motion.AGENT: 0.8,
}
_BEHIND = 0.15  # depth beyond a thing's far side that shows it is not there [m]


class Tracker:
    """Turns segments of single pictures into things that last.

    Views are matched by the instance that their label names; where labels name none, by class and
    distance.
    """

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._next_id = 1

    def update(self, frame: Frame, segments: Sequence[Segment]) -> None:
        """Take in what one camera saw in one set of pictures."""
        seen: set[int] = set()
        for view in segments:
            track = self._match(view, seen)
            if track is None:
                track = Track(self._next_id, view)
                self._next_id += 1
                self._tracks.append(track)
            else:
                track.update(view)
            seen.add(track.id)
        unseen = [track for track in self._tracks if track.id not in seen]
        self._look_through(frame, unseen)

    def drop_expired(self, now: float) -> None:
        """Forget what has not been seen for too long at ROS time ``now`` [s]."""
        self._tracks = [track for track in self._tracks if not track.expired(now)]

    def states(self, stamp: float) -> list[TrackState]:
        """What is told of all tracks, moved to ROS time ``stamp`` [s]."""
        return [track.state(stamp) for track in self._tracks if track.confirmed]

    def _match(self, view: Segment, seen: set[int]) -> Track | None:
        candidates = [
            track
            for track in self._tracks
            if track.kind.name == view.class_id and track.id not in seen
        ]
        if view.instance:
            return next((track for track in candidates if track.instance == view.instance), None)
        center = np.median(view.points, axis=0)
        best, nearest = None, np.inf
        for track in candidates:
            distance = float(np.linalg.norm(track.position_at(view.stamp) - center))
            if distance < min(nearest, _GATE[track.kind.motion] + 0.5 * float(track.size.max())):
                best, nearest = track, distance
        return best

    def _look_through(self, frame: Frame, tracks: Sequence[Track]) -> None:
        """Tell tracks whose place this camera sees through that nothing is there."""
        if not tracks:
            return
        centers = np.array([track.position_at(frame.stamp) for track in tracks])
        pixels, depths = frame.model.project(frame.pose.inverse().points(centers))
        inside = frame.model.contains(pixels) & (depths > 0)
        for track, pixel, depth, visible in zip(tracks, pixels, depths, inside, strict=True):
            if not visible:
                continue
            column, row = np.rint(pixel).astype(int)
            patch = frame.depth[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
            with np.errstate(invalid="ignore"):
                clear = (patch > depth + 0.5 * float(track.size.max()) + _BEHIND) | np.isposinf(
                    patch
                )
            if bool(clear.all()):
                track.seen_through(frame.stamp)
