"""Trains the gating network on the skill library, chooses nothing by the held-out sentences.

::

    python -m dynamical_skills.training.gate                     writes library/gate.safetensors
    python -m dynamical_skills.training.gate --choose            shares, thresholds by folds
    python -m dynamical_skills.training.gate --held-out FILE     measures, writes nothing

NumPy alone, some seconds. Run it after a change of ``skills.yaml`` or ``background.yaml``; until
then the router gives what is new or changed a key from its phrases.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import yaml

from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.errors import NoSkillFitsError
from dynamical_skills.gate_file import SHIPPED, TrainedGate, read_gate
from dynamical_skills.gating import NONE
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.library.store import load_background, load_skills
from dynamical_skills.routing import MoESkillRouter, RoutingParameters
from dynamical_skills.training.figures import Answer, Figures, measure
from dynamical_skills.training.fitting import Recipe
from dynamical_skills.training.folds import Fold, folds, train
from dynamical_skills.training.rivals import CosineRival, KeywordRival

Scores = Callable[[str], dict[str, float]]
MakeScores = Callable[[Mapping[str, Sequence[str]]], Scores]
_SHARES = (0.4, 0.6, 0.8)
_LEAST = (0.10, 0.15, 0.20, 0.25, 0.30, 0.35)
_NEAR = (0.30, 0.40, 0.50)
_RIVAL_LIMITS = tuple(step / 40.0 for step in range(4, 40))


def main() -> int:
    """Train, choose or measure."""
    parser = argparse.ArgumentParser(description="Train the gating network of the skill router.")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="file to write")
    parser.add_argument("--choose", action="store_true", help="compare shares and thresholds")
    parser.add_argument("--held-out", type=Path, help="measure with these sentences instead")
    parser.add_argument("--seed", type=int, default=Recipe().seed)
    arguments = parser.parse_args()
    embedder = SentenceEmbedder(cache_size=100_000)
    skills = [skill for skill in load_skills().values() if skill.status != "deprecated"]
    background = load_background()
    recipe = Recipe(seed=arguments.seed)
    if arguments.held_out is not None:
        groups = held_out(arguments.held_out)
        for name, figures in compare(embedder, skills, background, groups).items():
            _say(f"{name:34} {_line(figures)}")
        return 0
    parts = [
        (fold, train(embedder, fold.skills, fold.background, recipe))
        for fold in folds(skills, background, seed=recipe.seed)
    ]
    if arguments.choose:
        for parameters, figures in choices(embedder, parts):
            _say(f"{_settings(parameters)}: {_line(figures)}")
        return 0
    gate = train(embedder, skills, background, recipe)
    inside = pooled(embedder, parts, RoutingParameters())
    record = {
        "recipe": asdict(recipe),
        "routing": asdict(RoutingParameters()),
        "skills": len(skills),
        "sentences": len(gate.sentences),
        "cross_validation": asdict(inside),
    }
    replace(gate, record=record).write(arguments.out)
    _say(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB; folds: {_line(inside)}")
    return 0


def held_out(path: Path) -> dict[str, list[str]]:
    """Sentences by class from a YAML file; its "none" is ``NONE``."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {(NONE if name == "none" else name): list(said) for name, said in data.items()}


def answers(router: MoESkillRouter) -> Answer:
    """The router as a function from sentence to skill ids."""

    def answer(sentence: str) -> Sequence[str]:
        try:
            return router.route(sentence, max_skills=3).skill_ids
        except NoSkillFitsError:
            return ()

    return answer


def choices(
    embedder: SentenceEmbedder, parts: Sequence[tuple[Fold, TrainedGate]]
) -> list[tuple[RoutingParameters, Figures]]:
    """Figures of all settings that were considered, best first."""
    found = []
    for share, least, near in itertools.product(_SHARES, _LEAST, _NEAR):
        parameters = RoutingParameters(gate_share=share, min_score=least, min_similarity=near)
        found.append((parameters, pooled(embedder, parts, parameters)))
    return sorted(found, key=lambda pair: -pair[1].overall)


