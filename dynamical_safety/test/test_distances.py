"""Distances of segments to segments and boxes against those of many points."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.distances import box_gaps, segment_gaps

numbers = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 0.5, -0.5]))
vectors = st.tuples(numbers, numbers, numbers).map(np.array)
halves = st.tuples(*[st.floats(0.01, 1)] * 3).map(np.array)
SHARES = np.linspace(0.0, 1.0, 101)


def along(start: np.ndarray, step: np.ndarray) -> np.ndarray:
    return start + SHARES[:, None] * step


def outside_box(points: np.ndarray, centre: np.ndarray, half: np.ndarray) -> np.ndarray:
    return np.linalg.norm(np.maximum(np.abs(points - centre) - half, 0.0), axis=1)


@settings(max_examples=80, deadline=None)
@given(vectors, vectors, vectors, vectors)
def test_two_segments_are_as_far_apart_as_their_nearest_points(
    a: Any, u: Any, b: Any, v: Any
) -> None:
    distance, point, normal = segment_gaps(a[None], u[None], b[None], v[None])
    apart = np.linalg.norm(along(a, u)[:, None] - along(b, v)[None], axis=2)
    assert distance[0] <= apart.min() + 1e-9
    assert distance[0] >= apart.min() - 0.02
    assert np.linalg.norm(normal[0]) == pytest.approx(1.0)
    # From the point back along the line lies the other segment.
    foot = point[0] - distance[0] * normal[0]
    if distance[0] > 1e-6:
        assert np.linalg.norm(along(b, v) - foot, axis=1).min() < 0.02
        assert np.linalg.norm(along(a, u) - point[0], axis=1).min() < 0.02


@settings(max_examples=80, deadline=None)
@given(vectors, vectors, vectors, halves)
def test_a_segment_is_as_far_from_a_box_as_its_nearest_point(
    a: Any, u: Any, centre: Any, half: Any
) -> None:
    distance, point, normal = box_gaps(a[None], u[None], centre[None], half[None])
    apart = outside_box(along(a, u), centre, half).min()
    assert np.linalg.norm(normal[0]) == pytest.approx(1.0)
    if distance[0] > 1e-6:
        assert apart - 0.02 <= distance[0] <= apart + 1e-9
        assert outside_box(point, centre, half)[0] == pytest.approx(distance[0], abs=1e-9)
    else:
        assert apart < 0.02
        # Moved out by the depth, nothing of it is left inside.
        inside = np.abs(along(a - distance[0] * normal[0], u) - centre) < half - 1e-9
        assert not inside.all(axis=1).any()


def test_segments_that_meet_are_told_apart_across_both() -> None:
    x, y = np.array([[1.0, 0, 0]]), np.array([[0, 1.0, 0]])
    distance, _, normal = segment_gaps(-x / 2, x, -y / 2, y)
    assert distance[0] == 0.0
    assert abs(normal[0, 2]) == 1.0


def test_many_pairs_at_once_give_what_each_gives_alone() -> None:
    random = np.random.default_rng(0)
    a, u, b, v = random.normal(size=(4, 50, 3))
    every = box_gaps(a, u, b, np.abs(v))
    for row in range(50):
        one = (slice(row, row + 1),)
        alone = box_gaps(a[one], u[one], b[one], np.abs(v[one]))
        for together, single in zip(every, alone, strict=True):
            np.testing.assert_allclose(together[row], single[0])
