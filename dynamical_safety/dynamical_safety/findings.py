"""What the watchdog finds wrong, and what it demands of the gate for it."""

from dataclasses import dataclass
from enum import IntEnum

from dynamical_safety.reasons import Reason


class Demand(IntEnum):
    """What the watchdog demands of the gate; numbers as in ``SupervisionStatus.msg``."""

    NONE = 0
    REDUCED = 1
    PROTECTIVE_STOP = 2
    CONTROLLED_STOP = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    Attributes:
        demand: What it asks of the gate; NONE = it is only told.
        reason: What it is.
    """

    demand: Demand
    reason: Reason
