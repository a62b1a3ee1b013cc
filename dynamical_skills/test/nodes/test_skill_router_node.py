"""The skill router as a process: every service, right and wrong."""

import json

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import SkillDescriptor, SkillParameter
from dynamical_interfaces.srv import (
    DeploySkills,
    GetSkill,
    ListSkills,
    Orchestrate,
    RegisterSkill,
    RouteTask,
)

pytestmark = pytest.mark.usefixtures("router")


def refused(response, code: ErrorCode, word: str) -> None:
    assert not response.success
    assert ErrorCode(response.error_code) is code
    assert word in response.error_msg


def test_a_sentence_is_routed(client):
    response = client.call(RouteTask, "route_task", task_description="grab the crimson mug")
    assert response.success
    assert response.skill_ids[0] == "grasp"
    assert sum(response.weights) == pytest.approx(1.0, abs=1e-5)
    assert len(response.similarity) == len(response.skill_ids) == 3


def test_a_task_that_no_skill_fits_is_refused(client):
    response = client.call(RouteTask, "route_task", task_description="book a flight to Paris")
    refused(response, ErrorCode.NO_SKILL_FITS, "nearest")
    refused(client.call(RouteTask, "route_task"), ErrorCode.GOAL_EMPTY, "empty")
    response = client.call(RouteTask, "route_task", task_embedding=[1.0, 2.0])
    refused(response, ErrorCode.PARAMETER_INVALID, "384")


def test_skills_are_listed_and_found(client):
    assert len(client.call(ListSkills, "list_skills").skills) >= 12
    only = client.call(ListSkills, "list_skills", skill_type="perception").skills
    assert "look_at" in [skill.id for skill in only]
    assert {skill.skill_type for skill in only} == {"perception"}
    assert client.call(GetSkill, "get_skill", id="grasp").skill.version == "1.0.0"
    refused(client.call(GetSkill, "get_skill", id="fly"), ErrorCode.SKILL_UNKNOWN, "fly")


def test_a_registered_skill_is_routed_to_at_once_and_can_be_deployed(client):
    skill = SkillDescriptor(
        id="stir",
        version="1.0.0",
        description="Stir a pot with a spoon.",
        examples=["stir the soup", "stir the pot with the spoon", "mix the soup in the pot"],
        skill_type="manipulation",
        estimated_duration=3.0,
        parameters=[SkillParameter(name="object", type="track", description="The pot.")],
    )
    assert client.call(RegisterSkill, "register_skill", skill=skill).success
    response = client.call(RouteTask, "route_task", task_description="please stir the soup")
    assert response.skill_ids[0] == "stir"
    assert client.call(GetSkill, "get_skill", id="stir").skill.status == "draft"
    response = client.call(DeploySkills, "deploy_skills", skill_ids=["stir"])
    assert list(response.deployed) == ["stir@thor_001"]
    assert client.call(GetSkill, "get_skill", id="stir").skill.status == "deployed"
    response = client.call(RegisterSkill, "register_skill", skill=skill)
    refused(response, ErrorCode.SKILL_INVALID, "not newer")
    response = client.call(DeploySkills, "deploy_skills", skill_ids=["wave"], device_ids=["mars"])
    refused(response, ErrorCode.ROBOT_UNKNOWN, "mars")


def test_a_sentence_becomes_a_plan(client):
    response = client.call(
        Orchestrate,
        "orchestrate",
        task_description="pick up the red cup and place it on the shelf",
        parameters='{"side": "left"}',
    )
    assert response.success
    assert [step.skill_ids[0] for step in response.plan.steps][-3:] == [
        "carry",
        "place_on",
        "home",
    ]
    parameters = json.loads(response.plan.steps[1].location_params)
    assert parameters["object"] == {"class_id": "cup", "color": "red"}
    assert parameters["side"] == "left"
    response = client.call(Orchestrate, "orchestrate", task_description="wave", robot_id="nobody")
    refused(response, ErrorCode.ROBOT_UNKNOWN, "nobody")
    response = client.call(Orchestrate, "orchestrate", task_description="wave", tier=77)
    refused(response, ErrorCode.PARAMETER_INVALID, "77")
