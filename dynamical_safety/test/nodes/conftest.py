"""A graph around the real safety gate process: robot, controller and perception are fakes."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_DOMAIN_ID", "63")

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState

from dynamical_interfaces import graph, seal
from dynamical_interfaces.msg import (
    CollisionForecast,
    JointCommand,
    SafetyStatus,
    SafetyViolation,
    SafetyZoneArray,
    Track,
    TrackArray,
)
from dynamical_interfaces.runtime.endpoints import PolledGroup, interface_class, qos_profile

NAMESPACE = "/thor_001"
PATIENCE = 20.0


class Cell:
    """What surrounds the gate. Its threads play robot, control and perception.

    Attributes:
        position: What the fake robot measures: it goes exactly where the safe command says.
        goal: What the fake controller asks for: shape (n,) [rad].
        requesting: Whether it asks at all.
        seeing: Whether perception sends tracks.
        person: Position x, y of a person [m], or ``None``.
        statuses: Every SafetyStatus that came.
        violations: Every SafetyViolation that came.
        commands: The newest safe commands.
    """

    def __init__(self, names: tuple[str, ...], key: bytes) -> None:
        self.names = names
        self.key = key
        self.position = np.zeros(len(names))
        self.goal = np.zeros(len(names))
        self.requesting = self.seeing = self.measuring = True
        self.person: tuple[float, float] | None = None
        self.statuses: list[Any] = []
        self.violations: list[Any] = []
        self.commands: list[Any] = []
        self.zones: Any = None
        self.sequence = 0
        self.changed = threading.Condition()
        self._stop = threading.Event()
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node("cell", namespace=NAMESPACE, context=self.context)
        self._requests = self._publisher("requested_command")
        self._joints = self._publisher("joint_states")
        self._tracks = self._publisher("tracks")
        self._forecasts = self._publisher("forecast")
        self._subscribe("safety/status", self.statuses)
        self._subscribe("safety/violations", self.violations)
        self._safe = self.node.create_subscription(
            JointCommand,
            "safe_command",
            lambda _: None,
            _profile("safe_command"),
            callback_group=PolledGroup(),
            raw=True,
        )
        self.node.create_subscription(
            SafetyZoneArray, "safety/zones", self._on_zones, _profile("safety/zones")
        )
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._threads = [
            threading.Thread(target=self._spin, daemon=True),
            threading.Thread(target=self._every, args=(0.004, self._robot), daemon=True),
            threading.Thread(target=self._every, args=(0.008, self._control), daemon=True),
            threading.Thread(target=self._every, args=(0.1, self._perception), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # --- what a test does -----------------------------------------------------------------------
    def wait(self, condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """Wait until the condition gives something true, and return that."""
        end = time.monotonic() + patience
        with self.changed:
            while not (result := condition()):
                left = end - time.monotonic()
                if left <= 0:
                    status = self.statuses[-1] if self.statuses else None
                    raise AssertionError(f"{what} did not happen; last status: {status}")
                self.changed.wait(min(left, 0.1))
        return result

    def wait_for_state(self, *states: int) -> Any:
        """Wait until the newest status is in one of these states, and return it."""
        return self.wait(
            lambda: (
                self.statuses[-1] if self.statuses and self.statuses[-1].state in states else None
            ),
            f"state {states}",
        )

    def wait_for_violation(self, code: int) -> Any:
        """Wait until a violation with that code has come, and return it."""
        return self.wait(
            lambda: next((v for v in self.violations if v.reason.code == code), None),
            f"violation {code}",
        )

    def call(self, name: str, request: Any) -> Any:
        """Call a service and return its answer."""
        client = self.node.create_client(interface_class(graph.service(name).type), name)
        assert client.wait_for_service(PATIENCE), f"service {name} is not there"
        future = client.call_async(request)
        self.wait(future.done, f"answer of {name}")
        self.node.destroy_client(client)
        return future.result()

    def request(self, **changes: Any) -> Any:
        """A sane requested command, with some fields changed."""
        self.sequence += 1
        message = JointCommand(sequence=self.sequence, source="control", trajectory_id=5)
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.joint_names = list(self.names)
        message.position = self.goal.tolist()
        message.velocity = [0.0] * len(self.names)
        message.stiffness_scale = message.damping_scale = 1.0
        for name, value in changes.items():
            setattr(message, name, value)
        return message

    def send(self, message: Any) -> None:
        """Send one requested command."""
        self._requests.publish(message)

    def set_point(self) -> np.ndarray:
        """Newest safe position."""
        return np.array(self.wait(lambda: self.commands[-1:], "safe command")[0].position)

    def tag(self, command: Any) -> bytes:
        """The tag that this command must carry."""
        return seal.tag(
            self.key,
            sequence=command.sequence,
            trajectory_id=command.trajectory_id,
            stamp_ns=command.header.stamp.sec * 10**9 + command.header.stamp.nanosec,
            names=seal.names_digest(command.joint_names),
            position=np.array(command.position),
            velocity=np.array(command.velocity),
            effort=np.array(command.effort),
            stiffness_scale=command.stiffness_scale,
            damping_scale=command.damping_scale,
        )

    def close(self) -> None:
        """Leave the graph."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)
        self._executor.shutdown(2.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self.context)

    # --- the fakes ------------------------------------------------------------------------------
    def _robot(self) -> None:
        with self._safe.handle:
            taken = self._safe.handle.take_message(JointCommand, True)
        if taken is not None:
            with self.changed:
                self.commands.append(deserialize_message(taken[0], JointCommand))
                del self.commands[:-50]
                self.changed.notify_all()
            self.position = np.array(self.commands[-1].position)
        if self.measuring:
            message = JointState(name=list(self.names), position=self.position.tolist())
            # A robot that measures no effort: nobody can feel what touches it.
            message.velocity = [0.0] * len(self.names)
            message.header.stamp = self.node.get_clock().now().to_msg()
            self._joints.publish(message)

    def _control(self) -> None:
        # Like the controller, at most 1 rad/s, and never far from where the robot is.
        if self.requesting:
            step = np.clip(self.goal - self.position, -0.02, 0.02)
            self.send(self.request(position=(self.position + step).tolist()))

    def _perception(self) -> None:
        if not self.seeing:
            return
        stamp = self.node.get_clock().now().to_msg()
        tracks = TrackArray()
        tracks.header.stamp = stamp
        if self.person is not None:
            track = Track(id=9, class_id="person", motion=Track.MOTION_AGENT, confidence=1.0)
            track.observation_stamp = stamp
            track.pose.position.x, track.pose.position.y = self.person
            track.pose.position.z = 0.9
            track.size.x, track.size.y, track.size.z = 0.4, 0.5, 1.8
            tracks.tracks = [track]
        self._tracks.publish(tracks)
        forecast = CollisionForecast(model="backup", collision_probability=[0.0] * 5)
        forecast.header.stamp = stamp
        forecast.step.nanosec = 100_000_000
        forecast.separation = [float("inf")] * 5
        self._forecasts.publish(forecast)

    # --- wiring ---------------------------------------------------------------------------------
    def _every(self, period: float, step: Callable[[], None]) -> None:
        while not self._stop.wait(period):
            step()

    def _spin(self) -> None:
        while not self._stop.is_set():
            self._executor.spin_once(timeout_sec=0.1)

    def _publisher(self, name: str) -> Any:
        topic = graph.topic(name)
        return self.node.create_publisher(
            interface_class(topic.type), name, qos_profile(topic.profile)
        )

    def _subscribe(self, name: str, heap: list[Any]) -> None:
        def on_message(message: Any) -> None:
            with self.changed:
                heap.append(message)
                self.changed.notify_all()

        self.node.create_subscription(
            interface_class(graph.topic(name).type), name, on_message, _profile(name)
        )

    def _on_zones(self, message: Any) -> None:
        with self.changed:
            self.zones = message
            self.changed.notify_all()


