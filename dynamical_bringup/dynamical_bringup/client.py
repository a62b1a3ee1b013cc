"""A client of the REST bridge, as the command line, the demo and the trials use it."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx

ENDED = ("completed", "failed", "timeout", "cancelled")


class ClientError(RuntimeError):
    """The bridge refused or did not answer; the sentence is its problem detail."""

    def __init__(self, text: str, status: int = 0) -> None:
        super().__init__(text)
        self.status = status


class Client:
    """Calls one platform.

    Args:
        url: Where its REST bridge listens.
        api_key: Key sent with every call.
        timeout: Longest wait for one answer [s].
    """

    def __init__(self, url: str, api_key: str, *, timeout: float = 30.0) -> None:
        self._http = httpx.Client(
            base_url=url, headers={"X-API-Key": api_key}, timeout=timeout, trust_env=False
        )

    def call(self, method: str, path: str, **arguments: Any) -> Any:
        """One request; returns the JSON answer.

        Raises:
            ClientError: If the bridge is away or answers with a problem.
        """
        try:
            answer = self._http.request(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ClientError(f"{self._http.base_url} does not answer: {error}") from error
        try:
            body = answer.json()
        except ValueError:
            body = {}
        if answer.is_error and path != "/health":
            detail = body.get("detail") or body.get("title") or answer.reason_phrase
            raise ClientError(str(detail), answer.status_code)
        return body

    def get(self, path: str, **arguments: Any) -> Any:
        """GET a path; see ``call``."""
        return self.call("GET", path, **arguments)

    def post(self, path: str, body: Any = None, **arguments: Any) -> Any:
        """POST a JSON body to a path; see ``call``."""
        return self.call("POST", path, json={} if body is None else body, **arguments)

    def invoke(self, robot_id: str, goal: str, **fields: Any) -> dict[str, Any]:
        """Ask the robot to carry out a sentence; answers once its first action passed the safety gate."""
        body = {"robot_id": robot_id, "goal": goal, **fields}
        return dict(self.post("/api/v1/robot/invoke_skill", body))

    def execution(self, execution_id: str) -> dict[str, Any]:
        """State of one execution."""
        return dict(self.get(f"/api/v1/skills/executions/{execution_id}"))

    def cancel(self, execution_id: str) -> None:
        """Ask an execution to end."""
        self.post(f"/api/v1/skills/executions/{execution_id}/cancel")

    def follow(
        self,
        execution_id: str,
        *,
        on_progress: Callable[[dict[str, Any]], None] = lambda _: None,
        period: float = 0.2,
        timeout: float = 300.0,
    ) -> dict[str, Any]:
        """Poll an execution until it has ended; returns its last state.

        Raises:
            ClientError: If it has not ended after ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        while True:
            state = self.execution(execution_id)
            on_progress(state)
            if state["status"] in ENDED:
                return state
            if time.monotonic() > end:
                raise ClientError(f"execution {execution_id} has not ended after {timeout:.0f} s")
            time.sleep(period)  # noqa: TID251 - a client's poll, no loop of the robot

    def events(self, execution_id: str) -> Iterator[dict[str, Any]]:
        """States of an execution as they come, up to its last.

        Raises:
            ClientError: If there is none, or the stream ends before the execution does.
        """
        path = f"/api/v1/skills/executions/{quote(execution_id, safe='')}/events"
        try:
            with self._http.stream("GET", path) as answer:
                if answer.is_error:
                    answer.read()
                    problem = answer.json()
                    raise ClientError(str(problem.get("detail")), answer.status_code)
                for line in answer.iter_lines():
                    if line.startswith("data: "):
                        state = json.loads(line.removeprefix("data: "))
                        yield state
                        if state["status"] in ENDED:
                            return
        except (httpx.HTTPError, ValueError) as error:
            raise ClientError(f"{self._http.base_url} does not answer: {error}") from error
        raise ClientError(f"the bridge ended before execution {execution_id} did")

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
