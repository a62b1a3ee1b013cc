"""The whole graph of one robot on this machine: brought up, watched, taken down in order."""

import fcntl
import itertools
import json
import os
import shutil
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from dynamical_bringup.description import DEFAULT_WORKSPACE, Description, default_config_dir, load
from dynamical_bringup.runner.process import NodeProcess
from dynamical_bringup.runner.state import Run, state_dir
from dynamical_interfaces import seal

_LOGS_KEPT = 10
_POLL = 0.05
_STOP_TIMEOUT = 6.0


class PlatformError(RuntimeError):
    """The platform cannot come up or stay up; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to bring the platform up.

    Attributes:
        config_dir: Folder with platform.yaml; ``None`` = the installed one.
        robot_id: Instead of the one in platform.yaml.
        only: Names of the nodes to start; empty = all.
        workspace: Of ``config/workspaces.yaml``; the simulated room is the one of that name.
        port: REST port; 0 = any free one.
        recording: Folder for a recording of the whole run; ``None`` = none.
        log_level: ROS log level of all nodes.
        domain_id: ROS domain; ``None`` = ``ROS_DOMAIN_ID`` or 0.
        parameters: Node name -> parameters, on top of platform.yaml.
        environments: Node name -> environment variables, on top of platform.yaml.
        ros_arguments: Node name -> more ROS arguments, such as ``("-r", "tracks:=tracks_true")``.
        state: Folder for what outlives the run; ``None`` = the user's own.
    """

    config_dir: Path | None = None
    robot_id: str | None = None
    only: tuple[str, ...] = ()
    workspace: str = DEFAULT_WORKSPACE
    port: int = 8080
    recording: Path | None = None
    log_level: str = "info"
    domain_id: int | None = None
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    ros_arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    state: Path | None = None


