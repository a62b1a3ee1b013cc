"""The gating network: a sentence to a distribution over skills and "none of them".

Embedding and wording of the sentence are projected to a gate space of some 200 dimensions; there
each skill has a key and a bias, and the softmax over key products is the gate. The projection and
the keys are trained (``training/gate.py``). A skill that the training has not seen gets a key from
its phrases, in the same space, and competes at once.

Source: the softmax gate of Shazeer et al., Outrageously Large Neural Networks, ICLR 2017; keys of
new classes from their examples as in Snell et al., Prototypical Networks, NeurIPS 2017.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_skills.embedding import SIZE
from dynamical_skills.wording import SLOTS, Wording

NONE = ""  # the class of sentences that no skill fits
WORDING_SHARE = 0.8  # length of the wording beside an embedding of length 1
INPUTS = SIZE + SLOTS
# Unit vectors are small per entry; scaling them makes one learning rate fit all.
GAIN = 12.0
_LEAD = 1.0  # of a new class over the strongest other one at its own phrases


def softmax(values: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class GatingNetwork:
    """Never changes once made.

    Attributes:
        projection: Shape (INPUTS, d): from embedding and wording to the gate space.
        classes: n names, ``NONE`` among them.
        keys: Shape (n, d).
        bias: Shape (n,).
        centre: Shape (d,): mean of the training sentences, from which new keys are measured.
        own_logit: What a class gives its own sentences on average; new keys reach it at least.

    Raises:
        ValueError: If the shapes do not fit or there are fewer than two classes.
    """

    projection: np.ndarray
    classes: tuple[str, ...]
    keys: np.ndarray
    bias: np.ndarray
    centre: np.ndarray
    own_logit: float

    def __post_init__(self) -> None:
        count, width = len(self.classes), self.projection.shape[-1]
        for name, wanted in (
            ("projection", (INPUTS, width)),
            ("keys", (count, width)),
            ("bias", (count,)),
            ("centre", (width,)),
        ):
            shape = getattr(self, name).shape
            if shape != wanted:
                raise ValueError(f"{name} of a gate has shape {shape}, must be {wanted}")
        if count < 2 or len(set(self.classes)) != count:
            raise ValueError(f"a gate needs two different classes or more, got {self.classes}")

    @property
    def nbytes(self) -> int:
        """Memory of the arrays [byte]."""
        return sum(array.nbytes for array in (self.projection, self.keys, self.bias, self.centre))

    def project(self, embedding: np.ndarray, words: Wording | None = None) -> np.ndarray:
        """A sentence in the gate space, shape (d,); without words by its embedding alone."""
        place = embedding @ self.projection[:SIZE]
        if words is not None and len(words.slots):
            place = place + WORDING_SHARE * (words.values @ self.projection[SIZE + words.slots])
        return np.asarray(place)

    def logits(self, place: np.ndarray) -> np.ndarray:
        """Shape (n,) for one place in the gate space."""
        return np.asarray(GAIN * (self.keys @ place) + self.bias)

    def probabilities(self, place: np.ndarray) -> np.ndarray:
        """Share of each class, shape (n,), sum 1."""
        return softmax(self.logits(place))

    def of(self, names: Sequence[str], new: Mapping[str, np.ndarray]) -> "GatingNetwork":
        """The gate over these classes.

        Args:
            names: Classes wanted, in this order.
            new: For each one that has no key yet, and for those that shall get a new one: its
                phrases in the gate space, shape (phrases, d).
        """
        place = {name: row for row, name in enumerate(self.classes) if name not in new}
        keys = np.empty((len(names), self.keys.shape[1]), dtype=np.float32)
        bias = np.empty(len(names), dtype=np.float32)
        typical = float(np.mean(self.bias[[name != NONE for name in self.classes]]))
        for row, name in enumerate(names):
            if name in place:
                keys[row], bias[row] = self.keys[place[name]], self.bias[place[name]]
            else:
                keys[row], bias[row] = self._key(new[name], typical), typical
        return GatingNetwork(
            projection=self.projection,
            classes=tuple(names),
            keys=keys,
            bias=bias,
            centre=self.centre,
            own_logit=self.own_logit,
        )

    def _key(self, places: np.ndarray, bias: float) -> np.ndarray:
        direction = places.mean(axis=0) - self.centre
        reached = float((places @ direction).mean())
        # Its own phrases have to win, also where the gate has learned that no skill fits them.
        rivals = GAIN * (places @ self.keys.T) + self.bias
        wanted = max(self.own_logit, float(rivals.max()) + _LEAD)
        # Phrases that lie at the centre say nothing; their key may stay short.
        scale = (wanted - bias) / (GAIN * max(reached, 0.02))
        return np.asarray(direction * scale, dtype=np.float32)
