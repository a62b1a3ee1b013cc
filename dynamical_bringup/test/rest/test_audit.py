import stat

import pytest

from dynamical_bringup.rest.auditing import audit_path
from dynamical_safety import audit

INVOKE = "/api/v1/robot/invoke_skill"


def entries(bridge):
    return audit.read(audit_path(bridge.state_dir))


def entries_of(bridge, request_id):
    return [entry for entry in entries(bridge) if entry["after"]["request_id"] == request_id]


def test_a_command_is_written_down_before_and_after_and_reads_are_not(client, bridge, until):
    secret = "nobody may read this sentence"
    sent = client.post(
        INVOKE + "?wait=false", json={"goal": secret}, headers={"X-Request-ID": "audited-1"}
    )
    until(lambda: len(entries_of(bridge, "audited-1")) == 2)
    asked, done = entries_of(bridge, "audited-1")
    assert (asked["action"], asked["after"]["decision"]) == (f"POST {INVOKE}", "asked")
    assert asked["source"] == bridge.key.split("_")[1]
    assert done["after"]["decision"] == "allowed"
    assert done["after"]["outcome"] == 200
    assert done["after"]["execution_id"] == sent.json()["execution_id"]
    client.get("/api/v1/skills", headers={"X-Request-ID": "read-1"})
    assert entries_of(bridge, "read-1") == []
    text = audit_path(bridge.state_dir).read_text()
    assert bridge.key not in text
    assert bridge.key.split("_", 2)[2] not in text
    assert secret not in text
    assert "wait=false" not in text
    assert stat.S_IMODE(audit_path(bridge.state_dir).stat().st_mode) == 0o600


def test_what_is_refused_is_written_down_with_who_asked(client, bridge, until):
    made = client.post("/api/v1/keys", json={"scopes": ["observe"]}).json()
    with bridge.client(key=made["key"]) as viewer:
        viewer.post(INVOKE, json={"goal": "wave"}, headers={"X-Request-ID": "refused-1"})
    until(lambda: len(entries_of(bridge, "refused-1")) == 2)
    done = entries_of(bridge, "refused-1")[-1]
    assert (done["source"], done["after"]["decision"], done["after"]["outcome"]) == (
        made["id"],
        "denied",
        403,
    )
    with bridge.client(key="wrong") as nobody:
        nobody.post(INVOKE, json={"goal": "wave"}, headers={"X-Request-ID": "refused-2"})
    until(lambda: entries_of(bridge, "refused-2"))
    [denied] = entries_of(bridge, "refused-2")
    assert (denied["source"], denied["after"]["outcome"]) == ("nobody", 401)


def test_the_chain_holds_and_the_bridge_says_so(client):
    client.post("/api/v1/skills/request", json={"task_description": "wave"})
    told = client.get("/api/v1/audit", params={"last": 5}).json()
    assert told["intact"] is True
    assert len(told["entries"]) == 5
    assert told["entries"][-1]["action"] == "GET /api/v1/audit"
    assert told["newest_hash"] != audit.FIRST


@pytest.mark.parametrize("harm", ["edit", "remove", "swap"])
def test_a_chain_that_was_tampered_with_is_found_and_the_line_named(
    start_graph, start_bridge, until, harm
):
    bridge = start_bridge(namespace="/thor_chain")
    with bridge.client() as client:
        for _ in range(3):
            client.post("/api/v1/tickets")
        path = audit_path(bridge.state_dir)
        until(lambda: len(entries(bridge)) == 6)
        lines = path.read_bytes().splitlines(keepends=True)
        if harm == "edit":
            lines[2] = lines[2].replace(b"/api/v1/tickets", b"/api/v1/nothing")
        elif harm == "remove":
            del lines[2]
        else:
            lines[2], lines[3] = lines[3], lines[2]
        path.write_bytes(b"".join(lines))
        told = client.get("/api/v1/audit").json()
    assert told["intact"] is False
    assert told["broken_line"] == 3


def test_a_command_that_cannot_be_written_down_is_not_carried_out_but_a_stop_is(
    start_graph, start_bridge, until
):
    start_graph(namespace="/thor_disk")
    bridge = start_bridge("robot_id:=thor_001", namespace="/thor_disk")
    path = audit_path(bridge.state_dir)
    with bridge.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
        client.post("/api/v1/tickets")
        until(path.exists)
        kept = path.with_name("kept")
        path.rename(kept)
        path.mkdir()  # now nothing can be written there, whoever runs this
        refused = client.post(INVOKE, json={"goal": "wave"})
        assert refused.status_code == 503
        assert refused.json()["type"] == "urn:dynamical:problem:audit-unavailable"
        assert client.get("/api/v1/robot/invoker/stats").json()["total_invocations"] == 0
        assert client.get("/api/v1/skills").status_code == 200
        assert client.post("/api/v1/safety/stop").json()["success"] is True

        def told():
            found = client.get("/health").json()["components"]
            return [c for c in found if c["name"] == "rest_bridge" and c["level"] == "error"]

        assert "could not be written" in until(told)[0]["entries"]["audit"]
        path.rmdir()
        kept.rename(path)
        client.post("/api/v1/safety/reset")
        assert client.post(INVOKE, json={"goal": "wave"}).status_code == 200
        # What waited was written after all, and the chain holds.
        actions = [entry["action"] for entry in entries(bridge)]
        assert "POST /api/v1/safety/stop" in actions
        assert client.get("/api/v1/audit").json()["intact"] is True
