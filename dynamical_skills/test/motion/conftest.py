"""One room and one set of skills for all motion tests: building them takes seconds."""

import pytest

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_skills.motion.kinematics import Kinematics
from dynamical_skills.policies.policy import Skill
from dynamical_skills.policies.primitives.registry import make_skills

from .harness import Room


@pytest.fixture(scope="session")
def kinematics() -> Kinematics:
    return Kinematics(ensure_robot_model().mjcf)


@pytest.fixture(scope="session")
def skills(kinematics: Kinematics) -> dict[str, Skill]:
    return make_skills(kinematics)


@pytest.fixture(scope="session")
def the_room() -> Room:
    return Room(noise=0.003)


@pytest.fixture
def room(the_room: Room) -> Room:
    the_room.reset(0)
    return the_room
