"""The filter: rest is rest, motion is followed, order does not matter much."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_perception.motion import BodyFilter

NOISE = 0.003**2 * np.eye(3)


def cup(position: np.ndarray) -> BodyFilter:
    return BodyFilter(
        position, NOISE, 0.0, acceleration=1.5, start_speed=0.3, rests=True, jump=0.2
    )


def person(position: np.ndarray) -> BodyFilter:
    noise = 0.05**2 * np.eye(3)
    return BodyFilter(
        position, noise, 0.0, acceleration=2.5, start_speed=1.0, rests=False, jump=1.0
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_a_body_at_rest_has_no_velocity_and_hardly_moves(seed: int):
    rng = np.random.default_rng(seed)
    body = cup(rng.normal(0.0, 0.002, 3))
    positions = []
    for i in range(1, 100):
        body.update(rng.normal(0.0, 0.002, 3), NOISE, 0.1 * i)
        state, covariance = body.predict(0.1 * i)
        assert (state[3:] == 0.0).all()
        assert np.linalg.eigvalsh(covariance).min() > -1e-12
        positions.append(state[:3])
    assert np.abs(np.array(positions)[30:]).max() < 0.003


def test_a_body_that_is_lifted_is_followed_and_rests_again():
    body = cup(np.zeros(3))
    rng = np.random.default_rng(3)
    for i in range(1, 60):
        t = 0.1 * i
        height = 0.15 * min(max(t - 1.0, 0.0), 1.0)
        body.update(np.array([0.0, 0.0, height]) + rng.normal(0, 0.001, 3), NOISE, t)
        state, _ = body.predict(t)
        if i > 13:
            assert abs(state[2] - height) < 0.015
        if 14 < i < 20:
            assert abs(state[5] - 0.15) < 0.06
    assert body.resting


def test_a_body_put_elsewhere_is_there_at_once_without_velocity():
    body = cup(np.zeros(3))
    assert body.update(np.array([0.4, 0.1, 0.0]), NOISE, 0.1)
    state, _ = body.predict(0.1)
    np.testing.assert_allclose(state, (0.4, 0.1, 0.0, 0.0, 0.0, 0.0))


def test_a_walking_person_has_its_speed_within_a_third_of_a_second():
    body = person(np.zeros(3))
    for i in range(1, 4):
        body.update(np.array([0.12 * i, 0.0, 0.9]), 0.05**2 * np.eye(3), 0.1 * i)
    state, _ = body.predict(0.3)
    assert 0.8 < state[3] < 1.5


def test_an_observation_that_comes_late_is_moved_to_now():
    body = person(np.zeros(3))
    for i in range(1, 15):
        body.update(np.array([0.1 * i, 0.0, 0.0]), 0.02**2 * np.eye(3), 0.1 * i)
    before, _ = body.predict(1.4)
    body.update(np.array([1.3, 0.0, 0.0]), 0.02**2 * np.eye(3), 1.3)
    after, _ = body.predict(1.4)
    assert abs(after[0] - before[0]) < 0.03


def test_what_is_not_seen_becomes_uncertain():
    body = person(np.zeros(3))
    _, soon = body.predict(0.1)
    _, late = body.predict(2.0)
    assert late[0, 0] > 10 * soon[0, 0]
