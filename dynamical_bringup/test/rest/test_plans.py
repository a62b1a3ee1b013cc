"""Plans over REST: made, listed, looked up, ended."""


def test_a_plan_is_looked_up_and_listed(client):
    answer = client.get("/api/v1/plans/p1")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["plan_id"], body["status"], body["error"]) == ("p1", "failed", "too far")
    assert body["steps"][0]["location_params"] == {"side": "left"}
    assert body["steps"][0]["tier"] == "CONTROL"
    listed = client.get("/api/v1/plans", params={"status": "failed"}).json()
    assert [plan["plan_id"] for plan in listed["plans"]] == ["p1"]
    assert client.get("/api/v1/plans", params={"status": "eaten"}).status_code == 422


def test_a_plan_that_is_not_there_is_a_problem_with_its_code(client):
    answer = client.get("/api/v1/plans/nobody")
    assert answer.status_code == 404
    assert answer.json()["error_code"] == 424
    assert client.post("/api/v1/plans/nobody/cancel").status_code == 404


def test_a_plan_that_does_not_run_cannot_be_ended(client):
    answer = client.post("/api/v1/plans/p1/cancel")
    assert answer.status_code == 409
    assert "p1" in answer.json()["detail"]


def test_a_plan_is_asked_for_with_a_sentence_or_skills(client):
    assert client.post("/api/v1/plans", json={}).status_code == 422
    wrong = {"task_description": "wave", "target_position": [1.0]}
    assert client.post("/api/v1/plans", json=wrong).status_code == 422
    answer = client.post("/api/v1/plans", json={"task_description": "wave"})
    assert answer.status_code == 200
    # The scripted router answers nothing: no success, no plan.
    assert answer.json()["plan"] is None
