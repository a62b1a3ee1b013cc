"""A running platform on which faults are brought about: started once per ``Scene``."""

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from geometry_msgs.msg import Point

from dynamical_bringup.client import Client, ClientError
from dynamical_bringup.description import default_config_dir, load
from dynamical_bringup.faults.clocks import ShiftedClock, build
from dynamical_bringup.faults.fault import Scene
from dynamical_bringup.faults.injection import Injection
from dynamical_bringup.faults.injector import TRUE
from dynamical_bringup.faults.recorder import Recorder
from dynamical_bringup.runner import Options, Platform, PlatformError, Run, state_dir
from dynamical_bringup.runner.ports import free_port
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces import graph
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.srv import MovePerson, ResetSimulation
from dynamical_safety.limits import GateLimits, gate_limits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.state_machine import State

COME_UP = 90.0
RELAYED: dict[Scene, dict[str, tuple[str, ...]]] = {
    # Scene -> node -> topics that it writes and the injector relays.
    Scene.RELAYED: {
        graph.CONTROL: ("requested_command",),
        graph.ROBOT_DRIVER: ("joint_states",),
        graph.PERCEPTION: ("tracks", "forecast"),
        graph.SAFETY_FORECASTER: ("forecast",),
    },
    Scene.CAMERAS: {
        graph.SIMULATED_CAMERAS: tuple(
            f"cameras/{camera}/{kind}/image_raw"
            for camera in graph.CAMERAS
            for kind in ("color", "depth", "labels")
        )
    },
}
CLOCKED = (graph.SAFETY_GATE, graph.CONTROL, graph.PERCEPTION)
RECORDED = 4.0  # of an earlier run in motion [s]
SMALL_DISK = 24  # [MB]: room for a start, logs and the bridge's own files
Said = Callable[[str], None]


