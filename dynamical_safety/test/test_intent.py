"""Where people will be, and how surely that is known."""

import itertools
import json
import math
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_control.simulation.person import LEFT, RIGHT, Person, hand_position
from dynamical_safety.intent import AHEAD, MEMORY, IntentPredictor, PartForecast
from dynamical_safety.intent_numbers import intent_arrays, intent_numbers, read_intent_numbers
from dynamical_safety.training import intent_grading as grading
from dynamical_safety.training import intent_rivals as rivals
from dynamical_safety.training.people_motion import WALKS, reaches, walks

NUMBERS = read_intent_numbers()
START = 1000.0
NO_HANDS = np.zeros((0, 3))


@dataclass
class Seen:
    centre: np.ndarray
    stamp: float
    deviation: float = 0.03
    hands: Any = field(default_factory=lambda: NO_HANDS)
    id: int = 1


@dataclass
class Tracks:
    stamp: float
    people: tuple[Seen, ...]


def seen(x: float, y: float, stamp: float, **more: Any) -> Seen:
    return Seen(np.array([x, y, 0.9]), stamp, **more)


def show(predictor: IntentPredictor, *people: Seen, **more: Any) -> None:
    stamp = max(person.stamp for person in people)
    predictor.update(Tracks(stamp, people), stamp, **more)


def walked(speed: float, frames: int = 12, **more: Any) -> tuple[IntentPredictor, float]:
    """Somebody walked along x; predictor, and time of the last sighting."""
    predictor = IntentPredictor(NUMBERS)
    for i in range(frames):
        show(predictor, seen(0.1 * i * speed, 0.0, START + 0.1 * i, **more))
    return predictor, START + 0.1 * (frames - 1)


def parts(forecasts: tuple[PartForecast, ...], part: str = "body") -> list[PartForecast]:
    return [item for item in forecasts if item.part == part]


def test_a_person_who_walks_straight_is_expected_on_their_way() -> None:
    predictor, now = walked(1.2)
    start, half, whole = (item.position for item in parts(predictor.forecast(now)))
    assert start[0] == pytest.approx(1.32, abs=0.1)
    assert half[0] - start[0] == pytest.approx(0.6, abs=0.2)
    assert whole[0] - start[0] == pytest.approx(1.2, abs=0.4)
    assert whole[2] == 0.9


def test_a_person_who_stands_is_expected_where_they_stand() -> None:
    predictor, now = walked(0.0)
    for item in parts(predictor.forecast(now)):
        assert item.position[:2] == pytest.approx((0.0, 0.0), abs=0.08)


sighting = st.tuples(
    st.floats(0.05, 0.4), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3), st.floats(0.01, 0.2)
)


@settings(max_examples=40, deadline=None)
@given(
    story=st.lists(sighting, min_size=2, max_size=8),
    drop=st.integers(0, 7),
    noisier=st.floats(1.0, 5.0),
    older=st.floats(0.0, 0.3),
)
def test_older_sparser_or_noisier_input_never_gives_smaller_deviations(
    story: list[Any], drop: int, noisier: float, older: float
) -> None:
    def deviations(dropped: int, noise: float, age: float) -> list[float]:
        predictor, now, place = IntentPredictor(NUMBERS), START, np.zeros(2)
        for i, (time, dx, dy, deviation) in enumerate(story):
            now, place = now + time, place + np.array([dx, dy])
            if i and i == dropped:
                continue
            person = seen(*place, now - age, deviation=noise * deviation)
            show(predictor, person)
        return [item.deviation for item in parts(predictor.forecast(now))]

    best = deviations(-1, 1.0, 0.0)
    last = drop == len(story) - 1 and story[-1][0] > MEMORY
    for worse in (
        deviations(-1, noisier, 0.0),
        deviations(-1, 1.0, older),
        [] if last else deviations(drop, 1.0, 0.0),
    ):
        assert all(a <= b + 1e-12 for a, b in zip(best, worse, strict=False))


