"""A person's hands, from rendered pictures and from points."""

from collections.abc import Iterator

import numpy as np
import pytest
from perception_room import MOUNTS, Room

from dynamical_control.simulation.person import (
    LEFT,
    RIGHT,
    Person,
    Stance,
    hand_position,
    part_poses,
)
from dynamical_perception.hands import Hands, find_hands
from dynamical_perception.segments import Segment

START = 1000.0
EYE = np.array([0.0, 0.0, 1.3])


def _stand(room: Room, stance: Stance | None) -> None:
    positions, quaternions = part_poses(stance)
    room.world.data.mocap_pos[room.world._mocap] = positions
    room.world.data.mocap_quat[room.world._mocap] = quaternions


@pytest.fixture
def empty_room(room: Room) -> Iterator[Room]:
    room.world.reset(seed=0)
    yield room
    room.world.reset(seed=0)


def _watch(room: Room, person: Person, times: np.ndarray) -> list[tuple[np.ndarray, ...]]:
    """Hands told at each time; the cameras look in turn, as they do when pictures are rare."""
    perception, told = room.perception(), []
    for i, time in enumerate(times):
        _stand(room, person.stance(time))
        room.look(perception, START + time, (MOUNTS[1 + i % 2],))
        tracks = {state.instance: state for state in perception.tracks(START + time)}
        told.append(tracks["person"].hands if "person" in tracks else ())
    return told


@pytest.mark.parametrize(
    ("place", "target"),
    [
        ((1.0, 0.1), (0.45, -0.1, 0.95)),
        ((0.3, -1.0), (0.35, -0.3, 0.90)),
        ((0.4, 1.05), (0.35, 0.3, 1.0)),
    ],
)
def test_a_hand_that_reaches_out_is_found_where_it_is(
    empty_room: Room, place: tuple[float, float], target: tuple[float, float, float]
):
    person = Person()
    person.walk([place], speed=1.0, dwell=0.0, now=0.0)
    turned = np.arctan2(target[1] - place[1], target[0] - place[0])
    step = 0.05 * np.array([np.cos(turned), np.sin(turned)])
    person.walk([tuple(place + step)], speed=1.0, dwell=0.0, now=0.0)
    person.reach(target, now=0.3, duration=0.65, hold=0.6)
    times = np.arange(0.2, 2.5, 0.1)
    told = _watch(empty_room, person, times)
    errors = []
    for time, hands in zip(times, told, strict=True):
        stance = person.stance(time)
        truth = [hand_position(stance, side) for side in (LEFT, RIGHT)]
        assert len(hands) <= 1
        errors += [min(np.linalg.norm(hand - t) for t in truth) for hand in hands]
    held = [hands for time, hands in zip(times, told, strict=True) if 0.95 <= time <= 1.5]
    assert all(held)
    assert np.median(errors) < 0.04
    assert max(errors) < 0.30  # one that stops, or is no longer seen, is carried on for a moment
    assert told[0] == told[-1] == ()


def test_arms_that_swing_along_the_body_are_not_told(empty_room: Room):
    person = Person()
    person.walk([(2.4, 0.2), (1.0, 0.2)], speed=1.0, dwell=0.0, now=0.0)
    assert not any(_watch(empty_room, person, np.arange(0.2, 1.4, 0.1)))


def _view(points: np.ndarray, stamp: float = START) -> Segment:
    return Segment(
        camera="head",
        instance="person",
        class_id="person",
        stamp=stamp,
        points=points,
        pixels=len(points),
        colors=np.zeros(12),
        eye=EYE,
        pixel=0.005,
        top_clear=True,
        bottom_clear=True,
        cut=False,
        hidden=0.0,
    )


def _body(*hands: tuple[float, float, float]) -> np.ndarray:
    """Points on the near side of a trunk at x = 2, and on straight arms to the hands."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(np.pi / 2, 3 * np.pi / 2, 300)
    trunk = np.stack(
        (2.0 + 0.15 * np.cos(angle), 0.15 * np.sin(angle), rng.uniform(0.7, 1.6, 300)), 1
    )
    clouds = [trunk]
    for hand in hands:
        shoulder = np.array([2.0, np.sign(hand[1]) * 0.215, 1.40])
        along = np.linspace(0.0, 1.0, 40)[:, None]
        clouds.append(shoulder + along * (hand - shoulder) + rng.normal(0.0, 0.01, (40, 3)))
    return np.concatenate(clouds)


def test_both_hands_are_found_though_near_each_other():
    hands = [(1.45, 0.15, 1.1), (1.45, -0.15, 1.1)]
    found = sorted(find_hands(_body(*hands), np.array([2.0, 0.0]), EYE), key=lambda h: -h[1])
    assert len(found) == 2
    for got, wanted in zip(found, hands, strict=True):
        assert np.linalg.norm(got - wanted) < 0.08


def test_a_body_without_stretched_arms_has_no_hands():
    assert find_hands(_body(), np.array([2.0, 0.0]), EYE) == []


def test_a_few_flying_pixels_are_no_hand():
    flying = np.array([[1.2, 0.3, 1.2], [1.0, 0.2, 1.0], [2.1, 0.9, 1.3]])
    points = np.concatenate((_body((1.45, 0.2, 1.1)), flying))
    found = find_hands(points, np.array([2.0, 0.0]), EYE)
    assert len(found) == 1
    assert np.linalg.norm(found[0] - (1.45, 0.2, 1.1)) < 0.08


def test_a_hand_that_is_not_seen_again_is_told_no_more():
    hands = Hands()
    hands.update(_view(_body((1.45, 0.2, 1.1))))
    assert len(hands.positions(START + 0.2)) == 1
    assert hands.positions(START + 0.3) == ()


def test_a_view_of_an_arm_alone_has_no_trunk_to_measure_from():
    hands = Hands()
    hands.update(_view(_body((1.45, 0.2, 1.1))[300:]))
    assert hands.positions(START) == ()
