"""Obstacles as columns, and zones as boxes."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_safety.obstacles import Obstacle, ObstacleKind, tabled, zone_obstacles
from dynamical_safety.polygons import polygon_distance


def test_an_upright_rectangle_is_one_box() -> None:
    (only,) = zone_obstacles("cell", [(0, 0), (2, 0), (2, 1), (0, 1)], low=0.2, high=1.0)
    np.testing.assert_allclose(only.centre, [1.0, 0.5, 0.6])
    np.testing.assert_allclose(only.half, [1.0, 0.5, 0.4])
    assert (only.name, only.kind) == ("cell", ObstacleKind.ZONE)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0.1, 1.5), min_size=3, max_size=9),
    st.floats(-3, 3),
    st.integers(0, 2**31),
)
def test_every_point_of_a_zone_lies_in_one_of_its_boxes(
    radii: Any, turn: float, seed: int
) -> None:
    turns = turn + 2 * np.pi * np.arange(len(radii)) / len(radii)
    polygon = np.column_stack([np.cos(turns), np.sin(turns)]) * np.array(radii)[:, None]
    found = zone_obstacles("star", [tuple(p) for p in polygon.tolist()], low=0.0, high=1.0)
    points = np.random.default_rng(seed).uniform(-1.5, 1.5, (400, 2))
    points = points[polygon_distance(points, polygon) < 0.0]
    boxes = tabled(found)
    inside = np.abs(points[:, None] - boxes.centre[None, :, :2]) <= boxes.half[None, :, :2] + 1e-9
    assert inside.all(axis=2).any(axis=1).all()


def test_a_table_of_nothing_is_usable_and_one_with_a_nan_is_not() -> None:
    assert tabled(()).usable
    zero = np.zeros(3)
    good = Obstacle("a", ObstacleKind.FIXED, zero, np.ones(3), zero)
    assert tabled([good]).usable
    for bad in (
        Obstacle("b", ObstacleKind.FIXED, zero, np.array([1, np.nan, 1]), zero),
        Obstacle("b", ObstacleKind.PERSON, np.array([0, np.inf, 0]), np.ones(3), zero),
        Obstacle("b", ObstacleKind.FIXED, zero, -np.ones(3), zero),
        Obstacle("b", ObstacleKind.FIXED, zero, np.ones(3), zero, float("nan")),
    ):
        assert not tabled([good, bad]).usable
