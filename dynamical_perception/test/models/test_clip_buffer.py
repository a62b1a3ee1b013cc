"""The last pictures at even distances: a clip is whole, or there is none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_perception.models.clip_buffer import ClipBuffer

PICTURE = np.zeros((4, 6, 3), np.uint8)


def picture(number: int) -> np.ndarray:
    return np.full_like(PICTURE, number)


def test_a_clip_is_whole_once_there_are_enough_pictures_and_holds_the_newest() -> None:
    clip = ClipBuffer(3, 0.1)
    whole = [clip.add(picture(number), 0.1 * number) for number in range(5)]
    assert whole == [False, False, True, True, True]
    assert [int(kept[0, 0, 0]) for kept in clip.clip] == [2, 3, 4]


def test_pictures_of_a_faster_camera_are_left_out() -> None:
    clip = ClipBuffer(3, 0.1)
    kept = [number for number in range(13) if clip.add(picture(number), number / 30.0)]
    assert kept == [6, 9, 12]


@pytest.mark.parametrize("next_stamp", [0.75, 0.1])
def test_a_gap_and_a_clock_that_was_set_back_begin_a_clip_anew(next_stamp: float) -> None:
    clip = ClipBuffer(2, 0.1)
    clip.add(picture(0), 0.4)
    assert clip.add(picture(1), 0.5)
    assert not clip.add(picture(2), next_stamp)
    assert clip.add(picture(3), next_stamp + 0.1)


def test_a_camera_that_changes_its_size_begins_a_clip_anew() -> None:
    clip = ClipBuffer(2, 0.1)
    clip.add(PICTURE, 0.0)
    assert not clip.add(np.zeros((8, 6, 3), np.uint8), 0.1)
    assert len(clip.clip) == 1


@given(st.lists(st.floats(0.0, 0.5), max_size=40))
def test_neighbours_in_a_whole_clip_are_about_a_period_apart(gaps: list[float]) -> None:
    clip, stamp, taken = ClipBuffer(3, 0.1), 0.0, []
    for gap in gaps:
        stamp += gap
        before = clip.stamp
        whole = clip.add(PICTURE, stamp)
        if clip.stamp != before:
            taken.append(stamp)
        if whole:
            apart = np.diff(taken[-3:])
            assert (apart >= 0.067 - 1e-9).all()
            assert (apart <= 0.2 + 1e-9).all()
