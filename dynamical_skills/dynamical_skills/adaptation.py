"""Layer 6, HOW: a skill's parameters adapted to the workspace it is carried out in.

What cameras see now comes before what the site's data says; what no camera names (a post, a wall)
is known from the data alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dynamical_skills.errors import ParameterError, UnknownWorkspaceError
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.policies.policy import SeenObject
from dynamical_skills.workspaces import Obstacle, Workspace
from dynamical_skills.workspaces import load_workspaces as load_workspaces

_FRESH = 10.0  # furniture seen within this time is believed [s]
_USUAL_LIFT, _HIGHEST_LIFT = 0.13, 0.20  # m
_OVER_EDGE = 0.03  # room between what is lifted and a shelf it is taken to [m]
# Headings with which a hand may come to an object, straight ahead first [rad].
_HEADINGS = np.array([0.0, *(sign * step / 10 for step in range(2, 12, 2) for sign in (1, -1))])
_CORRIDOR = np.linspace(0.08, 0.30, 8)  # hand and forearm behind the object [m]
_ROOM = 0.16  # a corridor this far from everything is as good as any [m]
_TURN_COST = 0.02  # metres of room that a radian of turn is worth
_HAND_HEIGHT = 0.20  # obstacles from the table's top to this much above concern a hand [m]
_MOST = 10  # fixed things told to planning: it looks at 16 boxes, and things are seen besides
_NARROW, _NARROW_SPEED = 0.10, 0.7  # a corridor with less room [m] is gone through at this share


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
        seen: Sequence[SeenObject] = (),
        now: float | None = None,
    ) -> dict[str, Any]:
        """The step's parameters: those given, and what the workspace asks for.

        Added are ``table_height``, ``shelf_heights`` and ``heights_from`` (where these come from),
        ``speed``, ``clearance``, and ``site`` (``motion/site.py``): ``obstacles``, the heading
        ``approach`` and the height ``lift``.

        Args:
            skill: Whose parameters.
            parameters: As given.
            workspace: Where; ``None`` = nothing is known of the place.
            target_position: Where the work is [m].
            seen: What perception publishes.
            now: ROS time, for the age of what is seen [s]; ``None`` = age is not judged.

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
        _check_inside(skill, result, workspace)
        table, shelves, source = _heights(workspace, seen, now)
        if table is not None:
            result.setdefault("table_height", table)
        if shelves:
            result.setdefault("shelf_heights", list(shelves))
        if source:
            result.setdefault("heights_from", source)
        place = _object_place(result, target_position, seen)
        approach, room = _approach(workspace, table, place)
        narrow = _NARROW_SPEED if room < _NARROW else 1.0
        result["speed"] = min(float(result.get("speed", 1.0)), workspace.speed * narrow)
        result["clearance"] = max(float(result.get("clearance", 0.0)), workspace.clearance)
        site = {
            "obstacles": [
                {"name": item.name, "min": list(item.minimum), "max": list(item.maximum)}
                for item in _nearest(workspace)
            ],
            "approach": approach,
            "lift": _lift(table, shelves),
        }
        result["site"] = site
        return result


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


def _heights(
    workspace: Workspace, seen: Sequence[SeenObject], now: float | None
) -> tuple[float | None, tuple[float, ...], str]:
    """Height of the table, of the shelves from below, and who says so."""
    tops: dict[str, list[float]] = {"table": [], "shelf": []}
    for thing in seen:
        if thing.class_id not in tops or (now is not None and now - thing.stamp > _FRESH):
            continue
        x, y = float(thing.position[0]), float(thing.position[1])
        if (
            workspace.minimum[0] <= x <= workspace.maximum[0]
            and workspace.minimum[1] <= y <= workspace.maximum[1]
        ):
            top = float(thing.position[2]) + float(thing.size[2]) / 2
            tops[thing.class_id].append(round(top, 4))
    table = max(tops["table"]) if tops["table"] else workspace.table_height
    shelves = tuple(sorted(tops["shelf"])) or workspace.shelf_heights
    told = table is not None or bool(shelves)
    return table, shelves, ("perception" if any(tops.values()) else "data") if told else ""


def _object_place(
    parameters: Mapping[str, Any],
    target_position: tuple[float, float, float] | None,
    seen: Sequence[SeenObject],
) -> np.ndarray | None:
    """Where the object of the step is, shape (3,), if that is known and nothing else is like it."""
    wanted = parameters.get("object")
    if not isinstance(wanted, Mapping):
        return None if target_position is None else np.asarray(target_position, dtype=float)
    if wanted.get("position") is not None:
        return np.asarray(wanted["position"], dtype=float)
    alike = [
        thing
        for thing in seen
        if all(
            not wanted.get(name) or getattr(thing, name) == wanted[name]
            for name in ("id", "class_id", "color")
        )
    ]
    return np.asarray(alike[0].position, dtype=float) if len(alike) == 1 else None


def _approach(
    workspace: Workspace, table: float | None, place: np.ndarray | None
) -> tuple[float, float]:
    """Heading with most room behind the object for hand and forearm [rad], and that room [m]."""
    if place is None or not workspace.obstacles:
        return 0.0, np.inf
    under = float(place[2]) - 0.1 if table is None else table
    low, high = workspace.low, workspace.high
    aside = np.maximum(np.maximum(low[:, :2] - place[:2], place[:2] - high[:, :2]), 0.0)
    concerned = (
        (high[:, 2] > under)
        & (low[:, 2] < under + _HAND_HEIGHT)
        & (np.square(aside).sum(1) < (_CORRIDOR[-1] + _ROOM) ** 2)
    )
    low, high = low[concerned, :2], high[concerned, :2]
    if not len(low):
        return 0.0, np.inf
    ahead = np.column_stack([np.cos(_HEADINGS), np.sin(_HEADINGS)])
    points = place[:2] - ahead[:, None, :] * _CORRIDOR[None, :, None]
    outside = np.maximum(
        np.maximum(low - points[:, :, None, :], points[:, :, None, :] - high), 0.0
    )
    room = np.sqrt(np.square(outside).sum(-1)).min(axis=(1, 2))
    worth = np.minimum(room, _ROOM) - _TURN_COST * np.abs(_HEADINGS)
    best = int(np.argmax(worth))
    return float(_HEADINGS[best]), float(room[best])


def _nearest(workspace: Workspace) -> Sequence[Obstacle]:
    """The fixed things nearest to the robot, as many as planning looks at."""
    if len(workspace.obstacles) <= _MOST:
        return workspace.obstacles
    away = np.maximum(np.maximum(workspace.low[:, :2], -workspace.high[:, :2]), 0.0)
    nearest = np.argpartition(np.square(away).sum(1), _MOST)[:_MOST]
    return [workspace.obstacles[number] for number in sorted(nearest.tolist())]


def _lift(table: float | None, shelves: Sequence[float]) -> float:
    """How far something is raised so that it passes over the edge of the highest shelf [m]."""
    if table is None or not shelves:
        return _USUAL_LIFT
    over = max(shelves) - table + _OVER_EDGE
    return float(np.clip(round(over, 3), _USUAL_LIFT, _HIGHEST_LIFT))
