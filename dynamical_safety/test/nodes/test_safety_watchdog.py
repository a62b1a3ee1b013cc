"""The watchdog as a process beside the real gate: permits, demands, and what a frozen gate gets."""

import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dynamical_interfaces import graph, seal
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import Heartbeat, JointCommand, SupervisionStatus
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile

PATIENCE = 20.0
HEARD = ("safety/permit", "safety/supervision", "/diagnostics")


class Watch:
    """The watchdog's process, what it says, and the heartbeats of nodes that are not there.

    Attributes:
        newest: Topic -> newest message.
        permits: The newest permits.
        beating: Node -> number of its run; their heartbeats are sent.
    """

    def __init__(self, cell: Any, key_file: Path, folder: Path) -> None:
        self.cell = cell
        self.key = key_file.read_bytes()
        self.key_file = key_file
        self.log = folder / "watchdog.log"
        self.newest: dict[str, Any] = {}
        self.permits: list[Any] = []
        self.beating: dict[str, int] = {}
        self.changed = threading.Condition()
        self._stop = threading.Event()
        for name in HEARD:
            topic = graph.topic(name)
            cell.node.create_subscription(
                interface_class(topic.type),
                name,
                lambda message, name=name: self._hear(name, message),
                qos_profile(topic.profile),
            )
        self._beats = cell.node.create_publisher(
            Heartbeat, "heartbeat", qos_profile(graph.topic("heartbeat").profile)
        )
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()
        self.process = self.start()

    def start(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start the process (again)."""
        command = [sys.executable, "-m", "dynamical_safety.nodes.safety_watchdog_node"]
        command += ["--ros-args", "-r", "__ns:=/thor_001"]
        # The cell plays the parts of all other nodes.
        command += ["-p", f"trusted_writers:=['{self.cell.node.get_name()}']"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                env={**os.environ, seal.KEY_FILE_VARIABLE: str(self.key_file), **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        return self.process

    def wait(self, name: str, holds: Callable[[Any], Any], what: str) -> Any:
        """Wait for a message of that topic that fulfils the condition, and return it."""
        end = time.monotonic() + PATIENCE
        with self.changed:
            while not (name in self.newest and holds(self.newest[name])):
                left = end - time.monotonic()
                assert left > 0, f"waited in vain for: {what}; newest: {self.newest.get(name)}"
                self.changed.wait(min(left, 0.1))
            return self.newest[name]

    def wait_permitted(self) -> None:
        """Wait until motion is permitted and nothing is demanded."""
        self.wait("safety/permit", lambda permit: permit.permitted, "a permit")
        self.wait("safety/supervision", lambda seen: seen.demand == 0, "no demand")

    def tag(self, permit: Any) -> bytes:
        """The tag that this permit must carry."""
        return seal.permit_tag(
            self.key,
            sequence=permit.sequence,
            stamp_ns=permit.header.stamp.sec * 10**9 + permit.header.stamp.nanosec,
            permitted=permit.permitted,
            reason=permit.reason,
        )

    def close(self) -> None:
        """End everything."""
        self._stop.set()
        self._heart.join()
        if self.process.poll() is None:
            self.process.terminate()
        assert self.process.wait(PATIENCE) == 0, self.log.read_text()

    def _hear(self, name: str, message: Any) -> None:
        with self.changed:
            self.newest[name] = message
            if name == "safety/permit":
                self.permits.append(message)
                del self.permits[:-100]
            self.changed.notify_all()

    def _beat(self) -> None:
        sequence = 0
        while not self._stop.wait(0.05):
            sequence += 1
            for node, number in list(self.beating.items()):
                beat = Heartbeat(node=node, active=True, sequence=sequence, run=number)
                self._beats.publish(beat)


@pytest.fixture(scope="module")
def shared_watch(
    shared_cell: Any, gate: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watch]:
    watch = Watch(shared_cell, gate.key_file, tmp_path_factory.mktemp("watch"))
    yield watch
    watch.close()


@pytest.fixture
def watch(shared_watch: Watch, cell: Any) -> Watch:
    """The watchdog, when all is well."""
    shared_watch.wait_permitted()
    return shared_watch


def codes(seen: Any) -> list[int]:
    return [reason.code for reason in seen.reasons]


def test_permits_are_sealed_rise_and_permit_a_gate_that_is_well(watch: Watch) -> None:
    watch.wait("safety/permit", lambda _: len(watch.permits) > 20, "permits")
    with watch.changed:
        permits = watch.permits[-20:]
    assert all(a.sequence < b.sequence for a, b in itertools.pairwise(permits))
    assert all(bytes(permit.authentication_tag) == watch.tag(permit) for permit in permits)
    assert permits[-1].permitted
    seen = watch.newest["safety/supervision"]
    assert seen.permitted
    assert 0.0 < seen.memory_available < 1.0
    assert seen.clock_offset == 0.0


def test_a_frozen_gate_loses_its_permit_and_gets_it_back_when_it_goes_on(
    watch: Watch, gate: Any
) -> None:
    gate.process.send_signal(signal.SIGSTOP)
    try:
        permit = watch.wait("safety/permit", lambda permit: not permit.permitted, "no permit")
        assert "stalled" in permit.reason
        assert bytes(permit.authentication_tag) == watch.tag(permit)
        seen = watch.wait("safety/supervision", lambda seen: not seen.permitted, "supervision")
        assert seen.demand == SupervisionStatus.DEMAND_PROTECTIVE_STOP
        assert ErrorCode.GATE_STALLED in codes(seen)
        watch.wait(
            "safety/supervision", lambda seen: "safety_gate" in seen.silent_nodes, "silence"
        )
        # Whoever else sends commands now is not the gate.
        for sequence in range(50):
            message = watch.cell.request()
            message.sequence = 2**40 + sequence
            rogue = watch.cell.node.create_publisher(
                JointCommand, "safe_command", qos_profile(graph.topic("safe_command").profile)
            )
            rogue.publish(message)
            watch.cell.node.destroy_publisher(rogue)
        assert not watch.newest["safety/permit"].permitted
    finally:
        gate.process.send_signal(signal.SIGCONT)
    watch.wait_permitted()


def test_a_node_that_falls_silent_is_named_and_a_stop_is_demanded(watch: Watch) -> None:
    watch.beating["control"] = 1
    watch.wait(
        "/diagnostics",
        lambda message: any(
            status.name.endswith("safety_watchdog: nodes")
            and "control" not in status.message.split(";")[0]
            for status in message.status
        ),
        "control to be heard",
    )
    assert watch.newest["safety/supervision"].demand == SupervisionStatus.DEMAND_NONE
    del watch.beating["control"]
    seen = watch.wait("safety/supervision", lambda seen: seen.demand >= 2, "a demand")
    assert list(seen.silent_nodes) == ["control"]
    assert codes(seen) == [ErrorCode.NODE_SILENT]
    assert "control" in seen.reasons[0].text
    watch.wait("safety/supervision", lambda seen: seen.demand == 3, "a graver demand")
    watch.beating["control"] = 2
    watch.wait_permitted()


def test_a_killed_watchdog_gives_no_permits_and_comes_back_above_them(watch: Watch) -> None:
    watch.process.kill()
    watch.process.wait(PATIENCE)
    with watch.changed:
        before = watch.permits[-1].sequence
        watch.permits.clear()
        watch.newest.clear()
    watch.start()
    watch.wait_permitted()
    assert watch.permits[0].sequence > before
    # The control that an earlier test played was known to the watchdog of before only.
    watch.beating.clear()


def test_a_watchdog_without_its_key_says_so_and_exits(shared_watch: Watch) -> None:
    watch = shared_watch
    running = watch.process
    process = watch.start(DYNAMICAL_SEAL_KEY_FILE="/nowhere/key")
    watch.process = running
    assert process.wait(PATIENCE) == 1
    assert "/nowhere/key" in watch.log.read_text()