@settings(max_examples=30, deadline=None)
@given(st.floats(0.0, 0.9), st.lists(st.floats(0.0, 2.0), min_size=2, max_size=6))
def test_deviations_never_fall_with_the_time_ahead(age: float, ahead: list[float]) -> None:
    predictor, now = walked(1.0, hands=np.array([[0.6, 0.1, 1.1]]))
    forecasts = predictor.forecast(now + age, sorted(ahead))
    assert {item.part for item in forecasts} == {"body", forecasts[-1].part}
    for part in {item.part for item in forecasts}:
        pairs = itertools.pairwise(parts(forecasts, part))
        assert all(a.deviation <= b.deviation for a, b in pairs)


def test_a_track_that_is_not_seen_again_only_grows_less_certain() -> None:
    predictor, now = walked(0.5)
    before = [item.deviation for item in predictor.forecast(now)]
    stale = seen(0.55, 0.0, now)
    predictor.update(Tracks(now + 0.3, (stale,)), now + 0.3)
    after = [item.deviation for item in predictor.forecast(now + 0.3)]
    assert all(a < b for a, b in zip(before, after, strict=True))


def test_who_was_not_seen_for_long_is_forecast_no_more() -> None:
    predictor, now = walked(0.5)
    assert predictor.forecast(now + 0.95)
    assert predictor.forecast(now + 1.05) == ()
    predictor.update(Tracks(now + 1.05, ()), now + 1.05)
    assert predictor.forecast(now) == ()


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_not_finite_is_no_sighting(value: float) -> None:
    predictor, now = walked(1.0)
    before = predictor.forecast(now + 0.1)
    show(predictor, seen(value, 0.0, now + 0.1))
    for item, same in zip(predictor.forecast(now + 0.1), before, strict=True):
        np.testing.assert_array_equal(item.position, same.position)
        assert item.deviation == same.deviation
    predictor.update(Tracks(value, (seen(0.0, 0.0, now + 0.2),)), now + 0.2)
    show(predictor, seen(1.2, 0.0, now + 0.3, deviation=value, hands=np.full((2, 3), value)))
    forecasts = predictor.forecast(now + 0.3)
    assert len(forecasts) == len(AHEAD)
    assert all(np.isfinite([*item.position, item.deviation]).all() for item in forecasts)


def test_a_person_put_elsewhere_is_no_longer_sure_to_walk_as_before() -> None:
    predictor, now = walked(1.5)
    before = parts(predictor.forecast(now))[-1]
    show(predictor, seen(-3.0, 2.0, now + 0.1))
    after = parts(predictor.forecast(now + 0.1))
    assert after[0].position[:2] == pytest.approx((-3.0, 2.0), abs=0.1)
    assert after[-1].position[:2] == pytest.approx((-3.0, 2.0), abs=0.3)
    assert after[-1].deviation >= before.deviation


def _reaching(target: np.ndarray, until: float) -> tuple[IntentPredictor, float, np.ndarray]:
    """A hand on its way; predictor, time, and where the hand is."""
    predictor, now, hand = IntentPredictor(NUMBERS), START, np.zeros(3)
    start = np.array([0.05, 0.235, 0.81])
    for i in range(round(until / 0.1) + 1):
        now = START + 0.1 * i
        t = min(0.1 * i / 0.7, 1.0)
        share = t**3 * (10 - 15 * t + 6 * t**2)
        hand = start + share * (target - start)
        told = hand[None] if np.linalg.norm(hand[:2]) > 0.34 else NO_HANDS
        person = seen(0.3 * hand[0], 0.3 * hand[1], now, hands=told)
        show(predictor, person, targets=target[None])
    return predictor, now, hand


def test_a_hand_on_its_way_is_expected_nearer_to_its_target() -> None:
    target = np.array([0.60, 0.20, 1.10])
    predictor, now, hand = _reaching(target, 0.4)
    assert 0.05 < np.linalg.norm(hand - target) < 0.5
    later = predictor.forecast(now)[-2].position
    assert np.linalg.norm(later - target) < 0.6 * np.linalg.norm(hand - target)


