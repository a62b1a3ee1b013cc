"""What the gate decides in a tick, what it tells, and the sentences for what it did to a command."""

from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.constraint_filter import FilterResult, FilterStatus
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import STOP_CATEGORY, State


@dataclass(frozen=True, slots=True)
class Event:
    """One thing worth telling: a command refused or limited, or the robot stopped.

    Attributes:
        action: "refused", "limited" or "stopped".
        reason: Why.
        source: Who made the command; empty = no command concerned.
        sequence: Of that command.
    """

    action: str
    reason: Reason
    source: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the joints may do in this tick. The arrays are the gate's own: copy to keep.

    Attributes:
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) [N m].
        stiffness_scale: 0..1.
        damping_scale: 0..4.
        trajectory_id: Trajectory this set-point comes from; 0 = holding.
        request_stamp: Stamp of the command it was made from, ROS time [s]; 0 = holding.
        state: State of the gate.
        state_changed: Whether it is new.
        speed_scale: 0..1 allowed now.
        events: What to tell.
    """

    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stiffness_scale: float
    damping_scale: float
    trajectory_id: int
    request_stamp: float
    state: State
    state_changed: bool
    speed_scale: float
    events: tuple[Event, ...]

    @property
    def stop_category(self) -> int:
        """IEC 60204-1 stop category; 255 = no stop."""
        return STOP_CATEGORY[self.state]


def overrun(period: float, limit: float) -> Reason:
    """Why a tick that came late stops the robot."""
    return Reason(
        ErrorCode.TICK_OVERRUN,
        "safety_gate",
        f"the gate's loop stood still for {period * 1e3:.0f} ms, limit is {limit * 1e3:.0f} ms",
        period,
        limit,
    )


def filter_failure(result: FilterResult) -> Reason:
    """Why the constraint filter stops the robot."""
    return Reason(
        ErrorCode.FILTER_FAILED,
        "constraint filter",
        f"no velocity keeps every distance ({result.status.name}); the robot brakes",
        float(result.status),
        float(FilterStatus.CHANGED),
    )


def held_off(result: FilterResult) -> Reason:
    """What the constraint filter changed a command for."""
    link, other = result.active[0] if result.active else ("robot", "barrier")
    inner = other.endswith(("_link", "pelvis"))
    return Reason(
        ErrorCode.SELF_COLLISION if inner else ErrorCode.OBSTACLE_NEAR,
        link,
        f"the command would bring {link!r} too near to {other!r}; it was changed to keep the "
        "distance",
    )
