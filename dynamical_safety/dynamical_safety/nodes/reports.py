"""Slow reports of the gate, made outside the tick from copies that the tick leaves behind."""

from typing import Any

from visualization_msgs.msg import MarkerArray

from dynamical_interfaces.msg import Hazard, HazardArray, SafetyZone, SafetyZoneArray
from dynamical_safety import conversions
from dynamical_safety.hazards import Hazard as HazardValue
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import LATCHING, State
from dynamical_safety.zones import ZoneSet

PERIOD = 1.0  # [s]
_TICKS = 1000


class Reports:
    """Hazards, markers, zones and diagnostics, once a second or on change.

    Args:
        node: The gate's node.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._hazards_writer = node.writer("safety/hazards")
        self._markers_writer = node.writer("safety/markers")
        self._zones_writer = node.writer("safety/zones")
        self._hazards: list[HazardValue] = []
        self._observed = 0.0
        self._state = State.INIT
        self._reasons: tuple[Reason, ...] = ()
        self._zones: ZoneSet = node.gate.world.zones
        self._unreadable: dict[str, tuple[str, int]] = {}
        node.create_timer(PERIOD, self._publish, callback_group=node._group)
        self.publish_zones()

    def snapshot(self, count: int, now: float) -> None:
        """Copy what the reports need; from within the tick, cheap but once a second."""
        gate = self._node.gate
        if gate.machine.state != self._state:
            self._state, self._reasons = gate.machine.state, gate.machine.reasons
        if count % _TICKS == 1:
            self._hazards = gate.world.hazards(gate.joints.position, now)
            self._observed = max(0.0, gate.world.tracks_stamp)
            self._reasons = gate.machine.reasons
            self._zones = gate.world.zones

    def unreadable(self, topic: str, problem: str, count: int) -> None:
        """A message could not be read."""
        self._unreadable[topic] = (problem, count)

    def publish_zones(self) -> None:
        """Zones in force, latched; from a service thread."""
        self._zones = zones = self._node.gate.world.zones
        message = SafetyZoneArray(version=zones.version)
        message.header.frame_id = conversions.FRAME
        message.header.stamp = self._node.stamp(self._node.now())
        message.zones = [conversions.zone_to_msg(zone, SafetyZone()) for zone in zones.zones]
        self._zones_writer.publish(message)

    def _publish(self) -> None:
        node = self._node
        if node.stopped.is_set() or node.gate.ticks == 0:
            return
        node.look_for_other_gates()
        stamp = node.stamp(node.now())
        message = HazardArray()
        message.header.frame_id = conversions.FRAME
        message.header.stamp = node.stamp(self._observed)
        hazards = self._hazards
        message.hazards = [conversions.hazard_to_msg(hazard, Hazard()) for hazard in hazards]
        self._hazards_writer.publish(message)
        self._markers_writer.publish(self._markers(hazards, stamp))
        self._diagnose()

    def _markers(self, hazards: list[HazardValue], stamp: Any) -> MarkerArray:
        markers = [conversions.clearing_marker(stamp)]
        markers += [
            conversions.zone_marker(zone, number=number, stamp=stamp)
            for number, zone in enumerate(self._zones.zones)
        ]
        markers += [
            conversions.hazard_marker(hazard, number=number, stamp=stamp)
            for number, hazard in enumerate(hazards)
        ]
        return MarkerArray(markers=markers)

    def _diagnose(self) -> None:
        state, reasons = self._state, self._reasons
        level = "ok" if state == State.NORMAL else "error" if state in LATCHING else "warn"
        text = "; ".join(reason.text for reason in reasons) or "no reason to hold back"
        self._node.diagnose("gate", level, f"{state.name}: {text}", ticks=self._node.gate.ticks)
        for topic, (problem, count) in self._unreadable.items():
            self._node.diagnose(topic, "warn", f"message {problem}", unreadable=count)
