"""Two robots in two namespaces hand a cup over: two whole platforms, one simulated room.

Two platforms need four cores or more. On two, perception falls behind and the gates stop their robots, as
they must; so these tests are run when asked for: ``pytest -m pair``.
"""

from types import SimpleNamespace

import pytest
from domain_coordinator import domain_id

from dynamical_bringup.client import Client
from dynamical_bringup.nodes.grader_node import Grader
from dynamical_bringup.runner import Options, TwoRobots
from dynamical_bringup.runner.two_robots import FIRST, SECOND

pytestmark = [pytest.mark.system, pytest.mark.pair]
CUP = {"class_id": "cup"}
TASK = "cup from hand to hand"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """Both platforms, a client of each, and the simulation's truth."""
    with (
        domain_id() as domain,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("DYNAMICAL_STATE", str(tmp_path_factory.mktemp("state")))
        yield from both(domain)


def both(domain):
    with TwoRobots(Options(port=0, domain_id=domain)) as running:
        runs = running.wait_healthy(180.0)
        with Grader(FIRST, domain) as grader:
            grader.wait_for_truth()
            clients = [Client(run.url, run.api_key) for run in runs]
            yield SimpleNamespace(first=clients[0], second=clients[1], grader=grader)
            for client in clients:
                client.close()


def execute(client, robot_id, skill_id, role, **parameters):
    body = {
        "robot_id": robot_id,
        "skill_id": skill_id,
        "parameters": {"object": CUP, **parameters},
        "role": role,
        "coordination_group_id": TASK,
        "timeout": 180.0,
    }
    return client.post("/api/v1/skills/execute", body)["execution_id"]


def cup_height(two):
    samples = two.grader.node.evidence.objects["red_cup"]
    return [sample.position[2] for sample in samples]


def test_each_is_kept_out_of_the_others_trunk(two):
    for client in (two.first, two.second):
        zones = {zone["name"]: zone for zone in client.get("/api/safety/zones")["zones"]}
        assert zones["other_robot"]["zone_type"] == "keep_out"


def test_one_robot_hands_the_cup_to_the_other_in_one_coordination(two):
    picked = two.first.invoke(FIRST, "pick up the red cup")
    assert picked["execution_id"], picked
    ended = two.first.follow(picked["execution_id"])
    assert ended["status"] == "completed", ended["error_message"]
    two.grader.node.evidence.clear()
    taker = execute(two.second, SECOND, "receive", "assistant")
    giver = execute(two.first, FIRST, "hand_over", "leader")
    gave, took = two.first.follow(giver), two.second.follow(taker)
    assert gave["status"] == "completed", gave["error_message"]
    assert took["status"] == "completed", took["error_message"]
    assert gave["result_data"]["handed_over"] is True
    assert took["result_data"]["received"] is True
    assert min(cup_height(two)) > 0.88, "it was never let fall"
