"""Chunks cover the whole trajectory, overlap, and end at rest."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_skills.streaming import PERIOD, ChunkStream, resampled


def played(stream: ChunkStream, duration: float, step: float) -> list:
    chunks, elapsed = [], 0.0
    while not stream.all_sent:
        chunk = stream.due(elapsed)
        if chunk is not None:
            chunks.append((elapsed, chunk))
        elapsed = min(elapsed + step, duration)
    return chunks


@settings(max_examples=60, deadline=None)
@given(count=st.integers(1, 400), step=st.floats(0.003, 0.35))
def test_every_sample_is_sent_before_it_is_needed(motion, count, step):
    trajectory = motion(count)
    chunks = played(
        ChunkStream(trajectory, trajectory_id=7, start_time=1.0), trajectory.duration, step
    )
    covered = np.full(count, np.inf)
    for elapsed, chunk in chunks:
        first = round(chunk.offset / PERIOD)
        rows = slice(first, first + len(chunk.position))
        assert np.array_equal(chunk.position, trajectory.position[rows])
        covered[rows] = np.minimum(covered[rows], elapsed)
    assert np.isfinite(covered).all()
    assert (covered <= np.arange(count) * PERIOD + 1e-9).all()
    assert [chunk.final for _, chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert not chunks[-1][1].velocity[-1].any()


def test_the_first_chunk_is_due_at_once_and_nothing_more_while_time_stands_still(motion):
    stream = ChunkStream(motion(200), trajectory_id=1, start_time=0.0)
    assert stream.due(0.0).offset == 0.0
    assert stream.due(0.0) is None
    assert stream.due(0.099) is None
    assert stream.due(0.1).offset == pytest.approx(0.1)


@settings(max_examples=40, deadline=None)
@given(count=st.integers(2, 80), period=st.floats(0.005, 0.2))
def test_resampling_keeps_both_ends_and_stays_near_the_curve(motion, count, period):
    trajectory = motion(count, period)
    again = resampled(trajectory)
    assert np.allclose(again.position[0], trajectory.position[0])
    assert np.allclose(again.position[-1], trajectory.position[-1])
    assert not again.velocity[-1].any()
    assert again.duration >= trajectory.duration - 1e-9
    assert again.duration <= trajectory.duration + PERIOD
    assert again.position.min() >= -0.02
    assert again.position[:, 0].max() <= 2.02


def test_a_broken_trajectory_is_refused(motion):
    broken = motion(10)
    broken.position[3, 0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        ChunkStream(broken, trajectory_id=1, start_time=0.0)
