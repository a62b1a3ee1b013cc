"""Collision forecasts from pictures: V-JEPA 2's encoder and a collision head of our own.

The checkpoint is a local directory: ``config.json`` and ``model.safetensors`` as transformers saves
a ``VJEPA2Model``, and ``collision_head.safetensors`` beside them. Nothing is ever downloaded.
Source: Assran et al. 2025, "V-JEPA 2", arXiv:2506.09985.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from transformers import VJEPA2Model

from dynamical_perception.errors import ModelError
from dynamical_perception.models.clips import video
from dynamical_perception.models.collision_head import CollisionHead

MODEL = "vjepa2"


class Encoder:
    """V-JEPA 2's frozen encoder.

    Args:
        directory: Checkpoint.
        device: Where it computes, as PyTorch names it.

    Raises:
        ModelError: If the directory holds no V-JEPA 2 model, or one that lacks weights.
    """

    def __init__(self, directory: Path, *, device: str = "cpu") -> None:
        if not (directory / "config.json").is_file():
            raise ModelError(str(directory), "holds no config.json; want a V-JEPA 2 checkpoint")
        try:
            model, found = VJEPA2Model.from_pretrained(
                directory, local_files_only=True, output_loading_info=True
            )
        except (OSError, ValueError, RuntimeError) as error:
            raise ModelError(str(directory), f"cannot be loaded: {error}") from error
        # Transformers fills what a file lacks with random numbers and goes on.
        if found["missing_keys"] or model.config.model_type != "vjepa2":
            lacks = sorted(found["missing_keys"])[:3]
            raise ModelError(str(directory), f"is no whole V-JEPA 2 model: lacks {lacks}")
        self._model = model.eval().to(device)
        self._device = device
        self.crop = int(model.config.crop_size)
        self.width = int(model.config.hidden_size)

    def latents(self, frames: Sequence[np.ndarray]) -> torch.Tensor:
        """Latents of one clip, shape (patches, width), on the CPU.

        Args:
            frames: Pictures, oldest first, each (height, width, 3), uint8.
        """
        clip = torch.from_numpy(video(frames, crop=self.crop)).to(self._device)
        with torch.inference_mode():
            latents: torch.Tensor = self._model.get_vision_features(clip[None])[0].float().cpu()
        # Made anew, because what inference mode makes cannot be trained on.
        return latents.clone()


class VJepa2Forecaster:
    """Forecasts contact from the last pictures of one camera.

    Args:
        directory: Checkpoint with encoder and head.
        device: Where the encoder computes, as PyTorch names it.

    Attributes:
        frames: Pictures that :meth:`infer` takes.
        period: Time between two of them [s].
        step: Time between two probabilities [s]; the first is one step after the last picture.

    Raises:
        ModelError: If either cannot be used, or they do not fit each other.
    """

    def __init__(self, directory: Path, *, device: str = "cpu") -> None:
        self._encoder = Encoder(directory, device=device)
        self._head = CollisionHead.load(directory)
        width = int(self._head.about["width"])
        if width != self._encoder.width:
            raise ModelError(
                str(directory),
                f"has a head for latents of width {width}, its encoder's are "
                f"{self._encoder.width} wide",
            )
        self.frames = int(self._head.about["frames"])
        self.period = float(self._head.about["period"])
        self.step = float(self._head.about["step"])

    def infer(self, frames: Sequence[np.ndarray]) -> np.ndarray:
        """Probability of contact up to each step, shape (steps,), rising, 0..1.

        Args:
            frames: The last pictures, oldest first, ``period`` apart, each (height, width, 3),
                uint8.

        Raises:
            ModelError: If they are not as many as the head was trained for, or no pictures.
        """
        if len(frames) != self.frames:
            raise ModelError("clip", f"has {len(frames)} pictures, want {self.frames}")
        latents = self._encoder.latents(frames)
        with torch.inference_mode():
            escape = self._head(latents[None])[0].double().numpy()
        probability = -np.expm1(escape)
        # A number that is not finite is no reason to be calm.
        whole: np.ndarray = np.clip(
            np.nan_to_num(probability, nan=1.0, posinf=1.0, neginf=1.0), 0.0, 1.0
        )
        return whole
