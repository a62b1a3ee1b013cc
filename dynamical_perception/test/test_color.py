"""Colours have the names people give them."""

import numpy as np
import pytest

from dynamical_perception import color


@pytest.mark.parametrize(
    ("rgb", "expected"),
    [
        ((200, 20, 20), "red"),
        ((90, 8, 10), "red"),
        ((235, 20, 60), "red"),
        ((240, 140, 20), "orange"),
        ((130, 80, 40), "brown"),
        ((184, 140, 97), "brown"),
        ((240, 220, 30), "yellow"),
        ((20, 130, 50), "green"),
        ((20, 60, 200), "blue"),
        ((130, 40, 200), "purple"),
        ((240, 240, 238), "white"),
        ((128, 128, 130), "gray"),
        ((15, 15, 18), "black"),
    ],
)
def test_a_colour_gets_its_name(rgb: tuple[int, int, int], expected: str):
    pixels = np.tile(np.array(rgb, np.uint8), (30, 1))
    assert color.name(color.histogram(pixels)) == expected


def test_a_mixed_thing_has_no_colour():
    pixels = np.array([(200, 20, 20), (20, 60, 200), (20, 130, 50)] * 10, np.uint8)
    assert color.name(color.histogram(pixels)) == ""
    assert color.name(np.zeros(len(color.NAMES))) == ""
