"""How long and how far each link goes on after a stop is commanded: what was measured, as data.

The file is written by an identification in simulation, which throws the robot's joints at speed, in
stretched and bent postures, with and without a load, and stops them as the gate does. Between its
points curves are straight; beyond the fastest one they go on as for a constant deceleration (time
as the speed, distance as its square), and not less steeply than before.

Source: ISO 10218-1:2011, Annex B (stopping time and distance as data for the integrator); ISO/TS
15066:2016, 5.5.4.2.3 (S_s is taken from them).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dynamical_safety.errors import DataError

FILE = "stopping_unitree_g1.yaml"


@dataclass(frozen=True, slots=True)
class StoppingCurve:
    """One group of links.

    Attributes:
        pattern: Regular expression of link names; empty fits every link.
        speed: Shape (k,), rising from 0 [m/s].
        time: Shape (k,), until the link stands [s].
        distance: Shape (k,), that it goes on until then [m].
    """

    pattern: str
    speed: np.ndarray
    time: np.ndarray
    distance: np.ndarray


@dataclass(frozen=True, slots=True)
class StoppingTable:
    """Curves of m links at the same k speeds.

    Attributes:
        speed: Shape (k,) [m/s].
        time: Shape (k, m) [s].
        distance: Shape (k, m) [m].
    """

    speed: np.ndarray
    time: np.ndarray
    distance: np.ndarray

    def at(self, speed: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Time [s] and distance [m] at speeds of the links, shape (m,) [m/s]."""
        knots = self.speed
        left = np.clip(np.searchsorted(knots, speed, side="right") - 1, 0, len(knots) - 2)
        part = (speed - knots[left]) / (knots[left + 1] - knots[left])
        link = np.arange(len(speed))
        time, distance = (
            values[left, link] + part * (values[left + 1, link] - values[left, link])
            for values in (self.time, self.distance)
        )
        over = np.maximum(speed / knots[-1], 1.0)
        beyond = over > 1.0
        time = np.where(beyond, np.maximum(time, self.time[-1] * over), time)
        distance = np.where(beyond, np.maximum(distance, self.distance[-1] * over**2), distance)
        return time, distance


@dataclass(frozen=True, slots=True)
class StoppingData:
    """Curves of all groups, for one category of stop.

    Attributes:
        robot: Robot they were measured on.
        category: Stop category of IEC 60204-1.
        groups: The first that fits a link counts; the last fits every link.
    """

    robot: str
    category: int
    groups: tuple[StoppingCurve, ...]

    def curve(self, link: str) -> StoppingCurve:
        """Curve of one link."""
        return next(group for group in self.groups if re.search(group.pattern, link))

    def table(self, links: Sequence[str], *, margin: float) -> StoppingTable:
        """Curves of these links, longer by a factor.

        Args:
            links: Names of m links.
            margin: Factor on time and distance, for what the simulation does not know.
        """
        found = [self.curve(link) for link in links]
        return StoppingTable(
            speed=self.groups[0].speed,
            time=margin * np.array([curve.time for curve in found]).T,
            distance=margin * np.array([curve.distance for curve in found]).T,
        )


def load_stopping(path: Path | None = None, *, category: int = 1) -> StoppingData:
    """Read a file.

    Args:
        path: The file; ``None`` = the robot's own, shipped with the package.
        category: 1 (braked, as for category 2) or 0 (drives off).

    Raises:
        DataError: If it cannot be read or holds curves that cannot be true.
    """
    name = FILE if path is None else str(path)
    try:
        text = (
            resources.files("dynamical_safety").joinpath("data", FILE).read_text()
            if path is None
            else path.read_text()
        )
        document = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(name, f"cannot be read: {error}") from error
    if not isinstance(document, Mapping):
        raise DataError(name, "holds no mapping; want robot, speed, category_1")
    block = document.get(f"category_{category}")
    if not isinstance(block, Mapping) or not block:
        raise DataError(name, f"has no curves category_{category}")
    speed = _numbers(document, "speed", name)
    if len(speed) < 2 or speed[0] != 0.0 or not (np.diff(speed) > 0.0).all():
        raise DataError(name, f"has speed {speed.tolist()}; want two or more, rising from 0")
    groups = tuple(_group(name, key, values, speed=speed) for key, values in block.items())
    if groups[-1].pattern:
        raise DataError(name, f"ends with links {groups[-1].pattern!r}; the last must be ''")
    return StoppingData(str(document.get("robot", "")), category, groups)


def _group(file: str, key: object, values: Any, *, speed: np.ndarray) -> StoppingCurve:
    name = f"{file}: {key}"
    if not isinstance(values, Mapping) or not isinstance(values.get("links"), str):
        raise DataError(name, "needs links, time and distance")
    try:
        re.compile(values["links"])
    except re.error as error:
        raise DataError(name, f"has links {values['links']!r}: {error}") from error
    curves = {}
    for quantity in ("time", "distance"):
        curve = _numbers(values, quantity, name)
        if len(curve) != len(speed):
            raise DataError(name, f"has {len(curve)} values of {quantity}, want {len(speed)}")
        if curve[0] < 0.0 or (np.diff(curve) < 0.0).any():
            raise DataError(name, f"has {quantity} {curve.tolist()}; want none below the last")
        curves[quantity] = curve
    return StoppingCurve(values["links"], speed, curves["time"], curves["distance"])


def _numbers(values: Mapping[Any, Any], key: str, name: str) -> np.ndarray:
    try:
        found = np.array(values.get(key), dtype=float)
    except (TypeError, ValueError):
        found = np.array(np.nan)
    if found.ndim != 1 or not np.isfinite(found).all():
        raise DataError(name, f"has {key} {values.get(key)!r}; want a list of numbers")
    found.setflags(write=False)
    return found
