"""The watchdog: a second look at the whole graph, from another process than the gate.

It gives the driver leave to follow the gate, 200 times a second, as long as the gate is well, and
tells the gate what to do about everything else. What it cannot see it does not permit.
"""

import math
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.clock_watch import ClockWatch
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.gate_watch import GateWatch
from dynamical_safety.heartbeats import Heartbeats
from dynamical_safety.reasons import Reason
from dynamical_safety.resources import Resources, ResourceWatch, Throttle
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters
from dynamical_safety.writers import WriterWatch


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave for the driver to follow the gate.

    Attributes:
        permitted: Whether it may.
        reason: Why not; empty = it may.
    """

    permitted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Supervision:
    """What the watchdog sees of the whole graph.

    Attributes:
        demand: The gravest of all findings.
        findings: What is wrong, the gravest first.
        silent_nodes: Nodes that worked once and do not now.
        throttle: Step of the throttle, 0..3.
        permit: Leave for the driver.
        gate_age: Time since the gate's last sign of life [s]; inf = there was none.
        clock_offset: Sum of the system clock's jumps since start [s].
        resources: State of the machine.
    """

    demand: Demand
    findings: tuple[Finding, ...]
    silent_nodes: tuple[str, ...]
    throttle: int
    permit: Permit
    gate_age: float
    clock_offset: float
    resources: Resources


class Watchdog:
    """Watches gate, nodes, clock and machine. ``now`` is monotonic [s]; for one thread.

    Args:
        parameters: All numbers.
        namespace: The robot's, ``/thor_001``.
    """

    def __init__(self, parameters: SafetyWatchdogParameters, *, namespace: str = "") -> None:
        self._parameters = parameters
        self.gate = GateWatch(parameters)
        self.heartbeats = Heartbeats(parameters)
        self.machine = ResourceWatch(parameters)
        self.writers = WriterWatch(namespace, parameters.trusted_writers)
        self.clock = ClockWatch(limit=parameters.clock_jump, hold=parameters.clock_hold)
        self._throttle = Throttle(parameters.throttle_step)
        self._permit = Permit(False, "the watchdog is starting")  # noqa: FBT003 - named in the class
        self._own_stall: Reason | None = None
        self._own_stalled = -math.inf
        self._demand = Demand.NONE
        self._disobeyed_since = math.inf

    def step(self, now: float, system_time: float, *, period: float) -> Permit:
        """One tick, after what came was taken in.

        Args:
            now: Monotonic time [s].
            system_time: The system clock [s].
            period: Time since the last tick [s].

        Returns:
            Leave for the driver from now on.
        """
        self.clock.step(system_time, now)
        if period > self._parameters.own_stall:
            self._own_stalled = now
            self.heartbeats.forgive(period)
            self.gate.forgive(period)
            self._own_stall = Reason(
                ErrorCode.TICK_OVERRUN,
                "safety_watchdog",
                f"the watchdog was held up for {period * 1e3:.0f} ms, limit is "
                f"{self._parameters.own_stall * 1e3:.0f} ms: for so long nobody watched the gate",
                period,
                self._parameters.own_stall,
            )
        reason = self.gate.refusal(now) or self._disobedience(now) or ""
        if reason != self._permit.reason:
            self._permit = Permit(not reason, reason)
        return self._permit

    def look(self, now: float) -> Supervision:
        """Look at everything; about 20 times a second."""
        findings = [
            *self.gate.findings(now),
            *self.heartbeats.findings(now),
            *self.machine.judge(now),
            *self.writers.findings,
        ]
        jump = self.clock.reason(now)
        if jump is not None:
            findings.append(Finding(Demand.PROTECTIVE_STOP, jump))
        if self._own_stall is not None and now - self._own_stalled < self._parameters.settle:
            findings.append(Finding(Demand.PROTECTIVE_STOP, self._own_stall))
        findings.sort(key=lambda finding: -finding.demand)
        self._demand = findings[0].demand if findings else Demand.NONE
        return Supervision(
            demand=self._demand,
            findings=tuple(findings),
            silent_nodes=self.heartbeats.silent(now),
            throttle=self._throttle.step(
                now, suffers=self.gate.suffers, at_least=self.machine.throttle
            ),
            permit=self._permit,
            gate_age=self.gate.age(now),
            clock_offset=self.clock.offset,
            resources=self.machine.resources,
        )

    def _disobedience(self, now: float) -> str | None:
        """A gate that lets the robot move although a stop is demanded does not hear, or not obey."""
        if self._demand < Demand.PROTECTIVE_STOP or not self.gate.is_free:
            self._disobeyed_since = math.inf
            return None
        self._disobeyed_since = min(self._disobeyed_since, now)
        if now - self._disobeyed_since <= self._parameters.obey_within:
            return None
        return (
            f"the safety gate has not stopped within {self._parameters.obey_within:g} s of the "
            "watchdog's demand"
        )
