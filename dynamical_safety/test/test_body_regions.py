"""What contact a person bears: the table of ISO/TS 15066 and what follows from it."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_safety.body_regions import impact_stiffness, load_body_regions, region_limits

# Quasi-static force [N], spring [N/mm], mass [kg]: Tables A.2 and A.3, typed a second time.
TABLE = {
    "skull and forehead": (130, 150, 4.4),
    "face": (65, 75, 4.4),
    "neck": (150, 50, 1.2),
    "back and shoulders": (210, 35, 40),
    "chest": (140, 25, 40),
    "abdomen": (110, 10, 40),
    "pelvis": (180, 25, 40),
    "upper arms and elbow joints": (150, 30, 3),
    "lower arms and wrist joints": (160, 40, 2),
    "hands and fingers": (140, 75, 0.6),
    "thighs and knees": (220, 50, 75),
    "lower legs": (130, 60, 75),
}
PRESSURES = (130, 110, 110, 140, 210, 160, 210, 120, 170, 140, 210, 190, 220, 190, 180, 180)
PRESSURES += (300, 270, 280, 220, 200, 260, 260, 200, 190, 250, 220, 220, 210)


def touched(height: float, *, stature: float = 1.75, head: bool = False) -> set[str]:
    limits = region_limits(2.0)
    mask = limits.touching(
        np.array([height - 0.05]), np.array([height + 0.05]), np.array([stature]), np.array([head])
    )[0]
    return {limits.regions[i].name for i in np.flatnonzero(mask)}


def test_the_table_is_that_of_the_standard() -> None:
    regions, _ = load_body_regions()
    assert {r.name: (r.force, r.spring / 1000, r.mass) for r in regions} == TABLE
    areas = sorted((area.number, area.pressure) for r in regions for area in r.areas)
    assert tuple(pressure for _, pressure in areas) == PRESSURES


def test_a_transient_contact_bears_twice_as_much_except_at_the_head() -> None:
    limits = region_limits(100.0)
    assert (limits.transient[~limits.head] == 2.0 * limits.quasi_static[~limits.head]).all()
    assert (limits.transient[limits.head] == limits.quasi_static[limits.head]).all()
    assert [r.name for r in limits.regions if r.head] == ["skull and forehead", "face"]
    assert all(r.transient_factor is None for r in limits.regions if r.head)


def test_a_small_contact_area_lowers_the_force() -> None:
    small, large = region_limits(0.5), region_limits(2.0)
    assert (small.quasi_static <= large.quasi_static).all()
    chest = [r.name for r in small.regions].index("chest")
    assert small.quasi_static[chest] == pytest.approx(0.5 * 120)


@pytest.mark.parametrize(
    ("height", "region"),
    [(0.2, "lower legs"), (0.6, "thighs and knees"), (0.9, "pelvis"), (1.3, "chest")],
)
def test_a_height_meets_the_regions_that_are_there(height: float, region: str) -> None:
    assert region in touched(height)
    assert "hands and fingers" in touched(height)
    assert "face" not in touched(height)


def test_the_head_is_only_met_where_it_is() -> None:
    assert touched(1.6, head=True) == {"skull and forehead", "face"}


def test_something_is_met_at_any_height() -> None:
    for height in np.arange(-1.0, 4.0, 0.1):
        assert touched(float(height))


@given(st.floats(0.1, 100), st.floats(0.1, 100), st.floats(0.1, 100), st.floats(1e3, 2e5))
def test_a_heavier_link_never_presses_less(a: float, b: float, body: float, k: float) -> None:
    light, heavy = sorted((a, b))
    slope: Any = impact_stiffness(np.array([[light], [heavy]]), np.array([body]), np.array([k]))
    assert slope[0, 0] <= slope[1, 0]
    free = impact_stiffness(np.array([[heavy]]), np.array([np.inf]), np.array([k]))
    assert slope[1, 0] <= free[0, 0]
    assert free[0, 0] == pytest.approx(np.sqrt(heavy * k))
