"""Fits to points of known bodies, seen from one or two sides."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_perception.catalogue import lookup
from dynamical_perception.segments import Segment
from dynamical_perception.shape import fit, smallest_rectangle


def view(points: np.ndarray, eye: np.ndarray, **changes: object) -> Segment:
    values: dict[str, object] = {
        "camera": "left",
        "instance": "thing",
        "class_id": "cup",
        "stamp": 0.0,
        "points": points,
        "pixels": len(points),
        "colors": np.zeros(12),
        "eye": eye,
        "pixel": 0.003,
        "top_clear": True,
        "bottom_clear": True,
        "cut": False,
        "hidden": 0.0,
    }
    return Segment(**{**values, **changes})  # type: ignore[arg-type]


def cylinder(
    rng: np.random.Generator, center: np.ndarray, radius: float, height: float, eye: np.ndarray
) -> np.ndarray:
    """Points of the side that faces the eye, with noise along the ray."""
    angle = rng.uniform(0, 2 * np.pi, 900)
    z = rng.uniform(-height / 2, height / 2, 900)
    normal = np.stack((np.cos(angle), np.sin(angle), np.zeros(900)), axis=1)
    points = center + radius * normal + z[:, None] * np.array([0, 0, 1.0])
    ray = eye - points
    ray /= np.linalg.norm(ray, axis=1)[:, None]
    facing = (ray * normal).sum(axis=1) > 0.15
    return points[facing] + rng.normal(0, 0.002, (int(facing.sum()), 1)) * ray[facing]


@settings(max_examples=25, deadline=None)
@given(
    st.floats(-0.3, 0.3),
    st.floats(-0.3, 0.3),
    st.floats(0.03, 0.045),
    st.floats(0, 6.28),
    st.integers(0, 999),
)
def test_a_cup_seen_from_one_side_is_not_pulled_towards_the_camera(
    x: float, y: float, radius: float, bearing: float, seed: int
):
    center = np.array([x, y, 0.8])
    eye = center + np.array([np.cos(bearing), np.sin(bearing), 0.1])
    points = cylinder(np.random.default_rng(seed), center, radius, 0.1, eye)
    result = fit(lookup("cup"), [view(points, eye)])
    assert np.linalg.norm(result.position[:2] - center[:2]) < 0.006
    assert result.size[0] == pytest.approx(2 * radius, abs=0.012)
    assert result.whole


def test_a_cup_whose_lower_half_is_hidden_keeps_its_height():
    center, eye = np.array([0.3, 0.0, 0.8]), np.array([-0.5, 0.2, 0.9])
    points = cylinder(np.random.default_rng(1), center, 0.033, 0.1, eye)
    upper = points[points[:, 2] > 0.80]
    body = np.array([0.066, 0.066, 0.1])
    result = fit(lookup("cup"), [view(upper, eye, bottom_clear=False, hidden=0.3)], body=body)
    np.testing.assert_allclose(result.position, center, atol=0.008)
    assert not result.whole


def test_a_person_reaches_to_the_floor_and_behind_what_is_seen():
    rng = np.random.default_rng(2)
    front = np.stack(
        (np.full(500, 2.0), rng.uniform(-0.25, 0.25, 500), rng.uniform(0.8, 1.7, 500)), axis=1
    )
    result = fit(lookup("person"), [view(front, np.array([0.0, 0.0, 1.2]), bottom_clear=False)])
    assert result.size[0] == pytest.approx(0.3, abs=0.03)
    assert result.position[0] == pytest.approx(2.15, abs=0.03)
    assert result.position[2] == pytest.approx(result.size[2] / 2)


@settings(max_examples=30, deadline=None)
@given(st.floats(-0.75, 0.75), st.floats(0.04, 0.1), st.floats(0.04, 0.1))
def test_a_turned_rectangle_is_found(turn: float, width: float, depth: float):
    rng = np.random.default_rng(0)
    local = rng.uniform(-0.5, 0.5, (3000, 2)) * (width, depth)
    c, s = np.cos(turn), np.sin(turn)
    xy = local @ np.array([[c, s], [-s, c]]) + (0.3, -0.1)
    center, extent, found = smallest_rectangle(xy)
    np.testing.assert_allclose(center, (0.3, -0.1), atol=0.003)
    assert extent.prod() == pytest.approx(width * depth, rel=0.12)
    off = (found - turn + np.pi / 4) % (np.pi / 2) - np.pi / 4
    assert abs(off) < np.deg2rad(4)
