"""The safety gate as a ROS 2 node: from messages to a sealed command, 1000 times a second."""

from pathlib import Path
from typing import Any

import numpy as np

from dynamical_interfaces import graph, seal, tiers
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.msg import SafetyStatus
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_safety import conversions, zone_store
from dynamical_safety.decision import Decision
from dynamical_safety.errors import WireError
from dynamical_safety.gate import SafetyGate
from dynamical_safety.limits_overlay import LimitsOverlay, read_limits_overlay
from dynamical_safety.nodes.gate_lock import GateLock
from dynamical_safety.nodes.other_gates import OtherGates
from dynamical_safety.nodes.reports import Reports
from dynamical_safety.nodes.services import SafetyServices
from dynamical_safety.nodes.tick_calls import TickCalls
from dynamical_safety.nodes.wire_check import check_wire
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.supervision_conversions import supervision_from_msg
from dynamical_safety.violations import EventThrottle
from dynamical_safety.wire import CommandEncoder, JointsDecoder, RequestDecoder
from dynamical_safety.zones import ZoneSet

STATUS_TICKS = 10
JOINTS_TICKS = 2  # joint states come every other tick
WORLD_TICKS = 10  # tracks, forecasts and the watchdog's word come ten or twenty times a second


class SafetyGateNode(GraphNode[SafetyGateParameters]):
    """Takes what came without waiting, steps the gate, publishes what it lets through."""

    has_inactive_state = False

    def __init__(self) -> None:
        super().__init__(graph.SAFETY_GATE, SafetyGateParameters)

    def configure(self) -> None:
        """Read key, joints, model and zones; make endpoints."""
        self._lock = GateLock(self.get_fully_qualified_name())
        for name in ("robot_urdf", "robot_mjcf"):
            if not getattr(self.parameters, name):
                raise FatalError(f"parameter {name!r} is empty; it must name the robot's file")
        self._key = seal.read_key()
        self.state_dir = Path(self.parameters.state_dir) if self.parameters.state_dir else None
        urdf = load_urdf(Path(self.parameters.robot_urdf))
        self.gate = SafetyGate(
            urdf,
            mjcf=Path(self.parameters.robot_mjcf),
            parameters=self.parameters,
            overlay=self._overlay(urdf.names),
            zones=ZoneSet() if self.state_dir is None else zone_store.load(self.state_dir),
        )
        names = self.gate.limits.names
        self._digest = seal.names_digest(names)
        self._encode = CommandEncoder(names, source=graph.SAFETY_GATE)
        check_wire(self._encode, names)
        self._read_request = RequestDecoder(names)
        self._read_joints = JointsDecoder(names)
        self._refuse_second_gate()
        self._requests = self.polled_reader("requested_command", raw=True, depth=4)
        self._joints = self.polled_reader("joint_states", raw=True)
        self._tracks = self.polled_reader("tracks")
        self._forecasts = self.polled_reader("forecast", depth=4)
        self._people = self.polled_reader("people/forecast")
        self._supervision = self.polled_reader("safety/supervision")
        self._violations = self.writer("safety/violations")
        self._status_writer = self.writer("safety/status")
        self._throttle = EventThrottle()
        self._status = SafetyStatus()
        self._unreadable = self._told_trajectory = 0
        # Starts above whatever an earlier run can have reached, so that a driver sees it only
        # rise.
        self._sequence = int(self.now() * 1000.0)
        self.calls = TickCalls()
        self.reports = Reports(self)
        self.safety_services = SafetyServices(self)
        self.loop = self.periodic(self.tick, period=tiers.SAFETY.period, tier=tiers.SAFETY)

    def _overlay(self, names: tuple[str, ...]) -> LimitsOverlay | None:
        path = self.parameters.limits_overlay
        return read_limits_overlay(Path(path), names) if path else None

    def _refuse_second_gate(self) -> None:
        found = self._lock.take()
        if found is not None:
            found = f"{self.get_fully_qualified_name()} ({found})"
        self._others = OtherGates(self)
        found = found or self._others.look_before_start()
        if found is not None:
            raise FatalError(
                f"TWO_GATES: node {found} already writes safe commands; end it before starting "
                "another safety gate"
            )
        self._safe = self.writer("safe_command")

    def cleanup(self) -> None:
        """Give back the right to be the gate."""
        self._lock.release()

    def tick(self, now: float, period: float) -> None:
        """One millisecond."""
        gate, count = self.gate, self.gate.ticks
        self.calls.begin()
        joints = tracks = people = supervision = None
        forecasts: list[Any] = []
        if count % JOINTS_TICKS == 0:
            joints = self._decoded(self._joints.take(), self._read_joints, "joint_states")
        if count % WORLD_TICKS == 3:
            tracks = self._tracks.take()
        elif count % WORLD_TICKS == 5:
            people = self._people.take()
        elif count % WORLD_TICKS == 7:
            forecasts = self._forecasts.take_all()
        elif count % WORLD_TICKS == 9:
            supervision = self._supervision.take()
        requests = [
            request
            for raw in self._requests.take_all()
            if (request := self._decoded(raw, self._read_request, "requested_command")) is not None
        ]
        decision = gate.step(
            now,
            period,
            requests=requests,
            joints=joints,
            tracks=None if tracks is None else conversions.tracks_from_msg(tracks),
            forecasts=[conversions.forecast_from_msg(forecast) for forecast in forecasts],
            people=None if people is None else conversions.people_forecast_from_msg(people),
            supervision=None if supervision is None else supervision_from_msg(supervision),
        )
        self._publish(decision, now)
        news = decision.state_changed or gate.passed_trajectory_id != self._told_trajectory
        if news or count % STATUS_TICKS == 5:
            self.publish_status(now)
        for event, repeats in self._throttle(decision.events, gate.time):
            self._violations.publish(
                conversions.violation_to_msg(event, repeats=repeats, stamp=self.stamp(now))
            )
        self.reports.snapshot(count, now)
        self.calls.end()

    def _decoded(self, raw: bytes | None, decode: Any, topic: str) -> Any:
        if raw is None:
            return None
        try:
            return decode(raw)
        except WireError as error:
            # Not usable is as good as not come: the ages tell.
            self._unreadable += 1
            self.reports.unreadable(topic, str(error), self._unreadable)
            return None

    def _publish(self, decision: Decision, now: float) -> None:
        self._sequence += 1
        encode = self._encode
        np.copyto(encode.position, decision.position)
        np.copyto(encode.velocity, decision.velocity)
        np.copyto(encode.effort, decision.effort)
        stamp_ns = int(now * 1e9)
        tag = seal.tag(
            self._key,
            sequence=self._sequence,
            trajectory_id=decision.trajectory_id,
            stamp_ns=stamp_ns,
            names=self._digest,
            position=encode.position,
            velocity=encode.velocity,
            effort=encode.effort,
            stiffness_scale=decision.stiffness_scale,
            damping_scale=decision.damping_scale,
        )
        self._safe.publish(
            encode(
                stamp_ns=stamp_ns,
                sequence=self._sequence,
                trajectory_id=decision.trajectory_id,
                request_stamp=decision.request_stamp,
                stiffness_scale=decision.stiffness_scale,
                damping_scale=decision.damping_scale,
                tag=tag,
            )
        )

    def publish_status(self, now: float) -> None:
        """State of the gate, from within a tick."""
        message = conversions.status_to_msg(
            self.gate, self._status, now=now, sequence=self._sequence
        )
        message.header.stamp = self.stamp(now)
        self._told_trajectory = self.gate.passed_trajectory_id
        message.late_ticks = self.loop.late_ticks
        self._status_writer.publish(message)

    def add_timing(self, message: Any) -> None:
        """Keep what the loop measured for the status message."""
        self._status.tick_compute_p50 = message.compute_p50
        self._status.tick_compute_p99 = message.compute_p99
        self._status.tick_compute_p999 = self.loop.compute_percentile(99.9)
        self._status.lateness_p99 = message.lateness_p99

    def look_for_other_gates(self) -> None:
        """Tell the gate whether somebody else writes safe commands; from a service thread."""
        found = self._others.look()
        self.calls.ask(lambda: self.gate.report_other_gate(found))


def main() -> None:
    """Entry point of the executable ``safety_gate``."""
    run(SafetyGateNode)


if __name__ == "__main__":
    main()
