"""Every phrase of a library in one matrix: the similarity of a sentence to all skills at once.

The rows of a skill lie together, so that maxima over its phrases are one ``reduceat``.
"""

from collections.abc import Mapping

import numpy as np

from dynamical_skills.embedding import SIZE

# Up to here rows are float32, ready to multiply; larger libraries take half the memory and convert
# the rows of a short list alone.
_FLOAT32_ROWS = 50_000


class PhraseIndex:
    """Phrases of named groups (skills, and what no skill fits); never changes once made.

    Args:
        groups: Name to unit vectors of shape (phrases, 384), at least one phrase each.

    Raises:
        ValueError: If a group has no phrases or vectors of another size.
    """

    def __init__(self, groups: Mapping[str, np.ndarray]) -> None:
        for name, vectors in groups.items():
            if vectors.ndim != 2 or not len(vectors) or vectors.shape[1] != SIZE:
                raise ValueError(f"{name!r}: phrases of shape {vectors.shape}, not (n, {SIZE})")
        self.names = tuple(groups)
        self._place = {name: place for place, name in enumerate(self.names)}
        self._counts = np.array([len(vectors) for vectors in groups.values()], dtype=np.int64)
        self._starts = np.concatenate([[0], np.cumsum(self._counts)[:-1]]).astype(np.int64)
        rows = int(self._counts.sum())
        self._matrix = np.empty(
            (rows, SIZE), dtype=np.float32 if rows <= _FLOAT32_ROWS else np.float16
        )
        for start, count, vectors in zip(self._starts, self._counts, groups.values(), strict=True):
            self._matrix[start : start + count] = vectors

    def __len__(self) -> int:
        """Number of phrases."""
        return len(self._matrix)

    @property
    def nbytes(self) -> int:
        """Memory of the vectors [byte]."""
        return self._matrix.nbytes

    def vectors(self, name: str) -> np.ndarray:
        """Unit vectors of one group, shape (phrases, 384)."""
        start = self._starts[self._place[name]]
        return self._matrix[start : start + self._counts[self._place[name]]]

    def similarity(self, vector: np.ndarray, places: np.ndarray | None = None) -> np.ndarray:
        """Cosine to the two nearest phrases of each group, averaged; one phrase counts alone.

        Two, because one phrase alone may be near by chance.

        Args:
            vector: Unit vector, shape (384,).
            places: Groups asked for, by place in ``names``; ``None`` = all.

        Returns:
            Shape (groups,).
        """
        if places is None:
            matrix, starts, counts = self._matrix, self._starts, self._counts
        else:
            counts = self._counts[places]
            starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
            rows = np.repeat(self._starts[places] - starts, counts) + np.arange(counts.sum())
            matrix = self._matrix[rows]
        cosine = matrix.astype(np.float32, copy=False) @ vector
        first = np.maximum.reduceat(cosine, starts)
        others = np.where(cosine >= np.repeat(first, counts), -np.inf, cosine)
        second = np.maximum.reduceat(others, starts)
        return np.asarray(np.where(np.isfinite(second), (first + second) / 2.0, first))
