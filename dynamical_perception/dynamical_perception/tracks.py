"""One thing followed through time, and what is told of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_perception import color
from dynamical_perception.agreement import Agreement
from dynamical_perception.catalogue import Motion, ObjectClass, Shape, lookup
from dynamical_perception.furniture import RunningExtents
from dynamical_perception.hands import Hands
from dynamical_perception.motion import BodyFilter
from dynamical_perception.segments import Segment
from dynamical_perception.shape import Fit, fit
from dynamical_perception.views import Views

_BIAS = 0.0025  # error that averaging does not remove: calibration, labels [m]
_SIZE_MEMORY = 30  # measurements over which a body's size is averaged
_SIZE_TRUSTED = 3  # after this many it replaces the class's prior
_COLOR_MEMORY = 0.9
_PERSON_SHRINK = 0.05  # share by which a person's box follows a smaller observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """How long a track of one kind of motion lives without being seen.

    Attributes:
        half_life: Time in which its confidence halves while it is not seen [s].
        unseen: Dropped after this time without any view [s].
        absent: Dropped after cameras have looked through its place for this long [s].
    """

    half_life: float
    unseen: float
    absent: float


# A person that a camera no longer sees may stand behind something: better remembered too long than
# forgotten too early. Where a camera sees through the place, nobody is there.
LIVES = {
    Motion.UNKNOWN: Life(half_life=3.0, unseen=30.0, absent=2.0),
    Motion.STATIC: Life(half_life=60.0, unseen=600.0, absent=10.0),
    Motion.MOVABLE: Life(half_life=5.0, unseen=60.0, absent=2.0),
    Motion.AGENT: Life(half_life=1.0, unseen=3.0, absent=0.5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackState:
    """What is told of one track. Frame ``odom``.

    Attributes:
        id: Unique while the process runs.
        instance: Name of the thing if labels gave one, else ``""``.
        class_id: Its class.
        color: Colour name, or ``""``.
        motion: How it moves.
        position: Shape (3,), centre of the axis-aligned box [m].
        yaw: Its turn about z [rad]; 0 where round or unknown.
        size: Shape (3,), extent of that box [m].
        velocity: Shape (3,) [m/s].
        covariance: Shape (6, 6), of position and velocity.
        confidence: 0..1.
        cameras: Cameras whose pixels support the newest update.
        stamp: When the newest pixels used were taken, ROS time [s].
        hands: Of a person: where hands are seen, each of shape (3,) [m].
    """

    id: int
    instance: str
    class_id: str
    color: str
    motion: Motion
    position: np.ndarray
    yaw: float
    size: np.ndarray
    velocity: np.ndarray
    covariance: np.ndarray
    confidence: float
    cameras: tuple[str, ...]
    stamp: float
    hands: tuple[np.ndarray, ...] = ()


class Track:
    """One thing. Made from its first view."""

    def __init__(self, number: int, view: Segment) -> None:
        self.id = number
        self.instance = view.instance
        self.kind: ObjectClass = lookup(view.class_id)
        self.stamp = view.stamp
        self.cameras: tuple[str, ...] = (view.camera,)
        self._colors = view.colors.copy()
        self._views = Views()
        self._views.add(view)
        self._hits = 1
        self._quality = 1.0
        self._absent_since: float | None = None
        self._body: np.ndarray | None = None
        self._body_count = 0
        self._yaw = 0.0
        self._size = self.kind.prior_size
        self._extents: RunningExtents | None = None
        self._filter: BodyFilter | None = None
        self._hands = Hands() if self.kind.shape is Shape.PERSON else None
        if self.kind.shape is Shape.FURNITURE:
            self._extents = RunningExtents(view)
        else:
            first = fit(self.kind, [view])
            self._filter = self._make_filter(first, view.stamp)
            self._learn(first)
        self._agreement = Agreement()
        if self._hands is not None:
            self._see_person(view)

    def _see_person(self, view: Segment) -> None:
        assert self._hands is not None
        self._hands.update(view)
        self._agreement.see(view.camera, view.points, view.stamp)

    def update(self, view: Segment) -> None:
        """Take in one view."""
        self._views.add(view)
        self._hits += 1
        self._absent_since = None
        self._colors = _COLOR_MEMORY * self._colors + view.colors
        self._quality += 0.3 * ((1.0 - view.hidden) - self._quality)
        views: Sequence[Segment] = [view]
        if self._extents is not None:
            self._extents.update(view)
        elif self._filter is not None:
            views = self._views.usable(view, resting=self._filter.resting)
            body = self._known_body()
            result = fit(self.kind, views, body=body, yaw=self._yaw)
            if self._filter.update(result.position, result.covariance, view.stamp):
                self._body_count = min(self._body_count, _SIZE_TRUSTED)
            self._learn(result)
        if self._hands is not None:
            self._see_person(view)
        if view.stamp >= self.stamp:
            self.stamp = view.stamp
            self.cameras = tuple(sorted({item.camera for item in views}))

    def seen_through(self, stamp: float) -> None:
        """A camera that should see it sees what is behind it."""
        if self._absent_since is None:
            self._absent_since = stamp

    def expired(self, now: float) -> bool:
        """Whether it is to be dropped at ROS time ``now`` [s]."""
        life = LIVES[self.kind.motion]
        if now - self.stamp > life.unseen:
            return True
        gone = self._absent_since
        return gone is not None and now - max(gone, self.stamp) > life.absent

    @property
    def confirmed(self) -> bool:
        """Whether it is worth telling: a person at once, a thing when seen twice."""
        return self.kind.motion is Motion.AGENT or self._hits >= 2

    def position_at(self, stamp: float) -> np.ndarray:
        """Expected centre at ROS time ``stamp`` [s], shape (3,) [m]."""
        if self._extents is not None:
            return self._extents.position
        assert self._filter is not None
        return self._filter.predict(stamp)[0][:3]

    @property
    def size(self) -> np.ndarray:
        """Extent of the axis-aligned box, shape (3,) [m]."""
        return self._extents.size if self._extents is not None else self._size

    def state(self, stamp: float) -> TrackState:
        """What is told of it at ROS time ``stamp`` [s]."""
        if self._extents is not None:
            motion = np.concatenate((self._extents.position, np.zeros(3)))
            covariance = np.zeros((6, 6))
            covariance[:3, :3] = self._extents.deviation**2 * np.eye(3)
        else:
            assert self._filter is not None
            motion, covariance = self._filter.predict(stamp)
            covariance[:3, :3] += _BIAS**2 * np.eye(3)
            if self.kind.shape is Shape.PERSON:  # stands on the floor, which is level
                motion[2], motion[5] = self._size[2] / 2, 0.0
                covariance[:2, :2] += self._agreement.doubt(motion[3:]) ** 2 * np.eye(2)
        unseen = max(stamp - self.stamp, 0.0)
        life = LIVES[self.kind.motion]
        known = 1.0 - 0.5 ** (self._hits + 1)
        confidence = known * (0.5 + 0.5 * self._quality) * 0.5 ** (unseen / life.half_life)
        return TrackState(
            id=self.id,
            instance=self.instance,
            class_id=self.kind.name,
            color=color.name(self._colors),
            motion=self.kind.motion,
            position=motion[:3],
            yaw=self._yaw,
            size=self.size.copy(),
            velocity=motion[3:],
            covariance=covariance,
            confidence=float(np.clip(confidence, 0.0, 1.0)),
            cameras=self.cameras,
            stamp=self.stamp,
            hands=() if self._hands is None else self._hands.positions(stamp),
        )

    def _known_body(self) -> np.ndarray | None:
        if self.kind.shape is Shape.PERSON:
            return self._size
        return self._body if self._body_count >= _SIZE_TRUSTED else None

    def _make_filter(self, first: Fit, stamp: float) -> BodyFilter:
        agent = self.kind.motion is Motion.AGENT
        return BodyFilter(
            first.position,
            first.covariance,
            stamp,
            acceleration=2.5 if agent else 1.5,
            start_speed=1.0 if agent else 0.3,
            rests=not agent,
            jump=1.0 if agent else 0.20,
        )

    def _learn(self, result: Fit) -> None:
        """Remember size and turn as measured when all of the thing was seen."""
        if self.kind.shape is Shape.PERSON:
            share = np.where(
                result.size > self._size, 0.3, _PERSON_SHRINK if result.whole else 0.0
            )
            self._size = (
                result.size if self._hits == 1 else self._size + share * (result.size - self._size)
            )
            return
        if result.whole:
            before = result.body if self._body is None else self._body
            self._body_count = min(self._body_count + 1, _SIZE_MEMORY)
            self._body = before + (result.body - before) / self._body_count
            if self._body_count == 1:
                self._yaw = result.yaw
            else:
                turn = (result.yaw - self._yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
                self._yaw += 0.2 * float(turn)
        body = result.body if self._body is None else self._body
        c, s = abs(np.cos(self._yaw)), abs(np.sin(self._yaw))
        if self.kind.shape is Shape.ROUND:
            c, s = 1.0, 0.0
        self._size = np.array([body[0] * c + body[1] * s, body[0] * s + body[1] * c, body[2]])
