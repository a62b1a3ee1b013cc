"""What contact a person bears, by region of the body: ISO/TS 15066:2016, Annex A, as data.

A transient contact between masses m_R and m_H through a body region of stiffness k, at relative
speed v, presses with ``F = v sqrt(mu k)``, ``mu = 1 / (1/m_R + 1/m_H)``. Source: ISO/TS
15066:2016, A.3.6 (two masses and one spring, all energy into the spring).
"""

from dataclasses import dataclass
from importlib import resources
from typing import Any

import numpy as np
import yaml

from dynamical_safety.errors import DataError

FILE = "iso_ts_15066_body_regions.yaml"
_PER_MILLIMETRE = 1000.0  # N/mm in N/m
# Lower or wider than this a person does not stand upright: the head may be anywhere.
UPRIGHT_HEIGHT, UPRIGHT_WIDTH = 1.3, 1.1  # [m]


@dataclass(frozen=True, slots=True)
class BodyArea:
    """One of the 29 specific areas.

    Attributes:
        number: 1..29, as in Table A.2.
        name: Name.
        pressure: Largest quasi-static pressure [N/cm^2].
    """

    number: int
    name: str
    pressure: float


@dataclass(frozen=True, slots=True)
class BodyRegion:
    """One row of Tables A.2 and A.3.

    Attributes:
        name: Name.
        force: Largest quasi-static force [N].
        transient_factor: How much more a transient contact may have; ``None`` = not permitted.
        spring: Stiffness [N/m].
        mass: Effective mass [kg].
        low: Lowest place on a standing person, part of the stature; NaN for the head.
        high: Highest place, part of the stature; NaN for the head.
        areas: The region's areas.
    """

    name: str
    force: float
    transient_factor: float | None
    spring: float
    mass: float
    low: float
    high: float
    areas: tuple[BodyArea, ...]

    @property
    def head(self) -> bool:
        """Whether the region belongs to the head."""
        return bool(np.isnan(self.low))

    @property
    def pressure(self) -> float:
        """Largest quasi-static pressure that all its areas bear [N/cm^2]."""
        return min(area.pressure for area in self.areas)


@dataclass(frozen=True, slots=True)
class RegionLimits:
    """All r regions as arrays.

    Attributes:
        regions: Whom the columns stand for.
        quasi_static: Shape (r,), largest force of a clamping contact [N].
        transient: Shape (r,), of a transient contact; for the head the quasi-static one [N].
        spring: Shape (r,) [N/m].
        mass: Shape (r,) [kg].
        low: Shape (r,), parts of the stature; -inf for the head.
        high: Shape (r,); inf for the head.
        head: Shape (r,), whether the region belongs to the head.
        head_depth: How far down from the crown the head reaches [m].
    """

    regions: tuple[BodyRegion, ...]
    quasi_static: np.ndarray
    transient: np.ndarray
    spring: np.ndarray
    mass: np.ndarray
    low: np.ndarray
    high: np.ndarray
    head: np.ndarray
    head_depth: float

    def touching(
        self, low: np.ndarray, high: np.ndarray, stature: np.ndarray, head: np.ndarray
    ) -> np.ndarray:
        """Which regions something at a height may touch.

        Args:
            low: Shape (m,), lowest height of what touches [m].
            high: Shape (m,), its highest height [m].
            stature: Shape (m,), of the person [m].
            head: Shape (m,), whether it is the head that is touched.

        Returns:
            Shape (m, r) of bool; every row has at least one region.
        """
        tall = stature[:, None]
        mask = (high[:, None] >= self.low * tall) & (low[:, None] <= self.high * tall)
        mask &= self.head == head[:, None]
        # Above everything, as above the reach of a child: whatever is there is the highest part.
        mask[~mask.any(axis=1)] = ~self.head
        return mask


def load_body_regions() -> tuple[tuple[BodyRegion, ...], float]:
    """The package's table: all regions, and the depth of the head [m].

    Raises:
        DataError: If the table is not complete or a number makes no sense.
    """
    text = resources.files("dynamical_safety").joinpath("data", FILE).read_text(encoding="utf-8")
    document = yaml.safe_load(text)
    regions = tuple(_region(row) for row in document["regions"])
    numbers = sorted(area.number for region in regions for area in region.areas)
    if numbers != list(range(1, 30)):
        raise DataError(FILE, f"has the areas {numbers}, want 1 to 29 once each")
    return regions, float(document["head_depth"])


def region_limits(contact_area: float) -> RegionLimits:
    """The table as limits of force.

    Args:
        contact_area: Area over which a link presses [cm^2]; force is limited to what the pressure
            limit allows on it.
    """
    regions, head_depth = load_body_regions()
    quasi_static = np.array(
        [min(region.force, region.pressure * contact_area) for region in regions]
    )
    factor = np.array([region.transient_factor or 1.0 for region in regions])
    low = np.array([-np.inf if region.head else region.low for region in regions])
    high = np.array([np.inf if region.head else region.high for region in regions])
    return RegionLimits(
        regions=regions,
        quasi_static=quasi_static,
        transient=quasi_static * factor,
        spring=np.array([region.spring for region in regions]),
        mass=np.array([region.mass for region in regions]),
        low=low,
        high=high,
        head=np.array([region.head for region in regions]),
        head_depth=head_depth,
    )


def impact_stiffness(robot: np.ndarray, mass: np.ndarray, spring: np.ndarray) -> np.ndarray:
    """Force per relative speed of a transient contact, ``sqrt(mu k)`` [N s/m].

    Args:
        robot: Shape (m, 1), effective mass of the link [kg].
        mass: Shape (r,) or (m, r), of the body region [kg]; inf = it cannot recoil.
        spring: Shape (r,), of the body region [N/m].

    Returns:
        Shape (m, r).
    """
    result: np.ndarray = np.sqrt(spring / (1.0 / robot + 1.0 / mass))
    return result


def _region(row: dict[str, Any]) -> BodyRegion:
    name = str(row["name"])
    for key in ("force", "spring", "mass"):
        if not row[key] > 0.0:
            raise DataError(name, f"has {key} {row[key]}, want > 0")
    head = row["height"] == "head"
    low, high = (np.nan, np.nan) if head else (float(row["height"][0]), float(row["height"][1]))
    if not head and not low < high:
        raise DataError(name, f"has height {low} to {high}, want a range upward")
    factor = row["transient_factor"]
    if factor is not None and factor < 1.0:
        raise DataError(name, f"has transient_factor {factor}, want 1 or more, or null")
    areas = tuple(
        BodyArea(int(area["number"]), str(area["name"]), float(area["pressure"]))
        for area in row["areas"]
    )
    return BodyRegion(
        name,
        float(row["force"]),
        None if factor is None else float(factor),
        float(row["spring"]) * _PER_MILLIMETRE,
        float(row["mass"]),
        low,
        high,
        areas,
    )
