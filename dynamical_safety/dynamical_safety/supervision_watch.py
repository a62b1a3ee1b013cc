"""The gate's ear for its watchdog: what the watchdog demands, and what its silence means."""

import math
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import Cause

# A demand lasts for three messages of the watchdog after the last that made it: somebody who says
# that all is well, in between, cannot talk it away.
DEMAND_KEPT = 0.15  # [s]
# Two words of the watchdog are missing: its permits, which the driver needs every 50 ms, may be, too.
FOLLOWED = 0.12  # [s]
RETURN = 1.0  # which the driver may take to lead the robot back to the gate's set-point [s]

_CAUSES = {
    Demand.REDUCED: Cause.SUPERVISION_REDUCED,
    Demand.PROTECTIVE_STOP: Cause.SUPERVISION_STOP,
    Demand.CONTROLLED_STOP: Cause.SUPERVISION_CONTROLLED_STOP,
}
_NO_PERMIT = Reason(
    ErrorCode.GATE_STALLED,
    "safety_watchdog",
    "the watchdog gives the driver no permit to follow the gate",
)


@dataclass(frozen=True, slots=True)
class SupervisionWord:
    """What one message of the watchdog says.

    Attributes:
        demand: What it demands.
        permitted: Whether the driver may follow the gate.
        reasons: Why it demands that, the gravest first.
    """

    demand: Demand
    permitted: bool
    reasons: tuple[Reason, ...] = ()


class SupervisionMonitor:
    """Keeps the watchdog's newest word. Times are the gate's own [s], which only grow.

    Args:
        parameters: Whether a watchdog is needed, and how long it may be silent.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        self._parameters = parameters
        self._heard = self._held = -math.inf
        self._demanded = dict.fromkeys(_CAUSES, -math.inf)
        self._reasons: dict[Demand, Reason] = {}

    def take(self, word: SupervisionWord, now: float) -> None:
        """Take in one message."""
        if not word.permitted or now - self._heard > FOLLOWED:
            self._held = now
        self._heard = now
        demand = word.demand
        reason = word.reasons[0] if word.reasons else _unexplained(demand)
        if not word.permitted and demand < Demand.PROTECTIVE_STOP:
            demand, reason = Demand.PROTECTIVE_STOP, _NO_PERMIT
        if demand in self._demanded:
            self._demanded[demand] = now
            self._reasons[demand] = reason

    def age(self, now: float) -> float:
        """Time since the watchdog's newest word [s]; inf = never heard."""
        return now - self._heard

    def followed(self, now: float) -> bool:
        """Whether the driver follows the gate's set-point, as far as is known.

        Without a permit it holds the robot where it is, and leads it back slowly afterwards. Meanwhile
        measured positions say nothing about encoders when held against the gate's set-point.
        """
        if self._heard == -math.inf:
            return not self._parameters.require_supervision
        return now - self._heard <= FOLLOWED and now - self._held > RETURN

    def causes(self, now: float, *, moved: bool = True) -> dict[Cause, Reason]:
        """What the watchdog asks of the gate now.

        Args:
            now: The gate's own time [s].
            moved: Whether motion has been let through. Before, there is nothing that somebody would
                have to look after.
        """
        if self._heard == -math.inf and not self._parameters.require_supervision:
            return {}
        causes = {
            _CAUSES[demand if moved else min(demand, Demand.PROTECTIVE_STOP)]: self._reasons[
                demand
            ]
            for demand, since in self._demanded.items()
            if now - since <= DEMAND_KEPT
        }
        silence = now - self._heard
        if silence > self._parameters.supervision_pause:
            causes[Cause.SUPERVISION_LOST] = self._lost(silence)
        return causes

    def _lost(self, silence: float) -> Reason:
        limit = self._parameters.supervision_pause
        what = (
            "has not been heard yet"
            if silence == math.inf
            else f"has been silent for {silence * 1e3:.0f} ms, limit is {limit * 1e3:.0f} ms"
        )
        return Reason(
            ErrorCode.SUPERVISION_SILENT,
            "safety_watchdog",
            f"the watchdog {what}",
            silence,
            limit,
        )


def _unexplained(demand: Demand) -> Reason:
    return Reason(
        ErrorCode.NODE_SILENT, "safety_watchdog", f"the watchdog demands {demand.name} unexplained"
    )
