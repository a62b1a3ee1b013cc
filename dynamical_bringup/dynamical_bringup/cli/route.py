"""``dynamical route``: which skills a sentence leads to, and why not to the others.

The library is read here, with what has been registered on this machine; no running platform is asked.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dynamical_bringup.cli import pages
from dynamical_bringup.cli.outcome import DONE, REFUSED, CommandError
from dynamical_bringup.runner.state import state_dir

if TYPE_CHECKING:
    from dynamical_skills.constraints import RoutingConstraints
    from dynamical_skills.routing import MoESkillRouter

LARGEST_FILE = 16 * 1024 * 1024  # [byte]


def add_arguments(route: argparse.ArgumentParser) -> None:
    """What ``dynamical route`` takes."""
    what = route.add_mutually_exclusive_group(required=True)
    what.add_argument("text", nargs="?", metavar="TEXT", help='a sentence: "grab the red cup"')
    what.add_argument(
        "--file",
        type=Path,
        metavar="SENTENCES",
        help="a text file, one sentence a line; - reads standard input; with --json one object a line",
    )
    route.add_argument("--max", type=int, default=3, metavar="N", help="most skills chosen")
    route.add_argument(
        "--type", action="append", default=[], metavar="TYPE", help="only skills of this type"
    )
    route.add_argument(
        "--capability",
        action="append",
        metavar="NAME",
        help="the robot has this and what else is named so, nothing more (default: all)",
    )
    route.add_argument(
        "--unmet",
        action="append",
        default=[],
        metavar="CONDITION",
        help="a precondition that does not hold now, e.g. object_in_hand",
    )


def run(options: argparse.Namespace) -> int:
    """Route one sentence or many; a single one that is refused ends with code 1."""
    if options.max < 1:
        raise CommandError(f"--max is {options.max}, must be 1 or more")
    sentences = _sentences(options.file) if options.file else iter([options.text])
    router, constraints = _router(options)
    refused = False
    for sentence in sentences:
        answer = routed(router, constraints, sentence, most=options.max)
        refused = answer["refused"]
        if options.json:
            print(json.dumps(answer), flush=True)
        elif options.file:
            print(_line(answer), flush=True)
        else:
            pages.show_route(answer)
    return REFUSED if refused and not options.file else DONE


def routed(
    router: "MoESkillRouter", constraints: "RoutingConstraints", sentence: str, *, most: int
) -> dict[str, Any]:
    """The answer for one sentence, as ``--json`` prints it."""
    from dynamical_skills.errors import SkillsError

    answer: dict[str, Any] = {"text": sentence, "skills": [], "refused": True, "reason": ""}
    try:
        found = router.explain(sentence, max_skills=most, constraints=constraints)
    except SkillsError as error:
        return answer | {"reason": error.text, "candidates": []}
    if found.route is not None:
        chosen = zip(
            found.route.skill_ids, found.route.weights, found.route.similarity, strict=True
        )
        answer["skills"] = [
            {"skill_id": name, "weight": round(weight, 4), "similarity": round(near, 4)}
            for name, weight, near in chosen
        ]
    candidates = [
        {
            "skill_id": candidate.skill_id,
            "score": round(candidate.score, 4),
            "similarity": round(candidate.similarity, 4),
            "status": candidate.status,
            "why": candidate.why,
        }
        for candidate in found.candidates
    ]
    return answer | {
        "refused": found.route is None,
        "reason": found.reason,
        "none_score": round(found.none_score, 4),
        "candidates": candidates,
    }


def _router(options: argparse.Namespace) -> "tuple[MoESkillRouter, RoutingConstraints]":
    from dynamical_skills.constraints import RoutingConstraints
    from dynamical_skills.embedding import EmbeddingUnavailableError, SentenceEmbedder
    from dynamical_skills.errors import SkillsError
    from dynamical_skills.library.store import SkillStore, load_background
    from dynamical_skills.routing import MoESkillRouter

    try:
        constraints = RoutingConstraints(
            required_types=tuple(options.type),
            capabilities=None if options.capability is None else frozenset(options.capability),
            unmet=frozenset(options.unmet),
        )
        state = state_dir()
        router = MoESkillRouter(
            SentenceEmbedder(),
            SkillStore(state).query(),
            background=load_background(),
            cache=state / "phrases.npz",
        )
    except (SkillsError, EmbeddingUnavailableError) as error:
        raise CommandError(str(error)) from error
    return router, constraints


def _sentences(file: Path) -> Iterator[str]:
    """Lines that say something."""
    try:
        if str(file) == "-":
            text = sys.stdin.read(LARGEST_FILE + 1)
        elif file.stat().st_size > LARGEST_FILE:
            raise CommandError(f"{file} is over {LARGEST_FILE} bytes; split it")
        else:
            text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise CommandError(f"{file} cannot be read: {reason}") from error
    lines = [line.strip() for line in text.splitlines()]
    if not any(lines):
        raise CommandError(f"{file} holds no sentence")
    return (line for line in lines if line)


def _line(answer: dict[str, Any]) -> str:
    if answer["refused"]:
        return f"{'-':14} {answer['text']}   ({answer['reason']})"
    return f"{answer['skills'][0]['skill_id']:14} {answer['text']}"
