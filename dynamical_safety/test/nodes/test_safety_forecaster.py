"""The forecaster as a process, over DDS: tracks and joint states in, forecasts out."""

import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
os.environ.setdefault("ROS_DOMAIN_ID", "63")

import rclpy
from geometry_msgs.msg import Point
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import JointState

from dynamical_interfaces import graph
from dynamical_interfaces.msg import Track, TrackArray
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile

PATIENCE = 30.0
NAMESPACE = "/thor_forecast"


class Room:
    """Robot and perception around the forecaster; both are fakes.

    Attributes:
        people: Whether perception sees somebody, who walks up from 2 m at 1.2 m/s again and again.
        measuring: Whether joint states come.
        collisions: Every CollisionForecast that came.
        parts: Every PersonForecastArray that came.
    """

    def __init__(self, names: tuple[str, ...]) -> None:
        self.people, self.measuring = False, True
        self.collisions: list[Any] = []
        self.parts: list[Any] = []
        self._names = names
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node("room", namespace=NAMESPACE, context=self._context)
        self._joints, self._tracks = (self._writer(name) for name in ("joint_states", "tracks"))
        for name, heap in (("forecast", self.collisions), ("people/forecast", self.parts)):
            topic = graph.topic(name)
            self._node.create_subscription(
                interface_class(topic.type), name, heap.append, qos_profile(topic.profile)
            )
        self._node.create_timer(0.02, self._measure)
        self._node.create_timer(0.1, self._see)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait until the condition gives something true, and return that."""
        end = time.monotonic() + PATIENCE
        pause = threading.Event()
        while not (result := condition()):
            assert time.monotonic() < end, f"{what} did not come"
            pause.wait(0.05)
        return result

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown(2.0)
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def _writer(self, name: str) -> Any:
        topic = graph.topic(name)
        return self._node.create_publisher(
            interface_class(topic.type), name, qos_profile(topic.profile)
        )

    def _measure(self) -> None:
        if self.measuring:
            message = JointState(name=list(self._names), position=[0.0] * len(self._names))
            message.velocity = message.effort = [0.0] * len(self._names)
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._joints.publish(message)

    def _see(self) -> None:
        now = self._node.get_clock().now()
        tracks = TrackArray()
        tracks.header.stamp = now.to_msg()
        if self.people:
            walked = 1.2 * ((now.nanoseconds * 1e-9) % 1.3)
            track = Track(id=9, class_id="person", motion=Track.MOTION_AGENT, confidence=1.0)
            track.observation_stamp = tracks.header.stamp
            track.pose.position.x, track.pose.position.z = 2.0 - walked, 0.9
            track.size.x, track.size.y, track.size.z = 0.4, 0.5, 1.8
            track.velocity.x = -1.2
            track.hands = [Point(x=1.7 - walked, y=0.1, z=1.1)]
            tracks.tracks = [track]
        self._tracks.publish(tracks)


@pytest.fixture(scope="module")
def room(robot: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    log = tmp_path_factory.mktemp("forecaster") / "log"
    command = [
        sys.executable, "-m", "dynamical_safety.nodes.safety_forecaster_node", "--ros-args",
        "-r", f"__ns:={NAMESPACE}", "-p", f"robot_urdf:={robot.urdf_path}",
        "-p", f"robot_mjcf:={robot.mjcf_path}",
    ]  # fmt: skip
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    room = Room(robot.urdf.names)
    yield room
    room.close()
    process.terminate()
    assert process.wait(PATIENCE) == 0, log.read_text()


def test_an_empty_room_is_forecast_calm(room: Room) -> None:
    room.people = False
    room.collisions.clear()
    message = room.wait(lambda: room.collisions[-1:], "a forecast")[0]
    assert message.model == "backup"
    assert list(message.collision_probability) == [0.0] * 4
    assert list(message.separation) == [math.inf] * 4
    assert message.step.nanosec == 250_000_000
    assert message.horizon.sec == 1


def test_somebody_who_walks_up_alarms_and_is_forecast(room: Room) -> None:
    room.people = True
    room.wait(lambda: any(m.collision_probability[1] > 0.5 for m in room.collisions), "an alarm")
    parts = room.wait(lambda: [m for m in room.parts if len(m.forecasts) > 3], "parts")[-1]
    assert {part.track_id for part in parts.forecasts} == {9}
    bodies = {part.ahead: part for part in parts.forecasts if part.part == "body"}
    assert set(bodies) == {0.0, 0.5, 1.0}
    assert any("hand" in part.part for part in parts.forecasts)
    assert bodies[1.0].deviation > bodies[0.5].deviation > 0.0
    assert parts.header.frame_id == "odom"
    assert parts.header.stamp.sec > 0
    room.people = False


def test_without_joint_states_it_stays_silent_rather_than_guess(room: Room) -> None:
    room.measuring = False
    pause = threading.Event()
    pause.wait(0.6)
    room.collisions.clear()
    people = len(room.parts)
    room.wait(lambda: len(room.parts) > people + 5, "forecasts of people")
    assert not room.collisions
    room.measuring = True
    room.wait(lambda: room.collisions, "forecasts again")


def test_a_network_that_cannot_be_read_ends_the_process_with_a_sentence(
    robot: Any, tmp_path: Path
) -> None:
    spoilt = tmp_path / "spoilt.safetensors"
    spoilt.write_text("nothing")
    done = subprocess.run(
        [
            sys.executable, "-m", "dynamical_safety.nodes.safety_forecaster_node", "--ros-args",
            "-r", "__ns:=/thor_spoilt", "-p", f"robot_urdf:={robot.urdf_path}",
            "-p", f"robot_mjcf:={robot.mjcf_path}", "-p", f"model_file:={spoilt}",
        ],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert "spoilt.safetensors cannot be read" in done.stdout + done.stderr
