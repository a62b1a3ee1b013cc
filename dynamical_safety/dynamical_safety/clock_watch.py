"""Jumps of the system clock, seen against the monotonic one.

Stamps and ages are of the system clock (ROS time). If somebody sets it, ages are wrong by as much:
set forward, everything looks stale; set back, old things look fresh. A clock that is slewed, as time
services do while they run, is not a jump: it is followed at up to a tenth of real time. Source:
chrony.conf(5), ``maxslewrate`` is 83333 ppm at most by default.
"""

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.reasons import Reason

SLEW = 0.1  # seconds per second


class ClockWatch:
    """Compares two clocks step by step.

    The clocks cannot be read at the same instant, and a process may be held up in between. So a
    difference counts as a jump when two readings in a row agree on it.

    Args:
        limit: Smallest jump [s].
        hold: Time for which a jump is a reason to stand still [s]: until what was stamped before it
            has gone through.

    Attributes:
        offset: Sum of all jumps since start [s]; positive = the system clock was set forward.
        jumps: How many there were.
    """

    def __init__(self, *, limit: float = 0.050, hold: float = 1.0) -> None:
        self.offset = 0.0
        self.jumps = 0
        self._limit = limit
        self._hold = hold
        self._reference: float | None = None
        self._suspect: float | None = None
        self._seen = 0.0
        self._jump = 0.0
        self._jumped: float | None = None

    def step(self, system_time: float, monotonic: float) -> float | None:
        """Compare the clocks once; costs about half a microsecond.

        Args:
            system_time: The system clock (ROS time) [s].
            monotonic: CLOCK_MONOTONIC, read right before or after it [s].

        Returns:
            How far the system clock jumped [s], or ``None``. It is told once, in the second step
            after it happened.
        """
        offset = system_time - monotonic
        if self._reference is None:
            self._reference, self._seen = offset, monotonic
            return None
        excess = offset - self._reference
        if -self._limit < excess < self._limit:
            slack = SLEW * (monotonic - self._seen)
            self._reference += excess if -slack <= excess <= slack else (
                slack if excess > 0.0 else -slack
            )  # fmt: skip
            self._seen = monotonic
            self._suspect = None
            return None
        suspect, self._suspect = self._suspect, offset
        if suspect is None or not abs(offset - suspect) < self._limit:
            return None
        self._suspect = None
        self._reference, self._seen = offset, monotonic
        self.offset += excess
        self.jumps += 1
        self._jump, self._jumped = excess, monotonic
        return excess

    def reason(self, monotonic: float) -> Reason | None:
        """The newest jump, as long as it is a reason to stand still."""
        if self._jumped is None or monotonic - self._jumped > self._hold:
            return None
        direction = "forward" if self._jump > 0.0 else "back"
        return Reason(
            ErrorCode.CLOCK_JUMPED,
            "system clock",
            f"the system clock was set {direction} by {abs(self._jump):.3f} s, "
            f"{self._limit:.3f} s are borne; stamps of before are not comparable for "
            f"{self._hold:g} s",
            self._jump,
            self._limit,
        )
