import asyncio
import uuid

import httpx
import pytest

from dynamical_bringup.rest.idempotency import CAPACITY, FILE_NAME, LIFETIME, IdempotencyStore

INVOKE = "/api/v1/robot/invoke_skill"


class Clock:
    now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def answer():
    loop = asyncio.new_event_loop()
    yield loop.create_future()
    loop.close()


def test_a_request_is_known_by_its_caller_and_key(answer):
    store = IdempotencyStore()
    store.remember("a", "1", "what", answer)
    assert store.find("a", "1").fingerprint == "what"
    assert store.find("b", "1") is None
    assert store.find("a", "2") is None
    # No two pairs of caller and key run into each other.
    assert store.find("a1", "") is None


def test_a_kept_request_is_known_after_a_restart_without_its_answer(tmp_path, answer):
    store = IdempotencyStore(tmp_path)
    for key in ("kept", "forgotten", "not kept"):
        store.remember("a", key, "what", answer)
    store.keep("a", "kept")
    store.keep("a", "forgotten")
    store.forget("a", "forgotten")
    again = IdempotencyStore(tmp_path)
    assert again.find("a", "kept").fingerprint == "what"
    assert again.find("a", "kept").answer is None
    assert again.find("a", "forgotten") is None
    assert again.find("a", "not kept") is None


def test_what_is_older_than_a_day_is_forgotten(tmp_path, answer):
    clock = Clock()
    store = IdempotencyStore(tmp_path, clock=clock)
    store.remember("a", "1", "what", answer)
    store.keep("a", "1")
    clock.now += LIFETIME + 1.0
    assert store.find("a", "1") is None
    assert IdempotencyStore(tmp_path, clock=clock).find("a", "1") is None


def test_very_many_make_room_oldest_first(answer):
    store = IdempotencyStore()
    for number in range(CAPACITY + 1):
        store.remember("a", str(number), "what", answer)
    assert store.find("a", "0") is None
    assert store.find("a", "1") is not None


def test_a_line_torn_by_a_crash_does_no_harm(tmp_path, answer):
    store = IdempotencyStore(tmp_path)
    store.remember("a", "1", "what", answer)
    store.keep("a", "1")
    with (tmp_path / FILE_NAME).open("a") as stream:
        stream.write('{"name": "half')
    assert IdempotencyStore(tmp_path).find("a", "1") is not None


def test_a_retry_after_a_restart_of_the_bridge_moves_nothing(start_graph, start_bridge, until):
    namespace = "/thor_retry"
    start_graph(namespace=namespace)
    first = start_bridge("robot_id:=thor_001", namespace=namespace)
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    body = {"goal": "pick it up"}
    with first.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
        assert client.post(INVOKE, json=body, headers=headers).json()["success"] is True
    first.process.popen.kill()
    first.process.popen.wait()
    second = start_bridge(
        *("robot_id:=thor_001", f"state_dir:={first.state_dir}"), namespace=namespace
    )
    with second.client(key=first.key) as client:
        lost = client.post(INVOKE, json=body, headers=headers)
        assert lost.status_code == 409
        assert "its answer is lost; nothing was done now" in lost.json()["detail"]
        other = client.post(INVOKE, json={"goal": "put it down"}, headers=headers)
        assert other.status_code == 422
        assert client.get("/api/v1/robot/invoker/stats").json()["total_invocations"] == 0
        until(lambda: client.get("/health").json()["status"] == "healthy")
        assert client.post(INVOKE, json=body).json()["success"] is True


def test_a_request_that_never_reached_the_robot_may_be_retried(start_bridge):
    bridge = start_bridge(namespace="/thor_nobody")
    headers = {"Idempotency-Key": "once"}
    with bridge.client() as client:
        for _ in range(2):
            answer = client.post(INVOKE, json={"goal": "wave"}, headers=headers)
            assert answer.status_code == 503


def test_retries_at_the_same_time_move_the_robot_once(bridge):
    async def ask():
        async with httpx.AsyncClient(
            base_url=bridge.url, headers={"X-API-Key": bridge.key}, timeout=30, trust_env=False
        ) as client:
            headers = {"Idempotency-Key": str(uuid.uuid4())}
            calls = [
                client.post("/api/v1/skills/execute", json={"skill_id": "grasp"}, headers=headers)
                for _ in range(10)
            ]
            return await asyncio.gather(*calls)

    with bridge.client() as client:
        stats = "/api/v1/robot/invoker/stats"
        before = client.get(stats).json()["total_invocations"]
        answers = asyncio.run(ask())
        after = client.get(stats).json()["total_invocations"]
    assert len({answer.json()["execution_id"] for answer in answers}) == 1
    assert after == before + 1
