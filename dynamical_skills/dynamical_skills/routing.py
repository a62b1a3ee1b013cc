"""Layer 4, WHAT skill: a sentence to skills and weights, or a reasoned refusal.

The gating network is trained on the library's example phrases and their paraphrases. It is blended
with the cosine similarity to the same phrases, so a skill registered a moment ago takes part
before the gate knows it.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamical_skills.embedding import SIZE, EmbeddingCache, SentenceEmbedder
from dynamical_skills.errors import GOAL_LIMIT, GoalError, NoSkillFitsError, ParameterError
from dynamical_skills.gating import NONE, GatingNetwork, softmax
from dynamical_skills.library.skill import SKILL_TYPES, SkillDescriptor
from dynamical_skills.phrases import paraphrases


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingParameters:
    """Shares and thresholds; ``test/routing_heldout.yaml`` measures what they give.

    Attributes:
        gate_share: Share of the gating network in the blend; the rest is similarity.
        temperature: Of the softmax over similarities.
        min_score: A best blended score below this is no match.
        min_similarity: Similarity to the nearest phrase below this is no match.
        sure_similarity: Similarity from which a phrase counts as said, whatever the gate thinks.
        neighbours: Nearest phrases averaged for the similarity of a skill.
    """

    gate_share: float = 0.6
    temperature: float = 0.06
    min_score: float = 0.30
    min_similarity: float = 0.40
    sure_similarity: float = 0.86
    neighbours: int = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Skills chosen for a sentence, best first; one weight (sum 1) and one similarity each."""

    skill_ids: tuple[str, ...]
    weights: tuple[float, ...]
    similarity: tuple[float, ...]


