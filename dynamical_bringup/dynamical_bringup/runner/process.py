"""One node as a child process: started, watched, restarted with a back-off, never left behind."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from dynamical_bringup.description import NodeDescription

_PR_SET_PDEATHSIG = 1
_BAD_PARAMETERS = (
    2  # exit code of a node that refuses its parameters: starting again would not help
)
_GIVE_UP_AFTER = 3  # failures in a row, each before the node lived this long:
_SETTLED = 10.0  # [s]
_LIBC = ctypes.CDLL(None)


class NodeProcess:
    """The process of one node.

    Args:
        node: What to run.
        namespace: The robot's namespace.
        folder: Folder for the parameter file and the log.
        environment: Environment of the process.
        log_level: ROS log level.
        ros_arguments: More ROS arguments.
    """

    def __init__(
        self,
        node: NodeDescription,
        *,
        namespace: str,
        folder: Path,
        environment: Mapping[str, str],
        log_level: str = "info",
        ros_arguments: Sequence[str] = (),
    ) -> None:
        self.node = node
        self.restarts = 0
        self.log = folder / f"{node.name}.log"
        self._environment = {**environment, **node.environment}
        self._failures = 0
        self._started = 0.0
        self._next_start = 0.0
        self._process: subprocess.Popen[bytes] | None = None
        parameters = folder / f"{node.name}.yaml"
        parameters.write_text(
            yaml.safe_dump({"/**": {"ros__parameters": dict(node.parameters)}}, sort_keys=False)
        )
        self._command = [
            str(node.executable()),
            "--ros-args",
            "--disable-external-lib-logs",
            "--log-level",
            log_level,
            "-r",
            f"__ns:={namespace}",
            "--params-file",
            str(parameters),
            *ros_arguments,
        ]

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self.alive and self._process else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process; it dies with the runner."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=dict(self._environment),
                start_new_session=True,  # Ctrl-C reaches the runner alone, which ends all in order
                preexec_fn=_die_with_parent,
            )
        self._started = time.monotonic()

    def watch(self) -> str | None:
        """Restart the node if it has ended.

        Returns:
            A sentence if it ended since the last look, else ``None``.

        Raises:
            RuntimeError: With a sentence, if starting it again would not help.
        """
        if self._process is None:
            if time.monotonic() >= self._next_start:
                self.restarts += 1
                self.start()
            return None
        code = self._process.poll()
        if code is None:
            return None
        lived = time.monotonic() - self._started
        self._failures = 1 if lived > _SETTLED else self._failures + 1
        how = f"exit code {code}" if code >= 0 else signal.Signals(-code).name
        if code == _BAD_PARAMETERS or self._failures > _GIVE_UP_AFTER:
            raise RuntimeError(
                f"node {self.node.name} ended with {how}: {self.last_words()} (log: {self.log})"
            )
        self._process = None
        self._next_start = time.monotonic() + min(0.2 * 2 ** (self._failures - 1), 5.0)
        return f"node {self.node.name} ended with {how} after {lived:.1f} s; restarting it"

    def last_words(self) -> str:
        """The last line of its log."""
        try:
            lines = self.log.read_text(errors="replace").strip().splitlines()
        except OSError as error:
            return f"its log cannot be read: {error.strerror}"
        return lines[-1] if lines else "it said nothing"

    def ask_to_stop(self) -> None:
        """SIGTERM, if it runs."""
        if self.alive and self._process:
            self._process.terminate()

    def stop(self, timeout: float) -> bool:
        """Wait for its end, kill it after ``timeout``; returns whether it ended by itself."""
        if self._process is None:
            return True
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            return False
        return True


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
