"""The vote: one alarm slows, two stop, silence counts as an alarm, and nobody can talk it down."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import ForecastVote
from dynamical_safety.ensemble import ForecastEnsemble, Outlook, VoteState
from dynamical_safety.errors import EnsembleError
from dynamical_safety.forecast import Forecast
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.separation import Separation

NOW = 1000.0
PARAMETERS = SafetyGateParameters()
THREE = replace(PARAMETERS, forecast_voters=("backup", "vjepa2"), forecast_weights=(1.0, 1.0))
FAR = Separation()
NEAR = Separation(
    distance=1.2, protective=1.1, predicted=0.3, link="hand", person=4, speed_scale=1.0
)


def forecast(
    *probability: float, age: float = 0.0, now: float = NOW, model: str = "backup"
) -> Forecast:
    return Forecast(now - age, model, 0.25, probability, (math.inf,) * len(probability))


CALM, ALARM = (0.0, 0.0, 0.0, 0.0), (0.1, 0.9, 0.9, 0.9)


def ensemble(
    parameters: SafetyGateParameters = PARAMETERS, *, since: float = 10.0
) -> ForecastEnsemble:
    made = ForecastEnsemble(parameters)
    made.start(NOW - since)
    return made


def assess(voters: ForecastEnsemble, separation: Separation = FAR, now: float = NOW) -> Outlook:
    return voters.assess(separation, now, tracks_stamp=now)


def states(outlook: Outlook) -> dict[str, VoteState]:
    return {vote.model: vote.state for vote in outlook.votes}


def test_all_calm_allows_full_speed() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    outlook = assess(voters)
    assert outlook.speed_scale == 1.0
    assert (outlook.alarm, outlook.stop, outlook.missing) == (None, None, None)
    assert states(outlook) == {"analytic": VoteState.CALM, "backup": VoteState.CALM}


def test_one_learned_alarm_slows_and_says_how_sure_it_is() -> None:
    voters = ensemble()
    voters.take(forecast(*ALARM), NOW)
    outlook = assess(voters)
    assert outlook.speed_scale == PARAMETERS.forecast_alarm_speed
    assert outlook.stop is None
    assert outlook.alarm is not None
    assert outlook.alarm.code == ErrorCode.COLLISION_FORECAST
    assert outlook.alarm.subject == "backup"
    assert "0.90" in outlook.alarm.text


def test_the_analytic_forecast_alone_slows() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    outlook = assess(voters, NEAR)
    assert outlook.speed_scale == PARAMETERS.forecast_alarm_speed
    assert outlook.alarm is not None
    assert outlook.alarm.subject == "analytic"
    assert "person 4" in outlook.alarm.text


def test_two_alarms_stop_and_the_reason_names_both() -> None:
    voters = ensemble()
    voters.take(forecast(*ALARM), NOW)
    outlook = assess(voters, NEAR)
    assert outlook.speed_scale == 0.0
    assert outlook.stop is not None
    assert outlook.stop.code == ErrorCode.COLLISION_FORECAST
    assert "'analytic' warns and 'backup' warns" in outlook.stop.text
    assert (outlook.stop.value, outlook.stop.limit) == (2.0, 2.0)


def test_a_missing_voter_and_an_alarm_stop() -> None:
    outlook = assess(ensemble(), NEAR)
    assert outlook.speed_scale == 0.0
    assert outlook.stop is not None
    assert "'backup' is missing" in outlook.stop.text
    assert states(outlook)["backup"] is VoteState.MISSING


def test_two_missing_voters_stop_and_one_slows() -> None:
    voters = ensemble(THREE)
    assert assess(voters).speed_scale == 0.0
    voters.take(forecast(*CALM, model="vjepa2"), NOW)
    outlook = assess(voters)
    assert outlook.stop is None
    assert outlook.speed_scale == THREE.forecast_missing_speed


def test_voters_have_a_time_of_grace_after_the_start() -> None:
    voters = ensemble(since=0.5)
    outlook = assess(voters)
    assert outlook.speed_scale == 1.0
    assert states(outlook)["backup"] is VoteState.UNKNOWN
    assert assess(voters, NEAR).stop is None


def test_before_the_start_nobody_is_missing() -> None:
    assert assess(ForecastEnsemble(PARAMETERS)).speed_scale == 1.0


def test_a_clock_that_is_set_back_does_not_lengthen_the_grace() -> None:
    voters = ensemble(since=0.0)
    earlier = NOW - 3600.0
    assert assess(voters, now=earlier).speed_scale == 1.0
    assert assess(voters, now=earlier + 1.1).missing is not None


def test_a_stale_voter_is_missing() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    late = NOW + PARAMETERS.forecast_validity + 0.01
    outlook = assess(voters, now=late)
    assert outlook.speed_scale == PARAMETERS.forecast_missing_speed
    assert outlook.missing is not None
    assert "0.7 s ago" in outlook.missing.text


def test_blind_perception_silences_the_analytic_voter_too() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    outlook = voters.assess(FAR, NOW, tracks_stamp=NOW - 1.0)
    assert states(outlook)["analytic"] is VoteState.MISSING
    assert outlook.speed_scale == PARAMETERS.forecast_missing_speed


def test_who_stands_beside_a_stopped_robot_is_in_no_danger_of_contact() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    beside = replace(NEAR, stopped=True, speed_scale=0.0)
    assert assess(voters, beside).alarm is None


def test_an_alarm_beyond_the_horizon_does_not_slow_yet() -> None:
    voters = ensemble()
    voters.take(forecast(0.0, 0.0, 0.0, 0.9), NOW)
    assert assess(voters).speed_scale == 1.0
    # As the forecast ages, what was far ahead comes within the horizon.
    assert assess(voters, now=NOW + 0.3).speed_scale == PARAMETERS.forecast_alarm_speed


def test_a_calm_word_does_not_take_an_alarm_back_at_once() -> None:
    voters = ensemble()
    voters.take(forecast(*ALARM, age=0.05), NOW)
    voters.take(forecast(*CALM), NOW)
    assert assess(voters).alarm is not None
    later = NOW + PARAMETERS.forecast_hold + 0.01
    voters.take(forecast(*CALM, now=later), later)
    assert assess(voters, now=later).alarm is None


def test_a_second_writer_who_is_always_calm_and_a_little_ahead_hides_no_alarm() -> None:
    voters = ensemble()
    for tick in range(20):
        now = NOW + 0.1 * tick
        voters.take(forecast(*CALM, now=now, age=-0.09), now)
        voters.take(forecast(*ALARM, now=now), now)
        assert assess(voters, now=now + 0.05).alarm is not None


@pytest.mark.parametrize(
    "value",
    [
        forecast(*CALM, age=5.0),
        forecast(*CALM, age=-0.5),
        forecast(0.0),
        forecast(math.nan, 0.0, 0.0, 0.0),
    ],
)
def test_what_is_old_or_from_the_future_or_short_or_senseless_is_not_heard(
    value: Forecast,
) -> None:
    voters = ensemble()
    voters.take(value, NOW)
    assert voters.refused == 1
    assert assess(voters).missing is not None


def test_an_uninvited_voter_may_slow_but_neither_stop_nor_be_missed() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    voters.take(forecast(*ALARM, model="constant_velocity"), NOW)
    assert assess(voters).speed_scale == PARAMETERS.forecast_alarm_speed
    assert assess(voters, NEAR).stop is None
    later = NOW + 5.0
    voters.take(forecast(*CALM, now=later), later)
    assert assess(voters, now=later).speed_scale == 1.0


def test_many_uninvited_voters_push_out_each_other_but_nobody_who_was_asked() -> None:
    voters = ensemble()
    voters.take(forecast(*CALM), NOW)
    voters.take(forecast(*ALARM, model="first"), NOW)
    for number in range(1000):
        voters.take(forecast(*CALM, model=f"model {number}"), NOW)
    outlook = assess(voters)
    assert len(outlook.votes) <= 6
    assert outlook.alarm is not None
    assert states(outlook)["backup"] is VoteState.CALM


@pytest.mark.parametrize(
    ("names", "weights", "named"),
    [
        (("backup",), (), "1 voters"),
        (("backup", "backup"), (1.0, 1.0), "differ"),
        (("analytic",), (1.0,), "differ"),
        (("backup",), (0.0,), "0.0"),
        (("backup",), (math.nan,), "nan"),
    ],
)
def test_voters_that_do_not_fit_are_refused(
    names: tuple[str, ...], weights: tuple[float, ...], named: str
) -> None:
    with pytest.raises(EnsembleError, match=named):
        ForecastEnsemble(replace(PARAMETERS, forecast_voters=names, forecast_weights=weights))


def test_states_have_the_numbers_of_the_message() -> None:
    for state in VoteState:
        assert getattr(ForecastVote, f"STATE_{state.name}") == state


@given(
    words=st.lists(
        st.tuples(
            st.sampled_from(["backup", "vjepa2", "guest"]),
            st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.9]), min_size=4, max_size=4),
            st.floats(0.0, 0.6),
        ),
        max_size=8,
    ),
    lost=st.integers(0, 7),
    near=st.booleans(),
)
def test_a_word_that_does_not_come_never_allows_more_than_one_that_would_have_warned(
    words: list[tuple[str, list[float], float]], lost: int, near: bool
) -> None:
    whole, less = ensemble(THREE), ensemble(THREE)
    for index, (model, probability, age) in enumerate(words):
        value = forecast(*probability, age=age, model=model)
        whole.take(value, NOW)
        alone = sum(word[0] == model for word in words) == 1
        if index != lost or not alone or model == "guest":
            less.take(value, NOW)
    separation = NEAR if near else FAR
    assert assess(less, separation).speed_scale <= assess(whole, separation).speed_scale


@given(
    probability=st.lists(st.floats(0.0, 1.0), min_size=4, max_size=4).map(sorted),
    ages=st.tuples(st.floats(0.0, 3.0), st.floats(0.0, 3.0)).map(sorted),
    near=st.booleans(),
)
def test_an_older_forecast_never_allows_more_speed(
    probability: list[float], ages: list[float], near: bool
) -> None:
    separation = NEAR if near else FAR
    scales = []
    for age in ages:
        voters = ensemble()
        voters.take(forecast(*probability, age=age), NOW)
        scales.append(assess(voters, separation).speed_scale)
    assert scales[1] <= scales[0]
