"""Progress of executions as server-sent events and over WebSockets; streams and the end of the bridge."""

import contextlib
import json
import threading

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

INVOKE = "/api/v1/robot/invoke_skill"


def invoke(client, goal="wave", **fields):
    return client.post(INVOKE, json={"goal": goal, **fields}).json()["execution_id"]


def events_of(client, path, **arguments):
    """Events of a stream until it ends: ``(name, id, data)``."""
    found, name, number = [], "", ""
    with client.stream("GET", path, **arguments) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "id":
                number = value
            elif field == "data":
                found.append((name, number, json.loads(value)))
    return found


def socket_url(bridge, execution_id, query=""):
    base = bridge.url.replace("http://", "ws://")
    return f"{base}/api/v1/skills/executions/{execution_id}/stream{query}"


def open_socket(bridge, execution_id, query="", *, key=None):
    headers = {} if query else {"X-API-Key": key or bridge.key}
    return connect(socket_url(bridge, execution_id, query), additional_headers=headers, proxy=None)


def test_events_tell_progress_and_then_the_end_once(client):
    execution_id = invoke(client, "slow", timeout=1.0)
    told = events_of(client, f"/api/v1/skills/executions/{execution_id}/events")
    assert {name for name, _, _ in told[:-1]} == {"progress"}
    name, number, last = told[-1]
    assert name == "end"
    assert last == client.get(f"/api/v1/skills/executions/{execution_id}").json()
    assert last["status"] == "timeout"
    numbers = [int(number) for _, number, _ in told]
    assert numbers == sorted(set(numbers))
    assert {data["execution_id"] for _, _, data in told} == {execution_id}
    # Whoever comes back after the end is told to stay away; whoever missed it is told it.
    path = f"/api/v1/skills/executions/{execution_id}/events"
    assert client.get(path, headers={"Last-Event-ID": number}).status_code == 204
    assert [name for name, _, _ in events_of(client, path)] == ["end"]


def test_a_web_page_opens_a_stream_with_a_ticket_that_holds_once(client, bridge):
    execution_id = invoke(client)
    path = f"/api/v1/skills/executions/{execution_id}/events"
    ticket = client.post("/api/v1/tickets").json()["ticket"]
    with httpx.Client(base_url=bridge.url, trust_env=False, timeout=20) as page:
        told = events_of(page, path, params={"ticket": ticket}, headers={"Origin": bridge.url})
        assert told[-1][0] == "end"
        assert page.get(path, params={"ticket": ticket}).status_code == 401
        other = client.post("/api/v1/tickets").json()["ticket"]
        # It opens streams and nothing else, and a key in a URL opens nothing at all.
        assert page.get("/api/v1/skills", params={"ticket": other}).status_code == 401
        assert page.post(INVOKE, params={"ticket": other}, json={}).status_code == 401
        assert page.get(path, params={"api_key": bridge.key}).status_code == 401
        assert page.get(path, params={"ticket": bridge.key}).status_code == 401
    said = "\n".join(bridge.process.lines)
    assert ticket not in said
    assert other not in said


def test_a_web_socket_tells_the_same_and_is_closed_after_the_end(client, bridge):
    execution_id = invoke(client, "slow", timeout=1.0)
    with open_socket(bridge, execution_id) as socket:
        told = [json.loads(message) for message in socket]
    assert [item["event"] for item in told][-1] == "end"
    assert told[-1]["execution"]["status"] == "timeout"
    assert socket.close_code == 1000
    ticket = client.post("/api/v1/tickets").json()["ticket"]
    with open_socket(bridge, execution_id, f"?ticket={ticket}") as socket:
        assert json.loads(socket.recv(timeout=10))["event"] == "end"


def test_a_web_socket_without_a_key_or_an_execution_is_refused_as_a_problem(client, bridge):
    execution_id = invoke(client)
    operate = client.post("/api/v1/keys", json={"scopes": ["operate"]}).json()["key"]
    for found, key, status in (
        (execution_id, "wrong", 401),
        (execution_id, operate, 403),
        ("unknown", bridge.key, 404),
    ):
        with pytest.raises(InvalidStatus) as refused, open_socket(bridge, found, key=key):
            pass
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body)["status"] == status


def test_a_follower_who_talks_or_leaves_harms_nobody(client, bridge):
    execution_id = invoke(client, "slow", timeout=2.0)
    with open_socket(bridge, execution_id) as socket:
        socket.send("x" * 1000)
        assert json.loads(socket.recv(timeout=10))["execution"]["execution_id"] == execution_id
    with open_socket(bridge, execution_id) as socket:
        socket.send("x" * 100_000)
        for _ in range(1000):
            try:
                socket.recv(timeout=10)
            except Exception:
                break
        assert socket.close_code == 1009
    told = events_of(client, f"/api/v1/skills/executions/{execution_id}/events")
    assert told[-1][0] == "end"


def test_a_stream_ends_when_its_key_is_revoked(client, bridge, until):
    made = client.post("/api/v1/keys", json={"scopes": ["observe"]}).json()
    execution_id = invoke(client, "slow", timeout=20.0)
    flowing, ended = threading.Event(), threading.Event()

    def follow():
        path = f"/api/v1/skills/executions/{execution_id}/events"
        with bridge.client(key=made["key"]) as holder, holder.stream("GET", path) as answer:
            for line in answer.iter_lines():
                flowing.set()
                assert line != "event: end"
        ended.set()

    thread = threading.Thread(target=follow)
    thread.start()
    assert flowing.wait(15)
    client.delete(f"/api/v1/keys/{made['id']}")
    thread.join(15)
    assert ended.is_set()
    client.post(f"/api/v1/skills/executions/{execution_id}/cancel")


def test_a_bridge_with_open_streams_ends_when_told_to(start_graph, start_bridge, until):
    namespace = "/thor_end"
    start_graph(namespace=namespace)
    bridge = start_bridge("robot_id:=thor_001", namespace=namespace)
    flowing = threading.Barrier(4)
    with bridge.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
        execution_id = invoke(client, "slow", timeout=60.0)

        def read(path):
            with bridge.client() as viewer, viewer.stream("GET", path) as answer:
                lines = answer.iter_lines()
                next(lines)
                flowing.wait(20)
                for _ in lines:
                    pass

        def read_socket(closed):
            with open_socket(bridge, execution_id) as socket:
                socket.recv(timeout=10)
                flowing.wait(20)
                with contextlib.suppress(ConnectionClosed):
                    for _ in socket:
                        pass
            closed.append(socket.close_code)

        codes: list[int] = []
        readers = [
            threading.Thread(target=read, args=("/api/safety/live",)),
            threading.Thread(
                target=read, args=(f"/api/v1/skills/executions/{execution_id}/events",)
            ),
            threading.Thread(target=read_socket, args=(codes,)),
        ]
        for reader in readers:
            reader.start()
        flowing.wait(20)
    assert bridge.process.stop() == 0
    for reader in readers:
        reader.join(10)
        assert not reader.is_alive()
    assert codes[0] in (1001, 1012)
    # Ended by themselves, not cut off after the server's patience.
    assert "Cancel " not in "\n".join(bridge.process.lines)
