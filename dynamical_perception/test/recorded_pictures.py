"""Rendered pictures as messages, and a process that sends them as the cameras would."""

from pathlib import Path

import numpy as np
import yaml
from perception_room import MOUNTS, TABLE, Room, camera_model


def record(room: Room, path: Path) -> None:
    """Keep what the cameras see now, the joint state and the label table."""
    names, sample = room.joints(0.0)
    content: dict[str, np.ndarray] = {"names": np.array(names), "position": sample.position}
    for mount in MOUNTS:
        pictures = room.pictures(mount, 0.0)
        content[f"{mount.name}_color"] = pictures.color
        content[f"{mount.name}_depth"] = pictures.depth
        content[f"{mount.name}_labels"] = pictures.labels
        model = camera_model(mount)
        content[f"{mount.name}_k"] = np.array(
            [model.fx, 0.0, model.cx, 0.0, model.fy, model.cy, 0.0, 0.0, 1.0]
        )
    content["label"] = np.array(list(TABLE))
    content["instance"] = np.array([item.name for item in TABLE.values()])
    content["class_id"] = np.array([item.class_id for item in TABLE.values()])
    np.savez(path, **content)


def write_mountings(path: Path) -> None:
    """cameras.yaml of the simulated room."""
    cameras = {
        mount.name: {
            "parent": mount.parent,
            "position": [float(v) for v in mount.position],
            "quaternion": [float(v) for v in mount.optical_quaternion()],
        }
        for mount in MOUNTS
    }
    path.write_text(yaml.safe_dump({"cameras": cameras}), encoding="utf-8")


def write_workspaces(path: Path) -> None:
    """workspaces.yaml with one place around the robot."""
    cell = {"id": "cell", "bounds": {"min": [-1.0, -1.0, 0.0], "max": [1.0, 1.0, 2.0]}}
    path.write_text(yaml.safe_dump({"workspaces": [cell]}), encoding="utf-8")
