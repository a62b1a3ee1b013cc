"""What control and the safety gate say about the motion, as plain values.

The numbers of the states are those of ``ControlStatus`` and ``SafetyStatus``.
"""

from dataclasses import dataclass
from enum import IntEnum


class ControlState(IntEnum):
    """State of the control loop."""

    UNKNOWN = 0
    HOLDING = 1
    EXECUTING = 2
    PAUSED = 3
    STARVED = 4
    WAITING = 5


class SafetyState(IntEnum):
    """State of the safety gate."""

    UNKNOWN = 0
    INIT = 1
    NORMAL = 2
    REDUCED = 3
    PROTECTIVE_STOP = 4
    CONTROLLED_STOP = 5
    EMERGENCY_STOP = 6
    FAULT = 7


# Left only by a reset: what was being done is over.
ENDING_STATES = (SafetyState.CONTROLLED_STOP, SafetyState.EMERGENCY_STOP, SafetyState.FAULT)
# Left by themselves when the cause is gone.
WAITING_STATES = (SafetyState.PROTECTIVE_STOP, SafetyState.INIT, SafetyState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlView:
    """Newest control status.

    Attributes:
        state: Of the control loop.
        trajectory_id: Newest trajectory it has.
        elapsed: Trajectory time reached [s].
        final_reached: The newest trajectory's last point has been commanded.
        received: When the status was made, ROS time [s].
    """

    state: ControlState
    trajectory_id: int
    elapsed: float
    final_reached: bool
    received: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyView:
    """Newest safety status.

    Attributes:
        state: Of the gate.
        speed_scale: Factor on joint speed it allows, 0..1.
        passed_trajectory_id: Trajectory of the newest command let through.
        reasons: Sentences; empty in NORMAL.
        received: When the status was made, ROS time [s].
    """

    state: SafetyState
    speed_scale: float
    passed_trajectory_id: int
    reasons: tuple[str, ...]
    received: float

    @property
    def text(self) -> str:
        """The reasons as one text."""
        return "; ".join(self.reasons) or f"the safety gate is in state {self.state.name}"
