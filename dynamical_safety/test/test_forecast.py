"""Forecasts: alarms slow, silence slows, and neither ever speeds up."""

import math
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.forecast import Forecast, ForecastMonitor
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.separation import NOBODY, Separation

NOW = 1000.0
PARAMETERS = SafetyGateParameters()


def forecast(*probability: float, age: float = 0.0) -> Forecast:
    return Forecast(NOW - age, "model", 0.1, probability, (math.inf,) * len(probability))


def outlook(*forecasts: Forecast, separation: Separation = NOBODY, now: float = NOW) -> Any:
    monitor = ForecastMonitor(PARAMETERS)
    monitor.start(NOW)
    for item in forecasts:
        monitor.take(item)
    return monitor.assess(separation, now)


def test_a_calm_forecast_allows_full_speed() -> None:
    assert outlook(forecast(0.0, 0.1, 0.2)).speed_scale == 1.0


def test_an_alarm_within_the_horizon_slows() -> None:
    result = outlook(forecast(0.0, 0.2, 0.9, 0.9))
    assert result.speed_scale == PARAMETERS.forecast_alarm_speed
    assert result.alarm.code == ErrorCode.COLLISION_FORECAST
    assert "0.90" in result.alarm.text


def test_an_alarm_far_ahead_does_not_slow_yet() -> None:
    assert outlook(forecast(*(0.0,) * 15, 0.9)).speed_scale == 1.0


def test_the_analytic_forecast_alarms_without_any_other() -> None:
    near = Separation(1.2, 1.1, 0.3, "hand", 4, 1.0)
    result = outlook(forecast(0.0, 0.0), separation=near)
    assert result.alarm is not None
    assert result.alarm.subject == "constant_velocity"
    assert result.speed_scale == PARAMETERS.forecast_alarm_speed


def test_a_missing_forecast_slows_after_a_while() -> None:
    assert outlook(now=NOW + 0.9).speed_scale == 1.0
    result = outlook(now=NOW + 1.1)
    assert result.speed_scale == PARAMETERS.forecast_missing_speed
    assert result.missing.code == ErrorCode.FORECAST_STALE


def test_a_stale_forecast_slows_and_its_alarm_no_longer_counts() -> None:
    result = outlook(forecast(1.0, age=0.6))
    assert result.alarm is None
    result = outlook(forecast(0.0), now=NOW + 1.5)
    assert result.speed_scale == PARAMETERS.forecast_missing_speed


def test_a_forecast_without_sense_counts_as_none() -> None:
    monitor = ForecastMonitor(PARAMETERS)
    monitor.take(forecast(math.nan))
    monitor.take(forecast(1.5))
    monitor.take(forecast())
    assert monitor.stamp == -math.inf


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 3))
def test_having_a_forecast_never_allows_more_than_the_analytic_one(
    probability: list[float], age: float
) -> None:
    near = Separation(1.2, 1.1, 0.3, "hand", 4, 1.0)
    with_it = outlook(forecast(*probability, age=age), separation=near)
    fresh = outlook(forecast(0.0), separation=near)
    assert with_it.speed_scale <= fresh.speed_scale
