"""Objects are put where both arms reach, apart from each other, and again so for the same seed."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.errors import SceneError
from dynamical_control.simulation.layout import Layout
from dynamical_control.simulation.placement import places

LAYOUT = Layout()


def test_seed_zero_is_the_standard_placement():
    assert [(x, y) for x, y, _ in places(LAYOUT, seed=0)] == list(LAYOUT.standard_places)


@given(seed=st.integers(1, 2**64 - 1))
def test_the_same_seed_gives_the_same_placement_within_the_area_and_apart(seed):
    spots = places(LAYOUT, seed=seed)
    assert spots == places(LAYOUT, seed=seed)
    for x, y, _ in spots:
        assert LAYOUT.object_x[0] <= x <= LAYOUT.object_x[1]
        assert LAYOUT.object_y[0] - 1e-9 <= y <= LAYOUT.object_y[1] + 1e-9
    for first, second in itertools.combinations(spots, 2):
        assert abs(first[1] - second[1]) >= LAYOUT.lane - 1e-9


def test_every_object_visits_the_whole_area():
    cups = np.array([places(LAYOUT, seed=seed)[0][:2] for seed in range(1, 400)])
    assert cups[:, 0].min() < LAYOUT.object_x[0] + 0.01
    assert cups[:, 0].max() > LAYOUT.object_x[1] - 0.01
    assert cups[:, 1].min() < LAYOUT.object_y[0] + 0.01
    assert cups[:, 1].max() > LAYOUT.object_y[1] - 0.01


def test_the_area_is_at_least_20_by_40_cm_and_lies_on_the_table():
    (x0, x1), (y0, y1) = LAYOUT.object_x, LAYOUT.object_y
    assert x1 - x0 >= 0.20 - 1e-9
    assert y1 - y0 >= 0.40 - 1e-9
    largest = max(shape.radius for shape in LAYOUT.objects)
    assert LAYOUT.table_x[0] <= x0 - largest
    assert x1 + largest <= LAYOUT.table_x[1]
    assert LAYOUT.table_y[0] <= y0 - largest
    assert y1 + largest <= LAYOUT.table_y[1]


def test_a_negative_seed_is_refused():
    with pytest.raises(SceneError, match="-3"):
        places(LAYOUT, seed=-3)


def test_objects_that_do_not_fit_are_refused():
    with pytest.raises(SceneError, match="do not fit"):
        places(Layout(lane=0.3), seed=1)
