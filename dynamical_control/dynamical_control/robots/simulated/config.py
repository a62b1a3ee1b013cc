"""Settings of the simulated robot."""

from dataclasses import dataclass, field
from pathlib import Path

from dynamical_control.simulation.layout import Layout


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedRobotConfig:
    """How the simulation is run.

    Attributes:
        seed: Placement of the objects at start; 0 = the standard one.
        layout: Measures of the room.
        largest_debt: Simulated time that may lag behind the clock before it is dropped [s].
        factor_window: Time over which the real-time factor is measured [s].
        partner_bus: Socket behind which a second robot's motors are, or ``None``; needs a layout with
            a partner.
    """

    seed: int = 0
    layout: Layout = field(default_factory=Layout)
    largest_debt: float = 0.050
    factor_window: float = 1.0
    partner_bus: Path | None = None
