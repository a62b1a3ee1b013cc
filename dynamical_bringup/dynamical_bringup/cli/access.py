"""``dynamical keys`` and ``dynamical audit``: who may call, and who did."""

import argparse
import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dynamical_bringup.cli.outcome import DONE, REFUSED, CommandError

_SCOPES = ("observe", "operate", "administer")
# Name of a chain -> where the bridge tells of it.
_CHAINS = {"rest": "/api/v1/audit", "safety": "/api/v1/safety/audit"}


def add_key_commands(group: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Add the commands of ``dynamical keys``.

    Args:
        group: Its parser.
        shared: Arguments of every command.
    """
    commands = group.add_subparsers(dest="keys_command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    create = command("create", "Make a key; it is shown this once.")
    create.add_argument(
        "--scope",
        nargs="+",
        choices=_SCOPES,
        default=["observe"],
        help="observe: read, follow, stop; operate: let the robot act; administer: zones, skills, "
        "reset, keys, audit; none contains another (default: observe)",
    )
    create.add_argument("--name", default="", help="who has it, in words")
    create.add_argument("--days", type=float, help="how long it holds; default: until revoked")
    command("list", "Every key there is or was, never the keys themselves.")
    revoke = command("revoke", "Make a key void at once and for good.")
    revoke.add_argument("key_id", metavar="ID", help="as shown by `dynamical keys list`")


def add_audit_commands(group: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    """Add the commands of ``dynamical audit``.

    Args:
        group: Its parser.
        shared: Arguments of every command.
    """
    commands = group.add_subparsers(dest="audit_command", metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    listed = command("list", "The newest commands over REST, who gave them, what became of them.")
    listed.add_argument("-n", "--last", type=int, default=20, metavar="N", help="newest entries")
    verify = command(
        "verify",
        "Hold both audits, the bridge's and the safety gate's, against their own hashes; exit code 1 "
        "names the first line that does not hold. Needs no running platform.",
    )
    verify.add_argument(
        "--file", type=Path, action="append", metavar="FILE", help="this file instead of both"
    )
    verify.add_argument(
        "--head",
        metavar="HASH",
        help="a newest hash that was noted earlier: is it still in the chain? (finds a cut-off end)",
    )


def run_keys(options: argparse.Namespace) -> int:
    """Run one command of ``dynamical keys``; returns the exit code."""
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    here = target()
    if options.keys_command == "create":
        body = {"scopes": options.scope, "name": options.name, "days": options.days}
        made = ask(here, "POST", "/api/v1/keys", json=body)
        if options.json:
            print(json.dumps(made))
        else:
            print(made["key"])
        return DONE
    if options.keys_command == "revoke":
        path = f"/api/v1/keys/{quote(options.key_id, safe='')}"
        gone = ask(here, "DELETE", path)
        print(json.dumps(gone) if options.json else f"key {gone['id']} is void")
        return DONE
    found = ask(here, "GET", "/api/v1/keys", params={"limit": 1000})
    if options.json:
        print(json.dumps(found))
    else:
        pages.show_keys(found)
    return DONE


def run_audit(options: argparse.Namespace) -> int:
    """Run one command of ``dynamical audit``; returns the exit code."""
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    if options.audit_command == "verify":
        return _verify(options)
    found = ask(target(), "GET", "/api/v1/audit", params={"last": options.last})
    if options.json:
        print(json.dumps(found))
    else:
        pages.show_commands(found)
    return DONE if found["intact"] else REFUSED


def _verify(options: argparse.Namespace) -> int:
    if options.file is None and os.environ.get("DYNAMICAL_URL"):
        if options.head:
            raise CommandError("--head needs the file itself: name it with --file")
        results = [_far(name) for name in _CHAINS]
    else:
        results = [_near(path, options.head) for path in options.file or _files()]
    if options.head and not any(result.pop("holds_head", False) for result in results):
        results[0].update(
            intact=False, problem=f"no entry has the hash {options.head}: its end was cut off"
        )
    intact = all(result["intact"] for result in results)
    if options.json:
        print(json.dumps({"intact": intact, "chains": results}))
    else:
        for result in results:
            print(_sentence(result))
    return DONE if intact else REFUSED


def _files() -> list[Path]:
    from dynamical_bringup.rest.auditing import audit_path
    from dynamical_bringup.runner.state import state_dir
    from dynamical_safety.audit import FILE_NAME

    folder = state_dir()
    return [audit_path(folder), folder / FILE_NAME]


def _near(path: Path, head: str | None) -> dict[str, Any]:
    from dynamical_safety import audit

    try:
        broken = audit.verify(path)
        entries = audit.read(path)
    except OSError as error:
        raise CommandError(f"the audit {path} cannot be read: {error}") from error
    result = {
        "chain": str(path),
        "intact": broken is None,
        "entries": len(entries),
        "broken_line": None if broken is None else broken.line,
        "problem": None if broken is None else broken.problem,
        "newest_hash": audit.newest_hash(path),
    }
    if head:
        result["holds_head"] = any(entry.get("hash") == head for entry in entries)
    return result


def _far(name: str) -> dict[str, Any]:
    from dynamical_bringup.cli.target import ask, target

    found = ask(target(), "GET", _CHAINS[name], params={"last": 1})
    last = found["entries"][-1]["sequence"] if found["entries"] else 0
    names = ("intact", "broken_line", "problem", "newest_hash")
    return {"chain": name, "entries": last, **{key: found[key] for key in names}}


def _sentence(result: dict[str, Any]) -> str:
    if result["intact"]:
        return (
            f"{result['chain']}: the chain of {result['entries']} entries holds; "
            f"newest hash {result['newest_hash']}"
        )
    line = result["broken_line"]
    where = "" if line is None else f"line {line} does not hold: "
    return f"{result['chain']}: {where}{result['problem']}"
