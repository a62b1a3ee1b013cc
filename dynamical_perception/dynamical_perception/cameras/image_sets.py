"""Puts pictures of one moment together, and knows how old and frequent a camera's sets are."""

from dataclasses import dataclass, field
from typing import Any

PICTURES = ("color", "depth", "labels")
_KEPT = 4  # incomplete sets kept per camera; more only if pictures get lost
_RATE_WINDOW = 2.0  # time over which the rate is counted [s]


@dataclass(frozen=True, slots=True)
class CameraHealth:
    """How a camera does.

    Attributes:
        camera: Its name.
        age: Time since its newest complete set was taken [s]; since start if there was none.
        rate: Complete sets per second.
        seen: Whether there was any set.
        incomplete: Sets given up because a picture of theirs never came.
        discarded: Sets that could not be used.
    """

    camera: str
    age: float
    rate: float
    seen: bool
    incomplete: int
    discarded: int

    def sentence(self, *, silent_after: float) -> tuple[str, str]:
        """Diagnostic level and sentence."""
        if self.age > silent_after:
            if not self.seen:
                return "warn", f"camera {self.camera} has sent nothing for {self.age:.1f} s"
            return "warn", f"camera {self.camera} silent for {self.age:.1f} s"
        if not self.seen:
            return "ok", f"waiting for the first picture of camera {self.camera}"
        return "ok", f"{self.rate:.1f} sets per second, newest {1e3 * self.age:.0f} ms old"


@dataclass(slots=True)
class ImageSets:
    """Collects the pictures of one camera.

    Args:
        camera: Camera name.
        started: ROS time [s] from which silence counts.
    """

    camera: str
    started: float
    incomplete: int = 0
    discarded: int = 0
    _parts: dict[int, dict[str, Any]] = field(default_factory=dict)
    _newest: float | None = None
    _stamps: list[float] = field(default_factory=list)
    _last_key: int = -1

    def add(self, kind: str, stamp: int, picture: Any) -> dict[str, Any] | None:
        """Add one picture; returns the set once all of its pictures are here.

        Args:
            kind: ``"color"``, ``"depth"`` or ``"labels"``.
            stamp: When it was taken [ns]; pictures of one set have the same.
            picture: Anything.
        """
        if stamp <= self._last_key:
            return None
        parts = self._parts.setdefault(stamp, {})
        parts[kind] = picture
        if len(parts) < len(PICTURES):
            if len(self._parts) > _KEPT:
                del self._parts[min(self._parts)]
                self.incomplete += 1
            return None
        older = [key for key in self._parts if key < stamp]
        self.incomplete += len(older)
        for key in (*older, stamp):
            del self._parts[key]
        self._last_key = stamp
        self._newest = stamp * 1e-9
        self._stamps = [s for s in self._stamps if s > self._newest - _RATE_WINDOW] + [
            self._newest
        ]
        return parts

    def health(self, now: float) -> CameraHealth:
        """How the camera does at ROS time ``now`` [s]."""
        newest = self._newest
        recent = [s for s in self._stamps if s > now - _RATE_WINDOW]
        return CameraHealth(
            camera=self.camera,
            age=now - (self.started if newest is None else newest),
            rate=(len(recent) - 1) / (recent[-1] - recent[0]) if len(recent) > 1 else 0.0,
            seen=newest is not None,
            incomplete=self.incomplete,
            discarded=self.discarded,
        )
