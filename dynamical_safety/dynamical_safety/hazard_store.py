"""Kinds of hazards and placed hazards kept over a restart: one JSON file."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dynamical_safety.errors import HazardError
from dynamical_safety.hazards import Hazard, HazardKind, HazardSet
from dynamical_safety.state_files import write_whole

FILE_NAME = "hazards.json"


def save(folder: Path, hazards: HazardSet) -> None:
    """Write the custom kinds and the placed hazards.

    Raises:
        OSError: If the folder cannot be written; the old file stays as it was.
    """
    write_whole(
        folder / FILE_NAME,
        {
            "version": hazards.version,
            "kinds": {name: asdict(kind) for name, kind in hazards.custom.items()},
            "placed": [asdict(hazard) for hazard in hazards.placed],
        },
    )


def load(folder: Path) -> HazardSet:
    """Read them; no file means none.

    Raises:
        HazardError: If the file is there but cannot be understood: forgetting hazards silently is
        not safe.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return HazardSet()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        kinds = {str(name): HazardKind(**entry) for name, entry in content["kinds"].items()}
        placed = [_hazard(entry) for entry in content["placed"]]
        checked = HazardSet().edited(put_kinds=kinds, put=placed)
        return HazardSet(checked.custom, checked.placed, version=int(content["version"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise HazardError("*", f"hazard file {path} cannot be understood: {error}") from error


def _hazard(entry: dict[str, Any]) -> Hazard:
    x, y, z = map(float, entry.pop("position"))
    width, depth, height = map(float, entry.pop("size"))
    return Hazard(position=(x, y, z), size=(width, depth, height), **entry)
