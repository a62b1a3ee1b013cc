"""Similarity to all phrases at once is what phrase by phrase gives."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_skills.embedding import SIZE
from dynamical_skills.phrase_index import PhraseIndex


def unit_rows(rng, count):
    rows = rng.normal(size=(count, SIZE)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def one_by_one(rows, vector):
    return float(np.sort(rows @ vector)[-2:].mean())


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_it_is_the_mean_of_the_two_nearest_of_each_group(counts, seed):
    rng = np.random.default_rng(seed)
    groups = {str(place): unit_rows(rng, count) for place, count in enumerate(counts)}
    vector = unit_rows(rng, 1)[0]
    index = PhraseIndex(groups)
    wanted = [one_by_one(rows, vector) for rows in groups.values()]
    assert index.similarity(vector) == pytest.approx(wanted, abs=1e-5)
    some = np.arange(0, len(counts), 2)
    assert index.similarity(vector, some) == pytest.approx(wanted[::2], abs=1e-5)


def test_a_large_library_is_kept_in_half_the_memory_and_answers_alike():
    rng = np.random.default_rng(1)
    groups = {"many": unit_rows(rng, 50_001), "few": unit_rows(rng, 3)}
    index = PhraseIndex(groups)
    assert index.nbytes == len(index) * SIZE * 2
    vector = groups["few"][1]
    wanted = [one_by_one(rows, vector) for rows in groups.values()]
    assert index.similarity(vector, np.array([0, 1])) == pytest.approx(wanted, abs=2e-3)


def test_a_group_without_phrases_is_named():
    with pytest.raises(ValueError, match="'empty'"):
        PhraseIndex({"empty": np.empty((0, SIZE), dtype=np.float32)})