def pooled(
    embedder: SentenceEmbedder,
    parts: Sequence[tuple[Fold, TrainedGate]],
    parameters: RoutingParameters,
) -> Figures:
    """Figures over the phrases taken out of all folds."""
    results = []
    for fold, gate in parts:
        router = MoESkillRouter(
            embedder, fold.skills, background=fold.background, gate=gate, parameters=parameters
        )
        results.append(measure(answers(router), fold.asked))
    count = len(results)
    return Figures(
        **{
            name: sum(getattr(figures, name) for figures in results) / count
            for name in ("top1", "top3", "refused", "imbalance")
        }
    )


def compare(
    embedder: SentenceEmbedder,
    skills: Sequence[SkillDescriptor],
    background: Sequence[str],
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Figures]:
    """Figures of the shipped gate, of its parts and of its rivals on the same sentences."""
    gate = read_gate()

    def routed(parameters: RoutingParameters) -> Figures:
        router = MoESkillRouter(
            embedder, skills, background=background, gate=gate, parameters=parameters
        )
        return measure(answers(router), groups)

    result = {
        "gate and similarity": routed(RoutingParameters()),
        "gate alone": routed(RoutingParameters(gate_share=1.0)),
        "similarity alone, read neutrally": routed(RoutingParameters(gate_share=0.0)),
        "before training: keys from phrases": measure(
            _unlearned(embedder, skills, background, gate, groups), groups
        ),
    }
    phrases = {skill.id: (*skill.examples, skill.description) for skill in skills}
    parts = list(folds(skills, background, seed=0))
    limit = _rival_limit(lambda said: CosineRival(embedder, said).scores, parts)
    result["plain cosine"] = measure(
        _limited(CosineRival(embedder, phrases).scores, limit), groups
    )
    limit = _rival_limit(lambda said: KeywordRival(said).scores, parts)
    result["keywords"] = measure(_limited(KeywordRival(phrases).scores, limit), groups)
    return result


def _unlearned(
    embedder: SentenceEmbedder,
    skills: Sequence[SkillDescriptor],
    background: Sequence[str],
    gate: TrainedGate,
    groups: Mapping[str, Sequence[str]],
) -> Answer:
    """Each skill's sentences answered by a router to which just that skill is new."""
    asked = {}
    for skill in skills:
        others = [other for other in skills if other.id != skill.id]
        learned = train(embedder, others, background, Recipe())
        router = MoESkillRouter(embedder, others, background=background, gate=learned)
        router.add(skill)
        asked.update(dict.fromkeys(groups.get(skill.id, ()), answers(router)))
    known = answers(MoESkillRouter(embedder, skills, background=background, gate=gate))
    return lambda sentence: asked.get(sentence, known)(sentence)


def _limited(scores: Scores, limit: float) -> Answer:
    def answer(sentence: str) -> Sequence[str]:
        found = scores(sentence)
        ranked = sorted(found, key=lambda name: -found[name])
        return ranked[:3] if found[ranked[0]] >= limit else ()

    return answer


def _rival_limit(make: MakeScores, parts: Sequence[Fold]) -> float:
    """The limit with which a rival does best on the folds, as the router's was chosen."""
    ranked: list[tuple[str, str, float]] = []  # meant, first, score
    for fold in parts:
        scores = make({skill.id: (*skill.examples, skill.description) for skill in fold.skills})
        for name, sentences in fold.asked.items():
            for sentence in sentences:
                found = scores(sentence)
                best = max(found, key=lambda skill: found[skill])
                ranked.append((name, best, found[best]))
    outside = sum(meant == NONE for meant, _, _ in ranked)

    def overall(limit: float) -> float:
        right = sum(m == first and score >= limit for m, first, score in ranked)
        refused = sum(m == NONE and score < limit for m, _, score in ranked)
        return right / (len(ranked) - outside) + refused / outside

    return max(_RIVAL_LIMITS, key=overall)


def _settings(parameters: RoutingParameters) -> str:
    return json.dumps(asdict(parameters))


def _line(figures: Figures) -> str:
    return (
        f"top-1 {figures.top1:.1%}, top-3 {figures.top3:.1%}, refused {figures.refused:.1%}, "
        f"imbalance {figures.imbalance:.2f}"
    )


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
