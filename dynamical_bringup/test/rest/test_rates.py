import concurrent.futures

import httpx
import pytest

from dynamical_bringup.rest.rates import WINDOW, Rates, RateSettings
from dynamical_bringup.rest.stops import is_stop

INVOKE = "/api/v1/robot/invoke_skill"


def test_a_caller_who_asks_too_often_waits_and_others_do_not():
    rates = Rates(RateSettings(key=0.5, address=1.0, failures=0.1))
    allowed = int(0.5 * WINDOW)
    assert [rates.refuse(caller="a", address="1") for _ in range(allowed)] == [0.0] * allowed
    assert 1.0 <= rates.refuse(caller="a", address="1") <= 2 * WINDOW
    assert rates.refuse(caller="b", address="2") == 0.0
    assert rates.refuse_failure("1") == 0.0
    assert rates.refuse_failure("1") >= 1.0
    assert rates.refuse_failure("2") == 0.0


def test_an_address_has_its_own_limit_whatever_its_keys():
    rates = Rates(RateSettings(key=100.0, address=0.3, failures=1.0))
    waits = [rates.refuse(caller=f"key {index}", address="1") for index in range(4)]
    assert waits[:3] == [0.0] * 3
    assert waits[3] >= 1.0


@pytest.mark.parametrize(
    "path",
    [
        "/api/safety/stop",
        "/api/v1/safety/stop",
        "/api/v1/skills/executions/abc/cancel",
        "/api/v1/plans/abc/cancel",
    ],
)
def test_stops_are_known_as_such(path):
    assert is_stop("POST", path)
    assert not is_stop("GET", path)
    assert not is_stop("POST", path + "/")
    assert not is_stop("POST", "/x" + path)


@pytest.fixture
def strict(start_graph, start_bridge, until):
    """A bridge that lets one key ask ten times in ten seconds, and wrong keys five times."""
    start_graph(namespace="/thor_rates")
    bridge = start_bridge(
        *("robot_id:=thor_001", "rate_of_key:=1.0", "rate_of_failures:=0.5"),
        namespace="/thor_rates",
    )
    with httpx.Client(base_url=bridge.url, trust_env=False) as nobody:
        until(lambda: nobody.get("/health").json()["status"] == "healthy")
    return bridge


def test_beyond_the_limit_stop_and_cancel_pass_and_all_else_waits(strict):
    with strict.client() as client:
        execution_id = client.post(INVOKE, json={"goal": "slow"}).json()["execution_id"]
        answers = [client.get("/api/v1/robot/invoker/stats") for _ in range(12)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) == 3
        body = refused[-1].json()
        assert refused[-1].headers["content-type"] == "application/problem+json"
        assert 1 <= int(refused[-1].headers["retry-after"]) <= 2 * WINDOW
        assert "asks too often" in body["detail"]
        assert client.post(INVOKE, json={"goal": "wave"}).status_code == 429
        for _ in range(20):
            cancelled = client.post(f"/api/v1/skills/executions/{execution_id}/cancel")
            assert cancelled.status_code == 200
            stopped = client.post("/api/v1/safety/stop", json={"stop_category": 0})
            assert stopped.json()["success"] is True


def test_whoever_guesses_keys_is_told_to_wait_and_the_owner_goes_on(strict):
    with strict.client(key="dyn_guess") as guesser:
        statuses = [guesser.get("/api/v1/skills").status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    with strict.client() as client:
        assert client.get("/api/v1/robot/invoker/stats").status_code == 200


def test_with_all_places_taken_a_stop_still_passes(start_graph, start_bridge, until):
    start_graph(namespace="/thor_full")
    bridge = start_bridge("robot_id:=thor_001", namespace="/thor_full")
    with bridge.client() as client:
        until(lambda: client.get("/health").json()["status"] == "healthy")
        execution_id = client.post(INVOKE, json={"goal": "slow", "timeout": 60}).json()[
            "execution_id"
        ]
        path = f"/api/v1/skills/executions/{execution_id}/events"

        def follow(_):
            with bridge.client() as viewer, viewer.stream("GET", path) as answer:
                for _line in answer.iter_lines():
                    pass
                return answer.status_code

        with concurrent.futures.ThreadPoolExecutor(140) as pool:
            waiting = [pool.submit(follow, index) for index in range(140)]
            done, _ = concurrent.futures.wait(
                waiting, timeout=60, return_when=concurrent.futures.FIRST_COMPLETED
            )
            # Twelve too many are refused at once; the robot can be stopped meanwhile.
            assert {future.result() for future in done} == {503}
            assert client.post("/api/v1/safety/stop").json()["success"] is True
            assert client.post(f"/api/v1/skills/executions/{execution_id}/cancel").is_success
            statuses = sorted(future.result() for future in waiting)
    assert statuses.count(200) == 128
    assert statuses.count(503) == 12
