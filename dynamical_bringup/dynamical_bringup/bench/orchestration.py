"""``orchestrate()`` end to end: a sentence in, a plan out, through all five layers; no platform."""

import time
from collections.abc import Callable, Sequence
from functools import partial

from dynamical_bringup.bench.bare import percentiles
from dynamical_bringup.bench.row import Row
from dynamical_bringup.bench.sentences import SENTENCES
from dynamical_bringup.description import default_config_dir
from dynamical_bringup.planning import local_orchestrator
from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.plan import OrchestrationRequest

_JOB = "pick up the red cup and place it on the shelf"
_TOGETHER = "wave with your left hand while looking at the shelf, then go home"
_ROUNDS = 200


def orchestration() -> list[Row]:
    """With nothing remembered, every sub-task embedded anew, beside one embedding; and as it runs."""
    fresh = SentenceEmbedder(cache_size=0)
    bare = percentiles([_seconds(partial(fresh.embed, said)) for said in SENTENCES])
    cold = percentiles(_times(fresh, SENTENCES))
    rows = [
        Row(
            name=f"orchestrate(), nothing remembered: {part}",
            value=cold[part] * 1e3,
            unit="ms",
            baseline=bare[part] * 1e3,
        )
        for part in ("p50", "p99")
    ]
    for name, sentence in (("the cup job, 7 steps", _JOB), ("two branches", _TOGETHER)):
        warm = percentiles(_times(SentenceEmbedder(), [sentence] * _ROUNDS))
        rows += [
            Row(name=f"orchestrate(), {name}: {part}", value=warm[part] * 1e3, unit="ms")
            for part in ("p50", "p99")
        ]
    return rows


def _times(embedder: SentenceEmbedder, sentences: Sequence[str]) -> list[float]:
    """How long each sentence takes to become a plan, or a refusal [s]."""
    orchestrator, robots = local_orchestrator(default_config_dir(), embedder=embedder)
    requests = [OrchestrationRequest(task_description=sentence) for sentence in sentences]
    orchestrator.orchestrate(requests[0], robots)
    return [_seconds(partial(orchestrator.orchestrate, each, robots)) for each in requests]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


ORCHESTRATION_FIGURES: dict[str, Callable[[], list[Row]]] = {"orchestrate": orchestration}
