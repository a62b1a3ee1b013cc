"""Node ``safety_watchdog``: watches the gate and the graph, and gives the driver leave to move."""

import math
import time
from dataclasses import replace

import psutil

from dynamical_interfaces import graph, seal, tiers
from dynamical_interfaces.msg import SafetyPermit, SupervisionStatus
from dynamical_interfaces.runtime.node import NANOSECONDS, GraphNode, run
from dynamical_safety.command_seal import CommandSeal
from dynamical_safety.findings import Demand
from dynamical_safety.resources import Resources
from dynamical_safety.supervision_conversions import (
    gate_status_from_msg,
    permit_to_msg,
    supervision_to_msg,
)
from dynamical_safety.watchdog import Supervision, Watchdog
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters
from dynamical_safety.writers import WATCHED

# Above the gate itself: a gate that runs wild must not keep its watchdog from running.
TIER = replace(tiers.SAFETY, rate=200.0, priority=tiers.SAFETY.priority + 5)
COMMAND_TICKS = 2
BEAT_TICKS = 5
STATUS_TICKS = 20
LOOK_TICKS = 10
RESOURCES_PERIOD = 1.0  # [s]
LEVELS = {
    Demand.NONE: "ok",
    Demand.REDUCED: "warn",
    Demand.PROTECTIVE_STOP: "warn",
    Demand.CONTROLLED_STOP: "error",
}


class SafetyWatchdogNode(GraphNode[SafetyWatchdogParameters]):
    """Thin: messages in, ``Watchdog``, permit and supervision out."""

    has_inactive_state = False

    def __init__(self) -> None:
        super().__init__(graph.SAFETY_WATCHDOG, SafetyWatchdogParameters)

    def configure(self) -> None:
        """Read the key and make all endpoints."""
        self._key = seal.read_key()
        self._seal = CommandSeal(self._key)
        self.watchdog = Watchdog(self.parameters, namespace=self.get_namespace())
        self._commands = self.polled_reader("safe_command", raw=True)
        self._statuses = self.polled_reader("safety/status")
        # One queue for all nodes: what came since the last look must fit.
        self._beats = self.polled_reader("heartbeat", depth=100)
        self._permits = self.writer("safety/permit")
        self._supervisions = self.writer("safety/supervision")
        self._permit, self._status = SafetyPermit(), SupervisionStatus()
        # Above whatever an earlier run can have reached, so that the driver sees it only rise.
        self._sequence = int(self.now() * 1000.0)
        self._count = 0
        self._permitted = False
        self._resources: Resources | None = None
        self._seen: Supervision | None = None
        self.create_timer(RESOURCES_PERIOD, self._report_watch, callback_group=self._group)
        self.periodic(self.tick, period=TIER.period, tier=TIER)

    def tick(self, now: float, period: float) -> None:
        """Five milliseconds: what came, a permit, and now and then a look at everything."""
        clock = time.monotonic()
        self._count += 1
        watchdog = self.watchdog
        if self._count % COMMAND_TICKS == 0:
            self._take_command(now, clock)
        if self._count % STATUS_TICKS == 0 and (status := self._statuses.take()) is not None:
            watchdog.gate.take_status(gate_status_from_msg(status), clock)
        if self._count % BEAT_TICKS == 0:
            for beat in self._beats.take_all():
                watchdog.heartbeats.take(beat.node, active=beat.active, run=beat.run, now=clock)
        permit = watchdog.step(clock, now, period=period)
        self._sequence += 1
        self._permits.publish(
            permit_to_msg(
                permit,
                self._permit,
                key=self._key,
                sequence=self._sequence,
                stamp_ns=int(now * NANOSECONDS),
            )
        )
        if permit.permitted != self._permitted or self._count % LOOK_TICKS == 0:
            self._permitted = permit.permitted
            self._look(now, clock)

    def _take_command(self, now: float, clock: float) -> None:
        raw = self._commands.take()
        command = None if raw is None else self._seal.read(raw)
        if command is not None:
            sequence, stamp_ns = command
            age = now - stamp_ns / NANOSECONDS
            self.watchdog.gate.take_command(sequence, age=age, now=clock)

    def _look(self, now: float, clock: float) -> None:
        resources, self._resources = self._resources, None
        if resources is not None:
            self.watchdog.machine.take(resources, clock)
        seen = self._seen = self.watchdog.look(clock)
        self._status.header.stamp = self.stamp(now)
        self._supervisions.publish(supervision_to_msg(seen, self._status))

    # --- outside the loop: the system's files and the discovery data may be slow ------------------
    def _report_watch(self) -> None:
        self._resources = read_resources()
        self.watchdog.writers.take(
            {
                topic.name: [
                    f"{writer.node_namespace.rstrip('/')}/{writer.node_name}"
                    for writer in self.get_publishers_info_by_topic(
                        self.resolve_topic_name(topic.name)
                    )
                ]
                for topic in WATCHED
            }
        )
        seen = self._seen
        if seen is None or self.stopped.is_set():
            return
        permit = seen.permit
        self.diagnose(
            "permit",
            "ok" if permit.permitted else "warn",
            permit.reason or "the safety gate may be followed",
            gate_age=f"{seen.gate_age:.4f}",
            late_share=f"{self.watchdog.gate.late_share:.4f}",
            refused_commands=self._seal.refused,
        )
        text = "; ".join(finding.reason.text for finding in seen.findings) or "nothing is wrong"
        told = max((f.demand for f in seen.findings), default=Demand.NONE)
        level = "warn" if seen.findings and told is Demand.NONE else LEVELS[told]
        self.diagnose("findings", level, text, demand=seen.demand.name)
        heartbeats = self.watchdog.heartbeats
        self.diagnose(
            "nodes",
            "ok",
            f"not heard yet: {', '.join(heartbeats.starting) or 'none'}; "
            f"silent: {', '.join(seen.silent_nodes) or 'none'}",
            strangers=heartbeats.strangers,
            **{f"restarts {name}": count for name, count in heartbeats.restarts.items()},
        )
        self.diagnose(
            "machine",
            "ok",
            f"free memory {seen.resources.memory_available:.0%}, "
            f"hottest sensor {seen.resources.temperature:.0f} degC (nan: none)",
            clock_offset=f"{seen.clock_offset:.3f}",
            throttle=seen.throttle,
        )


def read_resources() -> Resources:
    """State of the machine now; what the system does not tell is NaN."""
    memory = psutil.virtual_memory()
    sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    heat = [
        sensor.current
        for group in sensors.values()
        for sensor in group
        if sensor.current is not None and math.isfinite(sensor.current)
    ]
    return Resources(memory.available / memory.total, max(heat, default=math.nan))


def main() -> None:
    """Entry point of the executable ``safety_watchdog``."""
    run(SafetyWatchdogNode)


if __name__ == "__main__":
    main()
