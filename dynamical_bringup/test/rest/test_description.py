"""The whole API held against its own OpenAPI description, over the real bridge and a scripted graph.

Schemathesis makes the requests, good and bad, from the description; no answer may be a 5xx but the
503 that says what of the graph is missing, and each must be one that is described.
"""

import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from dynamical_bringup.rest.app import create_app
from dynamical_bringup.rest.context import Context
from dynamical_bringup.rest.keys import KeyStore
from dynamical_bringup.rest.store import ExecutionStore

CHECKS = [
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]
# Endless: the tests of streams read them.
STREAMS = ["safety_live", "execution_events"]


def description():
    """The description as the bridge makes it; no bridge is needed to collect the tests."""
    with tempfile.TemporaryDirectory() as folder:
        shared = Context(
            gateway=SimpleNamespace(call=None),
            executions=ExecutionStore(),
            keys=KeyStore(Path(folder)),
            robot_id="thor_001",
        )
        return create_app(shared).openapi()


schema = schemathesis.openapi.from_dict(description())


@pytest.fixture(scope="module")
def patient(start_module_bridge):
    """A bridge of these tests alone that takes thousands of requests, and keys per scope."""
    bridge = start_module_bridge("rate_of_key:=100000.0", "rate_of_address:=100000.0")
    keys = {"all": bridge.key}
    with bridge.client() as client:
        for scope in ("observe", "operate"):
            keys[scope] = client.post("/api/v1/keys", json={"scopes": [scope]}).json()["key"]
    return bridge, keys


@schema.exclude(operation_id=STREAMS).parametrize()
@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_a_described_one_and_none_is_a_failure(case, patient):
    bridge, keys = patient
    answer = case.call(base_url=bridge.url, headers={"X-API-Key": keys["all"]}, timeout=30)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    case.validate_response(answer, checks=CHECKS)


@schema.exclude(operation_id=STREAMS).parametrize()
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_with_fewer_scopes_every_answer_is_a_described_one_too(case, patient):
    bridge, keys = patient
    for scope in ("observe", "operate"):
        answer = case.call(base_url=bridge.url, headers={"X-API-Key": keys[scope]}, timeout=30)
        assert answer.status_code < 500 or answer.status_code == 503, answer.text
        case.validate_response(answer, checks=CHECKS)


def test_the_description_holds_every_call_with_the_answers_of_the_guards():
    for path, item in description()["paths"].items():
        for method, call in item.items():
            assert call["operationId"]
            if path == "/health":
                continue
            stops = call["operationId"] in ("safety_stop", "cancel_execution", "cancel_plan")
            wanted = {"401", "403"} | (set() if stops else {"429"})
            assert wanted <= set(call["responses"]), (method, path)
            assert ("429" in call["responses"]) != stops
            if "requestBody" in call:
                assert {"400", "413", "422", "503"} <= set(call["responses"]), (method, path)
            for status, told in call["responses"].items():
                if int(status) >= 400 and path != "/health":
                    assert list(told["content"]) == ["application/problem+json"], (path, status)
