"""Was the job done? Judged by the simulation's own truth, which no skill sees."""

import math
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_STOPS = (4, 5, 6, 7)  # SafetyStatus.STATE_PROTECTIVE_STOP and above
_ROOM_KEPT = 50 * 180  # samples of the room kept for the video: three minutes at 50 Hz
_HEIGHT_TOLERANCE = 0.02
_MARGIN = 0.0  # the object's centre must be over the board


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectSample:
    """Exact centre of one object at one time [s, m, frame odom]."""

    time: float
    name: str
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomSample:
    """Whole state of the room at one time, for the video; human_distance [m] is exact."""

    time: float
    qpos: np.ndarray
    mocap_pos: np.ndarray
    mocap_quat: np.ndarray
    human_distance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetySample:
    """What the gate said at one time."""

    time: float
    state: int
    speed_scale: float
    passed_trajectory_id: int
    ticks: int
    late_ticks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """Upper surface of the shelf: extents along x and y, height of the surface [m, frame odom]."""

    x: tuple[float, float]
    y: tuple[float, float]
    top: float


@dataclass(slots=True)
class Evidence:
    """What was seen of a run since ``clear``; filled from one thread, read from another."""

    objects: dict[str, list[ObjectSample]] = field(default_factory=lambda: defaultdict(list))
    room: list[RoomSample] = field(default_factory=list)
    safety: list[SafetySample] = field(default_factory=list)
    real_time_factors: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def clear(self) -> None:
        """Forget; the next sample begins a new run."""
        with self._lock:
            self.objects = defaultdict(list)
            self.room, self.safety, self.real_time_factors = [], [], []

    def add_objects(self, samples: list[ObjectSample]) -> None:
        """Take in exact object positions of one time."""
        with self._lock:
            for sample in samples:
                self.objects[sample.name].append(sample)

    def add_room(self, sample: RoomSample) -> None:
        """Take in one state of the room."""
        with self._lock:
            if len(self.room) < _ROOM_KEPT:
                self.room.append(sample)

    def add_safety(self, sample: SafetySample) -> None:
        """Take in one word of the gate."""
        with self._lock:
            self.safety.append(sample)

    def silent(self) -> list[str]:
        """Topics from which nothing has come since ``clear``."""
        with self._lock:
            heard = {
                "simulation/objects": self.objects,
                "simulation/state": self.room,
                "safety/status": self.safety,
            }
            return [topic for topic, samples in heard.items() if not samples]

    def position(self, name: str) -> np.ndarray:
        """Newest centre of an object, shape (3,) [m].

        Raises:
            KeyError: If the object has not been heard of.
        """
        with self._lock:
            return np.array(self.objects[name][-1].position)

    def lift_height(self, name: str) -> float:
        """Highest rise of an object above where it was first [m]."""
        with self._lock:
            heights = [sample.position[2] for sample in self.objects[name]]
        return max(heights) - heights[0]

    def stops(self) -> int:
        """How often the gate went into a stop."""
        with self._lock:
            stopped = [sample.state in _STOPS for sample in self.safety]
        return sum(b and not a for a, b in zip([False, *stopped], stopped, strict=False))

    def first_motion(self, after: float) -> float | None:
        """Time from ``after`` (ROS time [s]) until the gate let a new trajectory through [s]."""
        with self._lock:
            before = [s for s in self.safety if s.time <= after]
            known = before[-1].passed_trajectory_id if before else 0
            for sample in self.safety:
                if sample.time > after and sample.passed_trajectory_id > known:
                    return sample.time - after
        return None

    def min_human_distance(self) -> float | None:
        """Smallest exact distance of the person to the robot [m]; ``None`` if nobody came."""
        with self._lock:
            smallest = min((sample.human_distance for sample in self.room), default=math.inf)
        return None if math.isinf(smallest) else smallest

    def ticks(self) -> tuple[int, int]:
        """Ticks of the gate during the run, and how many began late."""
        with self._lock:
            if not self.safety:
                return 0, 0
            first, last = self.safety[0], self.safety[-1]
        return last.ticks - first.ticks, last.late_ticks - first.late_ticks

    def real_time_factor(self) -> float | None:
        """Mean simulated time per wall time."""
        values = [value for value in self.real_time_factors if math.isfinite(value)]
        return float(np.mean(values)) if values else None


def on_board(position: np.ndarray, height: float, board: Board) -> tuple[bool, str]:
    """Whether an upright object of that height stands on the board, and a sentence if not.

    Args:
        position: Shape (3,), its centre [m].
        height: Its own height [m].
        board: Where it shall stand.
    """
    x, y, z = position
    want = board.top + height / 2
    if abs(z - want) > _HEIGHT_TOLERANCE:
        return False, f"centre at z = {z:.3f} m, {want:.3f} m would be standing on the shelf"
    for name, value, (low, high) in (("x", x, board.x), ("y", y, board.y)):
        if not low - _MARGIN <= value <= high + _MARGIN:
            return (
                False,
                f"centre at {name} = {value:.3f} m, the board spans {low:.2f} .. {high:.2f} m",
            )
    return True, ""


def result(
    evidence: Evidence,
    execution: dict[str, Any],
    *,
    object_name: str,
    object_height: float,
    board: Board,
    asked_at: float,
) -> dict[str, Any]:
    """The figures of one run, as result.json holds them.

    Args:
        evidence: What was seen.
        execution: Last state of the execution, from REST.
        object_name: Instance that was to be placed.
        object_height: Its height [m].
        board: Where it was to be placed.
        asked_at: ROS time of the request [s].
    """
    end = evidence.position(object_name)
    placed, why = on_board(end, object_height, board)
    data = execution.get("result_data") or {}
    goal = data.get("place_target")
    error = None if goal is None else float(np.linalg.norm(end[:2] - np.array(goal)[:2]))
    ticks, late = evidence.ticks()
    claimed = execution.get("status") == "completed"
    success = placed and claimed
    reason = "" if success else (execution.get("error_message") or why or "not completed")
    return {
        "success": success,
        "reason": reason,
        "placed": placed,
        "claimed": claimed,
        "lift_height_m": evidence.lift_height(object_name),
        "placement_error_m": error,
        "time_to_first_motion_s": evidence.first_motion(asked_at),
        "total_s": execution.get("duration"),
        "skills_used": data.get("skill_ids_used", []),
        "safety_stops": evidence.stops(),
        "safety_ticks": ticks,
        "late_ticks": late,
        "real_time_factor": evidence.real_time_factor(),
        "min_human_distance_m": evidence.min_human_distance(),
        "final_position_m": [float(value) for value in end],
    }
