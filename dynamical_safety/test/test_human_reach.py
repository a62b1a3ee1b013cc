"""How much nearer people may come to each link: never less than they do, never a narrowing."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.human_reach import HAND_RADIUS, PartPaths, human_reach, quantile
from dynamical_safety.intent import AHEAD, PartForecast
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import Boxes, People, Person
from dynamical_safety.separation import box_distance

NOW = 1000.0
LINKS = np.array([[0.0, 0.0, 0.8], [0.2, 0.4, 1.0], [0.1, -0.4, 1.2], [-0.3, 0.0, 0.5]])


def path(
    place: Any, velocity: Any, *, key: int = 1, part: str = "body", sure: float = 0.0
) -> list[PartForecast]:
    return [
        PartForecast(
            key, part, ahead, np.add(place, ahead * np.array(velocity)), sure * (0.5 + ahead)
        )
        for ahead in AHEAD
    ]


def boxes(*places: Any) -> Boxes:
    memory = People(SafetyGateParameters())
    memory.see(
        Person(
            key,
            np.array([*place[:2], 0.9]),
            np.array([0.4, 0.4, 1.8]),
            np.zeros(3),
            0.0,
            NOW,
            1.0,
        )
        for key, place in enumerate(places, start=1)
    )
    return memory.boxes(NOW)


def reach(forecasts: list[PartForecast], people: Boxes, **changes: Any) -> np.ndarray:
    how = {"horizon": 0.4, "age": 0.0} | changes
    return human_reach(PartPaths.of(forecasts), people, LINKS, **how)


flat = st.tuples(st.floats(-2, 2), st.floats(-2, 2))


@settings(max_examples=100, deadline=None)
@given(place=flat, velocity=flat, horizon=st.floats(0.05, 1.5), age=st.floats(0.0, 0.5))
def test_reach_is_never_less_than_what_the_box_really_closes(
    place: Any, velocity: Any, horizon: float, age: float
) -> None:
    people = boxes(place)
    forecasts = path([*place, 0.9], [*velocity, 0.0])
    got = reach(forecasts, people, horizon=horizon, age=age)[0]
    zero = np.zeros(len(LINKS))
    before = box_distance(LINKS, zero, people.centre, people.half)[0]
    for time in np.linspace(0.0, horizon, 8):
        moved = people.centre + time * np.array([*velocity, 0.0])
        after = box_distance(LINKS, zero, moved, people.half)[0]
        assert (before - after <= got + 1e-9).all()


@settings(max_examples=60, deadline=None)
@given(
    place=flat,
    velocity=flat,
    sure=st.floats(0.0, 0.5),
    more=st.floats(0.0, 0.5),
    horizon=st.floats(0.05, 1.0),
    longer=st.floats(0.0, 0.5),
)
def test_less_certainty_and_a_longer_horizon_never_reach_less(
    place: Any, velocity: Any, sure: float, more: float, horizon: float, longer: float
) -> None:
    people = boxes(place)
    vague, clear = (
        path([*place, 0.9], [*velocity, 0.0], sure=value) for value in (sure + more, sure)
    )
    least = reach(clear, people, horizon=horizon)
    assert (reach(vague, people, horizon=horizon) >= least - 1e-9).all()
    assert (reach(clear, people, horizon=horizon + longer) >= least - 1e-9).all()
    assert (reach(clear, people, horizon=horizon, confidence=0.99) >= least - 1e-9).all()
    assert (least >= 0.0).all()


@settings(max_examples=60, deadline=None)
@given(place=flat, velocity=flat, hand=flat, swing=flat)
def test_seeing_a_hand_never_makes_the_reach_smaller(
    place: Any, velocity: Any, hand: Any, swing: Any
) -> None:
    people = boxes(place)
    body = path([*place, 0.9], [*velocity, 0.0], sure=0.1)
    arm = path([*hand, 1.0], [*swing, 0.2], part="hand", sure=0.1)
    assert (reach(body + arm, people) >= reach(body, people)).all()


def test_a_person_who_comes_reaches_farther_than_one_who_leaves() -> None:
    people = boxes((1.5, 0.0))
    comes = reach(path([1.5, 0, 0.9], [-1.2, 0, 0], sure=0.1), people)
    leaves = reach(path([1.5, 0, 0.9], [1.2, 0, 0], sure=0.1), people)
    assert (comes > leaves + 0.3).all()


def test_a_person_who_passes_by_reaches_less_than_one_who_comes() -> None:
    people = boxes((1.5, 0.0))
    comes = reach(path([1.5, 0, 0.9], [-1.2, 0, 0]), people)
    passes = reach(path([1.5, 0, 0.9], [0, 1.2, 0]), people)
    assert passes[0, 0] < 0.1 < comes[0, 0]
    assert comes[0, 0] == pytest.approx(0.48)


def test_a_hand_counts_only_beyond_what_its_box_already_reaches() -> None:
    people = boxes((1.5, 0.0))  # its box begins at x = 1.3
    body = path([1.5, 0, 0.9], [0, 0, 0])
    inside = path([1.45, 0, 0.8], [-0.5, 0, 0], part="hand")
    outside = path([1.0, 0, 0.8], [-0.5, 0, 0], part="hand")
    assert reach(body + inside, people)[0, 0] == pytest.approx(0.2 - 0.15 + HAND_RADIUS)
    assert reach(body + outside, people)[0, 0] == pytest.approx(0.2 + 0.3 + HAND_RADIUS)


def test_uncertainty_is_added_at_the_quantile_asked_for() -> None:
    people = boxes((1.5, 0.0))
    got = reach(path([1.5, 0, 0.9], [-1, 0, 0], sure=0.2), people)[0, 0]
    assert got == pytest.approx(0.4 + quantile(0.95) * 0.2 * 0.9)


def test_rows_are_those_of_the_boxes_whatever_the_order_of_forecasts() -> None:
    people = boxes((1.5, 0.0), (0.0, 1.5), (-1.5, 0.0))
    stands = path([0, 1.5, 0.9], [0, 0, 0], key=2)
    comes = path([1.5, 0, 0.9], [-1, 0, 0], key=1)
    stranger = path([0, 0, 0.9], [5, 0, 0], key=9)
    got = reach(stranger + stands + comes, people)
    assert got[0, 0] == pytest.approx(0.4)
    np.testing.assert_array_equal(got[1:], 0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_forecast_that_is_not_finite_counts_as_none(value: float) -> None:
    people = boxes((1.5, 0.0))
    broken = [PartForecast(1, "body", ahead, np.array([value, 0.0, 0.9]), 0.1) for ahead in AHEAD]
    np.testing.assert_array_equal(reach(broken, people), 0.0)
    np.testing.assert_array_equal(reach([], people), 0.0)
    assert reach([], boxes()).shape == (0, len(LINKS))


def test_a_hand_without_its_body_is_not_lost() -> None:
    people = boxes((1.5, 0.0))
    arm = path([1.0, 0, 0.8], [-0.5, 0, 0], part="left_hand")
    assert reach(arm, people)[0, 0] == pytest.approx(0.2 + 0.3 + HAND_RADIUS)
