"""``dynamical executions``: what was asked of the robot, and what becomes of it."""

import argparse
import json
import time
from typing import Any
from urllib.parse import quote

from dynamical_bringup.cli.outcome import DONE, INTERRUPTED, REFUSED

_PATH = "/api/v1/skills/executions"
_STATUSES = ("pending", "running", "completed", "failed", "timeout", "cancelled")


def add_commands(group: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Add the commands of the group.

    Args:
        group: The parser of ``dynamical executions``.
        shared: Arguments of every command.
    """
    commands = group.add_subparsers(dest="executions_command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    listed = command("list", "What was asked of the robot over REST, newest first.")
    listed.add_argument(
        "--status", action="append", choices=_STATUSES, help="only these; may be given repeatedly"
    )
    listed.add_argument("--skill", metavar="ID", help="only of this skill")
    listed.add_argument("--coordination", metavar="ID", help="only of this group of robots")
    listed.add_argument("-n", "--limit", type=int, default=20, metavar="N", help="at most so many")
    listed.add_argument("--offset", type=int, default=0, metavar="N", help="leave out so many")
    follow = command("follow", "Watch one to its end; exit code 0 only if it succeeded.")
    follow.add_argument("execution_id", metavar="ID")
    cancel = command("cancel", "Let the robot brake along its path and give it up.")
    cancel.add_argument("execution_id", metavar="ID")


def run(options: argparse.Namespace) -> int:
    """Run one command of the group; returns the exit code."""
    table = {"list": _list, "follow": _follow, "cancel": _cancel}
    return table[options.executions_command](options)


def _list(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    params: dict[str, Any] = {"limit": options.limit, "offset": options.offset}
    if options.status:
        params["status"] = options.status
    if options.skill:
        params["skill_id"] = options.skill
    if options.coordination:
        params["coordination_id"] = options.coordination
    found = ask(target(), "GET", _PATH, params=params)
    if options.json:
        print(json.dumps(found))
    else:
        pages.show_executions(found)
    return DONE


def _follow(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import failure, target
    from dynamical_bringup.client import ClientError

    began = time.monotonic()
    state: dict[str, Any] = {"success": False}
    try:
        for state in target().client.events(options.execution_id):
            if options.json:
                print(json.dumps(state), flush=True)
            else:
                pages.console().print(pages.progress_line(state, elapsed=time.monotonic() - began))
    except ClientError as error:
        raise failure(error) from error
    except KeyboardInterrupt:
        # Only the watching ends: whoever wants the robot to stop says so.
        return INTERRUPTED
    if not options.json:
        pages.show_end(state)
    return DONE if state["success"] else REFUSED


def _cancel(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    path = f"{_PATH}/{quote(options.execution_id, safe='')}/cancel"
    state = ask(target(), "POST", path, json={})
    if options.json:
        print(json.dumps(state))
    else:
        pages.console().print(f"{state['execution_id']}: {state['status']}, asked to end")
    return DONE
