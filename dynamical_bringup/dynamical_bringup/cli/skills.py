"""``dynamical skills``: the skill library, seen and added to."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dynamical_bringup.cli.outcome import DONE, REFUSED, CommandError

_PATH = "/api/v1/skills"
_PAGE = 1000
_TYPES = ("manipulation", "navigation", "perception", "coordination", "locomotion")
_STATUSES = ("draft", "validated", "deployed", "deprecated")


def add_commands(group: argparse.ArgumentParser) -> None:
    """Add the commands of the group; without one it lists, as it always did.

    Args:
        group: The parser of ``dynamical skills``, which has ``--json`` already.
    """
    group.add_argument("--for", dest="task", metavar="TEXT", help="which of them fit a sentence")
    # Given after the command it counts too, and its absence there undoes nothing.
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument(
        "--json", action="store_true", default=argparse.SUPPRESS, help="print one JSON object"
    )
    commands = group.add_subparsers(dest="skills_command", metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        return commands.add_parser(name, help=text, description=text, parents=[shared])

    listed = command("list", "Skills of the robot.")
    listed.add_argument("--type", choices=_TYPES, help="only of this type")
    listed.add_argument("--status", choices=_STATUSES, help="only with this status")
    listed.add_argument("--capability", metavar="NAME", help="only those that ask for this")
    listed.add_argument("--text", metavar="WORDS", help="only with this in id or description")
    listed.add_argument("--limit", type=int, metavar="N", help="at most so many; default: all")
    listed.add_argument("--offset", type=int, default=0, metavar="N", help="leave out so many")
    show = command("show", "Everything about one skill.")
    show.add_argument("skill_id", metavar="ID")
    register = command("register", "Add a skill, or a newer version of one.")
    register.add_argument("file", metavar="FILE", help="YAML or JSON of the skill; - = stdin")


def run(options: argparse.Namespace) -> int:
    """Run one command of the group; returns the exit code."""
    name = options.skills_command
    if name == "show":
        return _show(options)
    if name == "register":
        return _register(options)
    if options.task is not None:
        return _matches(options)
    return _list(options)


def _list(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    named = options.skills_command == "list"
    wanted = {
        "skill_type": options.type if named else None,
        "status": options.status if named else None,
        "capability": options.capability if named else None,
        "text": options.text if named else None,
    }
    params: dict[str, Any] = {key: value for key, value in wanted.items() if value}
    limit, offset = (options.limit, options.offset) if named else (None, 0)
    here = target()
    skills: list[dict[str, Any]] = []
    while True:
        page = _PAGE if limit is None else min(_PAGE, limit - len(skills))
        asked = {**params, "limit": page, "offset": offset + len(skills)}
        found = ask(here, "GET", _PATH, params=asked)
        skills += found["skills"]
        if len(found["skills"]) < page or len(skills) == limit:
            break
    whole = {"skills": skills, "total": found["total"]}
    if options.json:
        print(json.dumps(whole))
    else:
        pages.show_skills(whole)
    return DONE


def _matches(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    body = {"task_description": options.task}
    found = ask(target(), "POST", f"{_PATH}/request", json=body)
    if options.json:
        print(json.dumps(found))
    elif found.get("success") is not False:
        pages.show_matches(found)
    else:
        print(f"dynamical: {found['error']}", file=sys.stderr)
    return REFUSED if found.get("success") is False else DONE


def _show(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli import pages
    from dynamical_bringup.cli.target import ask, target

    skill = ask(target(), "GET", f"{_PATH}/{quote(options.skill_id, safe='')}")
    if options.json:
        print(json.dumps(skill))
    else:
        pages.show_skill(skill)
    return DONE


def _register(options: argparse.Namespace) -> int:
    from dynamical_bringup.cli.target import ask, target

    skill = _read(options.file)
    answer = ask(target(), "POST", _PATH, json=skill)
    if options.json:
        print(json.dumps(answer))
    elif answer["success"]:
        print(f"skill {answer['skill_id']!r} is in the library")
    else:
        print(f"dynamical: {answer['error']} (code {answer['error_code']})", file=sys.stderr)
    return DONE if answer["success"] else REFUSED


def _read(name: str) -> dict[str, Any]:
    import yaml

    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        skill = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CommandError(f"{name} cannot be read as YAML or JSON: {error}") from error
    if not isinstance(skill, dict):
        raise CommandError(f"{name} holds no skill: it must be an object with an id")
    return skill
