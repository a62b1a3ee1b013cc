"""Forecasts -> messages."""

from collections.abc import Iterable
from typing import Any

from builtin_interfaces.msg import Duration

from dynamical_interfaces.msg import CollisionForecast, PersonForecast, PersonForecastArray
from dynamical_safety.forecast import Forecast
from dynamical_safety.intent import PartForecast

INTENT = "intent"
_FRAME = "odom"
_NANOSECONDS = 1_000_000_000


def collision_to_msg(forecast: Forecast, *, stamp: Any) -> CollisionForecast:
    """Forecast -> CollisionForecast.

    Args:
        forecast: What is forecast.
        stamp: Its observation, as a Time message.
    """
    message = CollisionForecast(
        model=forecast.model,
        horizon=_duration(forecast.reach),
        step=_duration(forecast.step),
        collision_probability=list(forecast.probability),
        separation=list(forecast.separation),
    )
    message.header.stamp = stamp
    return message


def people_to_msg(parts: Iterable[PartForecast], *, stamp: Any) -> PersonForecastArray:
    """Forecasts of people's parts, all ``ahead`` of the stamp -> PersonForecastArray."""
    message = PersonForecastArray(model=INTENT)
    message.header.stamp = stamp
    message.header.frame_id = _FRAME
    for part in parts:
        one = PersonForecast(track_id=part.track_id, part=part.part, ahead=part.ahead)
        one.position.x, one.position.y, one.position.z = map(float, part.position)
        one.deviation = float(part.deviation)
        message.forecasts.append(one)
    return message


def _duration(seconds: float) -> Duration:
    total = round(seconds * _NANOSECONDS)
    return Duration(sec=total // _NANOSECONDS, nanosec=total % _NANOSECONDS)
