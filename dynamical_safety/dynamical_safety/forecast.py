"""Collision forecasts: the newest one that came, beside the analytic one made in the gate.

The analytic forecast (constant velocity, ``Separation.predicted``) is always there. Whatever
speaks of the nearer danger wins; a forecast that is absent or old allows less speed, never more.
"""

import math
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import Separation


@dataclass(frozen=True, slots=True)
class Forecast:
    """One forecast, as it came.

    Attributes:
        stamp: Observation it rests on, ROS time [s].
        model: Who made it.
        step: Time between two values [s].
        probability: Probability of contact up to each step, 0..1.
        separation: Expected smallest distance at each step [m]; inf = nobody.
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
            self.step > 0.0
            and len(self.probability) > 0
            and all(0.0 <= value <= 1.0 for value in self.probability)
            and not any(math.isnan(value) for value in self.separation)
        )


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the forecasts allow.

    Attributes:
        speed_scale: 0..1.
        alarm: Why a forecast slows the robot, or ``None``.
        missing: Why the absence of forecasts slows the robot, or ``None``.
    """

    speed_scale: float
    alarm: Reason | None
    missing: Reason | None


class ForecastMonitor:
    """Keeps the newest forecast and judges it together with the analytic one.

    Args:
        parameters: Validity, alarm level and what remains allowed.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        self._parameters = parameters
        self._newest: Forecast | None = None
        self._since = math.inf

    @property
    def stamp(self) -> float:
        """Observation stamp of the newest usable forecast, ROS time [s]; -inf = none yet."""
        return -math.inf if self._newest is None else self._newest.stamp

    def start(self, now: float) -> None:
        """The gate begins to let motion through: from now on forecasts are expected."""
        self._since = now

    def take(self, forecast: Forecast) -> None:
        """Take in a forecast; one without sense, or older than the newest, is as good as none."""
        if forecast.usable and forecast.stamp >= self.stamp:
            self._newest = forecast

    def assess(self, separation: Separation, now: float) -> Outlook:
        """Judge the forecasts of this moment.

        Args:
            separation: What the gate itself sees; its ``predicted`` is the analytic forecast.
            now: ROS time [s].
        """
        parameters = self._parameters
        alarm = self._learned(now) or self._analytic(separation)
        missing = self._missing(now)
        scale = 1.0
        if alarm is not None:
            scale = min(scale, parameters.forecast_alarm_speed)
        if missing is not None:
            scale = min(scale, parameters.forecast_missing_speed)
        return Outlook(scale, alarm, missing)

    def _learned(self, now: float) -> Reason | None:
        forecast, parameters = self._newest, self._parameters
        if forecast is None or now - forecast.stamp > parameters.forecast_validity:
            return None
        # Steps count from the observation; what lies in the past by now still counts as near.
        steps = math.ceil((now - forecast.stamp + parameters.forecast_horizon) / forecast.step) + 1
        probability = max(forecast.probability[: max(1, steps)])
        if probability < parameters.forecast_alarm:
            return None
        return Reason(
            ErrorCode.COLLISION_FORECAST,
            forecast.model,
            f"model {forecast.model!r} expects contact within {parameters.forecast_horizon:g} s "
            f"with probability {probability:.2f}, alarm is at {parameters.forecast_alarm:.2f}",
            probability,
            parameters.forecast_alarm,
        )

    def _analytic(self, separation: Separation) -> Reason | None:
        limit = self._parameters.stop_distance
        if separation.predicted > limit or separation.stopped:
            return None
        return Reason(
            ErrorCode.COLLISION_FORECAST,
            "constant_velocity",
            f"person {separation.person} will be {max(0.0, separation.predicted):.2f} m near "
            f"within {self._parameters.forecast_horizon:g} s, stop distance is {limit:.2f} m",
            separation.predicted,
            limit,
        )

    def _missing(self, now: float) -> Reason | None:
        age = now - max(self.stamp, self._since)
        limit = self._parameters.forecast_missing
        if not age > limit:
            return None
        heard = self._newest is not None
        return Reason(
            ErrorCode.FORECAST_STALE,
            "forecast",
            f"the newest forecast is {now - self.stamp:.1f} s old, at most {limit:g} s are allowed"
            if heard
            else f"no forecast has come for {age:.1f} s, at most {limit:g} s are allowed",
            age,
            limit,
        )
