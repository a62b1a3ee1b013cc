import json

ZONE = {
    "name": "aisle",
    "zone_type": "slow",
    "coordinates": [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]],
    "height_min": 0.0,
    "height_max": 2.0,
    "speed_scale": 0.5,
    "speed_limit": 0.25,
    "applies_to": "default",
}


def test_skills_are_listed_found_and_filtered(client):
    listed = client.get("/api/v1/skills").json()
    assert {"grasp", "place_on", "wave"} <= {skill["id"] for skill in listed["skills"]}
    assert listed["total"] == len(listed["skills"])
    assert client.get("/api/v1/skills?skill_type=navigation").json()["skills"] == []
    one = client.get("/api/v1/skills/grasp").json()
    assert one["coordination"]["max_robots"] == 2
    assert one in listed["skills"]


def test_skills_are_requested_registered_and_deployed(client):
    found = client.post("/api/v1/skills/request", json={"task_description": "pick"}).json()
    assert [match["skill_id"] for match in found["skills"]] == ["grasp", "place_on"]
    none = client.post("/api/v1/skills/request", json={"task_description": "refuse"}).json()
    assert (none["success"], none["error_code"], none["skills"]) == (False, 405, [])
    skill = {**client.get("/api/v1/skills/grasp").json(), "id": "pinch", "examples": ["pinch it"]}
    assert client.post("/api/v1/skills", json=skill).json()["success"] is True
    assert client.get("/api/v1/skills/pinch").json() == skill
    done = client.post("/api/v1/skills/deploy", json={"skill_ids": ["pinch"]}).json()
    assert done["deployed"] == ["pinch@thor_001"]
    assert client.post("/api/v1/skills/deploy", json={"skill_ids": ["fly"]}).json() == {
        "success": False,
        "error": "there is no skill 'fly'",
        "error_code": 403,
        "deployed": [],
    }


def test_zones_are_added_replaced_and_refused_by_the_gate(client, until):
    assert client.post("/api/safety/zones", json={"zones": []}).json()["success"] is True
    assert client.post("/api/safety/zones", json=ZONE).json()["success"] is True
    second = {**ZONE, "name": "corner", "zone_type": "keep_out"}
    until(lambda: client.get("/api/safety/zones").json()["zones"])
    version = client.post("/api/v1/safety/zones", json=second).json()["version"]
    until(lambda: client.get("/api/safety/zones").json()["version"] == version)
    zones = client.get("/api/v1/safety/zones").json()
    assert zones["frame_id"] == "odom"
    assert zones["zones"] == [ZONE, second]
    twice = client.post("/api/safety/zones", json={"zones": [ZONE, ZONE]}).json()
    assert (twice["success"], twice["error_code"]) == (False, 218)


def test_hazards_and_tracks_are_shown(client):
    hazards = client.get("/api/safety/hazards").json()["hazards"]
    assert (hazards[0]["hazard_type"], hazards[0]["severity"]) == ("PERSON", 0.5)
    seen = client.get("/api/v1/tracks").json()
    assert (seen["tracks"][0]["class_id"], seen["tracks"][0]["motion"]) == ("cup", "movable")
    assert seen["age_s"] < 5.0


def test_a_stop_is_carried_out_shown_and_left_by_a_reset(client, until):
    stopped = client.post("/api/v1/safety/stop", json={"reason": "test"}).json()
    assert stopped["success"] is True
    status = until(
        lambda: (s := client.get("/api/v1/safety/status").json())["reset_required"] and s
    )
    assert status["state"] == "EMERGENCY_STOP"
    assert status["reasons"][0]["text"].startswith("stop requested by rest:")
    assert status["reasons"][0]["value"] is None
    assert client.get("/api/v1/robots/thor_001/status").json()["status"] == "stopped"
    assert client.get("/health").json()["status"] == "degraded"
    assert client.post("/api/v1/safety/reset").json()["state"] == "NORMAL"
    until(lambda: client.get("/health").json()["status"] == "healthy")
    # A stop needs no body: it must be as easy as it can be.
    assert client.post("/api/v1/safety/stop").json()["success"] is True
    assert client.post("/api/v1/safety/reset").json()["success"] is True


def test_the_documentation_works_without_the_internet(bridge):
    with bridge.client(key="") as nobody:
        page = nobody.get("/docs")
        assert page.status_code == 200
        assert "http://" not in page.text
        assert "https://" not in page.text
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "start.js"):
            assert f"docs/{name}" in page.text
            assert len(nobody.get(f"/docs/{name}").content) > 50
        schema = nobody.get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    invoke = schema["paths"]["/api/v1/robot/invoke_skill"]["post"]
    assert {"200", "400", "401", "413", "422", "503"} <= set(invoke["responses"])
    assert invoke["security"] == [{"key": []}]
    names = json.dumps(schema)
    assert all(f'"{part}": {{' in names for part in ("ProblemDetails", "InvokeSkillResponse"))


def test_a_trusted_peer_needs_no_key_but_may_not_administer(scripted_graph, start_bridge, until):
    bridge = start_bridge("trusted_networks:=['loopback']")
    assert any("let in without a key" in line for line in bridge.process.lines)
    with bridge.client() as peer:
        del peer.headers["X-API-Key"]
        until(lambda: peer.get("/api/v1/robots/thor_001/status").json()["status"] == "idle")
        started = peer.post("/api/v1/skills/execute", json={"skill_id": "wave"}).json()
        assert started["execution_id"]
        assert peer.post("/api/v1/safety/reset").status_code == 403
        browser = peer.get("/api/v1/skills", headers={"Origin": "http://evil.example"})
        assert browser.status_code == 401


def test_a_second_bridge_on_the_same_port_says_so_and_ends(bridge, tmp_path):
    import subprocess
    import sys

    port = bridge.url.rsplit(":", 1)[1]
    command = [sys.executable, "-m", "dynamical_bringup.nodes.rest_bridge_node", "--ros-args"]
    command += ["-r", "__ns:=/thor_003", "-p", f"port:={port}", "-p", f"state_dir:={tmp_path}"]
    from os import environ

    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=30,
        env={**environ, "ROS_DOMAIN_ID": "66", "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
    )
    assert ended.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in ended.stdout + ended.stderr
