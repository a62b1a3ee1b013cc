"""Memory and temperature of the machine, and how much compute the lower tiers keep.

The load of the processors is not judged: real-time tiers come first there, and whether they suffer is
seen at the gate's own ticks.
"""

import math
from dataclasses import dataclass

from dynamical_interfaces import tiers
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.reasons import Reason
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

LAST_STEP = len(tiers.THROTTLE) - 1
# What must be regained before a limit counts as kept again: half of what parts it from good.
MEMORY_MARGIN = 0.02  # share
TEMPERATURE_MARGIN = 3.0  # [deg C]


@dataclass(frozen=True, slots=True)
class Resources:
    """State of the machine.

    Attributes:
        memory_available: Share that is free, 0..1; NaN = unknown.
        temperature: Hottest sensor [deg C]; NaN = there is none.
    """

    memory_available: float = math.nan
    temperature: float = math.nan


class ResourceWatch:
    """Judges the machine, with hysteresis. Times are monotonic [s].

    Args:
        parameters: Limits.

    Attributes:
        resources: The newest state; unknown when it is too old.
        throttle: Step of the throttle that memory asks for.
    """

    def __init__(self, parameters: SafetyWatchdogParameters) -> None:
        self._parameters = parameters
        self._read = -math.inf
        self._broken: set[str] = set()
        self.resources = Resources()
        self.throttle = 0

    def take(self, resources: Resources, now: float) -> None:
        """Take in a new reading."""
        self.resources, self._read = resources, now

    def judge(self, now: float) -> list[Finding]:
        """What is wrong with the machine; also sets ``throttle``."""
        parameters = self._parameters
        if self._read == -math.inf:
            return []
        if now - self._read > parameters.resources_max_age:
            self.resources = Resources()
        memory, heat = self.resources.memory_available, self.resources.temperature
        findings: list[Finding] = []
        if self._lacks("memory_stop", memory, parameters.memory_stop):
            findings.append(_memory(Demand.CONTROLLED_STOP, memory, parameters.memory_stop))
        scarce = self._lacks("memory_throttle", memory, parameters.memory_throttle)
        unknown = math.isnan(memory)
        if (scarce or unknown) and not findings:
            findings.append(_memory(Demand.NONE, memory, parameters.memory_throttle))
        self.throttle = LAST_STEP if scarce or unknown else 0
        if self._exceeds("temperature_stop", heat, parameters.temperature_stop):
            findings.append(_heat(Demand.CONTROLLED_STOP, heat, parameters.temperature_stop))
        elif self._exceeds("temperature_reduced", heat, parameters.temperature_reduced):
            findings.append(_heat(Demand.REDUCED, heat, parameters.temperature_reduced))
        return findings

    def _lacks(self, name: str, value: float, limit: float) -> bool:
        return self._latch(name, broken=value < limit, kept=value > limit + MEMORY_MARGIN)

    def _exceeds(self, name: str, value: float, limit: float) -> bool:
        return self._latch(name, broken=value > limit, kept=value < limit - TEMPERATURE_MARGIN)

    def _latch(self, name: str, *, broken: bool, kept: bool) -> bool:
        # A value that is unknown neither breaks a limit nor keeps it: what was broken stays so.
        if broken:
            self._broken.add(name)
        elif kept:
            self._broken.discard(name)
        return name in self._broken


def _memory(demand: Demand, value: float, limit: float) -> Finding:
    amount = "unknown" if math.isnan(value) else f"{value:.1%}"
    text = f"free memory is {amount}, at least {limit:.0%} is wanted"
    return Finding(demand, Reason(ErrorCode.RESOURCES_LOW, "memory", text, value, limit))


def _heat(demand: Demand, value: float, limit: float) -> Finding:
    text = f"the hottest sensor says {value:.0f} degC, limit is {limit:.0f} degC"
    return Finding(demand, Reason(ErrorCode.RESOURCES_LOW, "temperature", text, value, limit))


class Throttle:
    """Step of the throttle: one more while real time suffers, one less when it has not for a while.

    Args:
        pause: Time between two steps [s].
    """

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._step = 0
        self._changed = -math.inf
        self._suffered = -math.inf

    def step(self, now: float, *, suffers: bool, at_least: int = 0) -> int:
        """Step from now on, 0..3.

        Args:
            now: Monotonic time [s].
            suffers: Whether a real-time tier does not keep its time.
            at_least: Step that something else asks for.
        """
        if suffers:
            self._suffered = now
            if self._step < LAST_STEP and now - self._changed >= self._pause:
                self._step, self._changed = self._step + 1, now
        elif self._step > 0 and now - max(self._suffered, self._changed) >= self._pause:
            self._step, self._changed = self._step - 1, now
        return min(max(self._step, at_least), LAST_STEP)
