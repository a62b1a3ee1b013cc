"""A scripted graph and the real REST bridge, each in a process of its own."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

DOMAIN = "66"
NAMESPACE = "/thor_001"
SCRIPTED_GRAPH = Path(__file__).parent / "rest" / "scripted_graph.py"


def environment(**more: str) -> dict[str, str]:
    return {
        **os.environ,
        "ROS_DOMAIN_ID": DOMAIN,
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONUNBUFFERED": "1",
        **more,
    }


class Process:
    """A child whose lines can be waited for."""

    def __init__(self, *command: str, env: dict[str, str] | None = None) -> None:
        self.lines: list[str] = []
        self._queue: queue.Queue[str | None] = queue.Queue()
        self.popen = subprocess.Popen(
            command,
            env=env or environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.popen.stdout:
            self.lines.append(line.rstrip())
            self._queue.put(line)
        self._queue.put(None)

    def wait_for(self, text: str, timeout: float = 30.0) -> None:
        end = time.monotonic() + timeout
        while (left := end - time.monotonic()) > 0:
            try:
                line = self._queue.get(timeout=left)
            except queue.Empty:
                break
            if line is None:
                break
            if text in line:
                return
        raise AssertionError(f"{text!r} was not said:\n" + "\n".join(self.lines))

    def stop(self) -> int:
        self.popen.terminate()
        try:
            return self.popen.wait(30)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait()
            raise AssertionError("did not end:\n" + "\n".join(self.lines)) from None


@dataclass
class Bridge:
    url: str
    key: str
    state_dir: Path
    process: Process

    def client(self, key: str | None = None, **arguments) -> httpx.Client:
        headers = {"X-API-Key": self.key if key is None else key}
        return httpx.Client(
            base_url=self.url, headers=headers, timeout=20, trust_env=False, **arguments
        )


def _start_graph(namespace: str = NAMESPACE) -> Process:
    process = Process(
        sys.executable, str(SCRIPTED_GRAPH), "--ros-args", "-r", f"__ns:={namespace}"
    )
    process.wait_for("scripted graph is up")
    return process


def _start_bridge(state_dir: Path, *parameters: str, namespace: str = NAMESPACE) -> Bridge:
    arguments = ["-p", "port:=0", "-p", f"state_dir:={state_dir}", "-r", f"__ns:={namespace}"]
    for parameter in parameters:
        arguments += ["-p", parameter]
    process = Process(
        sys.executable,
        "-m",
        "dynamical_bringup.nodes.rest_bridge_node",
        "--ros-args",
        *arguments,
    )
    try:
        return _bridge(process, state_dir, parameters)
    except BaseException:
        process.popen.kill()
        raise


def _bridge(process: Process, state_dir: Path, parameters: tuple[str, ...]) -> Bridge:
    process.wait_for("Application startup complete")
    # A test may name another folder among its parameters; the last one counts.
    named = [text.removeprefix("state_dir:=") for text in parameters if "state_dir:=" in text]
    state_dir = Path(named[-1]) if named else state_dir
    # The server may speak first, before its node has written down where it listens.
    _until((state_dir / "rest.json").exists)
    url = json.loads((state_dir / "rest.json").read_text())["url"]
    return Bridge(url, (state_dir / "api_key").read_text().strip(), state_dir, process)


def _until(condition, timeout: float = 15.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        threading.Event().wait(0.1)
    raise AssertionError("it did not come true in time")


@pytest.fixture(scope="module")
def scripted_graph() -> Iterator[Process]:
    process = _start_graph()
    yield process
    process.stop()


@pytest.fixture(scope="module")
def watched_graph() -> Iterator[Process]:
    """A graph, in the namespace /watched, in which a person stands before the robot."""
    process = Process(
        sys.executable,
        str(SCRIPTED_GRAPH),
        *("--ros-args", "-r", "__ns:=/watched"),
        env=environment(SCRIPTED_PERSON="1"),
    )
    process.wait_for("scripted graph is up", 60.0)
    yield process
    process.stop()


@pytest.fixture(scope="module")
def bridge(scripted_graph: Process, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    running = _start_bridge(tmp_path_factory.mktemp("state"))
    try:
        with running.client() as client:
            _until(lambda: client.get("/health").json()["status"] == "healthy")
        yield running
    finally:
        running.process.stop()


@pytest.fixture
def process_class() -> type[Process]:
    """Starts a child process in the tests' ROS domain."""
    return Process


@pytest.fixture
def ros_environment() -> dict[str, str]:
    """Environment of the tests' ROS domain."""
    return environment()


@pytest.fixture
def until():
    """Wait for a condition to hold; returns its value."""
    return _until


@pytest.fixture
def start_graph() -> Iterator:
    """Start scripted graphs of a test's own; they end with the test."""
    started: list[Process] = []

    def start(**arguments) -> Process:
        started.append(_start_graph(**arguments))
        return started[-1]

    yield start
    for process in started:
        process.stop()


@pytest.fixture
def start_bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """Start bridges of a test's own; they end with the test."""
    started: list[Bridge] = []

    def start(*parameters: str, **arguments) -> Bridge:
        started.append(_start_bridge(tmp_path_factory.mktemp("state"), *parameters, **arguments))
        return started[-1]

    yield start
    for bridge in started:
        bridge.process.stop()


@pytest.fixture(scope="module")
def start_module_bridge(
    scripted_graph: Process, tmp_path_factory: pytest.TempPathFactory
) -> Iterator:
    """Start bridges with parameters of a module's own, before the shared scripted graph."""
    started: list[Bridge] = []

    def start(*parameters: str) -> Bridge:
        started.append(_start_bridge(tmp_path_factory.mktemp("state"), *parameters))
        with started[-1].client() as client:
            _until(lambda: client.get("/health").json()["status"] == "healthy")
        return started[-1]

    yield start
    for bridge in started:
        bridge.process.stop()


@pytest.fixture
def client(bridge: Bridge) -> Iterator[httpx.Client]:
    with bridge.client() as client:
        yield client
