import asyncio
import uuid
from datetime import datetime

import httpx

INVOKE = "/api/v1/robot/invoke_skill"
FIELDS = {
    "success",
    "request_id",
    "robot_id",
    "role",
    "goal",
    "coordination_id",
    "actions",
    "skill_ids_used",
    "blend_weights",
    "safety_status",
    "total_time_ms",
    "error",
    "execution_id",
}
EXECUTION_FIELDS = {
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


def ended(client, until, execution_id):
    def look():
        body = client.get(f"/api/v1/skills/executions/{execution_id}").json()
        return body if body["status"] not in ("pending", "running") else None

    return until(look)


def test_an_invocation_answers_at_the_first_safe_action_and_goes_on(client, until):
    answer = client.post(
        INVOKE,
        json={"goal": "pick up the cup", "role": "leader", "coordination_id": "c1"},
        headers={"X-Request-ID": "first-1"},
    )
    body = answer.json()
    assert set(body) >= FIELDS
    assert body["success"] is True
    assert body["status"] == "running"
    assert body["request_id"] == "first-1"
    assert (body["role"], body["coordination_id"], body["goal"]) == (
        "leader",
        "c1",
        "pick up the cup",
    )
    assert body["robot_id"] == "thor_001"
    assert set(body["actions"][0]) == {
        "skill_id",
        "joint_positions",
        "gripper_action",
        "confidence",
    }
    assert len(body["actions"][0]["joint_positions"]) == 43
    assert body["skill_ids_used"] == ["grasp", "place_on"]
    assert body["blend_weights"] == [0.5, 0.5]
    assert body["safety_status"] == "OK"
    assert body["error"] is None
    end = ended(client, until, body["execution_id"])
    assert (end["status"], end["success"]) == ("completed", True)
    assert end["result_data"]["lift_height_m"] == 0.12
    assert end["result_data"]["phase"] == "done"
    # The same execution under the request's id, which the caller knows first.
    assert client.get("/api/v1/skills/executions/first-1").json() == end


def test_the_alias_does_the_same_and_wait_answers_at_the_end(client):
    body = client.post(
        "/api/v1/robot/execute_skill?wait=true", json={"task_description": "wave"}
    ).json()
    assert body["status"] == "completed"
    assert body["success"] is True
    assert body["total_time_ms"] >= 250.0


def test_a_refusal_is_an_answer_with_the_robot_s_reason(client):
    answer = client.post(INVOKE, json={"goal": "refuse this"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is False
    assert body["error_code"] == 405
    assert "nothing fits" in body["error"]
    assert body["status"] == "failed"
    assert body["actions"] == []
    rejected = client.post(INVOKE, json={"goal": "reject this"}).json()
    assert rejected["success"] is False
    assert rejected["error_code"] == 416


def test_an_execution_lives_as_the_swarm_client_expects(client, until):
    started = client.post(
        "/api/v1/skills/execute",
        json={
            "robot_id": "thor_001",
            "skill_id": "grasp:leader",
            "parameters": {"object": {"class_id": "cup"}},
            "timeout": 30,
            "coordination_group_id": "g7",
            "something_new": True,
        },
    )
    assert started.status_code == 200
    execution_id = started.json()["execution_id"]
    now = client.get(f"/api/v1/skills/executions/{execution_id}").json()
    assert set(now) >= EXECUTION_FIELDS
    assert now["status"] in ("pending", "running")
    assert now["skill_id"] == "grasp"
    end = ended(client, until, execution_id)
    assert end["status"] == "completed"
    assert end["error_message"] is None
    begin = datetime.fromisoformat(end["start_time"])
    length = (datetime.fromisoformat(end["end_time"]) - begin).total_seconds()
    assert abs(end["duration"] - length) < 0.01


def test_progress_can_be_followed_while_it_runs(client, until):
    execution_id = client.post(INVOKE, json={"goal": "slow", "timeout": 1}).json()["execution_id"]
    data = client.get(f"/api/v1/skills/executions/{execution_id}").json()["result_data"]
    assert data["phase"] == "moving"
    assert (data["skill_id"], data["step"], data["step_count"]) == ("grasp", 1, 2)
    assert (data["progress"], data["distance_to_goal"]) == (0.25, 0.5)
    assert (data["safety_state"], data["speed_scale"]) == ("NORMAL", 1.0)
    assert client.get("/api/v1/robots/thor_001/status").json()["status"] == "busy"
    end = ended(client, until, execution_id)
    assert end["status"] == "timeout"
    assert end["error_code"] == 413
    until(lambda: client.get("/api/v1/robots/thor_001/status").json()["status"] == "idle")


def test_a_cancelled_execution_says_so_and_cancelling_again_is_harmless(client, until):
    execution_id = client.post(INVOKE, json={"goal": "slow"}).json()["execution_id"]
    path = f"/api/v1/skills/executions/{execution_id}/cancel"
    assert client.post(path).status_code == 200
    assert ended(client, until, execution_id)["status"] == "cancelled"
    assert client.post(path).status_code == 200
    done = client.post(INVOKE + "?wait=true", json={"goal": "wave"}).json()["execution_id"]
    late = client.post(f"/api/v1/skills/executions/{done}/cancel")
    assert late.status_code == 409
    assert "completed" in late.json()["detail"]


def test_a_retried_request_moves_the_robot_once(client):
    before = client.get("/api/v1/robot/invoker/stats").json()["total_invocations"]
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [
        client.post(INVOKE, json={"goal": "pick it up"}, headers=headers).json() for _ in range(3)
    ]
    assert answers[0] == answers[1] == answers[2]
    after = client.get("/api/v1/robot/invoker/stats").json()["total_invocations"]
    assert after == before + 1
    other = client.post(INVOKE, json={"goal": "put it down"}, headers=headers)
    assert other.status_code == 422
    assert "was used before" in other.json()["detail"]


def test_twenty_requests_at_once_are_all_answered(bridge):
    async def ask():
        async with httpx.AsyncClient(
            base_url=bridge.url, headers={"X-API-Key": bridge.key}, timeout=30, trust_env=False
        ) as client:
            calls = [client.post(INVOKE, json={"goal": f"wave {i}"}) for i in range(20)]
            return await asyncio.gather(*calls)

    answers = [answer.json() for answer in asyncio.run(ask())]
    assert all(answer["success"] for answer in answers)
    assert len({answer["execution_id"] for answer in answers}) == 20
    assert {answer["goal"] for answer in answers} == {f"wave {i}" for i in range(20)}


def test_statistics_hold_what_was_done(client):
    stats = client.get("/api/v1/robot/invoker/stats").json()
    assert stats["total_invocations"] >= stats["successful_invocations"]
    assert 0.0 <= stats["success_rate"] <= 1.0
    assert set(stats["time_to_first_action_ms"]) == {"p50", "p99"}


def test_a_robot_tells_what_it_can_do_and_what_it_does(client):
    can = client.get("/api/v1/robots/thor_001/capabilities").json()
    assert "grasp" in can["skills"]
    assert len(can["joint_names"]) == 43
    assert can["roles"] == ["independent", "leader"]
    status = client.get("/api/v1/robots/thor_001/status").json()
    assert status["health"] == "healthy"
    assert status["safety_state"] == "NORMAL"
    assert status["human_distance"] is None


def test_executions_of_a_skill_server_that_dies_fail_and_work_goes_on_with_the_next(
    start_graph, start_bridge, until
):
    namespace = "/thor_002"
    graph = start_graph(namespace=namespace)
    bridge = start_bridge("robot_id:=thor_001", "silence_limit:=1.5", namespace=namespace)
    with bridge.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
        execution_id = client.post(INVOKE, json={"goal": "slow"}).json()["execution_id"]
        graph.popen.kill()
        end = ended(client, until, execution_id)
        assert end["status"] == "failed"
        assert end["error_code"] == 601
        assert "skill_server" in end["error_message"]
        until(lambda: client.get("/health").status_code == 503)
        start_graph(namespace=namespace)
        until(lambda: client.get("/health").json()["status"] == "healthy")
        again = client.post(INVOKE + "?wait=true", json={"goal": "wave"}).json()
        assert again["success"] is True
