"""Places where robots work: name and bounds, from ``workspaces.yaml``.

::

    workspaces:
      - id: lab_table
        bounds: {min: [-0.3, -0.9, 0.4], max: [0.9, 0.9, 1.9]}   # in odom [m]

Other fields of an entry belong to other readers and are left alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dynamical_perception.errors import WorkspaceError


@dataclass(frozen=True, slots=True)
class Workspace:
    """A box in ``odom``: name and corners, shape (3,) [m]; a robot is in it if its base is."""

    id: str
    low: np.ndarray
    high: np.ndarray

    def contains(self, point: np.ndarray) -> bool:
        """Whether a point, shape (3,) [m], lies inside."""
        return bool(((point >= self.low) & (point <= self.high)).all())


def read_workspaces(path: Path, *, only: str = "") -> tuple[Workspace, ...]:
    """All workspaces of the file, in its order.

    Args:
        path: Of the file.
        only: Leave out all but this one; empty = none is left out.

    Raises:
        WorkspaceError: Naming the file, the workspace and what would be right.
    """
    file = str(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WorkspaceError(file, "", f"cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorkspaceError(file, "", f"is not YAML: {' '.join(str(error).split())}") from error
    entries = content.get("workspaces") if isinstance(content, Mapping) else None
    if not isinstance(entries, list):
        raise WorkspaceError(file, "", "must hold a list 'workspaces: [{id, bounds: {min, max}}]'")
    workspaces = tuple(_workspace(file, entry) for entry in entries)
    chosen = tuple(place for place in workspaces if only in ("", place.id))
    if workspaces and not chosen:
        known = ", ".join(place.id for place in workspaces)
        raise WorkspaceError(file, only, f"is not in the file; known: {known}")
    return chosen


def _workspace(file: str, entry: Any) -> Workspace:
    name = entry.get("id") if isinstance(entry, Mapping) else None
    if not isinstance(name, str) or not name:
        raise WorkspaceError(file, "", f"every workspace needs an 'id', got {entry!r}")
    bounds = entry.get("bounds")
    corners = [bounds.get(end) if isinstance(bounds, Mapping) else None for end in ("min", "max")]
    try:
        low, high = (np.array(corner, dtype=float) for corner in corners)
    except (TypeError, ValueError):
        low = high = np.empty(0)
    if low.shape != (3,) or high.shape != (3,) or not bool((low < high).all()):
        raise WorkspaceError(
            file,
            name,
            f"bounds must be {{min: [x, y, z], max: [x, y, z]}}, with min below max, "
            f"got {bounds!r}",
        )
    return Workspace(name, low, high)
