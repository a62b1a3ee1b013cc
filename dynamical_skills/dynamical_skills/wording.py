"""The words of a sentence as sparse features, beside its embedding.

A sentence embedding averages over all words; "raise your hand" and "raise your hand and wave it"
end up close together. Hashed words, pairs of words and character n-grams keep what it blurs, and
misspelt words still share most of their n-grams.

Source: Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009; n-grams
of characters as in Bojanowski et al., Enriching Word Vectors with Subword Information, TACL 2017.
"""

import re
import zlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

SLOTS = 1024
_LENGTH = 4  # characters of an n-gram
_WORD = re.compile(r"[a-z']+|\d")
_SAY_NOTHING = frozenset(("the", "object", "a"))
_MOST_WORDS = 60  # a longer text is cut: what it asks for stands in front


@dataclass(frozen=True, slots=True)
class Wording:
    """Non-zero entries of a unit vector of ``SLOTS`` entries.

    Attributes:
        slots: Places, shape (k,).
        values: Their values, shape (k,); k is 0 for a text without words.
    """

    slots: np.ndarray
    values: np.ndarray

    def dense(self) -> np.ndarray:
        """Shape (SLOTS,)."""
        result = np.zeros(SLOTS, dtype=np.float32)
        result[self.slots] = self.values
        return result


def wording(sentence: str) -> Wording:
    """Words, pairs of neighbours and character n-grams of a sentence."""
    words = _WORD.findall(sentence.lower())[:_MOST_WORDS]
    bounded = ["<", *words, ">"]
    found = [*words, *(f"{first}_{second}" for first, second in pairwise(bounded))]
    for word in words:
        padded = f"<{word}>"
        found += [
            padded[place : place + _LENGTH] for place in range(max(1, len(padded) - _LENGTH + 1))
        ]
    counts: dict[int, float] = {}
    for feature in found:
        if feature not in _SAY_NOTHING and words:
            # CRC-32 is the same in every process; hash() is not.
            slot = zlib.crc32(feature.encode()) % SLOTS
            counts[slot] = counts.get(slot, 0.0) + 1.0
    values = np.array(list(counts.values()), dtype=np.float32)
    length = float(np.linalg.norm(values)) or 1.0
    return Wording(np.array(list(counts), dtype=np.int64), values / length)
