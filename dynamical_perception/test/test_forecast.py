"""What is forecast of people and the robot."""

import numpy as np

from dynamical_perception.catalogue import Motion
from dynamical_perception.forecast import LINK_RADIUS, forecast
from dynamical_perception.tracks import TrackState

ROBOT = np.zeros((1, 3))
STILL = np.zeros((1, 3))


def person(x: float, speed: float, *, motion: Motion = Motion.AGENT) -> TrackState:
    return TrackState(
        id=1,
        instance="",
        class_id="person",
        color="",
        motion=motion,
        position=np.array([x, 0.0, 0.0]),
        yaw=0.0,
        size=np.array([0.4, 0.4, 1.8]),
        velocity=np.array([speed, 0.0, 0.0]),
        covariance=np.diag([0.03, 0.03, 0.03, 0.1, 0.1, 0.1]) ** 2,
        confidence=1.0,
        cameras=("head",),
        stamp=0.0,
    )


def test_nobody_means_infinite_separation_and_no_contact():
    result = forecast([], ROBOT, STILL)
    assert np.isposinf(result.separation).all()
    assert (result.probability == 0.0).all()
    assert len(result.separation) == 10


def test_a_cup_is_not_a_person():
    result = forecast([person(0.3, 0.0, motion=Motion.MOVABLE)], ROBOT, STILL)
    assert np.isposinf(result.separation).all()


def test_a_person_who_walks_up_comes_nearer_at_that_speed():
    result = forecast([person(2.0, -1.0)], ROBOT, STILL)
    expected = 2.0 - 0.2 - LINK_RADIUS - np.arange(1, 11) * 0.1
    np.testing.assert_allclose(result.separation, expected, atol=1e-9)
    assert result.probability[0] < 1e-6


def test_contact_becomes_probable_and_never_less_probable_with_time():
    result = forecast([person(1.0, -1.2)], ROBOT, STILL)
    assert result.probability[-1] > 0.4
    assert (np.diff(result.probability) >= 0.0).all()
    assert result.separation[-1] == 0.0


def test_a_person_who_walks_away_is_no_danger():
    result = forecast([person(1.0, 1.0)], ROBOT, STILL)
    assert result.probability[-1] < 0.02
    assert (np.diff(result.separation) > 0.0).all()


def test_the_robots_own_motion_counts():
    result = forecast([person(1.0, 0.0)], ROBOT, np.array([[0.5, 0.0, 0.0]]))
    assert result.separation[-1] < result.separation[0] - 0.4
