"""Layer 6, HOW: a skill's parameters adapted to the workspace it is carried out in.

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
        obstacles: []          # {name, min, max} boxes [m]
        speed: 1.0             # factor 0..1 on joint speed
        clearance: 0.02        # kept to everything that is not touched [m]
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from dynamical_skills.errors import ParameterError, UnknownWorkspaceError
from dynamical_skills.library.skill import SkillDescriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """A place where a robot works; lengths in metres, positions in ``odom``.

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
    obstacles: tuple[Mapping[str, Any], ...] = ()
    speed: float = 1.0
    clearance: float = 0.02

    def __post_init__(self) -> None:
        if any(low >= high for low, high in zip(self.minimum, self.maximum, strict=True)):
            raise ValueError(f"bounds: min {self.minimum} must be below max {self.maximum}")
        if not 0.0 < self.speed <= 1.0:
            raise ValueError(f"speed is {self.speed}, must be over 0, up to 1")
        if not 0.0 <= self.clearance <= 0.5:
            raise ValueError(f"clearance is {self.clearance} m, must be 0 to 0.5")


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
    rest["obstacles"] = tuple(rest.get("obstacles", ()))
    return Workspace(**rest)


def load_workspaces(path: Path) -> dict[str, Workspace]:
    """The workspaces of a YAML file by id.

    Raises:
        ValueError: If the file cannot be read or a workspace is not valid.
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
    return result


@dataclass(frozen=True, slots=True)
class LocationAdaptiveSkillManager:
    """Adapts parameters of skills to workspaces.

    Attributes:
        workspaces: By id.
    """

    workspaces: Mapping[str, Workspace] = field(default_factory=dict)

    def find(self, workspace_id: str | None, robot_workspace: str) -> Workspace | None:
        """The workspace asked for, else the robot's own, else the only one there is.

        Raises:
            UnknownWorkspaceError: If the one asked for does not exist.
        """
        if workspace_id:
            if workspace_id not in self.workspaces:
                raise UnknownWorkspaceError(workspace_id, self.workspaces)
            return self.workspaces[workspace_id]
        found = self.workspaces.get(robot_workspace)
        if found is None and len(self.workspaces) == 1:
            return next(iter(self.workspaces.values()))
        return found

    def adapt(
        self,
        skill: SkillDescriptor,
        parameters: Mapping[str, Any],
        workspace: Workspace | None,
        *,
        target_position: tuple[float, float, float] | None = None,
    ) -> dict[str, Any]:
        """The step's parameters: those given, and heights, speed, clearance of the workspace.

        Raises:
            ParameterError: If a target lies outside the workspace.
        """
        result = dict(parameters)
        names = {parameter.name for parameter in skill.parameters}
        if target_position is not None:
            if "target" in names and "position" not in result.get("target", {}):
                result["target"] = {**result.get("target", {}), "position": list(target_position)}
            elif "position" in names:
                result.setdefault("position", list(target_position))
        if workspace is None:
            return result
        self._check_inside(skill, result, workspace)
        if workspace.table_height is not None:
            result.setdefault("table_height", workspace.table_height)
        if workspace.shelf_heights:
            result.setdefault("shelf_heights", list(workspace.shelf_heights))
        result["speed"] = min(float(result.get("speed", 1.0)), workspace.speed)
        result["clearance"] = max(float(result.get("clearance", 0.0)), workspace.clearance)
        return result

    @staticmethod
    def _check_inside(
        skill: SkillDescriptor, parameters: Mapping[str, Any], workspace: Workspace
    ) -> None:
        target = parameters.get("target")
        positions = (parameters.get("position"), target.get("position") if target else None)
        for position in positions:
            if position is None:
                continue
            inside = all(
                low <= float(value) <= high
                for low, value, high in zip(
                    workspace.minimum, position, workspace.maximum, strict=True
                )
            )
            if not inside:
                raise ParameterError(
                    f"skill {skill.id!r}: position {list(position)} m lies outside workspace "
                    f"{workspace.id!r}, {list(workspace.minimum)} to {list(workspace.maximum)} m"
                )
