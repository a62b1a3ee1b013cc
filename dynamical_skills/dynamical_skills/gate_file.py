"""The trained gate as it is shipped: network, phrases and how it came about, in one safetensors file.

The file names a fingerprint of the phrases of every class. Where the library says something else
today, that class gets its key from its phrases as a new skill does, and ``stale`` names it.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from dynamical_skills.errors import DescriptorError
from dynamical_skills.gating import GatingNetwork
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.phrases import neutral_all

SHIPPED = Path(__file__).with_name("library") / "gate.safetensors"


def skill_phrases(skill: SkillDescriptor) -> list[str]:
    """What the router knows of a skill: its examples and its description, read neutrally."""
    return neutral_all((*skill.examples, skill.description))


def fingerprint(phrases: Iterable[str]) -> str:
    """Short hash of phrases, in any order."""
    return hashlib.sha256("\n".join(sorted(phrases)).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedGate:
    """A gate and what it was trained on.

    Attributes:
        network: The gate.
        fingerprints: Class to the fingerprint of its phrases.
        sentences: Sentence to its embedding, shape (384,), as the gate was trained on it.
        record: Seed, recipe and figures.
    """

    network: GatingNetwork
    fingerprints: Mapping[str, str]
    sentences: Mapping[str, np.ndarray]
    record: Mapping[str, Any]

    def stale(self, groups: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Classes of the library that the gate has not learned, or not as they are now."""
        return tuple(
            name
            for name, phrases in groups.items()
            if self.fingerprints.get(name) != fingerprint(phrases)
        )

    def write(self, path: Path) -> None:
        """Keep it in a file; arrays as float16, which costs nothing that can be measured."""
        network = self.network
        arrays = {
            "projection": network.projection,
            "keys": network.keys,
            "bias": network.bias,
            "centre": network.centre,
            "embeddings": np.stack(list(self.sentences.values())),
        }
        facts = {
            "classes": network.classes,
            "own_logit": network.own_logit,
            "fingerprints": dict(self.fingerprints),
            "sentences": list(self.sentences),
            "record": dict(self.record),
        }
        save_file(
            {name: np.ascontiguousarray(array, np.float16) for name, array in arrays.items()},
            path,
            metadata={"gate": json.dumps(facts)},
        )
        path.chmod(0o644)  # safetensors makes it readable for its owner alone


def read_gate(path: Path = SHIPPED) -> TrainedGate:
    """The gate kept in a file.

    Raises:
        DescriptorError: If the file cannot be read; names it and what makes it.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            facts = json.loads(file.metadata()["gate"])
            arrays = {name: file.get_tensor(name).astype(np.float32) for name in file.keys()}  # noqa: SIM118
        embeddings = arrays.pop("embeddings")
        network = GatingNetwork(
            classes=tuple(facts["classes"]), own_logit=float(facts["own_logit"]), **arrays
        )
        return TrainedGate(
            network=network,
            fingerprints=facts["fingerprints"],
            sentences=dict(zip(facts["sentences"], embeddings, strict=True)),
            record=facts["record"],
        )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise DescriptorError(
            f"the trained gate {path} cannot be read ({error}); make it with: "
            "python -m dynamical_skills.training.gate"
        ) from error
