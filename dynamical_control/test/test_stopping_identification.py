"""How stopping behaviour is measured."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.stopping_identification import (
    ACCELERATION,
    JERK,
    KNOTS,
    Rig,
    Trial,
    braking,
    document,
    envelope,
    trials,
)


@pytest.fixture(scope="module")
def rig() -> Rig:
    return Rig(Path(ensure_robot_model().mjcf), payload=0.0)


def stop(rig: Rig, speed: float, **changes: Any) -> Any:
    values = {
        "category": 1,
        "posture": "stretched ahead",
        "motion": {"shoulder_pitch": 1.0},
        "speed": speed,
        "payload": 0.0,
    }
    return rig.run(Trial(**{**values, **changes}))


@given(st.floats(0.01, 5.0))
def test_braking_keeps_to_acceleration_and_jerk_and_ends_at_rest(speed: float) -> None:
    period = 0.001
    left = speed * np.concatenate(([1.0, 1.0], braking(speed, period), [0.0, 0.0]))
    acceleration = np.diff(left) / period
    assert left[-3] == 0.0
    assert (acceleration <= 1e-9).all()
    assert np.abs(acceleration).max() <= ACCELERATION * 1.001
    # The last tick is cut short where the profile ends.
    assert np.abs(np.diff(acceleration)).max() / period <= 2.0 * JERK


@given(st.lists(st.tuples(st.floats(0.02, 3.2), st.floats(0.0, 1.0)), min_size=1, max_size=30))
def test_no_sample_lies_above_its_curve(samples: list[tuple[float, float]]) -> None:
    speed, value = np.array(samples).T
    curve = envelope(KNOTS, speed, value)
    assert (np.diff(curve) >= 0.0).all()
    assert (np.interp(speed, KNOTS, curve) >= value - 1e-9).all()


def test_a_faster_throw_needs_more_time_and_way(rig: Rig) -> None:
    slow, fast = stop(rig, 0.5), stop(rig, 2.0)
    hand = rig.links.index("left_hand_index_1_link")
    assert fast.speed[hand] > 3.0 * slow.speed[hand]
    assert fast.distance[hand] > 2.0 * slow.distance[hand]
    assert fast.time[hand] > slow.time[hand]
    # Braking alone takes this long.
    assert fast.time[hand] > 0.05
    assert fast.distance[hand] > 0.5 * fast.speed[hand] * 0.1


def test_links_that_take_no_part_do_not_move(rig: Rig) -> None:
    found = stop(rig, 1.0, motion={"wrist_yaw": 1.0})
    leg = rig.links.index("left_knee_link")
    assert found.speed[leg] < 0.01
    assert found.time[leg] == 0.0


def test_drives_off_let_the_arm_fall(rig: Rig) -> None:
    found = stop(rig, 0.25, category=0)
    hand = rig.links.index("left_hand_index_1_link")
    assert found.distance[hand] > 0.3


def test_every_payload_posture_and_motion_is_tried_both_ways() -> None:
    tried = list(trials(1))
    assert len(tried) == len({str(trial) for trial in tried})
    assert {trial.payload for trial in tried} == {0.0, 0.5}
    assert len(tried) % 2 == 0


def test_the_file_holds_a_curve_for_every_group_and_the_worst_for_all(rig: Rig) -> None:
    found = yaml.safe_load(document({1: [stop(rig, 1.0), stop(rig, 2.0)]}, rig.links))
    groups = found["category_1"]
    assert groups["any"]["links"] == ""
    for group in groups.values():
        assert len(group["time"]) == len(group["distance"]) == len(found["speed"])
        assert (np.array(group["distance"]) <= np.array(groups["any"]["distance"])).all()
