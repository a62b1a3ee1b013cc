"""Every motion primitive by skill id."""

from importlib import import_module

from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Skill
from dynamical_skills.policies.primitives.adapted import Adapted

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
    "shake_head": f"{_PACKAGE}.gestures:ShakeHead",
    "bow": f"{_PACKAGE}.gestures:Bow",
    "salute": f"{_PACKAGE}.gestures:Salute",
    "beckon": f"{_PACKAGE}.gestures:Beckon",
    "thumbs_up": f"{_PACKAGE}.gestures:ThumbsUp",
    "raise_hand": f"{_PACKAGE}.gestures:RaiseHand",
    "shrug": f"{_PACKAGE}.gestures:Shrug",
    "cheer": f"{_PACKAGE}.gestures:Cheer",
    "shake_hands": f"{_PACKAGE}.gestures:ShakeHands",
    "scan": f"{_PACKAGE}.scan:Scan",
    "follow_gaze": f"{_PACKAGE}.follow_gaze:FollowGaze",
    "pull": f"{_PACKAGE}.pull:Pull",
    "stack_on": f"{_PACKAGE}.stack_on:StackOn",
    "pour": f"{_PACKAGE}.pour:Pour",
    "hold_level": f"{_PACKAGE}.hold_level:HoldLevel",
    "show": f"{_PACKAGE}.show:Show",
    "touch": f"{_PACKAGE}.touch:Touch",
    "stand_still": f"{_PACKAGE}.stand_still:StandStill",
    "release": f"{_PACKAGE}.fingers:Release",
    "open_hand": f"{_PACKAGE}.fingers:OpenHand",
    "move_joints": f"{_PACKAGE}.move:MoveJoints",
    "move_hand": f"{_PACKAGE}.move:MoveHand",
    "close_hand": f"{_PACKAGE}.fingers:CloseHand",
    "receive": f"{_PACKAGE}.receive:Receive",
    "mirror": f"{_PACKAGE}.mirror:Mirror",
}


def make_skills(kinematics: Kinematics) -> dict[str, Skill]:
    """One instance of every primitive, adapted to the workspace of its step, by skill id."""
    return {
        skill_id: Adapted(_class_of(path)(kinematics), kinematics)
        for skill_id, path in SKILLS.items()
    }


def _class_of(path: str) -> type:
    module, name = path.split(":")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]
