"""One forecast of contact, as one model made it; ``ensemble.py`` decides what is believed."""

import math
from dataclasses import dataclass

MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast, as it came.

    Attributes:
        stamp: Observation it rests on, ROS time [s].
        model: Who made it.
        step: Time between two values [s].
        probability: Probability of contact up to each step, 0..1.
        separation: Expected smallest distance at each step [m]; inf = nobody; empty = not measured.
    """

    stamp: float
    model: str
    step: float
    probability: tuple[float, ...]
    separation: tuple[float, ...]

    @property
    def usable(self) -> bool:
        """Whether the values make sense at all."""
        return (
            math.isfinite(self.stamp)
            and 0.0 < self.step < math.inf
            and 0 < len(self.probability) <= MOST_STEPS
            and all(0.0 <= value <= 1.0 for value in self.probability)
            and not any(math.isnan(value) for value in self.separation)
        )

    @property
    def reach(self) -> float:
        """How far after its observation it speaks [s]."""
        return self.step * len(self.probability)

    def peak(self, ahead: float) -> float:
        """Largest probability up to ``ahead`` [s] after the observation; at least the first."""
        steps = max(1, math.ceil(ahead / self.step - 1e-6))
        return max(self.probability[:steps])
