"""Router, server and robot peer as processes, and a client that talks to them over DDS."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from dynamical_interfaces.errors import ErrorCode

os.environ.setdefault("ROS_DOMAIN_ID", "65")
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
NAMESPACE = "/thor_001"
_LOG = os.environ.get("SKILLS_TEST_LOG")  # what all processes say, for looking into a failure
HERE = Path(__file__).parent


class Process:
    """A process whose lines of output can be waited for."""

    def __init__(self, *command: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self._fresh: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._process.stdout:
            self.lines.append(line.rstrip())
            if _LOG:
                with open(_LOG, "a") as log:
                    log.write(line)
            self._fresh.put(line)

    def wait_for(self, text: str, timeout: float = 30.0) -> str:
        """The next line that holds ``text``."""
        while True:
            try:
                line = self._fresh.get(timeout=timeout)
            except queue.Empty:
                raise AssertionError(f"no line with {text!r}; said: {self.lines[-20:]}") from None
            if text in line:
                return line

    def tell(self, line: str) -> None:
        """Write a line and wait until it is taken."""
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        self.wait_for(f"told {line}")

    def kill(self) -> None:
        """SIGKILL: no farewell."""
        self._process.kill()
        self._process.wait()

    def end(self) -> int:
        """SIGTERM, then the exit code."""
        self._process.terminate()
        try:
            return self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise


def node(module: str, *parameters: str, namespace: str = NAMESPACE) -> Process:
    """A node of ours as a process."""
    arguments = [part for parameter in parameters for part in ("-p", parameter)]
    return Process(
        "-m",
        f"dynamical_skills.nodes.{module}",
        "--ros-args",
        "-r",
        f"__ns:={namespace}",
        *arguments,
    )


def start_peer(robot_mjcf: str, namespace: str = NAMESPACE) -> Process:
    """The test peer of a robot."""
    from dynamical_skills.motion import poses
    from dynamical_skills.motion.kinematics import Kinematics

    names = Kinematics(robot_mjcf).joint_names
    home = ",".join(str(poses.HOME.get(name, 0.0)) for name in names)
    ros = ("--ros-args", "-r", f"__ns:={namespace}")
    process = Process(str(HERE / "robot_peer.py"), ",".join(names), home, *ros)
    process.wait_for("ready")
    return process


@pytest.fixture(scope="module")
def start_robot(robot_mjcf) -> Iterator:
    """``start_robot(robot_id)``: router, server and peer of one more robot; they end with the module."""
    started: list[SimpleNamespace] = []

    def start(robot_id: str) -> SimpleNamespace:
        own = {"namespace": f"/{robot_id}"}
        robot = SimpleNamespace(
            robot_id=robot_id,
            peer=start_peer(robot_mjcf, **own),
            router=node("skill_router_node", f"robot_id:={robot_id}", **own),
            server=node(
                "skill_server_node",
                f"robot_id:={robot_id}",
                f"robot_mjcf:={robot_mjcf}",
                **own,
            ),
        )
        started.append(robot)
        for process in (robot.router, robot.server):
            process.wait_for("activate: done", 90.0)
        return robot

    yield start
    for robot in started:
        for process in (robot.server, robot.router, robot.peer):
            process.end()


@pytest.fixture(scope="module")
def client_of() -> Iterator:
    """``client_of(robot_id)``: a client of one robot."""
    made: list[Client] = []

    def make(robot_id: str) -> Client:
        made.append(Client(namespace=f"/{robot_id}"))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture(scope="module")
def router(tmp_path_factory) -> Iterator[Process]:
    state = tmp_path_factory.mktemp("state")
    process = node("skill_router_node", f"state_dir:={state}")
    process.wait_for("activate: done", 60.0)
    yield process
    assert process.end() == 0


@pytest.fixture(scope="session")
def robot_mjcf() -> str:
    assets = pytest.importorskip("dynamical_control.simulation.assets")
    return str(assets.ensure_robot_model().mjcf)


@pytest.fixture(scope="module")
def peer(robot_mjcf) -> Iterator[Process]:
    process = start_peer(robot_mjcf)
    yield process
    process.end()


@pytest.fixture(scope="module")
def server(robot_mjcf, router, peer) -> Iterator[Process]:
    process = node("skill_server_node", f"robot_mjcf:={robot_mjcf}", "queue_capacity:=2")
    process.wait_for("activate: done", 60.0)
    yield process
    assert process.end() == 0


class Client:
    """Calls services and the action of the running graph."""

    def __init__(self, namespace: str = NAMESPACE) -> None:
        import rclpy
        from rclpy.action import ActionClient
        from rclpy.executors import MultiThreadedExecutor

        from dynamical_interfaces.action import InvokeSkill

        if not rclpy.ok():
            rclpy.init()
        self._rclpy = rclpy
        self.node = rclpy.create_node("test_client", namespace=namespace)
        self.action = ActionClient(self.node, InvokeSkill, "invoke_skill")
        self._executor = MultiThreadedExecutor(2)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        self._services: dict[str, object] = {}

    def call(self, kind, name: str, **fields):
        """One service call; its response."""
        if name not in self._services:
            self._services[name] = self.node.create_client(kind, name)
            assert self._services[name].wait_for_service(20.0)
        return self._result(self._services[name].call_async(kind.Request(**fields)), 10.0)

    @staticmethod
    def _result(future, timeout: float):
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        assert done.wait(timeout), "no answer"
        return future.result()

    def invoke(self, **fields) -> "Invocation":
        """Send a goal; it is always accepted."""
        from dynamical_interfaces.action import InvokeSkill

        assert self.action.wait_for_server(20.0)
        fields.setdefault("robot_id", "thor_001")
        invocation = Invocation(self)
        future = self.action.send_goal_async(
            InvokeSkill.Goal(**fields),
            feedback_callback=lambda m: invocation.on_feedback(m.feedback),
        )
        invocation.handle = self._result(future, 10.0)
        assert invocation.handle.accepted
        invocation.future = invocation.handle.get_result_async()
        return invocation

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.action.destroy()
        self.node.destroy_node()
        self._rclpy.try_shutdown()


class Invocation:
    """One goal on its way."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.handle = None
        self.future = None
        self.feedback: list = []
        self._came = threading.Condition()

    def on_feedback(self, message) -> None:
        """Keep feedback and wake who waits for it."""
        with self._came:
            self.feedback.append(message)
            self._came.notify_all()

    def wait_until(self, holds, timeout: float = 15.0):
        """The first feedback for which ``holds`` is true."""
        with self._came:
            found = self._came.wait_for(
                lambda: next((m for m in self.feedback if holds(m)), None), timeout
            )
        assert found, f"phases seen: {[m.phase for m in self.feedback]}"
        return found

    def result(self, timeout: float = 40.0):
        """The result and the action status."""
        answer = self._client._result(self.future, timeout)
        return answer.result, answer.status

    def ends_with(self, code: ErrorCode, timeout: float = 40.0):
        """The result, after checking code and sentence."""
        result, _ = self.result(timeout)
        assert ErrorCode(result.error_code) is code, (ErrorCode(result.error_code), result.error)
        assert result.success == (code is ErrorCode.NONE)
        assert bool(result.error) != result.success
        return result

    def cancel(self) -> None:
        """Ask for the end."""
        answer = self._client._result(self.handle.cancel_goal_async(), 10.0)
        assert answer.goals_canceling


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    client = Client()
    yield client
    client.close()
