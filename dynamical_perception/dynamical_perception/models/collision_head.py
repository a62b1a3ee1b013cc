"""The collision head: from a video model's latents to probabilities of contact.

A learned query gathers what matters from all patches of all moments (attentive pooling, as V-JEPA
2's own probes do: Assran et al. 2025, arXiv:2506.09985), and a small network turns it into a
hazard for each step; the probability of contact up to a step is one less the chance of having
escaped every hazard before it, so a later step never says less.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from dynamical_perception.errors import ModelError

HEAD_FILE = "collision_head.safetensors"


class CollisionHead(nn.Module):
    """Hazards from latents.

    Args:
        width: Of the latents.
        steps: How many steps ahead it speaks of.
        step: Time between two steps [s].
        frames: Pictures of a clip.
        period: Time between two pictures [s].
        heads: Of the attention; must divide ``width``.
        hidden: Units of the network after it.
    """

    def __init__(
        self,
        width: int,
        *,
        steps: int,
        step: float,
        frames: int,
        period: float,
        heads: int = 4,
        hidden: int = 64,
    ) -> None:
        super().__init__()
        self.about = {
            "width": width, "steps": steps, "step": step, "frames": frames, "period": period,
            "heads": heads, "hidden": hidden,
        }  # fmt: skip
        self.query = nn.Parameter(torch.randn(1, 1, width) / width**0.5)
        self.before = nn.LayerNorm(width)
        self.pool = nn.MultiheadAttention(width, heads, batch_first=True)
        self.network = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, steps)
        )

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        """Log of the chance to have escaped contact up to each step, shape (b, steps).

        Args:
            latents: Shape (b, patches, width).
        """
        latents = self.before(latents)
        query = self.query.expand(len(latents), -1, -1)
        pooled = self.pool(query, latents, latents, need_weights=False)[0][:, 0]
        hazard: torch.Tensor = self.network(pooled)
        return -nn.functional.softplus(hazard).cumsum(dim=1)

    def loss(self, latents: torch.Tensor, contact: torch.Tensor) -> torch.Tensor:
        """Mean negative log likelihood of what came true, ``contact`` of shape (b, steps)."""
        escape = self(latents)
        caught = torch.log(-torch.expm1(escape.clamp(max=-1e-7)))
        loss: torch.Tensor = -(contact * caught + (1.0 - contact) * escape).mean()
        return loss

    def save(self, directory: Path, *, seed: int) -> None:
        """Write ``collision_head.safetensors`` into a checkpoint's directory."""
        about = {name: json.dumps(value) for name, value in (self.about | {"seed": seed}).items()}
        tensors = {name: value.contiguous() for name, value in self.state_dict().items()}
        save_file(tensors, directory / HEAD_FILE, metadata=about)

    @staticmethod
    def load(directory: Path) -> "CollisionHead":
        """Read the head of a checkpoint's directory.

        Raises:
            ModelError: If there is none, or it is not one.
        """
        path = directory / HEAD_FILE
        try:
            with safe_open(path, framework="pt") as file:
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
                about = {k: json.loads(v) for k, v in (file.metadata() or {}).items()}
            about.pop("seed", None)
            head = CollisionHead(about.pop("width"), **about)
            head.load_state_dict(tensors)
        except (OSError, SafetensorError) as error:
            raise ModelError(str(path), f"cannot be read: {error}") from error
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ModelError(str(path), f"is no collision head: {error}") from error
        if not all(bool(torch.isfinite(value).all()) for value in tensors.values()):
            raise ModelError(str(path), "holds a number that is not finite")
        return head.eval()
