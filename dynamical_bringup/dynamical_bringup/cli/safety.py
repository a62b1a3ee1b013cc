"""``dynamical safety``: what the safety gate does, why, and the rules it goes by.

Only the arguments are made here; what needs more than that is imported when a command runs.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dynamical_bringup.cli.outcome import DONE, REFUSED, CommandError

_PREFIX = "/api/v1/safety"


def add_commands(group: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Add the commands of the group.

    Args:
        group: The parser of ``dynamical safety``.
        shared: Arguments of every command.
    """
    commands = group.add_subparsers(dest="safety_command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    command("status", "State of the gate, its reasons, distances and ages of its inputs.")
    command("explain", "Why the robot is slow or stopped, and what would clear it.")

    zones = command("zones", "Zones in force; or change them.")
    change = zones.add_mutually_exclusive_group()
    change.add_argument(
        "--put", metavar="FILE", help="add or replace the zone in a file; - = stdin"
    )
    change.add_argument("--set", metavar="FILE", help="replace all zones by the list in a file")
    change.add_argument("--remove", metavar="NAME", help="remove the zone of that name")
    _add_version(zones)

    hazards = command("hazards", "Hazards known now and their types; or change them.")
    change = hazards.add_mutually_exclusive_group()
    change.add_argument(
        "--put",
        metavar="FILE",
        help="place the hazard in a file, or make the changes (put, remove, put_types, "
        "remove_types) in it; - = stdin",
    )
    change.add_argument("--remove", metavar="ID", help="remove the hazard of that id")
    change.add_argument("--remove-type", metavar="NAME", help="remove a type that was added")
    hazards.add_argument("--types", action="store_true", help="show the types instead")
    _add_version(hazards)

    stop = command("stop", "Stop the robot now; it stays stopped until `dynamical safety reset`.")
    stop.add_argument("--reason", default="", help="for the record")
    stop.add_argument(
        "--category",
        type=int,
        choices=(0, 1),
        default=1,
        help="1: brake, then hold (default); 0: take the drive torque away",
    )
    estop = command("estop", "Emergency stop: take the drive torque away now.")
    estop.add_argument("--reason", default="", help="for the record")
    estop.set_defaults(category=0)
    command("reset", "Leave a stop, once its cause is gone.")
    audit = command(
        "audit", "Who changed zones and hazards, stopped and reset; exit code 1 if torn."
    )
    audit.add_argument("-n", "--last", type=int, default=20, metavar="N", help="newest entries")


def _add_version(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expected-version",
        type=int,
        default=0,
        metavar="N",
        help="refuse the change if another version is in force; 0 = whatever is",
    )


def run(options: argparse.Namespace) -> int:
    """Run one command of the group; returns the exit code."""
    from dynamical_bringup.cli import commands

    table: dict[str, Callable[[argparse.Namespace], int]] = {
        "status": _status,
        "explain": _explain,
        "zones": _zones,
        "hazards": _hazards,
        "stop": commands.stop,
        "estop": commands.stop,
        "reset": commands.reset,
        "audit": _audit,
    }
    return table[options.safety_command](options)


def _status(options: argparse.Namespace) -> int:
    return _show(options, _ask("GET", "/status"), "show_status")


def _explain(options: argparse.Namespace) -> int:
    return _show(options, _ask("GET", "/explain"), "show_explanation")


def _zones(options: argparse.Namespace) -> int:
    version = options.expected_version
    if options.remove is not None:
        answer = _ask("DELETE", f"/zones/{quote(options.remove, safe='')}", version=version)
        return _changed(options, answer, f"zone {options.remove!r} removed")
    if options.put is not None:
        zone = _read(options.put)
        name = zone.pop("name", None) if isinstance(zone, dict) else None
        if not isinstance(name, str) or not name:
            raise CommandError(f"{options.put} holds no zone: it must be an object with a name")
        answer = _ask("PUT", f"/zones/{quote(name, safe='')}", zone, version=version)
        return _changed(options, answer, f"zone {name!r} is in force")
    if options.set is not None:
        zones = _read(options.set)
        body = zones if isinstance(zones, dict) else {"zones": zones}
        answer = _ask("POST", "/zones", {"zones": body.get("zones")})
        return _changed(options, answer, "the zones are in force")
    return _show(options, _ask("GET", "/zones"), "show_zones")


def _hazards(options: argparse.Namespace) -> int:
    version = options.expected_version
    if options.remove is not None:
        answer = _ask("DELETE", f"/hazards/{quote(options.remove, safe='')}", version=version)
        return _changed(options, answer, f"hazard {options.remove!r} removed")
    if options.remove_type is not None:
        path = f"/hazards/types/{quote(options.remove_type, safe='')}"
        answer = _ask("DELETE", path, version=version)
        return _changed(options, answer, f"type {options.remove_type!r} removed")
    if options.put is not None:
        answer = _ask("POST", "/hazards", _read(options.put), version=version)
        return _changed(options, answer, "the hazards are in force")
    show = "show_hazard_types" if options.types else "show_hazards"
    return _show(options, _ask("GET", "/hazards"), show)


def _audit(options: argparse.Namespace) -> int:
    found = _ask("GET", f"/audit?last={options.last}")
    _show(options, found, "show_audit")
    return DONE if found["intact"] else REFUSED


def _ask(method: str, path: str, body: Any = None, *, version: int = 0) -> dict[str, Any]:
    from dynamical_bringup.cli.target import failure, target
    from dynamical_bringup.client import ClientError

    here = target()
    arguments: dict[str, Any] = {} if body is None else {"json": body}
    if version:
        arguments["params"] = {"expected_version": version}
    try:
        return dict(here.client.call(method, _PREFIX + path, **arguments))
    except ClientError as error:
        raise failure(error) from error


def _read(name: str) -> Any:
    """What a YAML or JSON file holds."""
    import yaml

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        return yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{name} cannot be read as YAML or JSON: {error}") from error


def _show(options: argparse.Namespace, found: dict[str, Any], page: str) -> int:
    if options.json:
        print(json.dumps(found))
    else:
        from dynamical_bringup.cli import safety_pages

        getattr(safety_pages, page)(found)
    return DONE


def _changed(options: argparse.Namespace, answer: dict[str, Any], sentence: str) -> int:
    success = bool(answer["success"])
    if options.json:
        print(json.dumps(answer))
    elif success:
        problem = f"; but {answer['error']}" if answer["error"] else ""
        print(f"{sentence}, version {answer['version']}{problem}")
    else:
        print(f"dynamical: {answer['error']} (code {answer['error_code']})", file=sys.stderr)
    return DONE if success else REFUSED