class Platform:
    """Runs the graph; a context manager that leaves no process behind.

    Args:
        options: How to bring it up.
        say: Called with one sentence for each event.
    """

    def __init__(self, options: Options, *, say: Callable[[str], None] = lambda _: None) -> None:
        self._options = options
        self._say = say
        self._stopping = threading.Event()
        self._failure: str | None = None
        self._lock: IO[str] | None = None
        self._watcher = threading.Thread(target=self._watch, name="runner", daemon=True)
        self._started = threading.Event()
        environment_domain = int(os.environ.get("ROS_DOMAIN_ID", "0") or 0)
        self.domain_id = environment_domain if options.domain_id is None else options.domain_id
        self.state = options.state or state_dir()
        self.state.mkdir(parents=True, exist_ok=True)
        self.processes: dict[str, NodeProcess] = {}
        self.run: Run | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def failure(self) -> str | None:
        """Why the platform cannot stay up, or ``None``."""
        return self._failure

    def start(self) -> None:
        """Start all nodes.

        Raises:
            PlatformError: If the robot already runs here, or the description is wrong.
        """
        description = self._describe()
        self._take_lock(description.robot_id)
        logs = self._log_folder()
        environment = self._environment(logs)
        key = seal.new_key_file(logs / "seal.key")
        rest_file = self.state / "rest.json"
        rest_file.unlink(missing_ok=True)
        for node in description.nodes:
            own = environment | dict(self._options.environments.get(node.name, {}))
            if node.sealed:
                own[seal.KEY_FILE_VARIABLE] = str(key)
            self.processes[node.name] = NodeProcess(
                node,
                namespace=description.namespace,
                folder=logs,
                environment=own,
                log_level=self._options.log_level,
                ros_arguments=self._options.ros_arguments.get(node.name, ()),
            )
        self.run = Run(
            url="",
            api_key_file=str(self.state / "api_key"),
            log_dir=str(logs),
            pid=os.getpid(),
            robot_id=description.robot_id,
            domain_id=self.domain_id,
            nodes={},
        )
        self._watcher.start()
        if not self._started.wait(30.0) or self._failure:
            raise PlatformError(self._failure or "the nodes could not be started within 30 s")

    def wait_healthy(self, timeout: float = 60.0) -> Run:
        """Wait until ``/health`` says healthy.

        Raises:
            PlatformError: With what is not healthy, after ``timeout`` seconds.
        """
        end = time.monotonic() + timeout
        last = "the REST bridge has not said where it listens"
        while time.monotonic() < end:
            if self._failure:
                raise PlatformError(self._failure)
            healthy, last = self._look(last)
            if healthy and self.run is not None:
                return self.run
            self._stopping.wait(0.2)
            if self._stopping.is_set():
                raise PlatformError("stopped while coming up")
        raise PlatformError(f"not healthy after {timeout:.0f} s: {last}")

    def wait(self) -> str | None:
        """Block until stopped or failed; returns the failure."""
        while not self._stopping.is_set() and self._failure is None:
            self._stopping.wait(0.2)
        return self._failure

    def request_stop(self) -> None:
        """Let ``wait`` return; safe in a signal handler."""
        self._stopping.set()

    def stop(self) -> None:
        """End all nodes, in order; kill what does not end."""
        self._stopping.set()
        if self._watcher.is_alive():
            self._watcher.join(_STOP_TIMEOUT + 5.0)
        if self._lock is not None:  # else another platform runs here, and the word is its own
            (self.state / "run.json").unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    # --- inside -------------------------------------------------------------------------------
    def _describe(self) -> Description:
        from dynamical_control.simulation.assets import ensure_robot_model

        options = self._options
        model = ensure_robot_model()
        values = {
            "robot_mjcf": str(model.mjcf),
            "robot_urdf": str(model.urdf),
            "state_dir": str(self.state),
            "port": options.port,
            "workspace": options.workspace,
            "recording": str(options.recording or ""),
        }
        config_dir = options.config_dir or default_config_dir()
        description = load(config_dir, values, robot_id=options.robot_id)
        names = {node.name for node in description.nodes}
        asked = (options.only, options.parameters, options.environments, options.ros_arguments)
        for name in itertools.chain(*asked):
            if name not in names:
                raise PlatformError(
                    f"no node {name!r} in platform.yaml; there are {sorted(names)}"
                )
        nodes = []
        for node in description.nodes:
            if not node.is_wanted(options.only, recording=options.recording):
                continue
            extra = options.parameters.get(node.name, {})
            nodes.append(replace(node, parameters={**node.parameters, **extra}))
        return Description(description.robot_id, tuple(nodes))

    def _take_lock(self, robot_id: str) -> None:
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/dynamical-{os.getuid()}")  # noqa: S108
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / f"dynamical-{self.domain_id}-{robot_id}.lock"
        lock = path.open("a+")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            lock.close()
            raise PlatformError(
                f"robot {robot_id} already runs on ROS domain {self.domain_id} (process {owner}); "
                "end it with `dynamical down`, or choose another ROS_DOMAIN_ID"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock

    def _log_folder(self) -> Path:
        parent = self.state / "logs"
        parent.mkdir(parents=True, exist_ok=True)
        for old in sorted(parent.iterdir())[: -(_LOGS_KEPT - 1)]:
            shutil.rmtree(old, ignore_errors=True)
        folder = parent / time.strftime(f"%Y%m%d-%H%M%S-{os.getpid()}")
        folder.mkdir()
        return folder

    def _environment(self, logs: Path) -> dict[str, str]:
        environment = dict(os.environ)
        environment.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
        environment.setdefault("MUJOCO_GL", "egl")
        environment.update(
            ROS_DOMAIN_ID=str(self.domain_id),
            ROS_LOG_DIR=str(logs),
            PYTHONUNBUFFERED="1",
            OMP_NUM_THREADS="1",
            OPENBLAS_NUM_THREADS="1",
        )
        return environment

    def _watch(self) -> None:
        # Nodes are started here: a child dies with the thread that started it.
        try:
            for process in self.processes.values():
                process.start()
            self._started.set()
            while not self._stopping.is_set() and self._failure is None:
                for process in self.processes.values():
                    sentence = process.watch()
                    if sentence:
                        self._say(sentence)
                self._stopping.wait(_POLL)
        except (OSError, RuntimeError) as error:
            self._failure = str(error)
            self._started.set()
        self._end_all()

    def _end_all(self) -> None:
        end = time.monotonic() + _STOP_TIMEOUT
        for process in self.processes.values():
            process.ask_to_stop()
        for process in self.processes.values():
            if not process.stop(max(0.1, end - time.monotonic())):
                self._say(f"node {process.node.name} did not end in time and was killed")

    def _look(self, last: str) -> tuple[bool, str]:
        rest_file = self.state / "rest.json"
        if self.run is None or not rest_file.exists():
            return False, last
        try:
            url = json.loads(rest_file.read_text())["url"]
        except (ValueError, KeyError):
            return False, last  # being written
        if self.run.url != url:
            pids = {name: process.pid for name, process in self.processes.items()}
            self.run = replace(self.run, url=url, nodes=pids)
            (self.state / "run.json").write_text(json.dumps(asdict(self.run)))
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=2.0) as answer:  # noqa: S310
                health = json.load(answer)
        except urllib.error.HTTPError as error:
            health = json.loads(error.read() or b"{}")
        except (OSError, ValueError) as error:
            return False, f"{url}/health does not answer: {error}"
        bad = [
            f"{item.get('name')}: {item.get('message') or item.get('reason', '')}"
            for item in health.get("components", [])
            if item.get("level") not in ("ok", "healthy")
        ]
        return health.get("status") == "healthy", "; ".join(bad) or str(health.get("status"))
