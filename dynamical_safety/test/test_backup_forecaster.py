"""The backup forecaster: its file, its network, and what it says of people who come and stay."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from dynamical_safety.backup_features import COUNT, HORIZONS, NAMES
from dynamical_safety.backup_forecaster import BackupForecaster
from dynamical_safety.backup_model import SHIPPED, BackupModel
from dynamical_safety.errors import ModelError
from dynamical_safety.forecast import Forecast
from dynamical_safety.people import Person

NOW = 1000.0
ABOUT = {
    "features": json.dumps(NAMES),
    "horizons": json.dumps(list(HORIZONS)),
    "contact": "0.15",
}


@pytest.fixture(scope="module")
def model() -> BackupModel:
    return BackupModel.load()


def person(x: float, y: float, *, vx: float = 0.0, stamp: float = NOW, **changes: Any) -> Person:
    values: dict[str, Any] = {
        "id": 7,
        "centre": np.array([x, y, 0.875]),
        "size": np.array([0.4, 0.5, 1.75]),
        "velocity": np.array([vx, 0.0, 0.0]),
        "deviation": 0.03,
        "stamp": stamp,
        "confidence": 1.0,
    }
    return Person(**(values | changes))


def forecast(
    model: BackupModel, robot: Any, x: float, *, vx: float = 0.0, **changes: Any
) -> Forecast:
    """What is said of somebody who was followed for half a second, at ``x`` in the end."""
    forecaster = BackupForecaster(model, robot.kinematics)
    for back in (0.5, 0.4, 0.3, 0.2, 0.1, 0.0):
        stamp = NOW - back
        seen = person(x - vx * back, 0.0, vx=vx, stamp=stamp, **changes)
        forecaster.see((seen,), stamp)
    still = np.zeros(len(robot.urdf.names))
    return forecaster.forecast(still, still, NOW + 0.1)


# --- the network -----------------------------------------------------------------------------
@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), scale=st.floats(0.0, 50.0))
def test_probabilities_are_between_0_and_1_and_never_fall_with_the_horizon(
    seed: int, scale: float
) -> None:
    model = BackupModel.load()
    features = np.random.default_rng(seed).normal(0.0, scale, (8, COUNT))
    probability = model.probability(features)
    assert probability.shape == (8, len(HORIZONS))
    assert (probability >= 0.0).all()
    assert (probability <= 1.0).all()
    assert (np.diff(probability, axis=1) >= 0.0).all()


@given(value=st.sampled_from([math.nan, math.inf, -math.inf]), place=st.integers(0, COUNT - 1))
def test_a_number_that_is_not_finite_is_taken_as_contact(value: float, place: int) -> None:
    features = np.zeros((2, COUNT))
    features[1, place] = value
    probability = BackupModel.load().probability(features)
    assert (probability[1] == 1.0).all()
    assert (probability[0] < 1.0).all()


def test_the_shipped_network_is_small_and_comes_with_its_figures() -> None:
    assert SHIPPED.stat().st_size <= 100_000
    report = json.loads(SHIPPED.with_suffix(".json").read_text())
    assert set(report["seeds"]) == {"train", "calibrate", "test", "network"}
    assert len(set(report["seeds"].values()) - {report["seeds"]["network"]}) == 3
    rows = {(row["forecaster"], row["horizon_s"]): row for row in report["table"]}
    for horizon in HORIZONS:
        ours, theirs = (
            rows[name, horizon] for name in ("backup", "constant velocity of person and links")
        )
        assert ours["auroc"] > theirs["auroc"]
        assert ours["calibration_error"] < theirs["calibration_error"] / 2


# --- its file --------------------------------------------------------------------------------
def spoil(path: Path, *, about: dict[str, str] | None = None, **changes: Any) -> Path:
    tensors = {
        name: value if name not in changes else np.array(changes[name], np.float32)
        for name, value in load_file(SHIPPED).items()
        if changes.get(name, 0) is not None
    }
    save_file(tensors, path, metadata=ABOUT if about is None else about)
    return path


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"bias_0": None}, "bias_0"),
        ({"bias_2": [0.0]}, "shapes"),
        ({"mean": [0.0]}, "statistics"),
        ({"bias_2": [math.nan] * 4}, "not finite"),
        ({"deviation": [0.0] * COUNT}, "not > 0"),
        ({"about": {}}, "features"),
        ({"about": ABOUT | {"features": '["x"]'}}, "train it anew"),
        ({"about": ABOUT | {"horizons": "[1.0]"}}, "train it anew"),
    ],
)
def test_a_spoilt_file_is_refused_by_name(
    tmp_path: Path, changes: dict[str, Any], named: str
) -> None:
    path = spoil(tmp_path / "model.safetensors", **changes)
    with pytest.raises(ModelError, match=named) as caught:
        BackupModel.load(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        BackupModel.load(tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("nothing")
    with pytest.raises(ModelError, match="cannot be read"):
        BackupModel.load(tmp_path / "text.safetensors")


# --- what it says ----------------------------------------------------------------------------
def test_who_walks_up_alarms_and_who_stands_far_away_does_not(
    model: BackupModel, robot: Any
) -> None:
    coming = forecast(model, robot, 1.0, vx=-1.4)
    far = forecast(model, robot, 2.5)
    leaving = forecast(model, robot, 1.2, vx=1.0)
    assert coming.probability[-1] > 0.5
    assert far.probability[-1] < 0.02
    assert leaving.probability[-1] < 0.05
    assert coming.usable
    assert (coming.model, coming.stamp, coming.reach) == ("backup", NOW, HORIZONS[-1])


def test_nearer_people_are_nearer_to_contact(model: BackupModel, robot: Any) -> None:
    chances = [
        forecast(model, robot, x, vx=-1.2).probability[1] for x in (2.5, 1.6, 1.2, 0.9, 0.7)
    ]
    assert chances == sorted(chances)
    assert chances[-1] > 0.8


def test_two_people_are_more_dangerous_than_either(model: BackupModel, robot: Any) -> None:
    still = np.zeros(len(robot.urdf.names))

    def chance(*people: Person) -> np.ndarray:
        forecaster = BackupForecaster(model, robot.kinematics)
        forecaster.see(people, NOW)
        return np.array(forecaster.forecast(still, still, NOW).probability)

    one, other = person(0.9, 0.2, vx=-0.5), person(0.9, -0.4, vx=-0.6, id=8)
    together = chance(one, other)
    assert (together >= np.maximum(chance(one), chance(other)) - 1e-12).all()
    assert (together <= chance(one) + chance(other) + 1e-12).all()


def test_an_empty_room_is_calm(model: BackupModel, robot: Any) -> None:
    forecaster = BackupForecaster(model, robot.kinematics)
    forecaster.see((), NOW)
    still = np.zeros(len(robot.urdf.names))
    calm = forecaster.forecast(still, still, NOW)
    assert calm.probability == (0.0,) * len(HORIZONS)
    assert calm.separation == (math.inf,) * len(HORIZONS)
    assert calm.usable


def test_a_track_that_holds_nonsense_is_taken_as_contact(model: BackupModel, robot: Any) -> None:
    value = forecast(model, robot, math.nan)
    assert value.probability == (1.0,) * len(HORIZONS)
    assert value.usable


def test_tracks_that_come_late_are_ignored_and_a_clock_set_back_is_followed(
    model: BackupModel, robot: Any
) -> None:
    forecaster = BackupForecaster(model, robot.kinematics)
    forecaster.see((person(1.0, 0.0),), NOW)
    forecaster.see((), NOW - 0.1)
    assert forecaster.stamp == NOW
    forecaster.see((), NOW - 100.0)
    assert forecaster.stamp == NOW - 100.0
