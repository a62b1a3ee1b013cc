"""The campaign's side of the injector process."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_ANSWER = 20.0  # longest wait for an answer [s]


class InjectionError(RuntimeError):
    """The injector does not answer, or refuses; the sentence says what it was told."""


class Injection:
    """The injector process of one running platform; a context manager.

    Args:
        namespace: The robot's namespace.
        domain_id: ROS domain.
        urdf: The robot's joints.
        relayed: Topics that it relays.
        environment: More environment variables.
    """

    def __init__(
        self,
        namespace: str,
        domain_id: int,
        *,
        urdf: Path,
        relayed: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        command = [sys.executable, "-m", "dynamical_bringup.faults.injector"]
        command += ["--namespace", namespace, "--urdf", str(urdf)]
        for topic in relayed:
            command += ["--relay", topic]
        self._answers: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"ROS_DOMAIN_ID": str(domain_id)} | (environment or {}),
        )
        threading.Thread(target=self._listen, name="injector", daemon=True).start()
        self._expect("to start", "ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def tell(self, do: str, **values: Any) -> None:
        """Give one order and wait until it is carried out.

        Raises:
            InjectionError: If it is refused or not answered.
        """
        line = json.dumps({"do": do, **values})
        try:
            assert self._process.stdin is not None
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise InjectionError(f"the injector has ended; it was to do {line}") from error
        self._expect(line, "done")

    def close(self) -> None:
        """End the process."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _expect(self, what: str, word: str) -> None:
        try:
            answer = self._answers.get(timeout=_ANSWER)
        except queue.Empty:
            raise InjectionError(f"the injector was told {what} and does not answer") from None
        if answer != word:
            raise InjectionError(f"the injector was told {what} and answers {answer!r}")

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("ready", "done", "refused")):
                self._answers.put(line.strip())
        self._answers.put("ended")
