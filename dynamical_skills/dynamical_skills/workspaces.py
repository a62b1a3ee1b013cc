"""Places where a robot works, from the site's data.

Workspace file::

    workspaces:
      - id: lab
        name: Laboratory table
        bounds: {min: [-0.5, -1.0, 0.0], max: [1.2, 1.0, 2.2]}   # [m] in odom
        cameras: [head, room_left, room_right]
        floor_height: 0.0
        ceiling_height: 2.6
        table: {height: 0.76}
        shelf: {heights: [0.95]}
        obstacles: []          # {name, min, max} boxes [m]: fixed things that no camera names
        speed: 1.0             # factor 0..1 on joint speed
        clearance: 0.02        # kept to things that stand loosely [m]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """A fixed box in ``odom`` [m].

    Raises:
        ValueError: If its corners make no sense.
    """

    name: str
    minimum: tuple[float, float, float]
    maximum: tuple[float, float, float]

    def __post_init__(self) -> None:
        if any(low >= high for low, high in zip(self.minimum, self.maximum, strict=True)):
            raise ValueError(
                f"obstacle {self.name!r}: min {self.minimum} must be below max {self.maximum}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A place where a robot works; lengths in metres, positions in ``odom``.

    Attributes:
        low: Shape (n, 3), least corners of the obstacles [m].
        high: Shape (n, 3), greatest corners [m].

    Raises:
        ValueError: If bounds, speed or clearance make no sense.
    """

    id: str
    name: str = ""
    minimum: tuple[float, float, float] = (-2.0, -2.0, 0.0)
    maximum: tuple[float, float, float] = (2.0, 2.0, 2.5)
    cameras: tuple[str, ...] = ()
    floor_height: float = 0.0
    ceiling_height: float = 2.5
    table_height: float | None = None
    shelf_heights: tuple[float, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    speed: float = 1.0
    clearance: float = 0.02
    low: np.ndarray = field(init=False, repr=False, compare=False)
    high: np.ndarray = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if any(low >= high for low, high in zip(self.minimum, self.maximum, strict=True)):
            raise ValueError(f"bounds: min {self.minimum} must be below max {self.maximum}")
        if not 0.0 < self.speed <= 1.0:
            raise ValueError(f"speed is {self.speed}, must be over 0, up to 1")
        if not 0.0 <= self.clearance <= 0.1:
            raise ValueError(f"clearance is {self.clearance} m, must be 0 to 0.1")
        for name, corners in (
            ("low", [item.minimum for item in self.obstacles]),
            ("high", [item.maximum for item in self.obstacles]),
        ):
            array = np.array(corners, dtype=float).reshape(-1, 3)
            array.flags.writeable = False
            object.__setattr__(self, name, array)


def _point(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _workspace(source: Mapping[str, Any]) -> Workspace:
    rest = dict(source)
    bounds = rest.pop("bounds", {})
    if bounds:
        rest["minimum"], rest["maximum"] = _point(bounds["min"]), _point(bounds["max"])
    table, shelf = rest.pop("table", None), rest.pop("shelf", None)
    if table:
        rest["table_height"] = float(table["height"])
    if shelf:
        rest["shelf_heights"] = tuple(float(height) for height in shelf["heights"])
    rest["cameras"] = tuple(rest.get("cameras", ()))
    rest["obstacles"] = tuple(
        Obstacle(
            name=str(item.get("name", "obstacle")),
            minimum=_point(item["min"]),
            maximum=_point(item["max"]),
        )
        for item in rest.get("obstacles", ())
    )
    return Workspace(**rest)


def load_workspaces(path: Path, *, only: str = "") -> dict[str, Workspace]:
    """The workspaces of a YAML file by id.

    Args:
        path: Of the file.
        only: Leave out all but this one; empty = none is left out.

    Raises:
        ValueError: If the file cannot be read, a workspace is not valid, or ``only`` is not there.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
        result: dict[str, Workspace] = {}
        for item in data["workspaces"]:
            try:
                workspace = _workspace(item)
            except (TypeError, KeyError, ValueError) as error:
                raise ValueError(f"{path}: workspace {item!r:.80}: {error}") from error
            result[workspace.id] = workspace
    except (OSError, yaml.YAMLError, TypeError, KeyError) as error:
        raise ValueError(f"{path} is not a workspace file: {error}") from error
    if only and only not in result:
        raise ValueError(f"{path} has no workspace {only!r}; known: {', '.join(result)}")
    return {only: result[only]} if only else result
