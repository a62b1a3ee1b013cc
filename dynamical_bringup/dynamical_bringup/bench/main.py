"""``make bench``: figures of the whole running platform, as ratios to bare counterparts of the same run."""

import argparse
import os
import sys
from pathlib import Path

from dynamical_bringup.bench.figures import FIGURES, Bench
from dynamical_bringup.bench.row import Row, show, write
from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.nodes.grader_node import Grader, GraderError
from dynamical_bringup.runner import Options, Platform, PlatformError


def main() -> int:
    """Run the figures; 0 if they could be measured, whatever they are."""
    parser = argparse.ArgumentParser(description="Measure the running platform.")
    parser.add_argument("--only", choices=sorted(FIGURES), help="just this figure")
    parser.add_argument("--out", type=Path, default=Path("out/bench/results.json"))
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else list(FIGURES)
    rows: list[Row] = []
    try:
        with Platform(Options(port=0), say=_say) as platform:
            here = platform.wait_healthy(90.0)
            os.environ["ROS_DOMAIN_ID"] = str(here.domain_id)
            with Grader(here.robot_id, here.domain_id) as grader:
                grader.wait_for_truth()
                client = Client(here.url, here.api_key)
                bench = Bench(platform=platform, here=here, grader=grader, client=client)
                for name in names:
                    _say(f"{name} ...")
                    grader.node.reset_simulation(0)
                    rows += FIGURES[name](bench)
                    write(rows, arguments.out)
    except (PlatformError, ClientError, GraderError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    show(rows)
    _say(f"results: {arguments.out}")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
