"""Skills and conditions in the simulated room."""

from typing import Any

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.conditions import CONDITIONS, check
from dynamical_skills.library.store import SkillStore
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.ownership import group_of, ownership
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
        ("wave", {"times": 1}, "gesture_made"),
        ("wave", {"times": 1}, "at_home"),
        ("nod", {"times": 1}, "gesture_made"),
        ("nod", {"times": 1}, "at_home"),
        ("shake_head", {"times": 1}, "gesture_made"),
        ("bow", {"hold": 0.2}, "gesture_made"),
        ("salute", {"side": "left"}, "gesture_made"),
        ("beckon", {"times": 1}, "gesture_made"),
        ("thumbs_up", {}, "gesture_made"),
        ("raise_hand", {}, "hand_raised"),
        ("shrug", {}, "gesture_made"),
        ("cheer", {"times": 1}, "gesture_made"),
        ("shake_hands", {"times": 1}, "gesture_made"),
        ("scan", {}, "area_scanned"),
        ("follow_gaze", {"object": BOTTLE, "duration": 1.0}, "facing_target"),
        ("pull", {"object": CUP, "distance": 0.05}, "object_pulled"),
        ("touch", {"object": BOTTLE}, "object_touched"),
        ("stand_still", {"duration": 1.0}, "standing_still"),
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


def test_a_cup_is_stacked_on_the_cube_and_stays_there(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    memory, target = Memory(), {"object": CUP, "target": {"class_id": "cube"}}
    for skill in ("grasp", "lift", "stack_on"):
        room.run(skills[skill], target, memory)
    assert holds("object_on_target", kinematics, room, target, memory)
    room.run(skills["home"], {}, memory)
    room.advance(1.0)
    cup, cube = room.position("red_cup"), room.position("blue_cube")
    assert cup[2] - cube[2] == pytest.approx(0.075, abs=0.004)
    assert np.linalg.norm(cup[:2] - cube[:2]) < 0.02


def test_a_held_cup_is_poured_levelled_and_shown_without_being_lost(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    memory = Memory()
    for skill in ("grasp", "lift"):
        room.run(skills[skill], {"object": CUP}, memory)
    upright: list[float] = []
    room.on_step = lambda room: upright.append(float(room.data.body("red_cup").xmat[8]))
    try:
        room.run(skills["pour"], {"angle": 50.0}, memory)
    finally:
        room.on_step = None
    assert holds("object_poured", kinematics, room, {"angle": 50.0}, memory)
    assert np.degrees(np.arccos(min(upright))) > 40.0
    assert upright[-1] > 0.97
    for skill, condition in (("hold_level", "object_level"), ("show", "object_shown")):
        room.run(skills[skill], {"duration": 0.5}, memory)
        assert holds(condition, kinematics, room, {}, memory)
        assert holds("object_held", kinematics, room, {}, memory)


def test_something_that_moves_is_followed_with_the_waist(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    address, steps = room.model.joint("green_bottle").qposadr[0], iter(range(10**6))

    def carried_around(room: Room) -> None:
        angle = 0.1 + 0.002 * min(next(steps), 400)
        place = [0.7 * np.cos(angle), 0.7 * np.sin(angle), 0.9]
        room.data.qpos[address : address + 3] = place

    room.on_step, memory = carried_around, Memory()
    try:
        room.run(skills["follow_gaze"], {"object": BOTTLE, "duration": 4.0}, memory)
        assert holds("facing_target", kinematics, room, {"object": BOTTLE}, memory)
    finally:
        room.on_step = None
    assert memory.results["turns"] >= 2


def test_nothing_is_pulled_over_the_edge_it_stands_at(
    room: Room, skills: dict[str, Skill]
) -> None:
    address = room.model.joint("red_cup").qposadr[0]
    room.data.qpos[address] = room.layout.table_x[0] + 0.05
    room.advance(0.3)
    with pytest.raises(SkillError, match="nearer it cannot be pulled") as failure:
        next(skills["pull"].run(room.observe(), {"object": CUP}, Memory()))
    assert failure.value.code == ErrorCode.OUT_OF_REACH


def test_a_gesture_is_made_with_the_hand_that_is_free(
    kinematics: Kinematics, room: Room, skills: dict[str, Skill]
) -> None:
    memory = Memory()
    for skill in ("grasp", "lift"):
        room.run(skills[skill], {"object": CUP}, memory)
    before = room.observe().joint_position
    room.run(skills["salute"], {}, memory)
    assert holds("gesture_made", kinematics, room, {}, memory)
    assert holds("object_held", kinematics, room, {}, memory)
    still = [i for name, i in kinematics.index.items() if name.startswith(f"{memory.side}_elbow")]
    assert np.allclose(before[still], room.observe().joint_position[still], atol=0.02)


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
        (
            "stack_on",
            {"target": {"class_id": "cube"}},
            ErrorCode.PRECONDITION_FAILED,
            "no hand holds anything",
        ),
        ("pour", {}, ErrorCode.PRECONDITION_FAILED, "no hand holds anything"),
        ("pour", {"angle": 170}, ErrorCode.PARAMETER_INVALID, "between 10.0 and 90.0"),
        ("touch", {"object": SHELF}, ErrorCode.PARAMETER_INVALID, "not touched on purpose"),
        ("bow", {"hold": -1}, ErrorCode.PARAMETER_INVALID, "hold"),
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


def test_there_are_at_least_twenty_six_skills_and_each_knows_its_id(
    skills: dict[str, Skill],
) -> None:
    assert len(SKILLS) >= 26
    assert all(skill.id == name for name, skill in skills.items())
    assert all(callable(condition) for condition in CONDITIONS.values())


def test_every_skill_of_the_library_is_a_primitive_with_known_conditions(
    skills: dict[str, Skill],
) -> None:
    described = {skill.id: skill for skill in SkillStore(None).query()}
    assert set(described) == set(skills)
    for skill in described.values():
        assert set(skill.preconditions + skill.postconditions) <= set(CONDITIONS), skill.id


@pytest.mark.parametrize(
    ("skill", "parameters"),
    [
        ("wave", {"times": 1}),
        ("nod", {"times": 1}),
        ("shake_head", {"times": 1}),
        ("bow", {"hold": 0.2}),
        ("salute", {"side": "left"}),
        ("beckon", {"side": "right", "times": 1}),
        ("thumbs_up", {"side": "right"}),
        ("raise_hand", {"side": "left"}),
        ("shrug", {}),
        ("cheer", {"times": 1}),
        ("shake_hands", {"times": 1}),
        ("scan", {}),
        ("pull", {"object": CUP}),
        ("touch", {"object": CUP}),
    ],
)
def test_a_skill_moves_only_the_joints_its_descriptor_claims(
    room: Room, skills: dict[str, Skill], skill: str, parameters: dict[str, Any]
) -> None:
    claimed = ownership(SkillStore(None).get(skill).joint_groups, parameters).groups
    motion, moved = skills[skill].run(room.observe(), parameters, Memory()), set()
    trajectory = next(motion)
    try:
        while True:
            travel = np.abs(trajectory.position - trajectory.position[0]).max(axis=0)
            moved.update(
                group_of(name)
                for name, far in zip(trajectory.joint_names, travel, strict=True)
                if far > 0.02
            )
            room.follow(trajectory)
            trajectory = motion.send(room.observe())
    except StopIteration:
        pass
    assert moved <= claimed