class Stage:
    """Platform, injector, recorder and client of one scene; a context manager.

    Args:
        scene: How to start.
        say: Told one sentence for each event.
        config_dir: Folder with platform.yaml; ``None`` = the installed one.

    Raises:
        PlatformError: If the platform does not come up.
        ClockError: If clocks cannot be set here.
    """

    def __init__(self, scene: Scene, *, say: Said, config_dir: Path | None = None) -> None:
        self.scene, self._say = scene, say
        self._config = config_dir or default_config_dir()
        self._stack = contextlib.ExitStack()
        self.clocks: dict[str, ShiftedClock] = {}

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def _start(self) -> None:
        model = ensure_robot_model()
        urdf = load_urdf(Path(model.urdf))
        self.mjcf = Path(model.mjcf)
        self.limits: GateLimits = gate_limits(urdf, SafetyGateParameters())
        self.state = state_dir()
        if self.scene is Scene.SMALL_DISK:
            self._small_disk()
        self.bag = self._earlier_run() if self.scene is Scene.REPLAYED else None
        relayed = RELAYED.get(self.scene, {})
        platform = Platform(
            Options(
                config_dir=self._config,
                port=free_port(),  # the same after the bridge has been started anew
                ros_arguments={node: _remapped(topics) for node, topics in relayed.items()},
                environments=self._clock_environments(),
                parameters={graph.SAFETY_WATCHDOG: {"trusted_writers": ["injector"]}}
                if relayed
                else {},
            ),
            say=self._say,
        )
        topics = sorted({topic for topics in relayed.values() for topic in topics})
        robot = f"/{self._robot_id()}"
        # The relays stand before the nodes do: without them no node would see another.
        environment = {}
        if self.scene is Scene.CAMERAS:
            profile = self._config / "fastdds_cameras.xml"
            environment["FASTRTPS_DEFAULT_PROFILES_FILE"] = str(profile)
        self.injection = self._stack.enter_context(
            Injection(robot, platform.domain_id, urdf=Path(model.urdf), relayed=topics,
                      environment=environment)
        )  # fmt: skip
        self.platform = self._stack.enter_context(platform)
        self.here: Run = self._come_up(platform)
        self.client = Client(self.here.url, self.here.api_key)
        self._stack.callback(self.client.close)
        self.recorder = self._stack.enter_context(
            Recorder(
                self.here.robot_id,
                self.here.domain_id,
                names=urdf.names,
                true_names={topic: topic + TRUE for topic in topics},
            )
        )
        node = self.recorder.node
        self._person = node.create_client(MovePerson, "simulation/move_person")
        self._reset = node.create_client(ResetSimulation, "simulation/reset")

    # --- what faults use --------------------------------------------------------------------------
    def walk(self, waypoints: tuple[tuple[float, float], ...], speed: float, dwell: float) -> None:
        """Let the person walk; no waypoints = leave the scene."""
        points = [Point(x=x, y=y) for x, y in waypoints]
        request = MovePerson.Request(waypoints=points, speed=speed, dwell=dwell)
        self.recorder.call(self._person, request)

    def start_over(self, *, robot: bool) -> None:
        """Put the objects back to their places; with ``robot``, also the robot, whose hand is empty then.

        The gate sees a robot that is elsewhere all at once, and must be waited for.
        """
        self.recorder.call(self._reset, ResetSimulation.Request(seed=0, reset_robot=robot))

    def pid(self, node: str) -> int:
        """Process of a node.

        Raises:
            PlatformError: If it does not run.
        """
        pid = self.platform.processes[node].pid
        if pid is None:
            raise PlatformError(f"node {node} does not run")
        return pid

    # --- what the campaign asks -------------------------------------------------------------------
    @property
    def free(self) -> bool:
        """Whether the gate said just now that the robot may move at full speed."""
        word = self.recorder.newest_word
        return (
            word is not None
            and word.state == State.NORMAL.name
            and time.monotonic() - word.at < 0.3
        )

    def wait_free(self, timeout: float) -> tuple[bool, int, str]:
        """Wait for NORMAL, resetting what needs a reset.

        Returns:
            Whether it came, how many resets it took, and what the gate said last.
        """
        end = time.monotonic() + timeout
        resets, refused_until, pause = 0, 0.0, threading.Event()
        while time.monotonic() < end and self.platform.failure is None:
            if self.free:
                return True, resets, ""
            word = self.recorder.newest_word
            now = time.monotonic()
            stuck = word is not None and word.reset_required and now - word.at < 0.5
            if stuck and now > refused_until:
                resets += self._try_reset()
                refused_until = time.monotonic() + 0.5
            pause.wait(0.05)
        return False, resets, self.platform.failure or self.last_word()

    def work(self, goal: str, *, timeout: float = 25.0) -> str:
        """Carry a sentence out; returns why that failed, or an empty text."""
        end = time.monotonic() + timeout
        last, pause = "", threading.Event()
        while time.monotonic() < end and self.platform.failure is None:
            with contextlib.suppress(ClientError):
                answer = self.client.invoke(self.here.robot_id, goal)
                if answer["success"]:
                    state = self.client.follow(answer["execution_id"], timeout=timeout, period=0.1)
                    if state["status"] == "completed":
                        return ""
                    last = state.get("error_message") or state["status"]
                else:
                    last = answer.get("error") or "refused"
            pause.wait(0.5)
        return self.platform.failure or last or "the bridge does not answer"

    def invoke(self, goal: str) -> dict[str, Any]:
        """Begin to carry a sentence out."""
        return self.client.invoke(self.here.robot_id, goal)

    def _try_reset(self) -> int:
        with contextlib.suppress(ClientError):
            return int(bool(self.client.post("/api/v1/safety/reset")["success"]))
        return 0

    def last_word(self) -> str:
        """What the gate said last, as a sentence."""
        word = self.recorder.newest_word
        if word is None:
            return "the gate has said nothing"
        age = time.monotonic() - word.at
        reasons = "; ".join(text for _, text in word.reasons)
        return f"the gate's last word, {age:.1f} s ago: {word.state} {reasons}"

    def _come_up(self, platform: Platform) -> Run:
        """Wait for health; a gate that stopped while the others came up is reset before each fault."""
        try:
            return platform.wait_healthy(COME_UP)
        except PlatformError as error:
            if platform.failure is not None or platform.run is None or not platform.run.url:
                raise
            self._say(f"going on although {error}")
            return platform.run

    # --- inside -----------------------------------------------------------------------------------
    def _robot_id(self) -> str:
        places = ("robot_mjcf", "robot_urdf", "state_dir", "port", "recording")
        return load(self._config, dict.fromkeys(places, "")).robot_id

    def _earlier_run(self) -> Path:
        """Bring a platform up, let the robot move, and keep a bag of it."""
        bag = Path(self._stack.enter_context(tempfile.TemporaryDirectory())) / "earlier"
        options = Options(config_dir=self._config, port=free_port(), recording=bag)
        with Platform(options, say=self._say) as platform:
            here = self._come_up(platform)
            client = Client(here.url, here.api_key)
            client.invoke(here.robot_id, "wave with your right hand")
            threading.Event().wait(RECORDED)
            client.close()
        return bag

    def _clock_environments(self) -> dict[str, dict[str, str]]:
        if self.scene is not Scene.CLOCKS:
            return {}
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        library = build(folder)
        self.clocks = {node: ShiftedClock(folder, node) for node in CLOCKED}
        for clock in self.clocks.values():
            self._stack.callback(clock.close)
        return {node: clock.environment(library) for node, clock in self.clocks.items()}

    def _small_disk(self) -> None:
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL_DISK}m", "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise PlatformError(
                f"a small disk cannot be mounted here: {done.stderr.strip() or 'needs root'}"
            )
        unmount = ["umount", "-l", str(folder)]
        self._stack.callback(subprocess.run, unmount, capture_output=True, check=False)
        before = os.environ.get("DYNAMICAL_STATE")
        os.environ["DYNAMICAL_STATE"] = str(folder)
        self._stack.callback(_restore, before)
        self.state = folder


def _remapped(topics: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for topic in topics for word in ("-r", f"{topic}:={topic}{TRUE}"))


def _restore(before: str | None) -> None:
    if before is None:
        os.environ.pop("DYNAMICAL_STATE", None)
    else:
        os.environ["DYNAMICAL_STATE"] = before
