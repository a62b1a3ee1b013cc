"""What the gate is measured against: plain cosine similarity, and keyword matching."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.gating import NONE

_WORD = re.compile(r"[a-z']+")


class CosineRival:
    """Cosine of the sentence, as it was said, to the nearest phrase of each skill.

    Args:
        embedder: Sentence model.
        groups: Skill to its phrases; ``NONE`` takes no part, as similarity alone has no use for it.
    """

    def __init__(self, embedder: SentenceEmbedder, groups: Mapping[str, Sequence[str]]) -> None:
        self._embedder = embedder
        self._groups = {
            name: embedder.embed_all(phrases) for name, phrases in groups.items() if name != NONE
        }

    def scores(self, sentence: str) -> dict[str, float]:
        """Score per skill."""
        vector = self._embedder.embed(sentence)
        return {name: float(np.max(rows @ vector)) for name, rows in self._groups.items()}


class KeywordRival:
    """Words shared with the phrases of each skill, rare words counting more (tf-idf).

    Args:
        groups: Skill to its phrases.
    """

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        words = {
            name: Counter(word for phrase in phrases for word in _WORD.findall(phrase.lower()))
            for name, phrases in groups.items()
            if name != NONE
        }
        spread = Counter(word for counts in words.values() for word in counts)
        self._rarity = {
            word: math.log((1 + len(words)) / (1 + count)) + 1.0 for word, count in spread.items()
        }
        self._weights = {name: self._unit(counts) for name, counts in words.items()}

    def scores(self, sentence: str) -> dict[str, float]:
        """Score per skill: cosine of the weighted word counts."""
        said = self._unit(Counter(_WORD.findall(sentence.lower())))
        return {
            name: sum(value * weights.get(word, 0.0) for word, value in said.items())
            for name, weights in self._weights.items()
        }

    def _unit(self, counts: Mapping[str, int]) -> dict[str, float]:
        weights = {
            word: (1.0 + math.log(count)) * self._rarity.get(word, 1.0)
            for word, count in counts.items()
        }
        length = math.sqrt(sum(value * value for value in weights.values())) or 1.0
        return {word: value / length for word, value in weights.items()}
