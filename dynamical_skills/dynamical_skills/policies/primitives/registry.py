"""Every motion primitive by skill id."""

from importlib import import_module

from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Skill

_PACKAGE = "dynamical_skills.policies.primitives"

SKILLS: dict[str, str] = {
    "home": f"{_PACKAGE}.home:Home",
    "look_at": f"{_PACKAGE}.look_at:LookAt",
    "reach": f"{_PACKAGE}.reach:Reach",
    "grasp": f"{_PACKAGE}.grasp:Grasp",
    "lift": f"{_PACKAGE}.lift:Lift",
    "carry": f"{_PACKAGE}.carry:Carry",
    "place_on": f"{_PACKAGE}.place_on:PlaceOn",
    "hand_over": f"{_PACKAGE}.hand_over:HandOver",
    "push": f"{_PACKAGE}.push:Push",
    "point_at": f"{_PACKAGE}.point_at:PointAt",
    "wave": f"{_PACKAGE}.gestures:Wave",
    "nod": f"{_PACKAGE}.gestures:Nod",
    "release": f"{_PACKAGE}.fingers:Release",
    "open_hand": f"{_PACKAGE}.fingers:OpenHand",
    "move_joints": f"{_PACKAGE}.move:MoveJoints",
    "move_hand": f"{_PACKAGE}.move:MoveHand",
    "close_hand": f"{_PACKAGE}.fingers:CloseHand",
}


def make_skills(kinematics: Kinematics) -> dict[str, Skill]:
    """One instance of every primitive, by skill id."""
    return {skill_id: _class_of(path)(kinematics) for skill_id, path in SKILLS.items()}


def _class_of(path: str) -> type:
    module, name = path.split(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
