"""What was seen of a fault: the gate's words, its commands, and the simulation's own truth."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.serialization import deserialize_message
from rclpy.signals import SignalHandlerOptions

from dynamical_bringup.faults.evidence import Evidence, Joints, Room, SetPoint, Word
from dynamical_interfaces import graph
from dynamical_interfaces.runtime.endpoints import (
    PolledGroup,
    PolledReader,
    interface_class,
    never_called,
    qos_profile,
)
from dynamical_safety.errors import WireError
from dynamical_safety.state_machine import State
from dynamical_safety.wire import JointsDecoder, RequestDecoder

POLL = 0.002  # [s]
QUEUE = 256
# A sensible sequence of faults leaves at most this many samples of a topic.
KEPT = 60_000
TOPICS = ("safety/status", "safe_command", "joint_states", "simulation/state")


@dataclass(slots=True)
class _Raw:
    """Serialised messages with the monotonic time they were taken at [s]."""

    samples: dict[str, list[tuple[float, bytes]]] = field(
        default_factory=lambda: {name: [] for name in TOPICS}
    )


class Recorder:
    """Records a running platform from a thread of its own; a context manager.

    Args:
        robot_id: The robot, also its namespace.
        domain_id: ROS domain.
        names: The robot's joints.
        true_names: Topic -> name under which its true writer writes, where a relay stands between.

    Attributes:
        stalled: Longest time since ``clear`` in which this process did not run [s].
        newest_word: What the gate said last.
        newest_room: The newest state of the simulation.
    """

    def __init__(
        self,
        robot_id: str,
        domain_id: int,
        *,
        names: tuple[str, ...],
        true_names: dict[str, str] | None = None,
    ) -> None:
        self._context = rclpy.Context()
        rclpy.init(
            args=["--ros-args", "--disable-external-lib-logs"],
            context=self._context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.node = rclpy.create_node(
            "fault_recorder", namespace=f"/{robot_id}", context=self._context
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._group = PolledGroup()
        self._readers = {
            name: self._reader(name, (true_names or {}).get(name, name)) for name in TOPICS
        }
        self._commands = RequestDecoder(names)
        self._joints = JointsDecoder(names)
        self._raw = _Raw()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._poll, name="fault_recorder", daemon=True),
            threading.Thread(target=self._executor.spin, name="services", daemon=True),
        ]
        self.stalled = 0.0
        self.newest_word: Word | None = None
        self.newest_room: Room | None = None

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._threads[0].join(2.0)
        self._executor.shutdown(timeout_sec=1.0)
        self._threads[1].join(2.0)
        self.node.destroy_node()
        self._context.try_shutdown()

    def clear(self) -> None:
        """Forget what was recorded."""
        with self._lock:
            self._raw = _Raw()
            self.stalled = 0.0

    def evidence(self) -> Evidence:
        """Everything since ``clear``, decoded."""
        with self._lock:
            raw = self._raw.samples
            copies = {name: list(samples) for name, samples in raw.items()}
        return Evidence(
            words=[_word(at, raw) for at, raw in copies["safety/status"]],
            set_points=_decoded(copies["safe_command"], self._commands, _set_point),
            joints=_decoded(copies["joint_states"], self._joints, _measured),
            rooms=[_room(at, raw) for at, raw in copies["simulation/state"]],
        )

    def speed(self) -> float:
        """Speed of the fastest joint now, measured [rad/s]; 0 if nothing was recorded."""
        with self._lock:
            samples = self._raw.samples["joint_states"][-1:]
        newest = _decoded(samples, self._joints, _measured)
        return float(np.abs(newest[0].velocity).max()) if newest else 0.0

    def call(self, client: Any, request: Any, *, timeout: float = 15.0) -> Any:
        """Call a service and wait for its answer.

        Raises:
            TimeoutError: If there is none.
        """
        if not client.wait_for_service(timeout):
            raise TimeoutError(f"no service {client.srv_name} in the graph")
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(timeout):
            client.remove_pending_request(future)
            raise TimeoutError(f"{client.srv_name} did not answer within {timeout:.0f} s")
        return future.result()

    def _reader(self, name: str, written: str) -> PolledReader:
        topic = graph.topic(name)
        profile = qos_profile(topic.profile, depth=QUEUE)
        bare = type(profile)(
            history=profile.history,
            depth=QUEUE,
            reliability=profile.reliability,
            durability=profile.durability,
        )
        subscription = self.node.create_subscription(
            interface_class(topic.type), written, never_called, bare,
            callback_group=self._group, raw=True,
        )  # fmt: skip
        return PolledReader(subscription, raw=True, depth=QUEUE)

    def _poll(self) -> None:
        last = time.monotonic()
        while not self._stop.wait(POLL):
            now = time.monotonic()
            self.stalled, last = max(self.stalled, now - last), now
            for name, reader in self._readers.items():
                taken = reader.take_all()
                if not taken:
                    continue
                now = time.monotonic()
                if name == "safety/status":
                    self.newest_word = _word(now, taken[-1])
                elif name == "simulation/state":
                    self.newest_room = _room(now, taken[-1])
                with self._lock:
                    samples = self._raw.samples[name]
                    samples += [(now, raw) for raw in taken[: KEPT - len(samples)]]


def _decoded(
    samples: list[tuple[float, bytes]], decode: Callable[[bytes], Any], make: Any
) -> list[Any]:
    result = []
    for at, raw in samples:
        try:
            result.append(make(at, decode(raw)))
        except WireError:
            continue  # a forgery that no reader could take
    return result


def _set_point(at: float, command: Any) -> SetPoint:
    return SetPoint(
        at=at,
        stamp=command.stamp,
        sequence=command.sequence,
        source=command.source,
        position=np.array(command.position),
        velocity=np.array(command.velocity),
    )


def _measured(at: float, joints: Any) -> Joints:
    return Joints(
        at=at,
        stamp=joints.stamp,
        position=np.array(joints.position),
        velocity=np.array(joints.velocity),
    )


def _word(at: float, raw: bytes) -> Word:
    message = deserialize_message(raw, interface_class(graph.topic("safety/status").type))
    return Word(
        at=at,
        stamp=message.header.stamp.sec + message.header.stamp.nanosec * 1e-9,
        state=State(message.state).name if message.state else "INIT",
        reset_required=message.reset_required,
        ticks=message.ticks,
        reasons=tuple((reason.code, reason.text) for reason in message.reasons),
        speed_scale=message.speed_scale,
    )


def _room(at: float, raw: bytes) -> Room:
    message = deserialize_message(raw, interface_class(graph.topic("simulation/state").type))
    return Room(
        at=at, distance=message.human_distance, time=message.simulated_time,
        qpos=np.array(message.qpos),
    )  # fmt: skip
