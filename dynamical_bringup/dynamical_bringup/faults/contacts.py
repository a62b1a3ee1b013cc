"""Moments at which a moving link touched the person, from the simulation's own truth."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import mujoco
import numpy as np

from dynamical_bringup.faults.evidence import Room

# ISO/TS 15066, 5.5.5.4: for the lightest links and the most sensitive regions, transient contact
# stays permissible below about this speed [m/s].
PERMISSIBLE = 0.25


def contacts(rooms: Sequence[Room], mjcf: Path, joints: int) -> int:
    """How many samples have the person touched while a link was faster than ``PERMISSIBLE``.

    Args:
        rooms: States of the simulation, oldest first.
        mjcf: The robot's model.
        joints: How many of the first positions are the robot's joints.
    """
    touched = [
        (before, room)
        for before, room in pairwise(rooms)
        if room.distance <= 0.0 and room.time > before.time
    ]
    if not touched:
        return 0
    model = mujoco.MjModel.from_xml_path(str(mjcf))
    data = mujoco.MjData(model)

    def bodies(qpos: np.ndarray) -> np.ndarray:
        data.qpos[:joints] = qpos[:joints]
        mujoco.mj_kinematics(model, data)
        return np.array(data.xpos)

    return sum(
        float(np.linalg.norm(bodies(room.qpos) - bodies(before.qpos), axis=1).max())
        > PERMISSIBLE * (room.time - before.time)
        for before, room in touched
    )
