"""Which platform a command talks to."""

import os
from dataclasses import dataclass
from typing import Any

from dynamical_bringup.cli.outcome import NOT_RUNNING, REFUSED, UNHEALTHY, CommandError
from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.runner.state import running

NOT_RUNNING_SENTENCE = "no platform is running here; start one with: dynamical up"


@dataclass(frozen=True, slots=True)
class Target:
    """A platform and a client of it.

    Attributes:
        client: Calls its REST bridge.
        robot_id: Its robot; empty = the bridge knows.
        url: Where it listens.
    """

    client: Client
    robot_id: str
    url: str


def target() -> Target:
    """The platform on this machine, or the one that DYNAMICAL_URL names.

    Raises:
        CommandError: If there is none.
    """
    url = os.environ.get("DYNAMICAL_URL", "")
    if url:
        key = os.environ.get("DYNAMICAL_API_KEY", "")
        return Target(Client(url, key, timeout=60.0), "", url)
    run = running()
    if run is None or not run.url:
        raise CommandError(NOT_RUNNING_SENTENCE, code=NOT_RUNNING)
    try:
        key = run.api_key
    except OSError as error:
        raise CommandError(
            f"the key file {run.api_key_file} cannot be read ({error.strerror}); "
            "was the platform started by another user?"
        ) from error
    return Target(Client(run.url, key, timeout=60.0), run.robot_id, run.url)


def failure(error: ClientError) -> CommandError:
    """The same error with an exit code."""
    absent = error.status == 0 or error.status == 503
    return CommandError(str(error), code=UNHEALTHY if absent else REFUSED)


def ask(here: Target, method: str, path: str, **arguments: Any) -> dict[str, Any]:
    """One request; arguments are those of httpx.

    Raises:
        CommandError: If the bridge is away or refuses.
    """
    try:
        return dict(here.client.call(method, path, **arguments))
    except ClientError as error:
        raise failure(error) from error
