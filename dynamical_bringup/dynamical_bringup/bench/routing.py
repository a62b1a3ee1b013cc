"""Figures of the skill router: how well it answers, how long it takes, how both grow; no platform.

Libraries larger than the real one are filled up with synthetic skills. Their phrases' vectors are
mixtures of real sentences' vectors, since embedding hundreds of thousands of sentences would take
an hour; what is measured does the same arithmetic. The sentences asked are embedded for real.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from dynamical_bringup.bench.bare import percentiles
from dynamical_bringup.bench.row import Row
from dynamical_bringup.bench.sentences import SENTENCES
from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.errors import NoSkillFitsError
from dynamical_skills.gate_file import TrainedGate, fingerprint, read_gate, skill_phrases
from dynamical_skills.gating import NONE, GatingNetwork
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.library.store import load_background, load_skills
from dynamical_skills.routing import MoESkillRouter
from dynamical_skills.training.gate import compare, held_out
from dynamical_skills.wording import Wording, wording

HELD_OUT = Path("dynamical_skills/test/routing_heldout.yaml")
SIZES = (10, 100, 1_000, 10_000, 100_000)
_PHRASES = 3  # of a synthetic skill
_GATE_ROUNDS = 300
_GOALS = {"top1": 0.92, "top3": 0.98, "refused": 0.90}


def accuracy() -> list[Row]:
    """Held-out sentences answered by the router, its parts and its rivals."""
    skills = list(load_skills().values())
    groups = held_out(HELD_OUT)
    found = compare(SentenceEmbedder(cache_size=100_000), skills, load_background(), groups)
    rows = []
    for name, figures in found.items():
        for part, words in (("top1", "top-1"), ("top3", "top-3"), ("refused", "refused")):
            value = getattr(figures, part)
            goal = _GOALS[part] if name == "gate and similarity" else None
            rows.append(
                Row(
                    name=f"routing, held out, {name}: {words}",
                    value=value * 100.0,
                    unit="%",
                    goal="" if goal is None else f">= {goal:.0%}",
                    met=None if goal is None else value >= goal,
                )
            )
    return rows


def growth() -> list[Row]:
    """Text to skills and gating alone, over libraries of 10 to 100,000 skills."""
    embedder = SentenceEmbedder(cache_size=0)
    bare = [_seconds(partial(embedder.embed, said)) for said in SENTENCES[::3]]
    embedding = percentiles(bare)["p50"] * 1e3
    rows = [Row(name="routing: embedding of a sentence alone, p50", value=embedding, unit="ms")]
    for size in SIZES:
        router, memory = _router_of(embedder, size)
        text = percentiles([_seconds(partial(_ask, router, said)) for said in SENTENCES[1::3]])
        gate = percentiles(_gate_times(size))
        rows += [
            Row(
                name=f"routing, {size} skills, text to skills: p50",
                value=text["p50"] * 1e3,
                unit="ms",
                baseline=embedding,
                goal="< 10 ms" if size == 100 else "",
                met=text["p50"] < 0.010 if size == 100 else None,
            ),
            Row(
                name=f"routing, {size} skills, text to skills: p99",
                value=text["p99"] * 1e3,
                unit="ms",
            ),
            Row(
                name=f"routing, {size} skills, gating alone: p50",
                value=gate["p50"] * 1e3,
                unit="ms",
                goal="< 1 ms" if size == 10_000 else "",
                met=gate["p50"] < 0.001 if size == 10_000 else None,
            ),
            Row(name=f"routing, {size} skills, memory of vectors", value=memory, unit="MB"),
        ]
    return rows


def _router_of(embedder: SentenceEmbedder, size: int) -> tuple[MoESkillRouter, float]:
    """A router over ``size`` skills and the memory of its vectors [MB]."""
    real = list(load_skills().values())[:size]
    synthetic = [_synthetic(real[0], number) for number in range(size - len(real))]
    trained = read_gate()
    pool = np.stack(list(trained.sentences.values()))
    rng = np.random.default_rng(size)
    sentences = dict(trained.sentences)
    keys = dict(trained.fingerprints)
    said = {skill.id: skill_phrases(skill) for skill in synthetic}
    for phrases in said.values():
        mixed = pool[rng.integers(len(pool), size=(len(phrases), 3))].sum(axis=1)
        mixed /= np.linalg.norm(mixed, axis=1, keepdims=True)
        sentences.update(zip(phrases, mixed.astype(np.float16), strict=True))
    keys.update({name: fingerprint(phrases) for name, phrases in said.items()})
    gate = TrainedGate(
        network=_wider(trained.network, list(said), rng),
        fingerprints=keys,
        sentences=sentences,
        record={},
    )
    router = MoESkillRouter(embedder, [*real, *synthetic], background=load_background(), gate=gate)
    return router, router.nbytes / 2**20


def _wider(
    network: GatingNetwork, names: Sequence[str], rng: np.random.Generator
) -> GatingNetwork:
    """A gate with learned-looking keys for more classes."""
    more = rng.choice(len(network.keys), size=len(names))
    noise = rng.normal(scale=network.keys.std(), size=(len(names), network.keys.shape[1]))
    classes = tuple(name for name in network.classes if name != NONE)
    order = [network.classes.index(name) for name in classes]
    none = network.classes.index(NONE)
    keys = [network.keys[order], network.keys[more] + noise, network.keys[[none]]]
    bias = [network.bias[order], network.bias[more] - 4.0, network.bias[[none]]]
    return replace(
        network,
        classes=(*classes, *names, NONE),
        keys=np.concatenate(keys).astype(np.float32),
        bias=np.concatenate(bias).astype(np.float32),
    )


def _synthetic(model: SkillDescriptor, number: int) -> SkillDescriptor:
    """A skill that is about nothing."""
    return replace(
        model,
        id=f"synthetic_{number}",
        description=f"synthetic skill {number}",
        examples=tuple(f"synthetic {number} said so {way}" for way in range(1, _PHRASES)),
    )


def _gate_times(size: int) -> list[float]:
    rng = np.random.default_rng(size)
    trained = read_gate()
    network = _wider(trained.network, [f"s{number}" for number in range(size)], rng)
    said = list(trained.sentences.items())[:_GATE_ROUNDS]
    return [
        _seconds(partial(_gate, network, vector, wording(sentence))) for sentence, vector in said
    ]


def _gate(network: GatingNetwork, vector: np.ndarray, words: Wording) -> np.ndarray:
    return network.probabilities(network.project(vector, words))


def _ask(router: MoESkillRouter, sentence: str) -> None:
    try:
        router.route(sentence)
    except NoSkillFitsError:
        return


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


ROUTING_FIGURES: dict[str, Callable[[], list[Row]]] = {
    "routing_accuracy": accuracy,
    "routing_growth": growth,
}
