"""Real node processes of this package on a domain of their own, and a probe that talks to them."""

import os
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import domain_coordinator
import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces import graph, seal
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.msg import JointCommand, SafetyPermit
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile

NAMESPACE = "/thor_001"
PATIENCE = 30.0


class Probe:
    """Stands for the rest of the graph: reads topics, calls services, plays gate and watchdog.

    Attributes:
        key: Seal key that the driver was given.
        permitting: Whether the played watchdog permits motion; ``None`` = it is silent.
        names: Robot joint order.
        newest: Topic -> newest message.
    """

    def __init__(self, domain: int, folder: Path) -> None:
        self.domain = domain
        self.folder = folder
        self.key_file = seal.new_key_file(folder / "seal.key")
        self.key = self.key_file.read_bytes()
        self.names = load_urdf(ensure_robot_model().urdf).names
        self.newest: dict[str, Any] = {}
        self.heard = threading.Condition()
        self.processes: list[subprocess.Popen[bytes]] = []
        self._gate: threading.Thread | None = None
        self._gate_stop = threading.Event()
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=domain)
        self.node = rclpy.create_node("probe", namespace=NAMESPACE, context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()
        self.commands = self.node.create_publisher(
            JointCommand, "safe_command", qos_profile(graph.topic("safe_command").profile)
        )
        self.permits = self.node.create_publisher(
            SafetyPermit, "safety/permit", qos_profile(graph.topic("safety/permit").profile)
        )
        self.permitting: bool | None = True
        self._watchdog_stop = threading.Event()
        self._watchdog = threading.Thread(target=self._play_watchdog, daemon=True)
        self._watchdog.start()

    def start(self, module: str, *parameters: str) -> subprocess.Popen[bytes]:
        """Start a node of this package as a process."""
        arguments = [item for parameter in parameters for item in ("-p", parameter)]
        environment = {
            **os.environ,
            "ROS_DOMAIN_ID": str(self.domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "LP_NUM_THREADS": "1",
            seal.KEY_FILE_VARIABLE: str(self.key_file),
        }
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                f"dynamical_control.nodes.{module}_node",
                "--ros-args",
                "-r",
                f"__ns:={NAMESPACE}",
                *arguments,
            ],
            env=environment,
            stderr=subprocess.PIPE,
        )
        self.processes.append(process)
        return process

    def listen(self, *topics: str) -> None:
        """Keep the newest message of each topic."""
        for name in topics:
            contract = graph.topic(name)
            self.node.create_subscription(
                interface_class(contract.type),
                name,
                lambda message, name=name: self._keep(name, message),
                qos_profile(contract.profile),
            )

    def wait(self, condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Wait until the condition is true; fails with ``what`` if it never is."""
        end = time.monotonic() + patience
        with self.heard:
            while not (value := condition()):
                left = end - time.monotonic()
                assert left > 0.0, f"waited {patience} s in vain for: {what}"
                self.heard.wait(min(left, 0.5))
        return value

    def joint(self, name: str) -> float:
        """Newest measured position of a joint [rad]."""
        return float(self.newest["joint_states"].position[self.names.index(name)])

    def call(self, service: str, **fields: Any) -> Any:
        """Call a service of the contract."""
        kind = interface_class(graph.service(service).type)
        client = self.node.create_client(kind, service)
        assert client.wait_for_service(PATIENCE), service
        done = threading.Event()
        future = client.call_async(kind.Request(**fields))
        future.add_done_callback(lambda _: done.set())
        assert done.wait(PATIENCE), service
        self.node.destroy_client(client)
        return future.result()

    def command(
        self, position: np.ndarray, *, sequence: int, key: bytes | None = None
    ) -> JointCommand:
        """A command as the safety gate makes it; sealed with another key if one is given."""
        message = JointCommand()
        nanoseconds = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(nanoseconds, 10**9)
        message.sequence = sequence
        message.joint_names = list(self.names)
        zero = np.zeros(len(self.names))
        message.position, message.velocity = array("d", position), array("d", zero)
        message.stiffness_scale = message.damping_scale = 1.0
        tag = seal.tag(
            self.key if key is None else key,
            sequence=sequence,
            trajectory_id=0,
            stamp_ns=nanoseconds,
            names=seal.names_digest(self.names),
            position=position,
            velocity=zero,
            effort=np.zeros(0),
            stiffness_scale=1.0,
            damping_scale=1.0,
        )
        message.authentication_tag = array("B", tag)
        return message

    def play_gate(
        self, target: Callable[[float], np.ndarray], *, first: int = 1, key: bytes | None = None
    ) -> None:
        """Send commands 200 times a second from a thread; ``target`` maps seconds to positions."""
        self._gate_stop.clear()

        def play() -> None:
            begin = time.monotonic()
            sequence = first
            while not self._gate_stop.wait(0.005):
                position = target(time.monotonic() - begin)
                self.commands.publish(self.command(position, sequence=sequence, key=key))
                sequence += 1

        self._gate = threading.Thread(target=play, daemon=True)
        self._gate.start()

    def permit(
        self, *, sequence: int, permitted: bool = True, key: bytes | None = None
    ) -> SafetyPermit:
        """A permit as the watchdog makes it; sealed with another key if one is given."""
        message = SafetyPermit(sequence=sequence, permitted=permitted)
        message.reason = "" if permitted else "as the test wants it"
        nanoseconds = time.time_ns()
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(nanoseconds, 10**9)
        tag = seal.permit_tag(
            self.key if key is None else key,
            sequence=sequence,
            stamp_ns=nanoseconds,
            permitted=permitted,
            reason=message.reason,
        )
        message.authentication_tag = array("B", tag)
        return message

    def _play_watchdog(self) -> None:
        while not self._watchdog_stop.wait(0.005):
            if self.permitting is not None:
                sequence = time.time_ns()
                self.permits.publish(self.permit(sequence=sequence, permitted=self.permitting))

    def silence_gate(self) -> None:
        """Let the played gate fall silent."""
        self._gate_stop.set()
        if self._gate is not None:
            self._gate.join()

    def close(self) -> None:
        """End everything."""
        self.silence_gate()
        self._watchdog_stop.set()
        self._watchdog.join()
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.communicate(timeout=20)
        self._executor.shutdown()
        self._thread.join(5)
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)

    def _keep(self, name: str, message: Any) -> None:
        with self.heard:
            self.newest[name] = message
            self.heard.notify_all()


@pytest.fixture(scope="module")
def domain() -> Iterator[int]:
    with domain_coordinator.domain_id() as number:
        yield number


@pytest.fixture(scope="module")
def probe(domain: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    made = Probe(domain, tmp_path_factory.mktemp("graph"))
    yield made
    made.close()
