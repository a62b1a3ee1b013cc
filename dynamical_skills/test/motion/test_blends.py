"""Blends in the simulated room: what none of the skills does alone, and two arms at once."""

from typing import Any

import numpy as np

from dynamical_skills.conditions import check
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.ownership import ownership
from dynamical_skills.policies.blend import BlendedSkill
from dynamical_skills.policies.policy import Memory, Skill

from .harness import Room

CUP = {"class_id": "cup", "color": "red"}
SHELF = {"class_id": "shelf"}
LEVEL = 0.10  # a full cup spills at a tilt of about this much [rad]


class Tilts:
    """The cup's greatest tilt since it was made, by the simulator's own state [rad]."""

    def __init__(self, room: Room, name: str = "red_cup") -> None:
        self.worst = 0.0
        self.name = name
        room.on_step = self

    def __call__(self, room: Room) -> None:
        upright = float(room.data.body(self.name).xmat[8])
        self.worst = max(self.worst, float(np.arccos(np.clip(upright, -1.0, 1.0))))


def lifted_cup(room: Room, skills: dict[str, Skill]) -> Memory:
    memory = Memory()
    for skill in ("reach", "grasp", "lift"):
        room.run(skills[skill], {"object": CUP}, memory)
    return memory


def faces_the_shelf(kinematics: Kinematics, room: Room, memory: Memory) -> bool:
    return check("facing_target", kinematics, room.observe(), {"target": SHELF}, memory).holds


def test_the_cup_stays_level_while_the_robot_looks_at_the_shelf(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    each: dict[str, Any] = {"look_at": {"target": SHELF}, "hold_level": {"object": CUP}}
    blend = BlendedSkill(
        [skills["look_at"], skills["hold_level"]],
        (0.5, 0.5),
        [ownership(["shared waist"]), ownership(["arm", "hand", "follows waist"])],
    )
    try:
        memory, tilts = lifted_cup(room, skills), Tilts(room)
        room.run(blend, each, memory)
        room.advance(0.3)
        assert faces_the_shelf(kinematics, room, memory)
        assert tilts.worst < LEVEL
        together = tilts.worst

        # Neither of the two does that alone.
        room.reset(0)
        memory, tilts = lifted_cup(room, skills), Tilts(room)
        room.run(skills["look_at"], {"target": SHELF}, memory)
        assert faces_the_shelf(kinematics, room, memory)
        assert tilts.worst > max(LEVEL, 2.0 * together)
        room.reset(0)
        memory, tilts = lifted_cup(room, skills), Tilts(room)
        room.run(skills["hold_level"], {"object": CUP, "duration": 0.5}, memory)
        assert tilts.worst < LEVEL
        assert not faces_the_shelf(kinematics, room, memory)
    finally:
        room.on_step = None
