"""Is the safety gate itself well? Judged from outside, by what it sends.

A sign of life is a safe command that is authentic, fresh, and newer than the last one: a gate that
repeats itself, or whose commands somebody records and plays again, is not alive.
"""

import math
from collections import deque
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import State
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

WINDOW = 1.0  # over which late ticks are counted [s]
SHORTEST_WINDOW = 0.5  # below which they are not judged [s]
RESTARTED = 0.5  # silence after which a lower sequence is a gate that was restarted [s]


@dataclass(frozen=True, slots=True)
class GateStatus:
    """What the gate says of itself.

    Attributes:
        state: Its state; 0 = unknown.
        ticks: Since start.
        late_ticks: Of them, began more than 1 ms late.
    """

    state: int
    ticks: int
    late_ticks: int


class GateWatch:
    """Watches the gate's commands and its status. Times are monotonic [s].

    Args:
        parameters: How long is borne what.

    Attributes:
        status: What the gate said last, or ``None``.
    """

    def __init__(self, parameters: SafetyWatchdogParameters) -> None:
        self._parameters = parameters
        self.status: GateStatus | None = None
        self._sequence = -1
        self._alive = -math.inf
        self._fresh_since = math.inf
        self._stall: Reason | None = None
        self._stalled = -math.inf
        self._told = -math.inf
        self._window: deque[tuple[float, int, int]] = deque()

    def take_command(self, sequence: int, *, age: float, now: float) -> None:
        """Take in an authentic safe command.

        Args:
            sequence: Its number.
            age: Of its stamp [s].
            now: When it was taken.
        """
        if not abs(age) <= self._parameters.command_max_age:
            return
        restarted = sequence < self._sequence and now - self._alive > RESTARTED
        if sequence > self._sequence or restarted:
            self._sequence = sequence
            self._alive = now - max(age, 0.0)

    def take_status(self, status: GateStatus, now: float) -> None:
        """Take in what the gate says of itself."""
        last = self.status
        self.status = status
        if last is not None and status.ticks < last.ticks:
            self._window.clear()
        elif last is not None and status.ticks == last.ticks:
            return
        self._told = now
        self._window.append((now, status.ticks, status.late_ticks))
        while now - self._window[0][0] > WINDOW:
            self._window.popleft()

    def forgive(self, unwatched: float) -> None:
        """Leave out a time in which nobody listened [s]; a command must come anew all the same."""
        self._told += unwatched

    def age(self, now: float) -> float:
        """Time since the last sign of life [s]; inf = there was none."""
        return now - self._alive

    def refusal(self, now: float) -> str | None:
        """Why the gate may not be followed now, or ``None`` if it may. Called in every tick."""
        parameters, age = self._parameters, now - self._alive
        if age > parameters.command_stall:
            self._fresh_since = math.inf
            if age == math.inf:
                return "the safety gate has not sent a command yet"
            self._stall = Reason(
                ErrorCode.GATE_STALLED,
                "safety_gate",
                f"the safety gate has stalled: its newest command is {age * 1e3:.0f} ms old, "
                f"limit is {parameters.command_stall * 1e3:.0f} ms",
                age,
                parameters.command_stall,
            )
            self._stalled = now
            return self._stall.text
        silence = now - self._told
        if silence > parameters.status_silence:
            self._fresh_since = math.inf
            if silence == math.inf:
                return "the safety gate has not said its state yet"
            return (
                f"the safety gate's status is {silence:.1f} s old, limit is "
                f"{parameters.status_silence:g} s"
            )
        self._fresh_since = min(self._fresh_since, now)
        if now - self._fresh_since < parameters.grant_after:
            return "the safety gate has been well for a moment only"
        return None

    @property
    def is_free(self) -> bool:
        """Whether the gate lets the robot move."""
        return self.status is not None and self.status.state in (State.NORMAL, State.REDUCED)

    @property
    def late_share(self) -> float:
        """Share of late ticks over the last second, 0..1; NaN = not known yet."""
        return self._pace()[0]

    @property
    def suffers(self) -> bool:
        """Whether lower tiers should leave it more of the machine."""
        late, rate = self._pace()
        parameters = self._parameters
        return late > parameters.late_share_throttle or rate < parameters.gate_rate_reduced

    def findings(self, now: float) -> list[Finding]:
        """What is wrong with the gate."""
        findings = []
        if self._stall is not None and now - self._stalled < self._parameters.settle:
            findings.append(Finding(Demand.PROTECTIVE_STOP, self._stall))
        late, rate = self._pace()
        if late > self._parameters.late_share_reduced:
            text = f"{late:.0%} of the safety gate's ticks begin late"
            findings.append(_overrun(text, late, self._parameters.late_share_reduced))
        elif rate < self._parameters.gate_rate_reduced:
            text = f"the safety gate ticks {rate:.0f} times a second only"
            findings.append(_overrun(text, rate, self._parameters.gate_rate_reduced))
        return findings

    def _pace(self) -> tuple[float, float]:
        """Share of late ticks, and ticks per second, over the window; NaN = not known yet."""
        if len(self._window) < 2:
            return math.nan, math.nan
        (begin, first, late_before), (end, last, late) = self._window[0], self._window[-1]
        if end - begin < SHORTEST_WINDOW or last <= first:
            return math.nan, math.nan
        return (late - late_before) / (last - first), (last - first) / (end - begin)


def _overrun(text: str, value: float, limit: float) -> Finding:
    reason = Reason(
        ErrorCode.TICK_OVERRUN, "safety_gate", f"{text}, limit is {limit:g}", value, limit
    )
    return Finding(Demand.REDUCED, reason)
