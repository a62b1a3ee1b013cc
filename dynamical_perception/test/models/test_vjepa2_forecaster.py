"""The V-JEPA 2 forecaster, on a tiny checkpoint that is made, saved, trained and loaded here."""

import json

import numpy as np
import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from dynamical_perception.errors import ModelError
from dynamical_perception.models import vjepa2_training
from dynamical_perception.models.clips import video
from dynamical_perception.models.collision_head import HEAD_FILE, CollisionHead
from dynamical_perception.models.vjepa2_forecaster import VJepa2Forecaster

FRAMES, STEPS = 4, 4


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def make_checkpoint(directory, *, width=32):
    torch.manual_seed(0)
    config = transformers.VJEPA2Config(
        patch_size=16, crop_size=32, frames_per_clip=FRAMES, tubelet_size=2, hidden_size=width,
        num_attention_heads=4, num_hidden_layers=2, mlp_ratio=2.0, pred_hidden_size=16,
        pred_num_attention_heads=2, pred_num_hidden_layers=1, pred_num_mask_tokens=1,
    )  # fmt: skip
    transformers.VJEPA2Model(config).save_pretrained(directory)
    return directory


def make_clip(rng, speed):
    """A dark block that grows as it comes nearer, at a speed."""
    frames = np.full((FRAMES, 48, 64, 3), 200, np.uint8)
    half = rng.uniform(4.0, 6.0)
    for t in range(FRAMES):
        size = int(half + speed * t)
        frames[t, 24 - size : 24 + size, 32 - size : 32 + size] = 30
    noise = rng.integers(-5, 6, frames.shape)
    return np.clip(frames.astype(int) + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    directory = make_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    clips = tmp_path_factory.mktemp("clips")
    rng = np.random.default_rng(3)
    for number in range(80):
        speed = rng.uniform(0.0, 5.0)
        contact = np.arange(STEPS) >= 5 - speed  # the faster, the sooner
        np.savez(clips / f"{number:03}.npz", frames=make_clip(rng, speed), contact=contact)
    with pytest.MonkeyPatch.context() as patch:
        arguments = [str(directory), str(clips), "--step", "0.25", "--period", "0.1"]
        patch.setattr("sys.argv", ["train", *arguments])
        vjepa2_training.main()
    return directory


def test_a_trained_head_expects_contact_with_what_comes_near_and_not_with_what_stands(trained):
    forecaster = VJepa2Forecaster(trained)
    rng = np.random.default_rng(4)
    coming = np.mean([forecaster.infer(list(make_clip(rng, 5.0))) for _ in range(5)], axis=0)
    standing = np.mean([forecaster.infer(list(make_clip(rng, 0.0))) for _ in range(5)], axis=0)
    assert coming.shape == (STEPS,)
    assert coming[-1] > standing[-1] + 0.5
    assert (np.diff(coming) >= 0.0).all()
    assert (coming >= 0.0).all()
    assert (coming <= 1.0).all()


def test_training_says_how_good_it_is_on_clips_it_never_saw_and_from_which_seed(trained):
    report = json.loads((trained / HEAD_FILE).with_suffix(".json").read_text())
    assert report["seed"] == 1
    assert report["brier"] < report["brier_of_base_rate"]


def test_what_was_loaded_says_what_it_wants(trained):
    forecaster = VJepa2Forecaster(trained)
    assert (forecaster.frames, forecaster.period, forecaster.step) == (FRAMES, 0.1, 0.25)
    with pytest.raises(ModelError, match="3 pictures, want 4"):
        forecaster.infer([np.zeros((48, 64, 3), np.uint8)] * 3)


def test_a_checkpoint_without_head_is_refused_by_name(tmp_path):
    make_checkpoint(tmp_path)
    with pytest.raises(ModelError, match=HEAD_FILE):
        VJepa2Forecaster(tmp_path)


def test_a_folder_without_model_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match=r"config\.json"):
        VJepa2Forecaster(tmp_path)


def test_a_model_that_lacks_weights_is_refused_rather_than_made_up(tmp_path):
    make_checkpoint(tmp_path)
    tensors = load_file(tmp_path / "model.safetensors")
    name = next(name for name in sorted(tensors) if "encoder" in name)
    del tensors[name]
    save_file(tensors, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match="lacks"):
        VJepa2Forecaster(tmp_path)


def test_a_head_of_another_width_is_refused(tmp_path):
    make_checkpoint(tmp_path)
    CollisionHead(16, steps=STEPS, step=0.25, frames=FRAMES, period=0.1).save(tmp_path, seed=0)
    with pytest.raises(ModelError, match="width 16"):
        VJepa2Forecaster(tmp_path)


def test_a_damaged_head_is_refused(tmp_path):
    make_checkpoint(tmp_path)
    head = CollisionHead(32, steps=STEPS, step=0.25, frames=FRAMES, period=0.1)
    with torch.no_grad():
        head.query[:] = float("nan")
    head.save(tmp_path, seed=0)
    with pytest.raises(ModelError, match="not finite"):
        VJepa2Forecaster(tmp_path)


def test_pictures_are_resized_and_cut_as_the_models_own_processor_does():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (3, 4, 3))
    frame = np.kron(coarse, np.ones((30, 30, 1))).astype(np.uint8)
    ours = video([frame], crop=32)[0]
    assert ours.shape == (3, 32, 32)
    grown = torch.nn.functional.interpolate(
        torch.tensor(frame).permute(2, 0, 1)[None].float(),
        size=(36, 48),
        mode="bilinear",
        antialias=True,
    )[0, :, 2:34, 8:40]
    mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
    deviation = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
    np.testing.assert_allclose(ours, ((grown / 255.0 - mean) / deviation).numpy(), atol=0.03)


def test_pictures_that_are_none_are_refused():
    with pytest.raises(ModelError, match="float64"):
        video([np.zeros((8, 8, 3))], crop=32)
    with pytest.raises(ModelError, match="the first is"):
        video([np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)], crop=32)
    with pytest.raises(ModelError, match="no picture"):
        video([], crop=32)