def test_a_hand_at_rest_is_expected_to_stay() -> None:
    target = np.array([0.60, 0.20, 1.10])
    predictor, now, hand = _reaching(target, 1.5)
    for item in predictor.forecast(now)[-3:-1]:
        assert np.linalg.norm(item.position - hand) < 0.15


def test_hands_are_left_and_right_as_the_person_has_them() -> None:
    hands = np.array([[0.5, -0.25, 1.0], [0.5, 0.25, 1.0]])
    predictor, now = walked(0.0, hands=hands)
    forecasts = predictor.forecast(now)
    assert parts(forecasts, "left_hand")[0].position[1] == pytest.approx(0.25, abs=0.05)
    assert parts(forecasts, "right_hand")[0].position[1] == pytest.approx(-0.25, abs=0.05)
    show(predictor, seen(0.0, 0.0, now + 0.1, hands=hands[::-1]))
    swapped = parts(predictor.forecast(now + 0.1), "left_hand")
    assert swapped[0].position[1] == pytest.approx(0.25, abs=0.05)


def test_there_are_never_more_than_two_hands() -> None:
    predictor, now = walked(0.0, hands=np.array([[0.5, 0.4, 1.0], [0.5, -0.4, 1.0]]))
    places = np.array([[-0.6, 0.0, 1.0], [0.0, 1.2, 1.0], [0.0, -1.2, 1.0]])
    show(predictor, seen(0.0, 0.0, now + 0.1, hands=places))
    assert len(predictor.forecast(now + 0.1)) == 3 * len(AHEAD)


def test_people_do_not_change_each_others_forecast() -> None:
    alone, now = walked(1.0)
    both = IntentPredictor(NUMBERS)
    for i in range(12):
        stamp = START + 0.1 * i
        other = seen(2.0, -0.05 * i, stamp, id=2, hands=np.array([[2.5, 0.0, 1.1]]))
        show(both, other, seen(0.1 * i, 0.0, stamp))
    mine = [item for item in both.forecast(now) if item.track_id == 1]
    for item, same in zip(mine, alone.forecast(now), strict=True):
        np.testing.assert_allclose(item.position, same.position, atol=1e-9)
        assert item.deviation == pytest.approx(same.deviation)


def test_the_predictor_runs_as_it_was_trained() -> None:
    observed, part = walks("turns", 3, seed=900), NUMBERS.body
    observed.there[:] = True
    frames = list(rivals.replay(observed, part.motion, part.certainty))[:20]
    wanted = rivals.corrected(part)(frames[-1], np.array(AHEAD))[0]
    sure = part.certainty.deviation(frames[-1].variance[:, 0], frames[-1].age[0], np.array(AHEAD))
    predictor, now = IntentPredictor(NUMBERS), 0.0
    for i in range(len(frames) + 2):
        now = START + 0.1 * i
        show(predictor, seen(*observed.seen[0, i], now, deviation=observed.deviation[0]))
    forecasts = parts(predictor.forecast(now + observed.delay[0]))
    got = np.array([item.position[:2] for item in forecasts])
    np.testing.assert_allclose(got, wanted, atol=1e-6)
    assert [item.deviation for item in forecasts] == pytest.approx(list(sure))


def test_the_numbers_are_written_and_read_without_loss() -> None:
    arrays = intent_arrays(NUMBERS)
    again = intent_arrays(intent_numbers(arrays))
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, again[name])


def test_the_shipped_numbers_beat_constant_velocity_on_motions_nobody_has_seen() -> None:
    for observed, part, steady in (
        ([walks(kind, 60, seed=901) for kind in WALKS], NUMBERS.body, 0.5),
        ([reaches(200, seed=901)], NUMBERS.hand, 1.2),
    ):
        ours = grading.grade(observed, part.motion, rivals.corrected(part)).table()
        numbers = rivals.constant_velocity(steady, part.motion.start_speed)
        theirs = grading.grade(observed, numbers, rivals.steady_alone).table()
        assert all(ours[figure] < 0.95 * theirs[figure] for figure in ours)


