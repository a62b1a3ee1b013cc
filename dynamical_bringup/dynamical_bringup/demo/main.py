"""The main job: a sentence goes in over REST, the cup ends on the shelf, the figures come out."""

import argparse
import errno
import json
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.demo.grading import Board, result
from dynamical_bringup.demo.progress import Progress
from dynamical_bringup.demo.video import make_pictures
from dynamical_bringup.description import DEFAULT_WORKSPACE, DescriptionError
from dynamical_bringup.nodes.grader_node import Grader, GraderError
from dynamical_bringup.runner import Options, Platform, PlatformError
from dynamical_control.simulation.layout import RED_CUP
from dynamical_control.simulation.workspaces import LAYOUTS, layout_of

GOAL = "pick up the red cup and place it on the shelf"
NEEDED_MEGABYTES = 300
# The person comes from the front right to arm's length of the working hand, stands there, and leaves.
PERSON_PATH = ((2.6, -1.2), (0.95, -0.35))
PERSON_SPEED = 1.0
PERSON_STAYS = 4.0
PERSON_COMES_AT = "carry"


class Interrupted(Exception):  # noqa: N818 - not an error
    """Ctrl-C or SIGTERM."""


def board(workspace: str = DEFAULT_WORKSPACE) -> Board:
    """The shelf of a simulated workspace."""
    layout = layout_of(workspace)
    return Board(x=layout.shelf_x, y=layout.shelf_y, top=layout.shelf_top)


def main() -> int:
    """Run the demo; 0 only if the cup ends on the shelf."""
    parser = argparse.ArgumentParser(description="Carry out one sentence on the simulated robot.")
    parser.add_argument("--goal", default=GOAL)
    parser.add_argument("--out", type=Path, default=Path("out/demo"))
    parser.add_argument("--seed", type=int, default=0, help="object placement; 0 = standard")
    parser.add_argument(
        "--workspace",
        default=DEFAULT_WORKSPACE,
        choices=sorted(LAYOUTS),
        help="room to work in",
    )
    parser.add_argument(
        "--person", action="store_true", help="a person walks up during the motion"
    )
    parser.add_argument("--no-video", action="store_true")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        prepare(arguments.out)
        return run(arguments)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"demo: no space left for {arguments.out}; free some and try again", file=sys.stderr)  # noqa: T201
    except (PlatformError, DescriptionError, ClientError, GraderError) as error:
        print(f"demo: {error}", file=sys.stderr)  # noqa: T201
    except Interrupted:
        print("demo: interrupted; everything has been taken down", file=sys.stderr)  # noqa: T201
        return 130
    return 1


def prepare(folder: Path) -> None:
    """An empty folder for the results.

    Raises:
        PlatformError: If it cannot be written, or the disk is as good as full.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        free = shutil.disk_usage(folder).free // 2**20
    except OSError as error:
        raise PlatformError(f"{folder} cannot be written: {error.strerror}") from error
    if free < NEEDED_MEGABYTES:
        raise PlatformError(
            f"{folder} has {free} MB of free space, the demo needs {NEEDED_MEGABYTES} MB"
        )


def run(arguments: argparse.Namespace) -> int:
    """Bring up, do the job, take down, write the results."""
    progress = Progress()
    options = Options(port=0, workspace=arguments.workspace, recording=arguments.out / "bag")
    begin = time.monotonic()
    progress.say("bringing the platform up ...")
    with Platform(options, say=progress.say) as platform:
        here = platform.wait_healthy(90.0)
        progress.say(f"healthy after {time.monotonic() - begin:.1f} s at {here.url}")
        with Grader(here.robot_id, here.domain_id) as grader:
            grader.wait_for_truth()
            if arguments.seed:
                grader.node.reset_simulation(arguments.seed)
                threading.Event().wait(1.5)  # perception sees the objects where they are now
            grader.node.evidence.clear()
            grader.wait_for_truth()
            client = Client(here.url, here.api_key)
            person = Visitor(grader) if arguments.person else None
            asked_at = time.time()
            execution = carry_out(client, here.robot_id, arguments.goal, progress, person)
            threading.Event().wait(0.5)
            figures = result(
                grader.node.evidence,
                execution,
                object_name=RED_CUP.name,
                object_height=RED_CUP.height,
                board=board(arguments.workspace),
                asked_at=asked_at,
            )
            evidence = grader.node.evidence
    (arguments.out / "result.json").write_text(json.dumps(figures, indent=2) + "\n")
    if not arguments.no_video:
        progress.say("rendering the video ...")
        make_pictures(evidence.room, arguments.out, layout_of(arguments.workspace))
    progress.table(figures)
    progress.say(f"results: {arguments.out}")
    return 0 if figures["success"] else 1


def carry_out(
    client: Client, robot_id: str, goal: str, progress: Progress, person: "Visitor | None"
) -> dict[str, Any]:
    """Send the sentence, show progress until it has ended, return the last state."""
    progress.say(f'"{goal}"')
    answer = client.invoke(robot_id, goal)
    if not answer.get("execution_id"):
        raise ClientError(answer.get("error") or "the robot refused without a reason")

    def show(state: dict[str, Any]) -> None:
        progress.show(state)
        if person is not None and state["result_data"].get("skill_id") == PERSON_COMES_AT:
            person.come()

    with progress:
        return client.follow(answer["execution_id"], on_progress=show)


class Visitor:
    """The person, who comes once and leaves again."""

    def __init__(self, grader: Grader) -> None:
        self._grader = grader
        self._came = False

    def come(self) -> None:
        """Walk up, stay, walk away."""
        if self._came:
            return
        self._came = True
        path = (*PERSON_PATH, PERSON_PATH[0])
        self._grader.node.move_person(path, speed=PERSON_SPEED, dwell=PERSON_STAYS)


def _interrupt(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # one is enough: taking down must not be cut short
    raise Interrupted


if __name__ == "__main__":
    sys.exit(main())
