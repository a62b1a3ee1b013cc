"""The four execution tiers and the rate each promises."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tier:
    """One timing tier.

    Attributes:
        name: As it appears in messages.
        rate: Nominal rate [Hz].
        priority: SCHED_FIFO priority asked for, 1..99; 0 = ordinary scheduling.
        nice: Niceness asked for when the priority is 0.
    """

    name: str
    rate: float
    priority: int
    nice: int = 0

    @property
    def period(self) -> float:
        """Nominal period [s]."""
        return 1.0 / self.rate


SAFETY = Tier("safety", 1000.0, priority=80)
CONTROL = Tier("control", 200.0, priority=70)
# Pictures wait rather than a person who asks.
LEARNING = Tier("learning", 10.0, priority=0, nice=5)
BACKGROUND = Tier("background", 1.0, priority=0, nice=10)

TIERS = {tier.name: tier for tier in (SAFETY, CONTROL, LEARNING, BACKGROUND)}

# Share of its rate that a tier below safety and control keeps at each step of
# ``SupervisionStatus.throttle``.
THROTTLE = (1.0, 0.75, 0.5, 0.25)

# Numbers of the `tier` fields in SkillStep.msg and Orchestrate.srv.
EXECUTION_TIERS = ("REALTIME", "CONTROL", "PLANNING", "BACKGROUND")


def throttled(rate: float, step: int, *, floor: float = 0.0) -> float:
    """Rate that is left of ``rate`` at a step of ``SupervisionStatus.throttle``, both in Hz.

    Args:
        rate: Full rate [Hz].
        step: 0 = full rate; a step beyond the last is the last.
        floor: Never less than this, or than ``rate`` where that is lower [Hz].
    """
    share = THROTTLE[min(max(step, 0), len(THROTTLE) - 1)]
    return max(rate * share, min(floor, rate))
