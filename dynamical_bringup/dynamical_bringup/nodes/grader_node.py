"""Watches a run with the simulation's own truth, and moves what no robot moves."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import rclpy
from geometry_msgs.msg import Point
from rclpy.executors import MultiThreadedExecutor
from rclpy.signals import SignalHandlerOptions

from dynamical_bringup.conversions import (
    object_samples,
    room_sample,
    safety_sample,
    timing_sample,
)
from dynamical_bringup.demo.grading import Evidence
from dynamical_interfaces import graph
from dynamical_interfaces.runtime.node import GraphNode

_SERVICE_TIMEOUT = 10.0


class GraderError(RuntimeError):
    """The simulation does not answer, or refuses; the sentence says which and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GraderParameters:
    """The grader has no parameters."""


class GraderNode(GraphNode[GraderParameters]):
    """Collects ``Evidence`` and calls the simulation's services; lives inside the demo's process."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(graph.GRADER, GraderParameters, **arguments)
        self.evidence = Evidence()
        self.timings: list[dict[str, Any]] = []

    def configure(self) -> None:
        """Subscribe to the truth."""
        self.reader("simulation/objects", self._on_objects)
        self.reader("simulation/state", self._on_state)
        self.reader("safety/status", self._on_safety)
        self.reader("timing", self._on_timing)
        self._reset = self.client("simulation/reset")
        self._person = self.client("simulation/move_person")

    def reset_simulation(self, seed: int) -> None:
        """Place the objects at random from a seed; 0 = the standard placement."""
        request = self._reset.srv_type.Request(seed=seed)
        self._call(self._reset, request)

    def move_person(
        self, waypoints: Sequence[tuple[float, float]], *, speed: float, dwell: float
    ) -> None:
        """Let the person walk along floor positions x, y [m]; no waypoints = leave."""
        points = [Point(x=float(x), y=float(y)) for x, y in waypoints]
        request = self._person.srv_type.Request(waypoints=points, speed=speed, dwell=dwell)
        self._call(self._person, request)

    def _call(self, client: Any, request: Any) -> None:
        if not client.wait_for_service(_SERVICE_TIMEOUT):
            raise GraderError(f"no service {client.srv_name} in the graph")
        done = threading.Event()
        future = client.call_async(request)
        future.add_done_callback(lambda _: done.set())
        if not done.wait(_SERVICE_TIMEOUT):
            client.remove_pending_request(future)
            raise GraderError(f"{client.srv_name} did not answer within {_SERVICE_TIMEOUT:.0f} s")
        answer = future.result()
        if not answer.success:
            raise GraderError(f"{client.srv_name} refused: {answer.message}")

    def _on_objects(self, message: Any) -> None:
        self.evidence.add_objects(object_samples(message))

    def _on_state(self, message: Any) -> None:
        self.evidence.add_room(room_sample(message))

    def _on_safety(self, message: Any) -> None:
        self.evidence.add_safety(safety_sample(message))

    def _on_timing(self, message: Any) -> None:
        self.timings.append(timing_sample(message))
        if message.loop == graph.ROBOT_DRIVER:
            self.evidence.real_time_factors.append(message.real_time_factor)


class Grader:
    """The grader node with its executor; a context manager."""

    def __init__(self, robot_id: str, domain_id: int) -> None:
        arguments = ["--ros-args", "-r", f"__ns:=/{robot_id}", "--disable-external-lib-logs"]
        arguments += ["--log-level", "warn"]
        self._context = rclpy.Context()
        rclpy.init(
            args=arguments,
            context=self._context,
            domain_id=domain_id,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.node = GraderNode(context=self._context)
        self.node.start()
        self._executor = MultiThreadedExecutor(num_threads=2, context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._executor.spin, name="grader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown(timeout_sec=2.0)
        self._thread.join(2.0)
        self.node.close()
        self._context.try_shutdown()

    def wait_for_truth(self, timeout: float = 20.0) -> None:
        """Block until the simulation and the gate have been heard.

        Raises:
            GraderError: If one of them is silent.
        """
        end = time.monotonic() + timeout
        pause = threading.Event()
        while silent := self.node.evidence.silent():
            if time.monotonic() > end:
                raise GraderError(f"{' and '.join(silent)} silent for {timeout:.0f} s")
            pause.wait(0.05)
