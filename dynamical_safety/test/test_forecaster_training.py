"""What the backup forecaster is trained and measured with."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_safety.backup_features import COUNT, HORIZONS, PREDICTED, FeatureMaker
from dynamical_safety.backup_model import BackupModel
from dynamical_safety.training.approaches import CONTACT, Samples, simulate
from dynamical_safety.training.arm_motions import random_clips
from dynamical_safety.training.backup_forecaster import calibrate, save, train
from dynamical_safety.training.figures import (
    auroc,
    calibration_error,
    threshold,
    warning_times,
)
from dynamical_safety.training.scripted_people import MOMENTS


@pytest.fixture(scope="module")
def samples(robot: Any) -> Samples:
    rng = np.random.default_rng(5)
    clips = random_clips(robot.kinematics, robot.urdf, rng, count=12, moments=MOMENTS)
    make = FeatureMaker(robot.kinematics.spheres)
    return simulate(make, clips, robot.kinematics.spheres.radius, rng, episodes=80)


def test_a_simulated_scene_is_told_in_finite_numbers_and_ends_in_contact_now_and_then(
    samples: Samples,
) -> None:
    assert samples.features.shape == (len(samples.time), COUNT)
    assert np.isfinite(samples.features).all()
    # A longer horizon holds all contacts of a shorter one.
    assert (np.diff(samples.contact.astype(int), axis=1) >= 0).all()
    assert 0.01 < samples.contact[:, -1].mean() < 0.5
    soon = samples.touch - samples.time <= HORIZONS[-1] + 1e-9
    np.testing.assert_array_equal(samples.contact[:, -1], soon)


def test_what_perception_tells_is_near_the_truth(samples: Samples) -> None:
    now = samples.features[:, 0]
    close = samples.distance < 1.0
    error = now[close] - samples.distance[close]
    assert abs(np.median(error)) < 0.1
    assert np.quantile(np.abs(error), 0.9) < 0.35
    assert (samples.features[:, PREDICTED][:, -1] <= now + 1e-9).all()


def test_training_learns_something_and_its_file_is_read_back_the_same(
    samples: Samples, tmp_path: Any
) -> None:
    model = calibrate(train(samples, seed=1, epochs=80), samples)
    save(model, tmp_path / "model.safetensors")
    loaded = BackupModel.load(tmp_path / "model.safetensors")
    told = loaded.probability(samples.features)
    np.testing.assert_allclose(told, model.probability(samples.features), atol=1e-3)
    assert auroc(told[:, -1], samples.contact[:, -1]) > 0.9
    assert loaded.contact == CONTACT


# --- figures ---------------------------------------------------------------------------------
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.booleans()), min_size=2, max_size=30
    )
)
def test_auroc_is_the_share_of_pairs_that_are_ranked_right(
    pairs: list[tuple[float, bool]],
) -> None:
    score, truth = (np.array(values) for values in zip(*pairs, strict=True))
    if truth.all() or not truth.any():
        assert np.isnan(auroc(score, truth))
        return
    above = score[truth][:, None] - score[~truth][None]
    assert auroc(score, truth) == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())


def test_calibration_error_is_zero_for_honest_numbers_and_large_for_boasts() -> None:
    probability = np.repeat([0.0, 0.25, 1.0], 400)
    truth = np.concatenate([np.zeros(400), np.arange(400) % 4 == 0, np.ones(400)]).astype(bool)
    assert calibration_error(probability, truth) == pytest.approx(0.0)
    assert calibration_error(np.ones(1200), truth) == pytest.approx(700 / 1200)


def test_a_threshold_lets_no_more_calm_frames_pass_than_asked() -> None:
    score, calm = np.linspace(0.0, 1.0, 1000), np.ones(1000, bool)
    level = threshold(score, calm, rate=0.01)
    assert 0.005 <= (score >= level).mean() <= 0.01


def test_warning_counts_from_the_alarm_that_stood_until_the_contact() -> None:
    time = np.arange(8) * 0.1
    touch = np.full(8, 0.85)
    alarm = np.array([1, 0, 0, 0, 1, 1, 1, 1], bool)
    episode, late = np.zeros(8, int), np.full(8, 0.05)
    found = warning_times(alarm, episode, time, late, touch)
    assert found == pytest.approx([0.4])
    assert warning_times(~alarm, episode, time, late, touch) == pytest.approx([0.0])
    # Of a scene without contact nothing is told.
    assert warning_times(alarm, episode, time, late, np.full(8, np.inf)).size == 0
