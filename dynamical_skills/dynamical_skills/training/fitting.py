"""Fits the gating network to sentences with their skills.

The loss is cross-entropy in which every class counts the same, with weight decay and the balance
term of Switch Transformers: n * sum(f_i * P_i), f_i the share of sentences sent to class i, P_i its
mean probability; least when all are the same. As the targets are balanced already, it has little
left to do: cross-validation shows the same figures with a weight of 0, 0.01 and 0.05. It is there
for libraries whose skills overlap more.

Source: Fedus et al., Switch Transformers, JMLR 2022, section 2.2; Kingma and Ba, Adam, ICLR 2015.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_skills.embedding import SentenceEmbedder
from dynamical_skills.gating import GAIN, NONE, WORDING_SHARE, GatingNetwork, softmax
from dynamical_skills.phrases import paraphrases
from dynamical_skills.wording import wording


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a gate is fitted; width and decay were chosen by cross-validation over the library.

    Attributes:
        width: Dimensions of the gate space.
        steps: Full-batch steps of Adam.
        rate: Step size.
        decay: Weight decay.
        balance: Weight of the balance term.
        seed: Of the folds of the cross-validation; the fit itself begins at zero.
    """

    width: int = 256
    steps: int = 160
    rate: float = 0.08
    decay: float = 3e-4
    balance: float = 0.01
    seed: int = 0


def inputs(embedder: SentenceEmbedder, sentences: Sequence[str]) -> np.ndarray:
    """Embeddings and wordings side by side, shape (n, INPUTS)."""
    words = np.stack([wording(sentence).dense() for sentence in sentences])
    return np.hstack([embedder.embed_all(sentences), WORDING_SHARE * words])


def fit_gate(
    embedder: SentenceEmbedder, groups: Mapping[str, Sequence[str]], recipe: Recipe
) -> GatingNetwork:
    """A gate over the groups.

    Args:
        embedder: Sentence model.
        groups: Class to its sentences as ``neutral`` reads them; ``NONE`` for no skill.
        recipe: How to fit.
    """
    sentences: list[str] = []
    rows: list[int] = []
    for place, phrases in enumerate(groups.values()):
        said = paraphrases(phrases)
        sentences += said
        rows += [place] * len(said)
    data = inputs(embedder, sentences)
    return fit_arrays(data, np.array(rows), tuple(groups), recipe)


def fit_arrays(
    data: np.ndarray, rows: np.ndarray, classes: tuple[str, ...], recipe: Recipe
) -> GatingNetwork:
    """A gate from inputs of shape (n, INPUTS) and the place of each one's class."""
    # The principal directions of everything said: new skills are told apart in them as well.
    directions = np.linalg.svd(data, full_matrices=False)[2][: recipe.width]
    projection = np.ascontiguousarray(directions.T, dtype=np.float32)
    places = data @ projection
    share = 1.0 / np.bincount(rows)[rows] / len(classes)
    matrix = _descend(places, rows, share, len(classes), recipe)
    logits = GAIN * (places @ matrix[:-1]) + matrix[-1]
    own = logits[np.arange(len(rows)), rows]
    skills = rows != (classes.index(NONE) if NONE in classes else -1)
    return GatingNetwork(
        projection=projection,
        classes=classes,
        keys=np.ascontiguousarray(matrix[:-1].T),
        bias=matrix[-1].copy(),
        centre=places.mean(axis=0),
        own_logit=float(own[skills].mean()),
    )


def _descend(
    places: np.ndarray, rows: np.ndarray, share: np.ndarray, count: int, recipe: Recipe
) -> np.ndarray:
    """Shape (d + 1, classes): keys and, in the last row, biases."""
    data = np.hstack([places * GAIN, np.ones((len(places), 1))]).astype(np.float32)
    wanted = np.zeros((len(data), count), dtype=np.float32)
    wanted[np.arange(len(rows)), rows] = 1.0
    weight = share.astype(np.float32)[:, None]
    matrix = np.zeros((data.shape[1], count), dtype=np.float32)
    mean, square = np.zeros_like(matrix), np.zeros_like(matrix)
    for step in range(1, recipe.steps + 1):
        chance = softmax(data @ matrix)
        slope = chance - wanted + recipe.balance * _imbalance_slope(chance, weight)
        gradient = data.T @ (weight * slope) + recipe.decay * matrix
        mean += 0.1 * (gradient - mean)
        square += 0.01 * (gradient**2 - square)
        size = mean / (1.0 - 0.9**step)
        matrix -= recipe.rate * size / (np.sqrt(square / (1.0 - 0.99**step)) + 1e-8)
    return matrix


def _imbalance_slope(chance: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Slope of the balance term along the logits, per sentence before its weight."""
    count = chance.shape[1]
    sent = np.bincount(chance.argmax(axis=1), weights=weight[:, 0], minlength=count)
    outward = count * sent.astype(np.float32)
    return np.asarray(chance * (outward - (chance @ outward)[:, None]))
