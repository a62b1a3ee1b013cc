"""``dynamical up`` and ``dynamical down``: the runner as a person meets it."""

import os
import signal
import subprocess
import sys
import time

from dynamical_bringup.description import DescriptionError
from dynamical_bringup.runner.platform import Options, Platform, PlatformError
from dynamical_bringup.runner.state import Run, running, state_dir
from dynamical_bringup.runner.two_robots import TwoRobots

_DOWN_TIMEOUT = 20.0


def up(options: Options, *, robots: int = 1) -> int:
    """Bring the platform up and stay until Ctrl-C, SIGTERM or ``down``; 0 after an orderly end."""

    def say(line: str) -> None:
        print(line, flush=True)

    platform = Platform(options, say=say) if robots == 1 else TwoRobots(options, say=say)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: platform.request_stop())
    print("bringing the platform up ...", flush=True)
    begin = time.monotonic()
    try:
        with platform:
            found = platform.wait_healthy()
            runs = found if isinstance(found, tuple) else (found,)
            print(f"healthy after {time.monotonic() - begin:.1f} s", flush=True)
            for run in runs:
                print(greeting(run), flush=True)
            failure = platform.wait()
    except (PlatformError, DescriptionError) as error:
        print(f"platform: {error}", file=sys.stderr)
        return 1
    if failure:
        print(f"platform: {failure}", file=sys.stderr)
        return 1
    print("platform is down", flush=True)
    return 0


def up_detached(arguments: list[str]) -> int:
    """Start ``dynamical up`` with these arguments in the background; returns once it is healthy."""
    log = state_dir() / "up.log"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dynamical_bringup.cli.main", "up", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    while process.poll() is None:
        if "healthy after" in log.read_text():
            print(log.read_text().strip())
            return 0
        try:
            process.wait(0.2)
        except subprocess.TimeoutExpired:
            continue
    print(log.read_text().strip(), file=sys.stderr)
    return process.returncode or 1


def down() -> int:
    """End the platform that runs here; 0 also if none does."""
    run = running()
    if run is None:
        print("no platform is running here")
        return 0
    os.kill(run.pid, signal.SIGTERM)
    end = time.monotonic() + _DOWN_TIMEOUT
    while running() is not None:
        if time.monotonic() > end:
            print(f"runner {run.pid} did not end within {_DOWN_TIMEOUT:.0f} s", file=sys.stderr)
            return 1
        signal.sigtimedwait([], 0.1)
    print("platform is down")
    return 0


def greeting(run: Run) -> str:
    """Where the platform listens, and a command to paste."""
    return (
        f"REST      {run.url}   (OpenAPI: {run.url}/docs)\n"
        f"logs      {run.log_dir}\n"
        f"graph     ROS_DOMAIN_ID={run.domain_id}, namespace {run.namespace}\n"
        "try it:\n"
        f"  curl -X POST {run.url}/api/v1/robot/invoke_skill \\\n"
        f'    -H "X-API-Key: $(cat {run.api_key_file})" -H "Content-Type: application/json" \\\n'
        f'    -d \'{{"robot_id": "{run.robot_id}", '
        '"goal": "pick up the red cup and place it on the shelf"}\'\n'
        "end it with Ctrl-C or `dynamical down`"
    )
