"""``make bench``: figures of the whole running platform, as ratios to bare counterparts of the same run.

Figures of arithmetic alone come first; where no other is asked for, no platform is started.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dynamical_bringup.bench.figures import FIGURES, Bench
from dynamical_bringup.bench.load import UNLIMITED
from dynamical_bringup.bench.orchestration import ORCHESTRATION_FIGURES
from dynamical_bringup.bench.placing import PLACING_FIGURES
from dynamical_bringup.bench.routing import ROUTING_FIGURES
from dynamical_bringup.bench.row import Row, show, write
from dynamical_bringup.bench.safety import PURE_FIGURES as SAFETY_FIGURES
from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.nodes.grader_node import Grader, GraderError
from dynamical_bringup.runner import Options, Platform, PlatformError

# Of arithmetic alone: they need no platform.
PURE_FIGURES = {
    **SAFETY_FIGURES,
    **ROUTING_FIGURES,
    **PLACING_FIGURES,
    **ORCHESTRATION_FIGURES,
}


def main() -> int:
    """Run the figures; 0 if they could be measured, whatever they are."""
    parser = argparse.ArgumentParser(description="Measure the running platform.")
    parser.add_argument(
        "--only", choices=sorted([*PURE_FIGURES, *FIGURES]), help="just this figure"
    )
    parser.add_argument("--out", type=Path, default=Path("out/bench/results.json"))
    arguments = parser.parse_args()
    names = [arguments.only] if arguments.only else [*PURE_FIGURES, *FIGURES]
    rows: list[Row] = []
    for name in [name for name in names if name in PURE_FIGURES]:
        _say(f"{name} ...")
        rows += PURE_FIGURES[name]()
        write(rows, arguments.out)
    try:
        running = [name for name in names if name in FIGURES]
        if running:
            _measure_platform(running, rows, arguments.out)
    except (PlatformError, ClientError, GraderError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    show(rows)
    _say(f"results: {arguments.out}")
    return 0


def _measure_platform(names: Sequence[str], rows: list[Row], out: Path) -> None:
    """Bring a platform up and add its figures to the rows."""
    options = Options(port=0, parameters={"rest_bridge": UNLIMITED})
    with Platform(options, say=_say) as platform:
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
                write(rows, out)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
