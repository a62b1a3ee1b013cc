"""What the router decides with and what it answers: thresholds, routes, explanations."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingParameters:
    """Shares and thresholds, chosen by cross-validation over the library (``training/gate.py``).

    Attributes:
        gate_share: Share of the gating network in the blend; the rest is similarity.
        temperature: Of the softmax over similarities.
        min_score: A best blended score below this is no match.
        min_similarity: Similarity to the nearest phrase below this is no match.
        sure_similarity: Similarity from which a phrase counts as said, whatever the gate thinks.
    """

    gate_share: float = 0.6
    temperature: float = 0.06
    min_score: float = 0.25
    min_similarity: float = 0.40
    sure_similarity: float = 0.86


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Skills chosen for a sentence, best first; one weight (sum 1) and one similarity each."""

    skill_ids: tuple[str, ...]
    weights: tuple[float, ...]
    similarity: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One skill as the router saw it.

    Attributes:
        skill_id: The skill.
        score: Blended score, 0..1; all skills and "none of them" sum to 1.
        similarity: Cosine to its nearest phrases.
        status: ``chosen``, ``below`` (others fit better, or nothing fits), ``masked`` (ruled out).
        why: The reason in words.
    """

    skill_id: str
    score: float
    similarity: float
    status: Literal["chosen", "below", "masked"]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that led to a route or a refusal.

    Attributes:
        route: The route; ``None`` = refused.
        reason: Why it was refused; empty otherwise.
        none_score: Score of "no skill fits".
        candidates: Best first. Of libraries over 512 skills only the front.
    """

    route: Route | None
    reason: str
    none_score: float
    candidates: tuple[Candidate, ...]
