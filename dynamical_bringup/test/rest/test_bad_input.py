import pytest

INVOKE = "/api/v1/robot/invoke_skill"
PROBLEM = "application/problem+json"


def refused(answer, status):
    assert answer.status_code == status, answer.text[:300]
    assert answer.headers["content-type"] == PROBLEM
    body = answer.json()
    assert body["status"] == status
    assert body["detail"]
    assert body["request_id"] == answer.headers["x-request-id"]
    return body


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"goal": "wave"', b"nonsense", b'{"goal": "\xff\xfe"}', b"\x80\x81"],
    ids=["empty", "open", "cut", "words", "not utf-8", "bytes"],
)
def test_malformed_bytes_are_a_problem_that_says_so(client, content):
    answer = client.post(INVOKE, content=content, headers={"content-type": "application/json"})
    body = refused(answer, 422 if content == b"" else 400)
    assert body["error_code"] == 604


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"goal": ""},
        {"goal": "   "},
        {"goal": 5},
        {"goal": ["wave"]},
        [],
        "wave",
        {"goal": "wave", "role": "king"},
        {"goal": "wave", "mode": "warp"},
        {"goal": "wave", "max_skills": 0},
        {"goal": "wave", "max_skills": 1.5},
        {"goal": "wave", "timeout": -1},
        {"goal": "wave", "timeout": 1e9},
        {"goal": "wave", "joint_positions": ["a"]},
        {"goal": "wave", "ee_position": [1, 2]},
        {"goal": "wave\x00stop"},
        {"goal": "wave", "golly": 1},
        {"goal": "wave", "parameters": 7},
        {"skill_ids": [""] * 65},
    ],
)
def test_a_request_of_wrong_types_or_values_names_the_field(client, body):
    assert refused(client.post(INVOKE, json=body), 422)["errors"]


@pytest.mark.parametrize(
    "text",
    [
        '{"goal": "\\ud800"}',
        '{"goal": "w", "timeout": NaN}',
        '{"goal":"w","ee_position":[1e400,0,0]}',
    ],
)
def test_values_that_cannot_be_sent_on_are_refused(client, text):
    answer = client.post(INVOKE, content=text, headers={"content-type": "application/json"})
    refused(answer, 422)


def test_a_body_of_one_megabyte_is_too_large(client):
    body = refused(client.post(INVOKE, json={"goal": "a" * 1_000_000}), 413)
    assert "262144 bytes" in body["detail"]
    # The connection is still good for the next request.
    assert client.get("/health").status_code == 200


def test_a_large_body_without_a_length_is_too_large_too(client):
    def chunks():
        for _ in range(100):
            yield b"a" * 10_000

    refused(client.post(INVOKE, content=chunks()), 413)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/api/v1/skills/fly", 404),
        ("GET", "/api/v1/skills/executions/unknown", 404),
        ("POST", "/api/v1/skills/executions/unknown/cancel", 404),
        ("GET", "/api/v1/robots/thor_999/status", 404),
        ("GET", "/api/v1/robots/thor_999/capabilities", 404),
        ("DELETE", "/api/v1/skills", 405),
        ("GET", "/api/v1/skills?skill_type=magic", 422),
    ],
)
def test_what_is_not_there_is_a_problem(client, method, path, status):
    refused(client.request(method, path), status)


@pytest.mark.parametrize("name", ["thor_999", "../thor_001", "thor 001"])
def test_an_unknown_robot_is_refused_by_the_robot_not_by_the_bridge(client, name):
    answer = client.post(INVOKE, json={"goal": "wave", "robot_id": name})
    assert answer.status_code == 200
    body = answer.json()
    assert body["success"] is False
    assert body["error_code"] == 404
    assert name in body["error"]


@pytest.mark.parametrize(
    "zone",
    [
        {"name": "z", "zone_type": "stop", "coordinates": [[0, 0], [1, 0]]},
        {"name": "z", "zone_type": "lava", "coordinates": [[0, 0], [1, 0], [1, 1]]},
        {"name": "z", "zone_type": "stop", "coordinates": [[0, 0], [1, 0], [1, 1, 2]]},
        {"name": "", "zone_type": "stop", "coordinates": [[0, 0], [1, 0], [1, 1]]},
        {"zones": [{"name": "z"}]},
    ],
)
def test_a_zone_that_is_none_is_refused(client, zone):
    refused(client.post("/api/safety/zones", json=zone), 422)


def test_a_request_id_is_kept_and_a_strange_one_replaced(client):
    kept = client.get("/health", headers={"X-Request-ID": "abc-1.2"})
    assert kept.headers["x-request-id"] == "abc-1.2"
    strange = client.get("/health", headers={"X-Request-ID": "a b" * 100})
    assert len(strange.headers["x-request-id"]) == 32
