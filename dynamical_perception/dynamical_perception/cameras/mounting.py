"""Where cameras are mounted: reads and checks ``cameras.yaml``.

::

    cameras:
      head:      {parent: torso_link, position: [0.05, 0.0, 0.45], quaternion: [0.5, -0.5, 0.5,
          -0.5]}
      room_left: {parent: odom, position: [2.0, 1.5, 1.8], quaternion: [...]}

Position [m] and quaternion (w, x, y, z) are the pose of the *optical* frame (REP-103: x right, y
down, z forward) in ``parent``, which is a link of the robot or ``odom``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from dynamical_perception.errors import MountingError
from dynamical_perception.transforms import Transform

WORLD = "odom"
_FIELDS = ("parent", "position", "quaternion")
_FAR = 100.0  # a camera farther than this from its parent is a mistake in units [m]


@dataclass(frozen=True, slots=True)
class Mounting:
    """How one camera is mounted.

    Attributes:
        camera: Camera name.
        parent: Link of the robot, or ``"odom"``.
        pose: Pose of the optical frame in the parent.
    """

    camera: str
    parent: str
    pose: Transform

    @property
    def fixed(self) -> bool:
        """Whether the camera stands in the room instead of moving with the robot."""
        return self.parent == WORLD


def read_mountings(path: Path, *, known: tuple[str, ...] = ()) -> dict[str, Mounting]:
    """Mountings by camera name.

    Args:
        path: The YAML file.
        known: Camera names of the graph; one that the file lacks, or has beyond them, is an error.
            Empty = any.

    Raises:
        MountingError: Naming the file, the camera, the field and what would be right.
    """
    file = str(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MountingError(file, f"cannot be read: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MountingError(file, f"is not YAML: {' '.join(str(error).split())}") from error
    cameras = content.get("cameras") if isinstance(content, Mapping) else None
    if not isinstance(cameras, Mapping) or not cameras:
        raise MountingError(
            file, "must hold a mapping 'cameras: {name: {parent, position, quaternion}}'"
        )
    mountings = {str(name): _mounting(file, str(name), value) for name, value in cameras.items()}
    for name in known:
        if name not in mountings:
            raise MountingError(
                file, "is missing; every camera of the graph needs one", camera=name
            )
    for name in mountings:
        if known and name not in known:
            raise MountingError(file, f"is not in the graph; known are {list(known)}", camera=name)
    return mountings


def _mounting(file: str, camera: str, value: Any) -> Mounting:
    if not isinstance(value, Mapping):
        raise MountingError(
            file, f"must be a mapping with {list(_FIELDS)}, got {value!r}", camera=camera
        )
    for field in value:
        if field not in _FIELDS:
            raise MountingError(
                file, f"unknown; known are {list(_FIELDS)}", camera=camera, field=str(field)
            )
    parent = value.get("parent")
    if not isinstance(parent, str) or not parent:
        raise MountingError(
            file, f"must name a link or {WORLD!r}, got {parent!r}", camera=camera, field="parent"
        )
    position = _numbers(file, camera, "position", value, 3)
    if np.abs(position).max() > _FAR:
        raise MountingError(
            file,
            f"{position.tolist()} is more than {_FAR:g} m away; the unit is metre",
            camera=camera,
            field="position",
        )
    quaternion = _numbers(file, camera, "quaternion", value, 4)
    length = float(np.linalg.norm(quaternion))
    if abs(length - 1.0) > 1e-2:
        raise MountingError(
            file,
            f"must be a unit quaternion (w, x, y, z), its length is {length:.4f}",
            camera=camera,
            field="quaternion",
        )
    return Mounting(camera, parent, Transform.from_quaternion(position, quaternion))


def _numbers(
    file: str, camera: str, field: str, value: Mapping[str, Any], count: int
) -> np.ndarray:
    numbers = value.get(field)
    good = (
        isinstance(numbers, list)
        and len(numbers) == count
        and all(isinstance(n, int | float) and not isinstance(n, bool) for n in numbers)
        and bool(np.isfinite(np.array(numbers, float)).all())
    )
    if not good:
        raise MountingError(
            file, f"must be {count} finite numbers, got {numbers!r}", camera=camera, field=field
        )
    return np.array(numbers, float)
