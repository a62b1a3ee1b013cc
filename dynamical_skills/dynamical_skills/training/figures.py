"""How well a router answers: figures over sentences with their skills."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_skills.gating import NONE

# A sentence to skill ids, best first; empty = refused.
Answer = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares of sentences, 0..1; a refused sentence counts as wrong wherever a skill fits.

    Attributes:
        top1: The skill meant comes first.
        top3: It is among the first three.
        refused: Sentences that no skill fits are refused.
        imbalance: Coefficient of variation of how often each skill is chosen, over how often it
            is meant: 0 = nobody draws what is another's.
    """

    top1: float
    top3: float
    refused: float
    imbalance: float

    @property
    def overall(self) -> float:
        """Mean of answering right and refusing right; what thresholds are chosen by."""
        return (self.top1 + self.refused) / 2.0


def measure(answer: Answer, groups: Mapping[str, Sequence[str]]) -> Figures:
    """Figures over groups of sentences; ``NONE`` names those that no skill fits."""
    first = third = asked = refused = 0
    chosen = dict.fromkeys((name for name in groups if name != NONE), 0)
    for name, sentences in groups.items():
        for sentence in sentences:
            ranked = list(answer(sentence))
            if name == NONE:
                refused += not ranked
                continue
            asked += 1
            first += ranked[:1] == [name]
            third += name in ranked[:3]
            if ranked and ranked[0] in chosen:
                chosen[ranked[0]] += 1
    load = np.array([count / max(len(groups[name]), 1) for name, count in chosen.items()])
    return Figures(
        top1=first / max(asked, 1),
        top3=third / max(asked, 1),
        refused=refused / max(len(groups.get(NONE, ())), 1),
        imbalance=float(load.std() / max(load.mean(), 1e-9)),
    )
