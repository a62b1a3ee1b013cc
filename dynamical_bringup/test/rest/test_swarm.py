"""SwarmBrain as a client: every call of the public contract, from processes that know nothing of ours."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

HERE = Path(__file__).parent
COUNT = 50
STATES = ("pending", "running", "completed", "failed", "timeout", "cancelled")
CONTRACT = {
    "execution_id",
    "robot_id",
    "skill_id",
    "status",
    "success",
    "start_time",
    "end_time",
    "duration",
    "error_message",
    "result_data",
}


@pytest.fixture
def trusting(start_bridge, scripted_graph, until):
    """A bridge that lets peers on this machine in without a key."""
    bridge = start_bridge("trusted_networks:=[loopback]")
    with bridge.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
    return bridge


@pytest.fixture(scope="module")
def outsider(tmp_path_factory):
    """Runs a script from a folder where none of our sources are; returns what it printed."""

    def run(script, *arguments, env=None):
        done = subprocess.run(
            [sys.executable, str(HERE / script), *map(str, arguments)],
            cwd=tmp_path_factory.mktemp("outside"),
            capture_output=True,
            text=True,
            timeout=200,
            env=env,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.strip().splitlines()[-1])

    return run


def test_fifty_executions_at_once_are_never_mixed_up(trusting, outsider):
    told = outsider("swarm_client.py", trusting.url, COUNT)
    assert told["status"]["status"] == "idle"
    assert told["status"]["health"] == "healthy"
    assert "grasp" in told["capabilities"]["skills"]
    executions = told["executions"]
    assert len({item["execution_id"] for item in executions.values()}) == COUNT
    ends = {"done": "completed", "timeout": "timeout", "cancel": "cancelled", "refused": "failed"}
    for token, item in executions.items():
        end, statuses = item["end"], item["statuses"]
        assert set(end) >= CONTRACT
        assert end["status"] == ends[item["kind"]], (token, item)
        assert end["success"] == (item["kind"] == "done")
        assert end["duration"] >= 0.0
        assert bool(end["error_message"]) == (item["kind"] != "done")
        # A state never goes back, and the end stays.
        order = [STATES.index(status) for status in statuses]
        assert order == sorted(order), (token, statuses)
        assert end["skill_id"] == ("slow" if item["kind"] in ("timeout", "cancel") else "grasp")
        if item["kind"] == "done":
            assert end["result_data"]["asked"] == {"token": token}
    with trusting.client() as client:
        listed = client.get("/api/v1/skills/executions", params={"limit": 1000}).json()
        assert listed["total"] == COUNT
        failed = client.get(
            "/api/v1/skills/executions", params={"status": ["failed", "timeout"], "limit": 3}
        ).json()
        assert failed["total"] == 2 * COUNT // 5
        assert len(failed["executions"]) == 3
        group = client.get("/api/v1/skills/executions?coordination_id=group-3").json()
        assert group["total"] == len([n for n in range(COUNT) if n % 7 == 3])


def test_the_trusted_network_is_told_at_the_start_and_is_no_administrator(trusting):
    said = "\n".join(trusting.process.lines)
    assert "peers from 127.0.0.0/8, ::1/128 are let in without a key and may" in said
    with httpx.Client(base_url=trusting.url, trust_env=False) as peer:
        assert peer.get("/api/v1/skills").status_code == 200
        assert peer.post("/api/v1/safety/reset").status_code == 403
        assert peer.get("/api/v1/keys").status_code == 403
        # Any page in a browser on this machine has its address too.
        page = {"Origin": "http://somewhere.example"}
        assert peer.get("/api/v1/skills", headers=page).status_code == 401


def test_without_that_setting_a_peer_without_a_key_is_nobody(bridge):
    with httpx.Client(base_url=bridge.url, trust_env=False) as peer:
        assert peer.post("/api/v1/skills/execute", json={"skill_id": "grasp"}).status_code == 401


def test_over_ros_goals_of_a_stranger_keep_their_results_too(
    scripted_graph, outsider, ros_environment
):
    told = outsider("swarm_action_client.py", "/thor_001", 9, env=ros_environment)
    assert len({item["execution_id"] for item in told.values()}) == 9
    for token, item in told.items():
        assert item["request_id"] == token
        if token == "token-1":
            assert (item["success"], item["error_code"]) == (False, 414)
        else:
            assert item["success"] is True
            assert f'"token": "{token}"' in item["result_data"]
            assert "moving" in item["phases"]
