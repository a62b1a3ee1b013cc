"""Keeps simulated time beside real time, and counts how well that works."""


class RealTimePace:
    """Absolute schedule of simulated time; it never drifts, and what it drops it counts.

    Times are monotonic [s].

    Args:
        timestep: Length of one physics step [s].
        largest_debt: Lag that is dropped rather than made up for [s].
        window: Time over which ``factor`` is measured [s].
    """

    def __init__(self, *, timestep: float, largest_debt: float, window: float) -> None:
        self._timestep = timestep
        self._largest_debt = largest_debt
        self._window = window
        self._origin: float | None = None
        self._steps = 0
        self._mark = (0.0, 0)
        self.factor = 1.0
        self.dropped = 0.0
        self.drops = 0

    def restart(self) -> None:
        """Let simulated and real time be equal at the next call of ``due``."""
        self._origin = None

    def due(self, now: float) -> int:
        """Physics steps to make now, so that simulated time is where real time is."""
        if self._origin is None:
            self._origin, self._steps = now, 0
            self._mark = (now, 0)
        steps = int((now - self._origin) / self._timestep) - self._steps
        largest = int(self._largest_debt / self._timestep)
        if steps > largest:
            lost = steps - largest
            self._origin += lost * self._timestep
            self.dropped += lost * self._timestep
            self.drops += 1
            steps = largest
        steps = max(0, steps)
        self._steps += steps
        self._measure(now)
        return steps

    def _measure(self, now: float) -> None:
        began, steps = self._mark
        if now - began >= self._window:
            self.factor = (self._steps - steps) * self._timestep / (now - began)
            self._mark = (now, self._steps)
