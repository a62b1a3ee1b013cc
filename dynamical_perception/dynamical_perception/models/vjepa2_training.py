"""Trains the collision head on clips with known outcomes; the encoder stays as it is.

::

    python -m dynamical_perception.models.vjepa2_training CHECKPOINT CLIPS --step 0.25 --period 0.1

``CLIPS`` is a folder of ``.npz`` files, each with ``frames`` (frames, height, width, 3), uint8, and
``contact`` (steps,), whether contact came true up to each step after the last picture. Writes
``collision_head.safetensors`` into the checkpoint, and figures on held-out clips beside it.
"""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from dynamical_perception.errors import ModelError
from dynamical_perception.models.collision_head import HEAD_FILE, CollisionHead
from dynamical_perception.models.vjepa2_forecaster import Encoder

_HELD_OUT = 0.25  # share of the clips that only measure


@dataclass(frozen=True, slots=True)
class Outcomes:
    """Latents of m clips and what came true.

    Attributes:
        latents: Shape (m, patches, width).
        contact: Shape (m, steps), 0 or 1.
        frames: Pictures of a clip.
    """

    latents: torch.Tensor
    contact: torch.Tensor
    frames: int


def read_clips(folder: Path) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Frames and outcomes of every file, in the order of names.

    Raises:
        ModelError: If there is none, or one lacks an array.
    """
    files = sorted(folder.glob("*.npz"))
    if not files:
        raise ModelError(str(folder), "holds no .npz file, want clips")
    for path in files:
        with np.load(path, allow_pickle=False) as arrays:
            if not {"frames", "contact"} <= set(arrays.files):
                raise ModelError(str(path), f"holds {arrays.files}, want frames and contact")
            yield arrays["frames"], arrays["contact"]


def encode(encoder: Encoder, folder: Path) -> Outcomes:
    """Latents of all clips of a folder.

    Raises:
        ModelError: If clips differ in length or steps.
    """
    latents, contact, shapes = [], [], set()
    for frames, outcome in read_clips(folder):
        shapes.add((len(frames), len(outcome)))
        if len(shapes) > 1:
            raise ModelError(str(folder), f"mixes clips of (frames, steps) {sorted(shapes)}")
        latents.append(encoder.latents(list(frames)))
        contact.append(torch.from_numpy(np.maximum.accumulate(outcome.astype(np.float32))))
    return Outcomes(torch.stack(latents), torch.stack(contact), shapes.pop()[0])


def train(
    data: Outcomes,
    *,
    step: float,
    period: float,
    seed: int,
    epochs: int = 60,
    rate: float = 3e-3,
) -> tuple[CollisionHead, dict[str, float]]:
    """Fit a head to most of the clips; figures are of the others.

    Args:
        data: All clips.
        step: Time between two outcomes [s].
        period: Time between two pictures [s].
        seed: Of the head's start, the order of clips and the split.
        epochs: Passes over the clips.
        rate: Of learning.
    """
    torch.manual_seed(seed)
    order = torch.randperm(len(data.latents))
    held = max(1, round(_HELD_OUT * len(order)))
    rest, kept = order[held:], order[:held]
    head = CollisionHead(
        data.latents.shape[2],
        steps=data.contact.shape[1],
        step=step,
        frames=data.frames,
        period=period,
    )
    optimizer = torch.optim.AdamW(head.parameters(), lr=rate, weight_decay=1e-2)
    head.train()
    for _ in range(epochs):
        for rows in rest[torch.randperm(len(rest))].split(32):
            optimizer.zero_grad()
            head.loss(data.latents[rows], data.contact[rows]).backward()
            optimizer.step()
    head.eval()
    with torch.inference_mode():
        chance = -torch.expm1(head(data.latents[kept]))
        truth = data.contact[kept]
        figures = {
            "clips": len(order),
            "held_out": held,
            "brier": float(((chance - truth) ** 2).mean()),
            "brier_of_base_rate": float(((data.contact[rest].mean(dim=0) - truth) ** 2).mean()),
        }
    return head, figures


def main() -> None:
    """Encode, train, measure, write."""
    parser = argparse.ArgumentParser(description="Train the collision head of V-JEPA 2.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("clips", type=Path)
    parser.add_argument("--step", type=float, required=True, help="between two outcomes [s]")
    parser.add_argument("--period", type=float, required=True, help="between two pictures [s]")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    data = encode(Encoder(arguments.checkpoint, device=arguments.device), arguments.clips)
    head, figures = train(
        data,
        step=arguments.step,
        period=arguments.period,
        seed=arguments.seed,
        epochs=arguments.epochs,
    )
    head.save(arguments.checkpoint, seed=arguments.seed)
    report = json.dumps({"seed": arguments.seed, **figures}, indent=2)
    (arguments.checkpoint / HEAD_FILE).with_suffix(".json").write_text(report + "\n")
    print(report)  # noqa: T201


if __name__ == "__main__":
    main()
