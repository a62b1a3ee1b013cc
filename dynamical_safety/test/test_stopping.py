"""The robot's stopping behaviour: data that is believed, and whether it is true."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from dynamical_safety.errors import DataError
from dynamical_safety.stopping import load_stopping

LINKS = ("left_hand_index_1_link", "right_elbow_link", "torso_link", "some_unknown_link")
GOOD: dict[str, Any] = {
    "robot": "test",
    "speed": [0.0, 1.0, 2.0],
    "category_1": {
        "arm": {"links": "arm", "time": [0.0, 0.1, 0.3], "distance": [0.0, 0.05, 0.2]},
        "any": {"links": "", "time": [0.0, 0.2, 0.4], "distance": [0.0, 0.06, 0.3]},
    },
}


def written(folder: Path, document: Any) -> Path:
    path = folder / "stopping.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def test_faster_links_need_more_time_and_way_to_stand() -> None:
    table = load_stopping().table(LINKS, margin=1.0)
    times, ways = zip(*(table.at(np.full(4, u)) for u in np.arange(0.0, 8.0, 0.05)), strict=True)
    assert (np.diff(times, axis=0) >= 0.0).all()
    assert (np.diff(ways, axis=0) >= 0.0).all()
    assert (ways[0] == 0.0).all()


def test_a_link_that_nobody_measured_stops_like_the_worst_one() -> None:
    table = load_stopping().table(LINKS, margin=1.0)
    assert (table.time.max(axis=1) == table.time[:, 3]).all()
    assert (table.distance.max(axis=1) == table.distance[:, 3]).all()


def test_beyond_the_fastest_measurement_the_way_grows_with_the_square(tmp_path: Path) -> None:
    table = load_stopping(written(tmp_path, GOOD)).table(("arm",), margin=1.0)
    time, way = table.at(np.array([4.0]))
    assert time[0] >= 0.6
    assert way[0] == pytest.approx(0.8)
    assert table.at(np.array([0.5]))[1][0] == pytest.approx(0.025)


def test_the_margin_lengthens_every_stop(tmp_path: Path) -> None:
    data = load_stopping(written(tmp_path, GOOD))
    assert data.table(("arm",), margin=1.5).distance[2, 0] == pytest.approx(0.3)


def test_without_drives_the_arm_falls_even_from_rest() -> None:
    data = load_stopping(category=0)
    assert data.curve("left_hand_index_1_link").distance[0] > 0.3


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"speed": [0.1, 1.0, 2.0]}, "speed"),
        ({"speed": [0.0, 2.0, 1.0]}, "speed"),
        ({"speed": "fast"}, "speed"),
        ({"category_1": {}}, "category_1"),
        ({"category_1": {"any": {"links": ""}}}, "time"),
        ({"category_1": {"arm": GOOD["category_1"]["arm"]}}, "last"),
        ({"category_1": {"any": {**GOOD["category_1"]["any"], "links": "("}}}, "links"),
        ({"category_1": {"any": {**GOOD["category_1"]["any"], "time": [0, 1]}}}, "time"),
        ({"category_1": {"any": {**GOOD["category_1"]["any"], "time": [0, 2, 1]}}}, "time"),
        (
            {"category_1": {"any": {**GOOD["category_1"]["any"], "distance": [0, np.nan, 1]}}},
            "distance",
        ),
    ],
)
def test_data_that_cannot_be_true_is_refused_and_named(
    tmp_path: Path, change: dict[str, Any], named: str
) -> None:
    with pytest.raises(DataError, match=named):
        load_stopping(written(tmp_path, {**GOOD, **change}))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"missing\.yaml"):
        load_stopping(tmp_path / "missing.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("speed: [0, 1")
    with pytest.raises(DataError, match=r"broken\.yaml"):
        load_stopping(broken)


def test_the_simulated_robot_stops_within_the_shipped_curves(robot: Any) -> None:
    from dynamical_control.simulation.stopping_identification import Rig, Trial

    rig = Rig(robot.mjcf_path, payload=0.5)
    table = load_stopping().table(rig.links, margin=1.0)
    trials = (
        ("stretched ahead", {"shoulder_pitch": 1.0}, 1.0),
        # Between the speeds and motions that the curves were made from.
        ("bent at work", {"waist_yaw": -1.0, "elbow": 0.6}, 1.3),
        ("stretched aside", {"shoulder_roll": -1.0, "wrist_pitch": 0.7}, 0.8),
    )
    for posture, motion, speed in trials:
        trial = Trial(category=1, posture=posture, motion=motion, speed=speed, payload=0.5)
        found = rig.run(trial)
        time, way = table.at(found.speed)
        part = found.speed > 0.02
        margin = robot.parameters.stopping_margin
        assert (found.distance[part] <= margin * way[part] + 1e-3).all()
        assert (found.time[part] <= margin * time[part] + 0.02).all()
