"""The demo as a person runs it: interrupted, killed, and with nowhere to write."""

import os
import shutil
import signal
import subprocess
import sys

import psutil
import pytest
from domain_coordinator import domain_id

pytestmark = pytest.mark.system
EXECUTABLES = ("safety_gate", "robot_driver", "simulated_cameras", "rest_bridge", "skill_server")


@pytest.fixture
def demo(tmp_path):
    """Starts the demo in a domain and a state folder of its own."""
    with domain_id() as domain:
        environment = os.environ | {
            "ROS_DOMAIN_ID": str(domain),
            "DYNAMICAL_STATE": str(tmp_path / "state"),
            "PYTHONUNBUFFERED": "1",
        }

        def start(*arguments):
            return subprocess.Popen(
                [sys.executable, "-m", "dynamical_bringup.demo.main", "--no-video", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )

        yield start


def nodes_of(state):
    """Processes of the platform that keeps its state there."""
    found = []
    for process in psutil.process_iter():
        try:
            if any(str(state) in word for word in process.cmdline()):
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_when_the_demo_is_ended(demo, number, tmp_path, eventually):
    process = demo("--out", str(tmp_path / "out"))
    eventually(lambda: len(nodes_of(tmp_path / "state")) >= len(EXECUTABLES), within=60.0)
    process.send_signal(number)
    output, _ = process.communicate(timeout=60)
    eventually(lambda: not nodes_of(tmp_path / "state"), within=20.0)
    if number != signal.SIGKILL:
        assert process.returncode == 130
        assert "everything has been taken down" in output


def test_a_full_disk_is_named_before_anything_is_started(demo, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode != 0:
        pytest.skip("mounting a small file system needs root")
    try:
        process = demo("--out", str(small / "out"))
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "free space" in output
        assert str(small) in output
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_place_that_cannot_be_written_is_named(demo, tmp_path):
    (tmp_path / "file").write_text("")
    process = demo("--out", str(tmp_path / "file" / "out"))
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "cannot be written" in output
    shutil.rmtree(tmp_path / "state", ignore_errors=True)
