"""``dynamical invoke``: tell the robot what to do, and watch it do it."""

import argparse
import json
import threading
import time
import uuid
from typing import Any

from dynamical_bringup.cli.outcome import DONE, INTERRUPTED, REFUSED, CommandError
from dynamical_bringup.cli.target import Target, failure, target
from dynamical_bringup.client import ENDED, ClientError

_PERIOD = 0.2
_CANCEL_LIMIT = 10.0


class Invocation:
    """One sentence on its way: the request in a thread, the execution followed beside it."""

    def __init__(self, here: Target, options: argparse.Namespace) -> None:
        self._here = here
        # The bridge finds an execution by its request's id too: it can be followed, and cancelled,
        # before the answer to the request has come.
        self._id = uuid.uuid4().hex
        self._body = {
            "robot_id": options.robot_id or here.robot_id,
            "goal": options.text,
            "skill_ids": options.skill,
            "timeout": options.timeout,
        }
        if options.skill:
            self._body["mode"] = "direct"
        self._answer: dict[str, Any] | None = None
        self._error: ClientError | None = None
        self._thread = threading.Thread(target=self._post, name="invoke", daemon=True)
        self._thread.start()

    def _post(self) -> None:
        try:
            self._answer = self._here.client.post(
                "/api/v1/robot/invoke_skill", self._body, headers={"X-Request-ID": self._id}
            )
        except ClientError as error:
            self._error = error

    def started(self) -> dict[str, Any]:
        """Wait for the answer to the request.

        Raises:
            CommandError: If there was none.
        """
        while self._thread.is_alive():
            self._thread.join(0.1)
        if self._error is not None:
            raise failure(self._error)
        assert self._answer is not None
        return self._answer

    def state(self) -> dict[str, Any] | None:
        """The execution now; ``None`` = the robot does not know of it yet.

        Raises:
            CommandError: If the request failed or the bridge is away.
        """
        answered = not self._thread.is_alive()
        if answered:
            self.started()
        try:
            return self._here.client.execution(self._id)
        except ClientError as error:
            if error.status == 404 and not answered:
                return None
            raise failure(error) from error

    def cancel(self) -> dict[str, Any] | None:
        """Cancel, and wait a while for the robot to have come to rest."""
        try:
            self._here.client.cancel(self._id)
            end = time.monotonic() + _CANCEL_LIMIT
            while time.monotonic() < end:
                state = self._here.client.execution(self._id)
                if state["status"] in ENDED:
                    return state
                threading.Event().wait(_PERIOD)
        except ClientError as error:
            raise CommandError(
                f"could not be cancelled: {error}; if the robot moves: dynamical stop"
            ) from error
        return None


def invoke(options: argparse.Namespace) -> int:
    """Carry out a sentence; exit code 0 only if the robot succeeded."""
    invocation = Invocation(target(), options)
    if not options.wait:
        answer = invocation.started()
        if options.json:
            print(json.dumps(answer))
        elif answer["success"]:
            print(f"{answer['status']}: execution {answer['execution_id']}")
        else:
            raise CommandError(f"{answer['error']} (code {answer['error_code']})")
        return DONE if answer["success"] else REFUSED
    try:
        end = _watch_quietly(invocation) if options.json else _watch(invocation)
    except KeyboardInterrupt:
        cancelled = invocation.cancel()
        if options.json and cancelled is not None:
            print(json.dumps(cancelled))
        elif not options.json:
            print("cancelled" if cancelled else "cancelling; see: dynamical status")
        return INTERRUPTED
    if options.json:
        print(json.dumps(end))
    return DONE if end["success"] else REFUSED


def _watch_quietly(invocation: Invocation) -> dict[str, Any]:
    pause = threading.Event()
    while True:
        state = invocation.state()
        if state is not None and state["status"] in ENDED:
            return state
        pause.wait(_PERIOD)


def _watch(invocation: Invocation) -> dict[str, Any]:
    from rich.live import Live
    from rich.text import Text

    from dynamical_bringup.cli import pages

    began = time.monotonic()
    screen = pages.console()
    pause = threading.Event()
    last_phase = ""
    with Live(Text("asking ..."), console=screen, auto_refresh=False, transient=True) as live:
        while True:
            state = invocation.state()
            if state is not None:
                line = pages.progress_line(state, elapsed=time.monotonic() - began)
                live.update(line, refresh=True)
                phase = f"{state['result_data'].get('phase')} {state['result_data'].get('step')}"
                if phase != last_phase and not screen.is_terminal:
                    # A pipe or a log gets one line for each change instead of a live one.
                    screen.print(line)
                last_phase = phase
                if state["status"] in ENDED:
                    break
            pause.wait(_PERIOD)
    pages.show_end(state)
    return state
