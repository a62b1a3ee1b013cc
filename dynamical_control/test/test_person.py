"""The scripted person walks its path at the speed it was told, waits, stays and leaves."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.errors import SceneError
from dynamical_control.simulation.person import (
    ABSENT,
    LEFT,
    PARTS,
    RIGHT,
    Person,
    hand_position,
    part_poses,
)


def walker(points, *, speed=1.0, dwell=0.0, now=0.0):
    person = Person()
    person.walk(points, speed=speed, dwell=dwell, now=now)
    return person


def test_nobody_is_there_at_first():
    assert not Person().present
    positions, _ = part_poses(None)
    np.testing.assert_array_equal(positions, np.tile(ABSENT, (len(PARTS), 1)))


def test_it_walks_at_the_given_speed_and_stays_at_the_end():
    person = walker([(3.0, 0.0), (1.0, 0.0)], speed=0.5, now=10.0)
    assert person.stance(12.0).x == pytest.approx(2.0)
    assert person.stance(12.0).moving
    end = person.stance(100.0)
    assert (end.x, end.y, end.moving) == (1.0, 0.0, False)
    assert end.heading == pytest.approx(math.pi)


def test_it_waits_at_every_point():
    person = walker([(2.0, 0.0), (1.0, 0.0), (1.0, 1.0)], dwell=2.0)
    assert person.stance(1.9).x == 2.0
    assert person.stance(2.5).x == pytest.approx(1.5)
    assert person.stance(4.5).y == 0.0
    assert person.stance(5.5).y == pytest.approx(0.5)


def test_a_new_path_begins_where_the_person_stands_without_waiting():
    person = walker([(2.0, 0.0), (1.0, 0.0)])
    person.walk([(1.5, 1.0)], speed=1.0, dwell=3.0, now=0.5)
    stance = person.stance(0.75)
    assert (stance.x, stance.y) == (pytest.approx(1.5), pytest.approx(0.25))


def test_an_empty_path_sends_it_away_at_once():
    person = walker([(2.0, 0.0)])
    assert person.present
    person.walk([], speed=1.0, dwell=0.0, now=1.0)
    assert not person.present
    with pytest.raises(SceneError, match="not in the scene"):
        person.stance(1.0)


@pytest.mark.parametrize(
    ("points", "speed", "dwell", "named"),
    [
        ([(0.0, 0.0)], 0.0, 0.0, "0.0 m/s"),
        ([(0.0, 0.0)], 2.5, 0.0, "2.5 m/s"),
        ([(0.0, 0.0)], math.nan, 0.0, "nan m/s"),
        ([(0.0, 0.0)], 1.0, -1.0, "-1.0 s"),
        ([(math.nan, 0.0)], 1.0, 0.0, "not finite"),
    ],
)
def test_a_walk_that_makes_no_sense_is_refused_by_its_number(points, speed, dwell, named):
    with pytest.raises(SceneError, match=named):
        walker(points, speed=speed, dwell=dwell)


_point = st.tuples(st.floats(-3, 3), st.floats(-3, 3))


@given(
    points=st.lists(_point, min_size=1, max_size=5),
    speed=st.floats(0.1, 2.0),
    dwell=st.floats(0.0, 2.0),
    time=st.floats(0.0, 60.0),
)
def test_it_never_moves_faster_than_told(points, speed, dwell, time):
    person = walker(points, speed=speed, dwell=dwell)
    first, second = person.stance(time), person.stance(time + 0.1)
    moved = math.hypot(second.x - first.x, second.y - first.y)
    assert moved <= 0.1 * speed + 1e-6


def test_legs_swing_against_each_other_while_it_walks():
    person = walker([(3.0, 0.0), (0.0, 0.0)])
    _, walking = part_poses(person.stance(0.3))
    assert not np.allclose(walking[1], walking[2])
    _, standing = part_poses(person.stance(10.0))
    np.testing.assert_allclose(standing[1], standing[2])
    np.testing.assert_allclose(np.linalg.norm(walking, axis=1), 1.0)


def test_it_stretches_an_arm_towards_a_point_and_takes_it_back():
    person = walker([(0.0, 0.0), (1.0, 0.0)])
    target = (1.6, 0.3, 1.1)
    before = hand_position(person.stance(5.0), LEFT)
    person.reach(target, now=5.0, duration=0.6, hold=0.5)
    away = [
        float(np.linalg.norm(hand_position(person.stance(5.0 + t), LEFT) - target))
        for t in (0.0, 0.2, 0.4, 0.6, 1.0)
    ]
    assert away[0] > away[1] > away[2] > away[3] == pytest.approx(away[4])
    shoulder = part_poses(person.stance(6.0))[0][3]
    hand = hand_position(person.stance(5.8), LEFT) - shoulder
    wanted = np.array(target) - shoulder
    assert hand @ wanted == pytest.approx(np.linalg.norm(hand) * np.linalg.norm(wanted))
    np.testing.assert_allclose(hand_position(person.stance(6.8), LEFT), before, atol=1e-9)
    assert person.stance(5.8).reach.side == LEFT


@given(
    target=st.tuples(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 2)),
    time=st.floats(0.0, 3.0),
)
def test_a_reach_keeps_the_arm_in_one_piece_and_never_jumps(target, time):
    person = walker([(1.0, 0.5)])
    person.reach(target, now=0.5)
    for side in (LEFT, RIGHT):
        hands = [hand_position(person.stance(time + t), side) for t in (0.0, 0.001)]
        assert np.linalg.norm(hands[1] - hands[0]) < 0.02
    _, quaternions = part_poses(person.stance(time))
    np.testing.assert_allclose(np.linalg.norm(quaternions, axis=1), 1.0)


@pytest.mark.parametrize(
    ("target", "changes", "named"),
    [
        ((math.nan, 0.0, 1.0), {}, "not finite"),
        ((1.0, 0.0, 1.0), {"duration": 0.0}, "0.0 s"),
        ((1.0, 0.0, 1.0), {"hold": -1.0}, "-1.0 s"),
        ((1.0, 0.0, 1.0), {"side": 3}, "is 3"),
    ],
)
def test_a_reach_that_makes_no_sense_is_refused_by_its_number(target, changes, named):
    with pytest.raises(SceneError, match=named):
        walker([(2.0, 0.0)]).reach(target, now=0.0, **changes)


def test_who_is_absent_cannot_reach():
    with pytest.raises(SceneError, match="not in the scene"):
        Person().reach((1.0, 0.0, 1.0), now=0.0)
