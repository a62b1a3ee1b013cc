"""Layer 4, WHAT skill: a sentence to skills and weights, or a reasoned refusal.

Two opinions are blended: the gating network, trained on the library's phrases, and the cosine
similarity to the same phrases. Every skill has both from the moment it is registered.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from dynamical_skills.constraints import RoutingConstraints
from dynamical_skills.embedding import SIZE, EmbeddingCache, SentenceEmbedder
from dynamical_skills.errors import GOAL_LIMIT, GoalError, NoSkillFitsError, ParameterError
from dynamical_skills.gate_file import TrainedGate, read_gate, skill_phrases
from dynamical_skills.gating import NONE, GatingNetwork, softmax
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.phrase_index import PhraseIndex
from dynamical_skills.phrases import neutral, neutral_all
from dynamical_skills.route import Candidate, Explanation
from dynamical_skills.route import Route as Route
from dynamical_skills.route import RoutingParameters as RoutingParameters
from dynamical_skills.wording import Wording, wording

# Libraries up to this size are compared phrase by phrase; of larger ones only what the gate puts
# in front, so that the time does not grow with the number of phrases.
SHORT_LIST = 512
# A sentence that no skill fitted, said like one of a new skill, is background no longer.
_TAKEN_OVER = 0.85


@dataclass(frozen=True, slots=True, kw_only=True)
class _Library:
    """What one decision looks at: the skills, their phrases and the gate over them, in one order."""

    skills: dict[str, SkillDescriptor]
    index: PhraseIndex
    gate: GatingNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """Skills with their scores, best first; ``none`` is the score of "no skill fits"."""

    names: list[str]
    score: list[float]
    similarity: list[float]
    none: float


class MoESkillRouter:
    """Mixture-of-experts routing over the skill library; safe to call from several threads.

    Args:
        embedder: Sentence model.
        skills: Descriptors to begin with; deprecated ones take no part.
        background: Sentences that no skill fits.
        cache: File for embeddings that the shipped gate does not bring; ``None`` = computed at
            every start.
        gate: The trained gate; ``None`` = the one that comes with the package.
        parameters: Thresholds and shares.
    """

    def __init__(
        self,
        embedder: SentenceEmbedder,
        skills: Sequence[SkillDescriptor],
        *,
        background: Sequence[str],
        cache: Path | None = None,
        gate: TrainedGate | None = None,
        parameters: RoutingParameters | None = None,
    ) -> None:
        self._embedder = embedder
        self._parameters = parameters or RoutingParameters()
        self._lock = threading.Lock()
        trained = gate or read_gate()
        taking_part = {skill.id: skill for skill in skills if skill.status != "deprecated"}
        said = {name: skill_phrases(skill) for name, skill in taking_part.items()}
        said[NONE] = neutral_all(background)
        sentences = [phrase for phrases in said.values() for phrase in phrases]
        known = EmbeddingCache(cache).complete(embedder, sentences, known=trained.sentences)
        vectors = {
            name: np.stack([known[phrase] for phrase in phrases]) for name, phrases in said.items()
        }
        self.stale = trained.stale(said)
        new = {
            name: _in_gate(trained.network, said[name], vectors[name])
            for name in self.stale
            if name != NONE
        }
        vectors[NONE] = _still_background(
            vectors[NONE], [vectors[name] for name in self.stale if name != NONE]
        )
        self._library = _Library(
            skills=taking_part,
            index=PhraseIndex(vectors),
            gate=trained.network.of(tuple(said), new),
        )

    @property
    def nbytes(self) -> int:
        """Memory of the vectors of phrases and gate [byte]."""
        return self._library.index.nbytes + self._library.gate.nbytes

    def add(self, skill: SkillDescriptor) -> None:
        """Let a skill take part from now on; it gets a key in the gate from its phrases."""
        phrases = skill_phrases(skill)
        vectors = self._embedder.embed_all(phrases)
        with self._lock:
            now = self._library
            skills = {name: known for name, known in now.skills.items() if name != skill.id}
            new = {}
            if skill.status != "deprecated":
                skills[skill.id] = skill
                new[skill.id] = vectors
            groups = {
                name: new[name] if name in new else now.index.vectors(name)
                for name in (*skills, NONE)
            }
            groups[NONE] = _still_background(groups[NONE], list(new.values()))
            keys = {name: _in_gate(now.gate, phrases, rows) for name, rows in new.items()}
            self._library = _Library(
                skills=skills,
                index=PhraseIndex(groups),
                gate=now.gate.of(tuple(groups), keys),
            )

    def route(
        self,
        task: str = "",
        *,
        embedding: np.ndarray | None = None,
        required_types: Sequence[str] = (),
        max_skills: int = 3,
        constraints: RoutingConstraints | None = None,
    ) -> Route:
        """Choose skills for a sentence or its embedding.

        Args:
            task: The sentence; may be empty if ``embedding`` is given.
            embedding: Shape (384,), or ``None`` to compute it.
            required_types: Skill types allowed; empty = all.
            max_skills: Most skills in the answer.
            constraints: What else rules skills out.

        Raises:
            GoalError: If there is neither a sentence nor an embedding, or it is too long.
            ParameterError: If the embedding or a type is not valid.
            NoSkillFitsError: If no skill fits; names the nearest ones.
        """
        masks = _masks(required_types, constraints)
        library = self._library
        judged = self._judge(library, task, embedding)
        return self._choose(library, judged, masks, task, max_skills)

    def explain(
        self,
        task: str = "",
        *,
        embedding: np.ndarray | None = None,
        required_types: Sequence[str] = (),
        max_skills: int = 3,
        constraints: RoutingConstraints | None = None,
    ) -> Explanation:
        """As ``route``, but with every candidate and as a value where no skill fits.

        Raises:
            GoalError: See ``route``.
            ParameterError: See ``route``.
        """
        masks = _masks(required_types, constraints)
        library = self._library
        judged = self._judge(library, task, embedding)
        route, reason = None, ""
        try:
            route = self._choose(library, judged, masks, task, max_skills)
        except NoSkillFitsError as error:
            reason = error.text
        chosen = () if route is None else route.skill_ids
        best = chosen[0] if chosen else ""
        return Explanation(
            route=route,
            reason=reason,
            none_score=judged.none,
            candidates=tuple(
                self._candidate(library.skills[name], score, near, masks, chosen, best)
                for name, score, near in zip(
                    judged.names, judged.score, judged.similarity, strict=True
                )
            ),
        )

    def _candidate(
        self,
        skill: SkillDescriptor,
        score: float,
        similarity: float,
        masks: RoutingConstraints,
        chosen: Sequence[str],
        best: str,
    ) -> Candidate:
        status: Literal["chosen", "below", "masked"] = "below"
        why = masks.against(skill)
        if why:
            status = "masked"
        elif skill.id in chosen:
            status = "chosen"
            why = "best" if skill.id == best else "an alternative"
        elif best:
            why = f"{best} and the alternatives fit better"
        elif similarity < self._parameters.min_similarity:
            why = f"similarity below {self._parameters.min_similarity:.2f}"
        else:
            why = "the sentence was refused"
        return Candidate(
            skill_id=skill.id, score=score, similarity=similarity, status=status, why=why
        )

    def _judge(self, library: _Library, task: str, embedding: np.ndarray | None) -> _Judged:
        """Scores of the skills; of a large library the short list alone."""
        settings = self._parameters
        index, gate = library.index, library.gate
        vector, words = self._read(task, embedding)
        logits = gate.logits(gate.project(vector, words))
        places = None
        if len(logits) > SHORT_LIST + 1:
            front = np.argpartition(logits[:-1], -SHORT_LIST)[-SHORT_LIST:]
            places = np.append(np.sort(front), len(logits) - 1)  # "none" is always there
            logits = logits[places]
        near = index.similarity(vector, places)
        blend = settings.gate_share * softmax(logits) + (1 - settings.gate_share) * softmax(
            near / settings.temperature
        )
        order = np.argsort(-blend[:-1], kind="stable")
        rows = order if places is None else places[order]
        return _Judged(
            names=[index.names[row] for row in rows],
            score=blend[order].tolist(),
            similarity=near[order].tolist(),
            none=float(blend[-1]),
        )

    def _read(self, task: str, embedding: np.ndarray | None) -> tuple[np.ndarray, Wording | None]:
        """Embedding and wording of the task as the library's phrases are read."""
        if embedding is None:
            if not task.strip():
                raise GoalError.empty()
            if len(task) > GOAL_LIMIT:
                raise GoalError.too_long(len(task))
            text = neutral(task)
            return self._embedder.embed(text), wording(text)
        vector = np.asarray(embedding, dtype=np.float32)
        length = float(np.linalg.norm(vector)) if vector.shape == (SIZE,) else 0.0
        if not np.isfinite(length) or length < 1e-6:
            raise ParameterError(
                f"task_embedding has shape {vector.shape}, must be {SIZE} finite values, not all 0"
            )
        return vector / length, wording(neutral(task)) if task.strip() else None

    def _choose(
        self,
        library: _Library,
        judged: _Judged,
        masks: RoutingConstraints,
        task: str,
        max_skills: int,
    ) -> Route:
        allowed = []
        masked = ""
        for place, name in enumerate(judged.names):
            against = masks.against(library.skills[name])
            if not against:
                allowed.append(place)
                if len(allowed) >= max(3, max_skills):
                    break
            elif place == 0:
                masked = f"{name} fits, but {against}"
        self._refuse_unless_one_fits(task, allowed, judged, masks, masked)
        chosen = allowed[: max(1, max_skills)]
        total = sum(judged.score[place] for place in chosen)
        return Route(
            skill_ids=tuple(judged.names[place] for place in chosen),
            weights=tuple(judged.score[place] / total for place in chosen),
            similarity=tuple(judged.similarity[place] for place in chosen),
        )

    def _refuse_unless_one_fits(
        self,
        task: str,
        allowed: Sequence[int],
        judged: _Judged,
        masks: RoutingConstraints,
        masked: str,
    ) -> None:
        said = f"{task[:80]!r}" if task else "this embedding"
        if not allowed:
            detail = masked or "the library has none of the types asked for"
            raise NoSkillFitsError(f"no skill fits {said}: {detail}")
        settings = self._parameters
        best = allowed[0]
        score, similarity = judged.score[best], judged.similarity[best]
        wanted = max(settings.min_score, masks.min_confidence)
        if similarity >= settings.sure_similarity and score >= masks.min_confidence:
            return
        if similarity < settings.min_similarity:
            why = (
                f"nothing in the library is said like it, {settings.min_similarity:.2f} is needed"
            )
        elif judged.none > score:
            why = "it is more like tasks this robot cannot do"
        elif score < wanted:
            why = f"the best score is {score:.2f}, {wanted:.2f} is needed"
        else:
            return
        nearest = ", ".join(
            f"{judged.names[place]} ({judged.similarity[place]:.2f})" for place in allowed[:3]
        )
        raise NoSkillFitsError(f"no skill fits {said}: {masked or why}; nearest: {nearest}")


def _masks(
    required_types: Sequence[str], constraints: RoutingConstraints | None
) -> RoutingConstraints:
    if constraints is not None:
        return constraints
    return RoutingConstraints(required_types=tuple(required_types))


def _still_background(background: np.ndarray, taken: Sequence[np.ndarray]) -> np.ndarray:
    """Background sentences that none of these skills' phrases say; at least one is left."""
    if not taken:
        return background
    nearest = (background @ np.concatenate(taken).T).max(axis=1)
    keep = nearest < _TAKEN_OVER
    keep[np.argmin(nearest)] = True
    return background[keep]


def _in_gate(gate: GatingNetwork, phrases: Sequence[str], vectors: np.ndarray) -> np.ndarray:
    """Phrases of a skill in the gate space, shape (phrases, d)."""
    return np.stack(
        [
            gate.project(np.asarray(vector, dtype=np.float32), wording(phrase))
            for phrase, vector in zip(phrases, vectors, strict=True)
        ]
    )
