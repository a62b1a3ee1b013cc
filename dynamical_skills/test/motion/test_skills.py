"""Skills and conditions in the simulated room."""

from typing import Any

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.conditions import CONDITIONS, check
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Memory, Skill, SkillError
from dynamical_skills.policies.primitives.registry import SKILLS

from .harness import Room

CUP = {"class_id": "cup", "color": "red"}
BOTTLE = {"class_id": "bottle"}
SHELF = {"class_id": "shelf"}


def holds(
    name: str, kinematics: Kinematics, room: Room, parameters: dict[str, Any], memory: Memory
) -> bool:
    return check(name, kinematics, room.observe(), parameters, memory).holds


@pytest.mark.parametrize(
    ("skill", "parameters", "condition"),
    [
        ("look_at", {"object": CUP}, "facing_target"),
        ("look_at", {"target": SHELF}, "facing_target"),
        ("point_at", {"object": BOTTLE}, "pointing_at_target"),
        ("point_at", {"target": SHELF}, "pointing_at_target"),
        ("push", {"object": BOTTLE, "direction": "left", "distance": 0.04}, "object_pushed"),
        ("close_hand", {"side": "left"}, "hand_closed"),
        ("open_hand", {"side": "left"}, "hand_open"),
        ("move_hand", {"position": [0.3, -0.2, 1.0]}, "hand_empty"),
        ("wave", {"times": 1}, "at_home"),
        ("nod", {"times": 1}, "at_home"),
    ],
)
def test_a_skill_does_what_it_promises_and_home_brings_the_robot_back(
    kinematics: Kinematics,
    room: Room,
    skills: dict[str, Skill],
    skill: str,
    parameters: dict[str, Any],
    condition: str,
) -> None:
    memory = Memory()
    room.run(skills[skill], parameters, memory)
    result = check(condition, kinematics, room.observe(), parameters, memory)
    assert result.holds, result.text
    room.run(skills["home"], {}, memory)
    assert holds("at_home", kinematics, room, {}, memory)


def test_a_held_cup_is_offered_and_can_be_put_down_by_its_pronoun(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    memory = Memory()
    assert not holds("object_held", kinematics, room, {}, memory)
    room.run(skills["grasp"], {"object": CUP}, memory)
    assert holds("object_in_hand", kinematics, room, {"object": CUP}, memory)
    room.run(skills["lift"], {}, memory)
    assert holds("object_lifted", kinematics, room, {}, memory)
    room.run(skills["hand_over"], {"wait": 0.5}, memory)
    assert holds("hand_extended", kinematics, room, {}, memory)
    it = {"object": {"class_id": "it"}, "target": SHELF}
    room.run(skills["place_on"], it, Memory(side=memory.side))
    assert holds("object_on_target", kinematics, room, {"object": CUP, "target": SHELF}, Memory())


def test_a_hand_that_closes_on_nothing_says_so(room: Room, skills: dict[str, Skill]) -> None:
    memory = Memory()
    room.run(skills["reach"], {"object": CUP}, memory)
    address = room.model.joint("red_cup").qposadr[0]
    room.on_step = lambda room: room.data.qpos.__setitem__(
        slice(address, address + 3), [1.5, 0.0, 0.05]
    )
    try:
        with pytest.raises(SkillError, match="closed fully") as failure:
            room.run(skills["grasp"], {"object": CUP}, memory)
    finally:
        room.on_step = None
    assert failure.value.code == ErrorCode.MOTION_FAILED
    assert not memory.held


@pytest.mark.parametrize(
    ("skill", "parameters", "code", "words"),
    [
        (
            "reach",
            {"object": {"class_id": "banana"}},
            ErrorCode.OBJECT_NOT_SEEN,
            "no banana is seen; seen are",
        ),
        (
            "reach",
            {"object": {"class_id": "cup", "color": "blue"}},
            ErrorCode.OBJECT_NOT_SEEN,
            "no blue cup",
        ),
        ("reach", {"object": {}}, ErrorCode.OBJECT_NOT_SEEN, "no hand holds anything"),
        ("reach", {"object": "cup"}, ErrorCode.PARAMETER_INVALID, "must be a mapping"),
        ("reach", {"object": SHELF}, ErrorCode.PARAMETER_INVALID, "cannot be grasped"),
        ("reach", {"object": CUP, "side": "middle"}, ErrorCode.PARAMETER_INVALID, "left"),
        ("lift", {}, ErrorCode.PRECONDITION_FAILED, "no hand holds anything"),
        ("carry", {"target": SHELF}, ErrorCode.PRECONDITION_FAILED, "no hand holds anything"),
        (
            "push",
            {"object": CUP, "distance": 3.0},
            ErrorCode.PARAMETER_INVALID,
            "between 0.01 and 0.2",
        ),
        (
            "push",
            {"object": CUP, "direction": "up"},
            ErrorCode.PARAMETER_INVALID,
            "forward, left, right",
        ),
        ("wave", {"times": "often"}, ErrorCode.PARAMETER_INVALID, "times"),
        ("move_hand", {"position": [1, 2]}, ErrorCode.PARAMETER_INVALID, "3 numbers"),
        ("move_hand", {"position": [2.0, 0.0, 1.0]}, ErrorCode.OUT_OF_REACH, "misses"),
        (
            "move_joints",
            {"joint_positions": [9.0] * 43},
            ErrorCode.PARAMETER_INVALID,
            "_joint is 9.000 rad",
        ),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(
    room: Room,
    skills: dict[str, Skill],
    skill: str,
    parameters: dict[str, Any],
    code: ErrorCode,
    words: str,
) -> None:
    with pytest.raises(SkillError, match=words) as failure:
        next(skills[skill].run(room.observe(), parameters, Memory()))
    assert failure.value.code == code


def test_two_like_things_are_ambiguous_unless_a_place_or_number_is_given(
    room: Room, skills: dict[str, Skill]
) -> None:
    from dataclasses import replace

    seen = room.observe()
    cup = next(thing for thing in seen.objects if thing.class_id == "cup")
    twin = replace(cup, id=99, position=cup.position + np.array([0.0, -0.08, 0.0]))
    both = replace(seen, objects=(*seen.objects, twin))
    with pytest.raises(SkillError, match="2 things seen could be the red cup") as failure:
        next(skills["reach"].run(both, {"object": CUP}, Memory()))
    assert failure.value.code == ErrorCode.OBJECT_AMBIGUOUS
    memory = Memory()
    next(skills["reach"].run(both, {"object": {**CUP, "id": 99}}, memory))
    assert np.allclose(memory.results["object_position"], twin.position)


def test_an_unknown_condition_is_refused(kinematics: Kinematics, room: Room) -> None:
    with pytest.raises(SkillError, match="there is no condition 'object_painted'"):
        check("object_painted", kinematics, room.observe(), {}, Memory())


def test_a_condition_on_something_unseen_does_not_hold_and_says_why(
    kinematics: Kinematics, room: Room
) -> None:
    result = check(
        "object_in_hand", kinematics, room.observe(), {"object": {"class_id": "banana"}}, Memory()
    )
    assert not result.holds
    assert "no banana is seen" in result.text


def test_there_are_at_least_twelve_skills_and_each_knows_its_id(skills: dict[str, Skill]) -> None:
    assert len(SKILLS) >= 12
    assert all(skill.id == name for name, skill in skills.items())
    assert all(callable(condition) for condition in CONDITIONS.values())