class MoESkillRouter:
    """Mixture-of-experts routing over the skill library; safe to call from several threads.

    Args:
        embedder: Sentence model.
        skills: Descriptors to begin with; deprecated ones take no part.
        background: Sentences that no skill fits.
        cache: File for the embeddings of the training phrases; ``None`` = computed at every start.
        parameters: Thresholds and shares.
    """

    def __init__(
        self,
        embedder: SentenceEmbedder,
        skills: Sequence[SkillDescriptor],
        *,
        background: Sequence[str],
        cache: Path | None = None,
        parameters: RoutingParameters | None = None,
    ) -> None:
        self._embedder = embedder
        self._background = tuple(background)
        self._cache = EmbeddingCache(cache)
        self._parameters = parameters or RoutingParameters()
        self._lock = threading.Lock()
        self._skills = {skill.id: skill for skill in skills if skill.status != "deprecated"}
        self._train()

    def _train(self) -> None:
        sentences: list[str] = []
        labels: list[str] = []
        for skill in self._skills.values():
            phrases = paraphrases((*skill.examples, skill.description))
            sentences += phrases
            labels += [skill.id] * len(phrases)
        phrases = paraphrases(self._background)
        sentences += phrases
        labels += [NONE] * len(phrases)
        vectors = self._cache.embed_all(self._embedder, sentences)
        rows = np.array(labels)
        self._gate = GatingNetwork(vectors, labels)
        self._phrases = {name: vectors[rows == name] for name in (*self._skills, NONE)}

    def add(self, skill: SkillDescriptor) -> None:
        """Let a skill take part from now on; the gate learns it at the next start."""
        with self._lock:
            if skill.status == "deprecated":
                self._skills.pop(skill.id, None)
                return
            self._skills[skill.id] = skill
        vectors = self._embedder.embed_all(paraphrases((*skill.examples, skill.description)))
        with self._lock:
            self._phrases[skill.id] = vectors

    def route(
        self,
        task: str = "",
        *,
        embedding: np.ndarray | None = None,
        required_types: Sequence[str] = (),
        max_skills: int = 3,
    ) -> Route:
        """Choose skills for a sentence or its embedding.

        Args:
            task: The sentence; may be empty if ``embedding`` is given.
            embedding: Shape (384,), or ``None`` to compute it.
            required_types: Skill types allowed; empty = all.
            max_skills: Most skills in the answer.

        Raises:
            GoalError: If there is neither a sentence nor an embedding, or it is too long.
            ParameterError: If the embedding or a type is not valid.
            NoSkillFitsError: If no skill fits; names the nearest ones.
        """
        vector = self._vector(task, embedding)
        unknown = [name for name in required_types if name not in SKILL_TYPES]
        if unknown:
            raise ParameterError(
                f"skill type {unknown[0][:40]!r} is not one of {', '.join(SKILL_TYPES)}"
            )
        scores, similarity, none = self._scores(vector)
        allowed = [
            name
            for name in sorted(scores, key=lambda name: -scores[name])
            if not required_types or self._skills[name].skill_type in required_types
        ]
        self._refuse_unless_one_fits(task, allowed, scores, similarity, none)
        chosen = allowed[: max(1, max_skills)]
        total = sum(scores[name] for name in chosen)
        return Route(
            skill_ids=tuple(chosen),
            weights=tuple(scores[name] / total for name in chosen),
            similarity=tuple(similarity[name] for name in chosen),
        )

    def _vector(self, task: str, embedding: np.ndarray | None) -> np.ndarray:
        if embedding is None:
            if not task.strip():
                raise GoalError.empty()
            if len(task) > GOAL_LIMIT:
                raise GoalError.too_long(len(task))
            return self._embedder.embed(task)
        vector = np.asarray(embedding, dtype=np.float32)
        length = float(np.linalg.norm(vector)) if vector.shape == (SIZE,) else 0.0
        if not np.isfinite(length) or length < 1e-6:
            raise ParameterError(
                f"task_embedding has shape {vector.shape}, must be {SIZE} finite values, not all 0"
            )
        return vector / length

    def _scores(self, vector: np.ndarray) -> tuple[dict[str, float], dict[str, float], float]:
        """Blended score per skill, similarity per skill, and the score of "none"."""
        settings = self._parameters
        with self._lock:
            phrases = dict(self._phrases)
        names = [name for name in phrases if name == NONE or name in self._skills]
        near = []
        for name in names:
            cosines = np.sort(phrases[name] @ vector)
            near.append(float(cosines[-settings.neighbours :].mean()))
        similarity = dict(zip(names, near, strict=True))
        shares = softmax(np.array(near) / settings.temperature)
        by_similarity = dict(zip(names, shares.tolist(), strict=True))
        gated = self._gate.probabilities(vector)
        blend = {}
        for name in names:
            # What the gate has not learned yet stands on similarity alone.
            learned = gated.get(name, by_similarity[name])
            blend[name] = (
                settings.gate_share * learned + (1 - settings.gate_share) * by_similarity[name]
            )
        total = sum(blend.values())
        blend = {name: value / total for name, value in blend.items()}
        none = blend.pop(NONE)
        similarity.pop(NONE)
        return blend, similarity, none

    def _refuse_unless_one_fits(
        self,
        task: str,
        allowed: Sequence[str],
        scores: dict[str, float],
        similarity: dict[str, float],
        none: float,
    ) -> None:
        said = f"{task[:80]!r}" if task else "this embedding"
        if not allowed:
            raise NoSkillFitsError(
                f"no skill fits {said}: the library has none of the types asked for"
            )
        settings = self._parameters
        best = allowed[0]
        if similarity[best] >= settings.sure_similarity:
            return
        nearest = ", ".join(f"{name} ({similarity[name]:.2f})" for name in allowed[:3])
        if similarity[best] < settings.min_similarity:
            why = (
                f"nothing in the library is said like it, {settings.min_similarity:.2f} is needed"
            )
        elif none > scores[best]:
            why = "it is more like tasks this robot cannot do"
        elif scores[best] < settings.min_score:
            why = f"the best score is {scores[best]:.2f}, {settings.min_score:.2f} is needed"
        else:
            return
        raise NoSkillFitsError(f"no skill fits {said}: {why}; nearest: {nearest}")
