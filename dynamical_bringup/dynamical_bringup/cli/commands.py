"""The commands that ask once and print the answer."""

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dynamical_bringup.cli import pages
from dynamical_bringup.cli.outcome import (
    DONE,
    NOT_RUNNING,
    REFUSED,
    UNHEALTHY,
    CommandError,
)
from dynamical_bringup.cli.target import NOT_RUNNING_SENTENCE, ask, target
from dynamical_bringup.description import DEFAULT_WORKSPACE
from dynamical_bringup.runner.state import running


def up(options: argparse.Namespace) -> int:
    """Bring the platform up, in the foreground or detached."""
    from dynamical_bringup import runner

    if options.detach:
        code = runner.up_detached(_up_arguments(options))
    else:
        code = runner.up(
            runner.Options(
                config_dir=options.config,
                robot_id=options.robot_id,
                only=tuple(options.only),
                port=options.port,
                workspace=options.workspace,
                recording=options.record,
                log_level=options.log_level,
            ),
            robots=options.robots,
        )
    if options.json:
        run = running()
        print(json.dumps({"success": code == DONE, "url": run.url if run else None}))
    return code


def _up_arguments(options: argparse.Namespace) -> list[str]:
    arguments = ["--port", str(options.port), "--log-level", options.log_level]
    if options.workspace != DEFAULT_WORKSPACE:
        arguments += ["--workspace", options.workspace]
    if options.robots != 1:
        arguments += ["--robots", str(options.robots)]
    if options.robot_id:
        arguments += ["--robot-id", options.robot_id]
    if options.config:
        arguments += ["--config", str(options.config.absolute())]
    if options.record:
        arguments += ["--record", str(options.record.absolute())]
    if options.only:
        arguments += ["--only", *options.only]
    return arguments


def down(options: argparse.Namespace) -> int:
    """End the platform that runs here."""
    from dynamical_bringup import runner

    if options.json:
        was_running = running() is not None
        code = runner.down()
        print(json.dumps({"success": code == DONE, "was_running": was_running}))
        return code
    return runner.down()


def status(options: argparse.Namespace) -> int:
    """Health of the platform and state of the robot."""
    here = target()
    health = ask(here, "GET", "/health")
    if "status" not in health:
        raise CommandError(f"{here.url} is not a Dynamical platform", code=UNHEALTHY)
    robot = ask(here, "GET", f"/api/v1/robots/{health['robot_id']}/status")
    if options.json:
        print(json.dumps({"url": here.url, **health, "robot": robot}))
    else:
        pages.show_status(here.url, health, robot)
    return UNHEALTHY if health["status"] == "unhealthy" else DONE


def stop(options: argparse.Namespace) -> int:
    """Stop the robot now."""
    reason = options.reason or "dynamical stop"
    body = {"reason": reason, "stop_category": options.category}
    answer = ask(target(), "POST", "/api/v1/safety/stop", json=body)
    return _told(options, answer, "stopped; leave the stop with: dynamical reset")


def reset(options: argparse.Namespace) -> int:
    """Leave a stop."""
    answer = ask(target(), "POST", "/api/v1/safety/reset")
    return _told(options, answer, f"safety state: {answer.get('state')}")


def logs(options: argparse.Namespace) -> int:
    """What the nodes say, from the files of the run."""
    run = running()
    if run is None:
        raise CommandError(NOT_RUNNING_SENTENCE, code=NOT_RUNNING)
    folder = Path(run.log_dir)
    files = sorted(folder.glob("*.log"))
    if options.node:
        files = [file for file in files if file.stem == options.node]
        if not files:
            known = ", ".join(sorted(file.stem for file in folder.glob("*.log"))) or "none yet"
            raise CommandError(f"there is no log of {options.node!r}; there are: {known}")
    for node, line in _lines(files, count=options.lines, follow=options.follow):
        if options.json:
            print(json.dumps({"node": node, "line": line}), flush=True)
        else:
            print(line if options.node else f"{node:18} {line}", flush=True)
    return DONE


def _lines(files: list[Path], *, count: int, follow: bool) -> Iterator[tuple[str, str]]:
    ends: dict[Path, int] = {}
    for file in files:
        data = file.read_bytes()
        ends[file] = data.rfind(b"\n") + 1
        lines = data[: ends[file]].decode("utf-8", "replace").splitlines()
        for line in lines[-count:] if count > 0 else []:
            yield file.stem, line
    pause = threading.Event()
    while follow and running() is not None:
        for file in files:
            with file.open("rb") as stream:
                stream.seek(ends[file])
                data = stream.read()
            whole = data.rfind(b"\n") + 1
            ends[file] += whole
            for line in data[:whole].decode("utf-8", "replace").splitlines():
                yield file.stem, line
        pause.wait(0.2)


def _told(options: argparse.Namespace, answer: dict[str, Any], sentence: str) -> int:
    success = bool(answer.get("success"))
    if options.json:
        print(json.dumps(answer))
    elif success:
        print(sentence)
    else:
        print(f"dynamical: {answer.get('error')}", file=sys.stderr)
    return DONE if success else REFUSED