def test_as_many_motions_as_stated_lie_within_the_deviations() -> None:
    ahead = np.array([0.5, 1.0])
    for observed, part, axes in (
        ([walks(kind, 80, seed=902) for kind in WALKS], NUMBERS.body, 2),
        ([reaches(200, seed=902)], NUMBERS.hand, 3),
    ):
        found, _, _ = grading.ratios(observed, part, ahead)
        within = grading.coverage(found, axes)
        assert min(within["within_50"]) >= 0.50
        assert min(within["within_90"]) >= 0.88
        assert min(within["within_95"]) >= 0.92


def test_the_metrics_beside_the_numbers_hold_every_kind_of_motion() -> None:
    path = resources.files("dynamical_safety") / "data" / "intent_metrics.json"
    metrics = json.loads(path.read_text())
    assert set(metrics["rows"]) == {*WALKS, "walks", "reaches"}
    held_out = set(metrics["seeds"]["held_out"])
    assert not held_out & {metrics["seeds"][name] for name in ("fit", "learn", "calibrate")}


def test_the_simulations_person_is_forecast_better_than_by_constant_velocity() -> None:
    """Who walks corners and reaches in the simulation is none of those learned from."""
    rng = np.random.default_rng(5)
    errors: dict[str, list[float]] = {"ours": [], "steady": []}
    for _ in range(12):
        person, predictor = Person(), IntentPredictor(NUMBERS)
        person.walk(
            [tuple(point) for point in rng.uniform(-1.5, 1.5, (4, 2))],
            speed=float(rng.uniform(0.6, 1.4)),
            dwell=float(rng.uniform(0.0, 1.0)),
            now=0.0,
        )
        places: list[np.ndarray] = []
        for i in range(45):
            now = 0.1 * i
            stance = person.stance(now)
            place = np.array([stance.x, stance.y]) + rng.normal(0.0, 0.03, 2)
            places.append(place)
            show(predictor, seen(*place, now))
            if i < 5:
                continue
            truth = person.stance(now + 0.5)
            expected = parts(predictor.forecast(now))[1].position[:2]
            line = np.polyfit(np.arange(-4, 1) * 0.1, np.array(places[-5:]), 1)
            steady = line[1] + 0.5 * line[0]
            for name, guess in (("ours", expected), ("steady", steady)):
                errors[name].append(math.hypot(guess[0] - truth.x, guess[1] - truth.y))
    assert np.mean(errors["ours"]) < 0.95 * np.mean(errors["steady"])


def test_the_simulations_reach_is_forecast_better_than_by_constant_velocity() -> None:
    rng = np.random.default_rng(6)
    errors: dict[str, list[float]] = {"ours": [], "steady": []}
    for i in range(12):
        person, predictor = Person(), IntentPredictor(NUMBERS)
        person.walk([(1.0, 0.1)], speed=1.0, dwell=0.0, now=0.0)
        target = tuple(rng.uniform((0.3, -0.3, 0.8), (0.6, 0.3, 1.2)))
        side = LEFT if i % 2 else RIGHT
        person.reach(target, now=0.3, duration=float(rng.uniform(0.5, 0.8)), side=side)
        places: list[tuple[float, np.ndarray]] = []
        for now in np.arange(0.0, 1.8, 0.1):
            hand = hand_position(person.stance(now), side)
            if np.linalg.norm(hand[:2] - (1.0, 0.1)) < 0.34:
                show(predictor, seen(1.0, 0.1, now))
                continue
            place = hand + rng.normal(0.0, 0.02, 3)
            places.append((now, place))
            middle = 0.3 * place[:2] + 0.7 * np.array([1.0, 0.1])
            show(predictor, seen(*middle, now, hands=place[None]), targets=np.array([target]))
            if len(places) < 2:
                continue
            truth = hand_position(person.stance(now + 0.5), side)
            forecasts = predictor.forecast(now)
            errors["ours"].append(float(np.linalg.norm(forecasts[-2].position - truth)))
            (then, before), (_, last) = places[-2:]
            steady = last + 0.5 * (last - before) / (now - then)
            errors["steady"].append(float(np.linalg.norm(steady - truth)))
    assert np.mean(errors["ours"]) < 0.8 * np.mean(errors["steady"])
