"""The gating network: sentence embedding to a distribution over skills and "none of them".

A multinomial logistic layer with weight decay, trained by full-batch Adam; small enough to be
trained at start in well under a second.
"""

from collections.abc import Sequence

import numpy as np

NONE = ""  # the class of sentences that no skill fits
# Unit vectors of 384 entries are small per entry; scaling them makes one learning rate fit all.
_GAIN = 12.0
_STEPS = 160
_RATE = 0.08
_DECAY = 3e-3


def softmax(values: np.ndarray) -> np.ndarray:
    """Along the last axis."""
    shifted = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))


class GatingNetwork:
    """Trained on (embedding, label) pairs; the same data give the same network.

    Args:
        vectors: Shape (n, d), unit rows.
        labels: n labels; ``NONE`` for sentences that no skill fits.
        weights: Shape (n,), how much each pair counts within its class; ``None`` = all the same.

    Raises:
        ValueError: If the shapes do not fit or there are fewer than two classes.
    """

    def __init__(
        self, vectors: np.ndarray, labels: Sequence[str], weights: np.ndarray | None = None
    ) -> None:
        if vectors.ndim != 2 or len(vectors) != len(labels):
            raise ValueError(f"vectors {vectors.shape} and {len(labels)} labels do not fit")
        self.classes = tuple(sorted(set(labels)))
        if len(self.classes) < 2:
            raise ValueError(f"a gate needs two classes or more, got {self.classes}")
        index = {name: place for place, name in enumerate(self.classes)}
        rows = np.array([index[label] for label in labels])
        # Every class counts the same, however many phrases it has.
        share = np.ones(len(rows)) if weights is None else np.asarray(weights, dtype=float)
        total = np.bincount(rows, weights=share, minlength=len(self.classes))
        share = share / total[rows] / len(self.classes)
        self._matrix = _fit(vectors.astype(np.float32), rows, share, len(self.classes))

    def probabilities(self, vector: np.ndarray) -> dict[str, float]:
        """Share of each class for one unit vector of shape (d,); sums to 1."""
        values = softmax(_GAIN * (vector @ self._matrix[:-1]) + self._matrix[-1])
        return dict(zip(self.classes, values.tolist(), strict=True))


def _fit(vectors: np.ndarray, rows: np.ndarray, share: np.ndarray, count: int) -> np.ndarray:
    """Shape (d + 1, classes): weights and, in the last row, biases. Adam, Kingma and Ba 2015."""
    inputs = np.hstack([vectors * _GAIN, np.ones((len(vectors), 1), dtype=np.float32)])
    wanted = np.zeros((len(vectors), count), dtype=np.float32)
    wanted[np.arange(len(rows)), rows] = 1.0
    matrix = np.zeros((inputs.shape[1], count), dtype=np.float32)
    mean, square = np.zeros_like(matrix), np.zeros_like(matrix)
    share = share.astype(np.float32)[:, None]
    for step in range(1, _STEPS + 1):
        gradient = inputs.T @ (share * (softmax(inputs @ matrix) - wanted)) + _DECAY * matrix
        mean += 0.1 * (gradient - mean)
        square += 0.01 * (gradient**2 - square)
        size = mean / (1.0 - 0.9**step)
        matrix -= _RATE * size / (np.sqrt(square / (1.0 - 0.99**step)) + 1e-8)
    return matrix
