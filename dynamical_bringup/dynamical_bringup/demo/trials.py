"""Many random placements of the same job: how often does the cup end on the shelf?"""

import argparse
import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.demo.grading import result
from dynamical_bringup.demo.main import GOAL, board, prepare
from dynamical_bringup.demo.progress import Progress
from dynamical_bringup.description import DescriptionError
from dynamical_bringup.nodes.grader_node import Grader, GraderError
from dynamical_bringup.runner import Options, Platform, PlatformError, Run
from dynamical_control.simulation.layout import RED_CUP

_SETTLE = 2.0  # objects come to rest and perception follows [s]
_COLUMNS = ("total_s", "lift_height_m", "placement_error_m", "safety_stops", "real_time_factor")


def main() -> int:
    """Run the trials; 0 if at least 19 of 20 succeeded."""
    parser = argparse.ArgumentParser(description="Pick and place from random placements.")
    parser.add_argument("--n", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--goal", default=GOAL)
    parser.add_argument("--out", type=Path, default=Path("out/trials"))
    arguments = parser.parse_args()
    progress = Progress()
    rows: list[dict[str, Any]] = []
    try:
        prepare(arguments.out)
        with Platform(Options(port=0), say=progress.say) as platform:
            here = platform.wait_healthy(90.0)
            with Grader(here.robot_id, here.domain_id) as grader:
                grader.wait_for_truth()
                for number in range(arguments.n):
                    row = trial(grader, here, arguments.goal, arguments.seed + number)
                    rows.append(row)
                    progress.say(_line(number + 1, arguments.n, row, rows))
                    _write(arguments.out, rows)
    except (PlatformError, DescriptionError, ClientError, GraderError) as error:
        print(f"trials: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("trials: interrupted; everything has been taken down", file=sys.stderr)  # noqa: T201
        return 130
    successes = sum(row["success"] for row in rows)
    progress.say(f"{successes} of {len(rows)} succeeded: {arguments.out}/result.json")
    return 0 if successes >= 0.95 * len(rows) else 1


def trial(grader: Grader, here: Run, goal: str, seed: int) -> dict[str, Any]:
    """One placement, one request, one verdict."""
    grader.node.reset_simulation(seed)
    threading.Event().wait(_SETTLE)
    grader.node.evidence.clear()
    grader.wait_for_truth()
    start = {
        name: list(samples[0].position) for name, samples in grader.node.evidence.objects.items()
    }
    client = Client(here.url, here.api_key)
    asked_at = time.time()
    answer = client.invoke(here.robot_id, goal)
    if answer.get("execution_id"):
        execution = client.follow(answer["execution_id"])
    else:
        execution = {"status": "failed", "error_message": answer.get("error")}
    threading.Event().wait(0.5)
    figures = result(
        grader.node.evidence,
        execution,
        object_name=RED_CUP.name,
        object_height=RED_CUP.height,
        board=board(),
        asked_at=asked_at,
    )
    if not figures["success"]:
        _recover(client, here.robot_id)
    client.close()
    return {"seed": seed, "start_m": start, **figures}


def _recover(client: Client, robot_id: str) -> None:
    """After a failure: a stop is reset, the hands are opened, the arms go home."""
    status = client.get("/api/v1/safety/status")
    if status.get("reset_required"):
        client.post("/api/v1/safety/reset")
        threading.Event().wait(1.0)
    for skill in ("release", "home"):
        answer = client.invoke(robot_id, "", skill_ids=[skill], mode="direct")
        if answer.get("execution_id"):
            client.follow(answer["execution_id"])


def _line(number: int, count: int, row: dict[str, Any], rows: list[dict[str, Any]]) -> str:
    successes = sum(item["success"] for item in rows)
    cells = []
    for name in _COLUMNS:
        value = row[name]
        cells.append(f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}")
    verdict = "ok    " if row["success"] else "FAILED"
    reason = "" if row["success"] else f"  {row['reason']}"
    return (
        f"{number:3d}/{count} seed {row['seed']:<4d} {verdict} {'  '.join(cells)}  "
        f"({successes}/{len(rows)}){reason}"
    )


def _write(folder: Path, rows: list[dict[str, Any]]) -> None:
    data = {"n": len(rows), "successes": sum(row["success"] for row in rows), "trials": rows}
    (folder / "result.json").write_text(json.dumps(data, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
