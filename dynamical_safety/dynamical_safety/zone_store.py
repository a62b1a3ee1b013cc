"""Zones kept over a restart: one JSON file, written whole or not at all."""

import json
from pathlib import Path
from typing import Any

from dynamical_safety.errors import ZoneError
from dynamical_safety.state_files import write_whole
from dynamical_safety.zones import Applies, Zone, ZoneSet, validated

FILE_NAME = "zones.json"


def save(folder: Path, zones: ZoneSet) -> None:
    """Write the zones in force.

    Raises:
        OSError: If the folder cannot be written; the old file stays as it was.
    """
    entries = [as_json(zone) for zone in zones.zones]
    write_whole(folder / FILE_NAME, {"version": zones.version, "zones": entries})


def load(folder: Path) -> ZoneSet:
    """Read the zones; no file means no zones.

    Raises:
        ZoneError: If the file is there but cannot be understood: forgetting zones silently is not
        safe.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return ZoneSet()
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        zones = [_zone(entry) for entry in content["zones"]]
        return ZoneSet(validated(zones), version=int(content["version"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, ZoneError):
            raise
        raise ZoneError("*", f"zone file {path} cannot be understood: {error!r}") from error


def as_json(zone: Zone) -> dict[str, Any]:
    """A zone as it stands in the file, and in the audit."""
    return {
        "name": zone.name,
        "zone_type": int(zone.zone_type),
        "polygon": [list(vertex) for vertex in zone.polygon],
        "height_min": zone.height_min,
        "height_max": zone.height_max,
        "speed_scale": zone.speed_scale,
        "speed_limit": zone.speed_limit,
        "applies_to": int(zone.applies_to),
    }


def _zone(entry: dict[str, Any]) -> Zone:
    return Zone(
        name=str(entry["name"]),
        zone_type=int(entry["zone_type"]),
        polygon=tuple((float(x), float(y)) for x, y in entry["polygon"]),
        height_min=float(entry["height_min"]),
        height_max=float(entry["height_max"]),
        speed_scale=float(entry["speed_scale"]),
        # A file of an earlier release knows neither.
        speed_limit=float(entry.get("speed_limit", 0.0)),
        applies_to=int(entry.get("applies_to", Applies.DEFAULT)),
    )
