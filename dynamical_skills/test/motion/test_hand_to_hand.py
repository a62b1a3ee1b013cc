"""One robot hands a cup to another: friction alone, poses as noisy as a camera's."""

import pytest

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Memory, SkillError
from dynamical_skills.policies.primitives.registry import make_skills

from .pair import Pair

CUP = {"object": {"class_id": "cup"}}


@pytest.fixture(scope="module")
def pair():
    return Pair(noise=0.004)


@pytest.fixture(scope="module")
def takers_kinematics():
    return Kinematics(ensure_robot_model().mjcf)


@pytest.fixture(scope="module")
def takers_skills(takers_kinematics):
    return make_skills(takers_kinematics)


@pytest.mark.parametrize("seed", [0, 2, 5, 9])
def test_the_cup_goes_from_hand_to_hand_and_is_never_let_fall(
    pair, skills, takers_skills, takers_kinematics, seed
):
    pair.reset(seed)
    giver, taker = pair.first, pair.second
    for name in ("reach", "grasp", "lift"):
        giver.begin(skills[name], CUP)
        pair.go(giver)
    heights = []
    pair.on_step = lambda room: heights.append(float(room.position("red_cup")[2]))
    giver.begin(skills["hand_over"], CUP)
    taker.begin(takers_skills["receive"], CUP)
    pair.go(giver, taker)
    pair.advance(1.0)
    pair.on_step = None
    assert giver.memory.results["handed_over"]
    assert taker.memory.results["received"]
    assert not giver.memory.held
    hand = takers_kinematics.hand_pose(taker.observe().joint_position, taker.memory.side)
    cup = pair.layout.partner.seen_from(tuple(pair.position("red_cup")))
    assert sum((cup[i] - hand.position[i]) ** 2 for i in range(2)) ** 0.5 < 0.13
    assert min(heights) > 0.92, "it stays between the hands, well above the table"
    assert float(pair.data.body("red_cup").xmat[8]) > 0.9, "upright"


def test_a_giver_whom_nobody_takes_it_from_keeps_it(pair, skills):
    pair.reset(0)
    giver = pair.first
    for name in ("reach", "grasp", "lift"):
        giver.begin(skills[name], CUP)
        pair.go(giver)
    giver.begin(skills["hand_over"], {**CUP, "wait": 8.0})
    with pytest.raises(SkillError, match="no partner gripped") as caught:
        pair.go(giver)
    assert caught.value.code == ErrorCode.TIMEOUT
    assert giver.memory.held
    assert pair.position("red_cup")[2] > 0.9


def test_what_is_too_short_for_two_hands_is_refused_before_anything_moves(pair, takers_skills):
    pair.reset(0)
    taker = pair.second
    pair.first.memory.team.reach("hand_over:offered")
    with pytest.raises(SkillError, match=r"two hands one above the other need 0\.17 m"):
        taker.begin(takers_skills["receive"], {"object": {"class_id": "cube"}})
    assert not taker.phases


@pytest.mark.parametrize("name", ["receive", "mirror"])
def test_skills_for_several_robots_are_refused_alone(pair, skills, name):
    with pytest.raises(SkillError, match="one coordination_id") as caught:
        next(skills[name].run(pair.observe(), CUP, Memory()))
    assert caught.value.code == ErrorCode.COORDINATION_INVALID