def _profile(name: str) -> Any:
    return qos_profile(graph.topic(name).profile)


class Gate:
    """The gate's own process."""

    def __init__(self, robot: Any, folder: Path, **parameters: object) -> None:
        self.key_file = seal.new_key_file(folder / "seal.key")
        self.command = [
            sys.executable,
            "-m",
            "dynamical_safety.nodes.safety_gate_node",
            "--ros-args",
            "-r",
            f"__ns:={NAMESPACE}",
        ]
        values = {
            "robot_urdf": robot.urdf_path,
            "robot_mjcf": robot.mjcf_path,
            "state_dir": folder / "state",
            # The fakes are threads of a test runner on a busy machine, not a robot.
            "command_pause": 0.25,
            "joints_pause": 0.25,
            "joints_loss": 2.0,
            "speed_rise": 5.0,
            # Where the watchdog is not the matter there is none.
            "require_supervision": "false",
            "tick_overrun": 1.0,
            **parameters,
        }
        for name, value in values.items():
            self.command += ["-p", f"{name}:={value}"]
        self.folder = folder
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start the process (again)."""
        environment = {**os.environ, seal.KEY_FILE_VARIABLE: str(self.key_file)}
        self.log = (self.folder / "gate.log").open("ab")
        self.process = subprocess.Popen(
            self.command, env=environment, stdout=self.log, stderr=subprocess.STDOUT
        )
        return self.process

    def output(self) -> str:
        """Everything it has printed."""
        return (self.folder / "gate.log").read_text()

    def end(self) -> int:
        """End it as an operator does, and return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(PATIENCE)


@pytest.fixture(scope="module")
def gate(robot: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gate]:
    """A running gate, shared by the tests of one module."""
    gate = Gate(robot, tmp_path_factory.mktemp("gate"))
    yield gate
    code = gate.end()
    assert code == 0, gate.output()


@pytest.fixture(scope="module")
def shared_cell(robot: Any, gate: Gate) -> Iterator[Cell]:
    """The cell around that gate."""
    cell = Cell(robot.urdf.names, gate.key_file.read_bytes())
    yield cell
    cell.close()


@pytest.fixture
def cell(shared_cell: Cell) -> Cell:
    """The cell, brought back to NORMAL with nobody around."""
    from dynamical_interfaces.srv import ResetSafety

    shared_cell.requesting = shared_cell.seeing = shared_cell.measuring = True
    shared_cell.person = None
    shared_cell.wait(lambda: shared_cell.statuses, "first status")

    def normal() -> bool:
        status = shared_cell.statuses[-1]
        return bool(status.state == SafetyStatus.STATE_NORMAL and status.speed_scale > 0.99)

    end = time.monotonic() + PATIENCE
    while not normal():
        assert time.monotonic() < end, f"not NORMAL: {shared_cell.statuses[-1]}"
        if shared_cell.statuses[-1].reset_required:
            shared_cell.call("safety/reset", ResetSafety.Request(source="test"))
        with shared_cell.changed:
            shared_cell.changed.wait(0.1)
    shared_cell.goal = shared_cell.set_point()
    shared_cell.violations.clear()
    del shared_cell.statuses[:-1]
    return shared_cell


__all__ = ["Cell", "Gate", "SafetyViolation"]
