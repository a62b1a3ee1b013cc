"""Forecasts: what makes sense, what they say of a time, and that neither word nor silence frees."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.ensemble import ForecastEnsemble
from dynamical_safety.forecast import Forecast
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.separation import Separation

NOW = 1000.0
PARAMETERS = SafetyGateParameters()
FAR = Separation()
NEAR = Separation(
    distance=1.2, protective=1.1, predicted=0.3, link="hand", person=4, speed_scale=1.0
)


def forecast(*probability: float, age: float = 0.0, step: float = 0.25) -> Forecast:
    return Forecast(NOW - age, "backup", step, probability, (math.inf,) * len(probability))


def test_the_peak_counts_all_steps_that_begin_before_the_time() -> None:
    value = forecast(0.1, 0.2, 0.3, 0.9)
    assert value.peak(0.0) == 0.1
    assert value.peak(0.25) == 0.1
    assert value.peak(0.26) == 0.2
    assert value.peak(0.5) == 0.2
    assert value.peak(9.0) == 0.9
    assert value.reach == 1.0


@pytest.mark.parametrize(
    "value",
    [
        forecast(math.nan, 0.0),
        forecast(1.5, 0.0),
        forecast(-0.1, 0.0),
        forecast(),
        forecast(*(0.0,) * 1000),
        forecast(0.0, step=0.0),
        forecast(0.0, step=math.inf),
        forecast(0.0, age=math.nan),
        Forecast(NOW, "backup", 0.25, (0.0, 0.0), (math.nan, 1.0)),
    ],
)
def test_a_forecast_without_sense_is_not_usable(value: Forecast) -> None:
    assert not value.usable


def test_a_missing_forecast_slows_after_a_while() -> None:
    ensemble = ForecastEnsemble(PARAMETERS)
    ensemble.start(NOW)
    soon, late = NOW + 0.9, NOW + 1.1
    assert ensemble.assess(FAR, soon, tracks_stamp=soon).speed_scale == 1.0
    outlook = ensemble.assess(FAR, late, tracks_stamp=late)
    assert outlook.speed_scale == PARAMETERS.forecast_missing_speed
    assert outlook.missing is not None
    assert outlook.missing.code == ErrorCode.FORECAST_STALE
    assert outlook.missing.subject == "backup"
    assert outlook.stop is None


@given(
    probability=st.lists(st.floats(0, 1), min_size=1, max_size=20),
    age=st.floats(-2, 3),
    step=st.floats(0.05, 1.0),
    since=st.floats(0, 5),
    near=st.booleans(),
)
def test_having_a_forecast_never_allows_more_than_the_analytic_one(
    probability: list[float], age: float, step: float, since: float, near: bool
) -> None:
    separation = NEAR if near else FAR
    calm, said = ForecastEnsemble(PARAMETERS), ForecastEnsemble(PARAMETERS)
    for ensemble in (calm, said):
        ensemble.start(NOW - since)
    calm.take(forecast(0.0, 0.0, 0.0, 0.0), NOW)
    said.take(forecast(*probability, age=age, step=step), NOW)
    allowed = calm.assess(separation, NOW, tracks_stamp=NOW)
    outlook = said.assess(separation, NOW, tracks_stamp=NOW)
    assert outlook.speed_scale <= allowed.speed_scale
    # And what the analytic forecast alone says is always said.
    assert allowed.speed_scale == (PARAMETERS.forecast_alarm_speed if near else 1.0)
    assert outlook.votes[0] == allowed.votes[0]
