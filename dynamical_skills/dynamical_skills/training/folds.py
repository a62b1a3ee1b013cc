"""Cross-validation over the library's own phrases; the held-out sentences take no part in it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.gate_file import TrainedGate, fingerprint, skill_phrases
from dynamical_skills.gating import NONE
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.phrases import neutral_all
from dynamical_skills.training.fitting import Recipe, fit_gate

FOLDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """A library with a part of its phrases taken out.

    Attributes:
        skills: Descriptors with what is left.
        background: Sentences that no skill fits, what is left.
        asked: Class to the phrases taken out.
    """

    skills: tuple[SkillDescriptor, ...]
    background: tuple[str, ...]
    asked: Mapping[str, Sequence[str]]


def folds(
    skills: Sequence[SkillDescriptor], background: Sequence[str], *, seed: int
) -> Iterator[Fold]:
    """``FOLDS`` folds in which every phrase is taken out once."""
    rng = np.random.default_rng(seed)
    lots = {skill.id: _lots(rng, len(skill.examples)) for skill in skills}
    lots[NONE] = _lots(rng, len(background))
    for fold in range(FOLDS):
        asked = {skill.id: _part(skill.examples, lots[skill.id] == fold) for skill in skills}
        asked[NONE] = _part(background, lots[NONE] == fold)
        yield Fold(
            skills=tuple(
                replace(skill, examples=_part(skill.examples, lots[skill.id] != fold))
                for skill in skills
            ),
            background=_part(background, lots[NONE] != fold),
            asked=asked,
        )


def train(
    embedder: SentenceEmbedder,
    skills: Sequence[SkillDescriptor],
    background: Sequence[str],
    recipe: Recipe,
) -> TrainedGate:
    """A gate trained on a library, without figures."""
    groups = {skill.id: skill_phrases(skill) for skill in skills}
    groups[NONE] = neutral_all(background)
    sentences = dict.fromkeys(phrase for phrases in groups.values() for phrase in phrases)
    return TrainedGate(
        network=fit_gate(embedder, groups, recipe),
        fingerprints={name: fingerprint(phrases) for name, phrases in groups.items()},
        sentences={sentence: embedder.embed(sentence) for sentence in sentences},
        record={},
    )


def _lots(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.permutation(count) % FOLDS


def _part(phrases: Sequence[str], wanted: np.ndarray) -> tuple[str, ...]:
    return tuple(phrase for phrase, take in zip(phrases, wanted, strict=True) if take)
