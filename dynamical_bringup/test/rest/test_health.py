from dynamical_bringup.rest.health import (
    ERROR,
    OK,
    WARN,
    Report,
    Safety,
    component,
    summarize,
)

GOOD = Safety(stamp=100.0, state="NORMAL", reset_required=False, reasons=())


def healthy(name: str = "control") -> dict:
    report = Report(99.5, {"lifecycle": (OK, "active")})
    return component(name, report=report, present=True, now=100.0, uptime=50.0)


def test_a_node_that_reports_ok_is_ok_and_needs_no_advice():
    entry = healthy()
    assert (entry["level"], entry["message"], entry["advice"]) == ("ok", "active", "")
    assert summarize([entry], safety=GOOD, now=100.0)["status"] == "healthy"


def test_a_missing_node_makes_the_platform_unhealthy_and_says_what_to_do():
    entry = component("control", report=None, present=False, now=100.0, uptime=50.0)
    assert entry["level"] == "missing"
    assert "dynamical logs control" in entry["advice"]
    whole = summarize([entry], safety=GOOD, now=100.0)
    assert whole["status"] == "unhealthy"
    assert whole["reasons"] == ["control: the node is not running"]


def test_a_node_that_is_there_but_silent_is_stale():
    report = Report(90.0, {"lifecycle": (OK, "active")})
    entry = component("control", report=report, present=True, now=100.0, uptime=50.0)
    assert entry["level"] == "stale"
    assert "10.0 s ago" in entry["message"]


def test_the_worst_entry_decides_the_level():
    report = Report(100.0, {"a": (OK, "fine"), "b": (ERROR, "camera is dark"), "c": (WARN, "hm")})
    entry = component("perception", report=report, present=True, now=100.0, uptime=50.0)
    assert (entry["level"], entry["message"]) == ("error", "camera is dark")


def test_a_warning_degrades_and_a_stop_that_waits_for_a_person_does_too():
    report = Report(100.0, {"scheduling": (WARN, "no real-time priority")})
    entry = component("control", report=report, present=True, now=100.0, uptime=50.0)
    assert summarize([entry], safety=GOOD, now=100.0)["status"] == "degraded"
    stopped = Safety(100.0, "EMERGENCY_STOP", reset_required=True, reasons=("button",))
    whole = summarize([healthy()], safety=stopped, now=100.0)
    assert whole["status"] == "degraded"
    assert any("dynamical reset" in line for line in whole["advice"])


def test_a_gate_that_is_silent_unknown_or_in_fault_is_unhealthy():
    for safety in (
        None,
        Safety(90.0, "NORMAL", reset_required=False, reasons=()),
        Safety(100.0, "INIT", reset_required=False, reasons=("waiting",)),
        Safety(100.0, "FAULT", reset_required=True, reasons=("two gates",)),
    ):
        assert summarize([healthy()], safety=safety, now=100.0)["status"] == "unhealthy"


def test_health_needs_no_key_and_lists_every_node_of_the_contract(bridge):
    from dynamical_interfaces import graph

    with bridge.client(key="") as nobody:
        answer = nobody.get("/health")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "healthy"
    assert {entry["name"] for entry in body["components"]} >= set(graph.CORE_NODES)
    assert body["loops"][0]["loop"] == "robot_driver"
    assert body["safety_state"] == "NORMAL"


def test_without_a_graph_health_is_503_and_calls_are_503_problems(start_bridge):
    lonely = start_bridge(namespace="/lonely_001")
    with lonely.client() as client:
        health = client.get("/health")
        assert health.status_code == 503
        assert health.json()["status"] == "unhealthy"
        assert health.json()["advice"]
        for path in ("/api/v1/skills", "/api/v1/tracks", "/api/safety/zones"):
            answer = client.get(path)
            assert answer.status_code == 503, path
            assert answer.json()["error_code"] == 601
        answer = client.post("/api/v1/robot/invoke_skill", json={"goal": "wave"})
        assert answer.status_code == 503
        assert "skill_server is not running" in answer.json()["detail"]
        status = client.get("/api/v1/robots/lonely_001/status").json()
        assert (status["status"], status["health"]) == ("offline", "unhealthy")
    assert lonely.process.stop() == 0
