import pytest

from dynamical_safety import audit

ZONE = {
    "zone_type": "limit",
    "coordinates": [[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]],
    "height_min": 0.0,
    "height_max": 2.0,
    "speed_scale": 0.5,
    "speed_limit": 0.75,
    "applies_to": "both",
}


def zones(client):
    return client.get("/api/safety/zones").json()


def hazards(client):
    return client.get("/api/safety/hazards").json()


@pytest.fixture
def nothing(client, until):
    version = client.post("/api/safety/zones", json={"zones": []}).json()["version"]
    until(lambda: zones(client)["version"] == version)
    return version


def test_a_single_zone_is_put_replaced_and_deleted(client, until, nothing):
    put = client.put("/api/safety/zones/aisle 1", json=ZONE).json()
    assert (put["success"], put["error_code"]) == (True, 0)
    until(lambda: zones(client)["version"] == put["version"])
    assert zones(client)["zones"] == [{**ZONE, "name": "aisle 1"}]
    again = client.put("/api/v1/safety/zones/aisle 1", json={**ZONE, "speed_limit": 0.5}).json()
    until(lambda: zones(client)["version"] == again["version"])
    assert [zone["speed_limit"] for zone in zones(client)["zones"]] == [0.5]
    gone = client.delete("/api/safety/zones/aisle 1").json()
    until(lambda: zones(client)["version"] == gone["version"])
    assert zones(client)["zones"] == []
    missing = client.delete("/api/safety/zones/aisle 1").json()
    assert (missing["success"], missing["error_code"]) == (False, 218)
    assert "aisle 1" in missing["error"]


def test_a_change_of_an_older_version_is_refused(client, until, nothing):
    first = client.put("/api/safety/zones/a", json=ZONE, params={"expected_version": nothing})
    assert first.json()["success"] is True
    late = client.put("/api/safety/zones/b", json=ZONE, params={"expected_version": nothing})
    assert (late.json()["success"], late.json()["error_code"]) == (False, 241)
    deleted = client.delete(
        "/api/safety/zones/a", params={"expected_version": first.json()["version"]}
    )
    assert deleted.json()["success"] is True


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/safety/zones/z", {**ZONE, "applies_to": "dogs"}),
        ("PUT", "/api/safety/zones/z", {**ZONE, "speed_limit": -1.0}),
        ("PUT", "/api/safety/zones/z", {**ZONE, "name": "z"}),
        ("PUT", "/api/safety/zones/z%00", ZONE),
        ("PUT", "/api/safety/zones/z?expected_version=-1", ZONE),
        ("POST", "/api/safety/hazards", {"id": "h"}),
        ("POST", "/api/safety/hazards", {"id": "h", "hazard_type": "X", "position": [0, 0]}),
        ("POST", "/api/safety/hazards", {"put": [{"id": "h"}]}),
        ("POST", "/api/safety/hazards", {"put_types": [{"name": "X", "severity": 2}]}),
        ("GET", "/api/safety/audit?last=-1", None),
    ],
)
def test_a_request_that_is_wrong_is_a_problem(client, method, path, body):
    answer = client.request(method, path, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"]


def test_hazards_and_their_types_are_placed_and_removed(client, until):
    cart = {"id": "cart", "hazard_type": "GLASS_CART", "position": [1.0, 2.0, 0.5]}
    kind = {"name": "GLASS_CART", "severity": 0.75, "behaviour": "stop", "clearance": 1.0}
    placed = client.post("/api/safety/hazards", json=cart).json()
    assert placed["success"] is True
    both = client.post("/api/safety/hazards", json={"put_types": [kind]}).json()
    until(lambda: hazards(client)["version"] == both["version"])
    seen = hazards(client)
    assert [item["id"] for item in seen["hazards"]] == ["h1", "cart"]
    assert seen["hazards"][1]["position"] == [1.0, 2.0, 0.5]
    assert seen["hazards"][1]["confidence"] == 1.0
    types = {item["name"]: item for item in seen["types"]}
    assert types["GLASS_CART"] == {**kind, "speed_factor": 1.0, "built_in": False}
    assert types["FORKLIFT"]["built_in"] is True
    assert client.delete("/api/safety/hazards/cart").json()["success"] is True
    assert client.delete("/api/v1/safety/hazards/types/GLASS_CART").json()["success"] is True
    until(lambda: [item["id"] for item in hazards(client)["hazards"]] == ["h1"])
    assert "GLASS_CART" not in {item["name"] for item in hazards(client)["types"]}
    missing = client.delete("/api/safety/hazards/cart").json()
    assert (missing["success"], missing["error_code"]) == (False, 232)


def test_why_the_robot_is_stopped_is_said_in_plain_words(client, until):
    said = client.get("/api/safety/explain").json()
    assert (said["state"], said["points"]) == ("NORMAL", [])
    assert client.post("/api/v1/safety/stop", json={"reason": "test"}).json()["success"]
    said = until(lambda: (s := client.get("/api/safety/explain").json())["points"] and s)
    assert said["state"] == "EMERGENCY_STOP"
    (point,) = said["points"]
    assert (point["cause"], point["code_name"]) == ("STOP_CATEGORY_0", "EMERGENCY_STOP_REQUESTED")
    assert point["needs_reset"] is True
    assert "reset" in point["recovery"]
    assert "reset" in said["next_step"]
    assert client.post("/api/v1/safety/reset").json()["success"] is True
    until(lambda: client.get("/health").json()["status"] == "healthy")


def test_the_audit_is_shown_and_a_changed_line_named(client, bridge):
    path = bridge.state_dir / audit.FILE_NAME
    empty = client.get("/api/safety/audit").json()
    assert (empty["intact"], empty["entries"]) == (True, [])
    log = audit.AuditLog(bridge.state_dir)
    for number in range(3):
        log.append(
            "set_zones", source="anna", now=1e9 + number, after={"n": number}, version=number
        )
    shown = client.get("/api/v1/safety/audit?last=2").json()
    assert shown["intact"] is True
    assert [entry["after"]["n"] for entry in shown["entries"]] == [1, 2]
    assert shown["entries"][1]["hash"] == shown["newest_hash"]
    path.write_text(path.read_text().replace('"n":1', '"n":7'))
    broken = client.get("/api/safety/audit").json()
    assert (broken["intact"], broken["broken_line"]) == (False, 2)
    assert "changed" in broken["problem"]
    path.unlink()


def test_only_administrators_change_zones_and_hazards(start_bridge, scripted_graph, until):
    bridge = start_bridge("trusted_networks:=['loopback']")
    with bridge.client() as peer:
        del peer.headers["X-API-Key"]
        until(lambda: peer.get("/api/safety/explain").status_code == 200)
        for method, path in (
            ("PUT", "/api/safety/zones/z"),
            ("DELETE", "/api/safety/zones/z"),
            ("DELETE", "/api/safety/hazards/h"),
        ):
            answer = peer.request(method, path, json=ZONE if method == "PUT" else None)
            assert answer.status_code == 403
