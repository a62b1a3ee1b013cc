"""The same sentence in three places: other tables, other shelves, a post in the way.

Not in the folder ``system``, whose tests share a platform that would run beside these.
"""

import threading
import time
from contextlib import ExitStack

import pytest
from domain_coordinator import domain_id

from dynamical_bringup.client import Client
from dynamical_bringup.demo.grading import result
from dynamical_bringup.demo.main import GOAL, board
from dynamical_bringup.nodes.grader_node import Grader
from dynamical_bringup.runner import Options, Platform
from dynamical_control.simulation.layout import RED_CUP
from dynamical_control.simulation.workspaces import LAB_TABLE, LAYOUTS

pytestmark = pytest.mark.system


@pytest.fixture
def state(tmp_path, monkeypatch):
    """A folder of its own for what outlives a run."""
    monkeypatch.setenv("DYNAMICAL_STATE", str(tmp_path))


@pytest.fixture(scope="module")
def domains():
    """Keeps every domain to the end: nodes of one platform linger in the next one's discovery."""
    with ExitStack() as kept:
        yield kept


@pytest.mark.usefixtures("state")
@pytest.mark.parametrize("workspace", sorted(set(LAYOUTS) - {LAB_TABLE}))
def test_the_cup_ends_on_the_shelf_of_another_workspace(domains, workspace):
    """The usual one is ``test_job.py``."""
    domain = domains.enter_context(domain_id())
    with Platform(Options(port=0, domain_id=domain, workspace=workspace)) as platform:
        here = platform.wait_healthy(120.0)
        with Grader(here.robot_id, here.domain_id) as grader:
            grader.wait_for_truth()
            grader.node.evidence.clear()
            grader.wait_for_truth()
            client = Client(here.url, here.api_key)
            asked_at = time.time()
            answer = client.invoke(here.robot_id, GOAL)
            execution = client.follow(answer["execution_id"])
            threading.Event().wait(0.5)
            client.close()
            figures = result(
                grader.node.evidence,
                execution,
                object_name=RED_CUP.name,
                object_height=RED_CUP.height,
                board=board(workspace),
                asked_at=asked_at,
            )
    assert figures["success"], figures
    assert figures["lift_height_m"] > 0.05
