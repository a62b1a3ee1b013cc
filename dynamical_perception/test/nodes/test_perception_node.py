"""The real perception node as a process, fed with rendered pictures by another process."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from perception_room import LAYOUT, Room
from rclpy.executors import SingleThreadedExecutor
from recorded_pictures import record, write_mountings, write_workspaces

from dynamical_interfaces import graph
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile

DOMAIN = "64"
NAMESPACE = "/thor_001"
PATIENCE = 20.0  # [s]
HEARD = ("tracks", "tracks/markers", "robot_location", "forecast", "/diagnostics")


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "ROS_DOMAIN_ID": DOMAIN,
        "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
        "PYTHONUNBUFFERED": "1",
    }


class Ear:
    """Hears what perception publishes and waits for what is to come."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=int(DOMAIN))
        self._node = rclpy.create_node("ear", namespace=NAMESPACE, context=self._context)
        self._changed = threading.Condition()
        self._newest: dict[str, Any] = {}
        self._mouths: dict[str, Any] = {}
        for name in HEARD:
            topic = graph.topic(name)
            self._node.create_subscription(
                interface_class(topic.type),
                name,
                lambda message, name=name: self._hear(name, message),
                qos_profile(topic.profile),
            )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def _hear(self, name: str, message: Any) -> None:
        with self._changed:
            self._newest[name] = message
            self._changed.notify_all()

    def wait(self, name: str, holds: Callable[[Any], bool]) -> Any:
        def here() -> bool:
            return name in self._newest and holds(self._newest[name])

        with self._changed:
            assert self._changed.wait_for(here, PATIENCE), (
                f"not heard on {name} in {PATIENCE} s; newest: {self._newest.get(name)}"
            )
            return self._newest[name]

    def say(self, name: str, **fields: Any) -> None:
        """Publish one message; what is said before stays for who listens late, if it is a state."""
        topic = graph.topic(name)
        kind = interface_class(topic.type)
        if name not in self._mouths:
            self._mouths[name] = self._node.create_publisher(
                kind, name, qos_profile(topic.profile)
            )
        self._mouths[name].publish(kind(**fields))

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, room: Room) -> Path:
    folder = tmp_path_factory.mktemp("site")
    room.world.reset(seed=0)
    record(room, folder / "pictures.npz")
    write_mountings(folder / "cameras.yaml")
    write_workspaces(folder / "workspaces.yaml")
    return folder


@contextlib.contextmanager
def process(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [sys.executable, *command],
        env=environment(),
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=10.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def perception(site: Path, room: Room, **changes: str) -> list[str]:
    parameters = {
        "robot_mjcf": str(room.robot.mjcf),
        "cameras_file": str(site / "cameras.yaml"),
        "workspaces_file": str(site / "workspaces.yaml"),
        **changes,
    }
    command = ["-m", "dynamical_perception.nodes.perception_node", "--ros-args"]
    command += ["-r", f"__ns:={NAMESPACE}"]
    for name, value in parameters.items():
        command += ["-p", f"{name}:={value}"]
    return command


def player(site: Path, *silent: str) -> list[str]:
    return [str(Path(__file__).parent / "camera_player.py"), str(site / "pictures.npz"), *silent]


@pytest.fixture
def ear() -> Iterator[Ear]:
    result = Ear()
    yield result
    result.close()


def status(message: Any, name: str) -> Any:
    found = [item for item in message.status if item.name.endswith(f": {name}")]
    return found[0] if found else None


def says(name: str, words: str) -> Callable[[Any], bool]:
    def holds(message: Any) -> bool:
        item = status(message, name)
        return item is not None and words in item.message

    return holds


def test_pictures_become_tracks_location_and_forecast_and_silence_is_told(
    site: Path, room: Room, ear: Ear
):
    with process(perception(site, room)) as node, process(player(site, "room_left")) as cameras:
        classes = {"cup", "cube", "bottle", "table", "shelf"}
        tracks = ear.wait("tracks", lambda m: {t.class_id for t in m.tracks} == classes)
        assert tracks.header.frame_id == "odom"
        cup = next(t for t in tracks.tracks if t.class_id == "cup")
        x, y = LAYOUT.standard_places[0]
        assert cup.color == "red"
        assert cup.pose.position.x == pytest.approx(x, abs=0.012)
        assert cup.pose.position.y == pytest.approx(y, abs=0.012)
        assert cup.pose.position.z == pytest.approx(LAYOUT.table_top + 0.05, abs=0.012)
        assert cup.observation_stamp.sec > 0

        forecast = ear.wait("forecast", lambda m: len(m.separation) == 10)
        assert forecast.model == "constant_velocity"
        assert set(forecast.separation) == {float("inf")}
        location = ear.wait("robot_location", lambda m: "head" in m.visible_cameras)
        assert location.robot_id == "thor_001"
        assert location.workspace_id == "cell"
        assert location.pose.pose.position.z == pytest.approx(0.793)
        ear.wait("tracks/markers", lambda m: len(m.markers) == 10)

        ear.wait("/diagnostics", says("camera room_left", "camera room_left has sent nothing for"))
        ear.wait("/diagnostics", says("cameras", "works without room_left"))
        assert cameras.stdin is not None
        print("resume room_left", file=cameras.stdin, flush=True)
        ear.wait("/diagnostics", says("camera room_left", "sets per second"))
        ear.wait("/diagnostics", says("cameras", "3 cameras"))
        print("silence head", file=cameras.stdin, flush=True)
        ear.wait("/diagnostics", says("camera head", "camera head silent for"))
        for camera in ("room_left", "room_right"):
            print(f"silence {camera}", file=cameras.stdin, flush=True)
        ear.wait("/diagnostics", says("cameras", "perception is blind"))
        ear.wait("tracks", lambda m: len(m.tracks) == 5)  # remembered, with the old stamp
        assert node.poll() is None


def test_the_watchdogs_throttle_makes_it_look_less_often_but_never_below_five_times_a_second(
    site: Path, room: Room, ear: Ear
):
    with process(perception(site, room, poll_rate="15.0")) as node:
        ear.wait("/diagnostics", says("throttle", "15 times a second of 15, step 0"))
        ear.say("safety/supervision", throttle=2)
        ear.wait("/diagnostics", says("throttle", "7.5 times a second of 15, step 2"))
        ear.say("safety/supervision", throttle=3)
        ear.wait("/diagnostics", says("throttle", "5 times a second of 15, step 3"))
        ear.say("safety/supervision", throttle=0)
        ear.wait("/diagnostics", says("throttle", "15 times a second of 15, step 0"))
        assert node.poll() is None


def test_a_wrong_camera_file_ends_the_node_with_a_sentence_that_names_the_field(
    site: Path, room: Room, tmp_path: Path
):
    wrong = tmp_path / "cameras.yaml"
    text = (site / "cameras.yaml").read_text(encoding="utf-8")
    wrong.write_text(text.replace("parent: torso_link", "parent: neck_link"), encoding="utf-8")
    for cameras, sentence in (
        (str(wrong), "camera 'head': parent 'neck_link' is no link of the robot"),
        (str(tmp_path / "absent.yaml"), "parameter 'cameras_file' must name a file"),
    ):
        done = subprocess.run(
            [sys.executable, *perception(site, room, cameras_file=cameras)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 1
        assert sentence in done.stdout + done.stderr
