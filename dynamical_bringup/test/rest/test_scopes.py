"""Every call with every scope, over the real bridge."""

import pytest

# What each call asks for, written down by hand: a call that is added must be added here.
OBSERVE = {
    "create_ticket",
    "execution_events",
    "explain_safety",
    "explain_safety_v1",
    "get_audit",
    "get_audit_v1",
    "get_execution",
    "get_hazards",
    "get_hazards_v1",
    "get_skill",
    "get_zones",
    "get_zones_v1",
    "invoker_stats",
    "list_executions",
    "list_skills",
    "list_tracks",
    "request_skills",
    "robot_capabilities",
    "robot_status",
    "safety_live",
    "safety_status",
    # These move nothing.
    "get_plan",
    "list_plans",
    "make_plan",
    # Whoever sees the robot may stop it.
    "cancel_execution",
    "cancel_plan",
    "safety_stop",
}
OPERATE = {"execute_one_skill", "execute_skill", "invoke_skill"}
ADMINISTER = {
    "change_hazards",
    "change_hazards_v1",
    "create_key",
    "delete_hazard",
    "delete_hazard_type",
    "delete_hazard_type_v1",
    "delete_hazard_v1",
    "delete_zone",
    "delete_zone_v1",
    "deploy_skills",
    "get_rest_audit",
    "list_keys",
    "put_zone",
    "put_zone_v1",
    "register_skill",
    "revoke_key",
    "safety_reset",
    "set_zones",
    "set_zones_v1",
}
NEEDED = {
    **dict.fromkeys(OBSERVE, "observe"),
    **dict.fromkeys(OPERATE, "operate"),
    **dict.fromkeys(ADMINISTER, "administer"),
}
BODIES = {
    "invoke_skill": {"goal": "refuse this"},
    "execute_skill": {"goal": "refuse this"},
    "execute_one_skill": {"skill_id": "grasp"},
}


def calls(client):
    paths = client.get("/openapi.json").json()["paths"]
    return {
        call["operationId"]: (method.upper(), path)
        for path, item in paths.items()
        for method, call in item.items()
    }


def status_of(client, operation, method, path):
    path = path.replace("{", "no-such-").replace("}", "")
    with client.stream(method, path, json=BODIES.get(operation)) as answer:
        return answer.status_code


@pytest.mark.parametrize("scope", ["observe", "operate", "administer"])
def test_a_key_opens_the_calls_of_its_scope_and_no_others(client, bridge, scope):
    made = client.post("/api/v1/keys", json={"scopes": [scope], "name": f"only {scope}"})
    assert made.status_code == 200, made.text
    known = calls(client)
    assert set(known) == {*NEEDED, "health"}
    wrong = []
    with bridge.client(key=made.json()["key"]) as holder:
        for operation, needed in NEEDED.items():
            status = status_of(holder, operation, *known[operation])
            assert status != 401, operation
            if (status == 403) != (needed != scope):
                wrong.append((operation, status))
    assert wrong == []
    client.post("/api/v1/safety/reset")


def test_a_key_is_shown_once_listed_without_its_secret_and_void_when_revoked(client, bridge):
    made = client.post("/api/v1/keys", json={"scopes": ["observe"], "days": 1}).json()
    with bridge.client(key=made["key"]) as holder:
        assert holder.get("/api/v1/skills").status_code == 200
        listed = client.get("/api/v1/keys", params={"limit": 1000}).json()
        assert made["id"] in [entry["id"] for entry in listed["keys"]]
        assert made["key"].split("_", 2)[2] not in str(listed)
        assert client.delete(f"/api/v1/keys/{made['id']}").json()["revoked"]
        assert holder.get("/api/v1/skills").status_code == 401
    assert client.delete("/api/v1/keys/nobody99").status_code == 404


def test_the_last_key_that_may_administer_stays(start_bridge):
    bridge = start_bridge(namespace="/thor_keys")
    with bridge.client() as client:
        [owner] = client.get("/api/v1/keys").json()["keys"]
        refused = client.delete(f"/api/v1/keys/{owner['id']}")
        assert refused.status_code == 409
        assert "last one that may administer" in refused.json()["detail"]
        assert client.get("/api/v1/keys").status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"scopes": []}, {"scopes": ["king"]}, {"scopes": ["observe"], "days": 0}, {"scope": 1}],
)
def test_a_key_that_could_do_nothing_or_anything_is_not_made(client, body):
    assert client.post("/api/v1/keys", json=body).status_code == 422
