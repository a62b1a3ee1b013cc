"""Slow reports of the gate, made outside the tick from copies that the tick leaves behind."""

from typing import Any

from visualization_msgs.msg import MarkerArray

from dynamical_interfaces.msg import (
    Hazard,
    HazardArray,
    HazardType,
    SafetyZone,
    SafetyZoneArray,
)
from dynamical_safety import conversions, markers
from dynamical_safety.hazards import RESERVED
from dynamical_safety.hazards import Hazard as HazardValue
from dynamical_safety.picture import NOTHING
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
        self._picture = NOTHING
        self._speed_scale = 0.0
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
            self._picture = gate.world.picture(gate.joints.position, gate.separation, now)
            self._speed_scale = gate.speed_scale
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

    def publish_hazards(self) -> None:
        """Hazards and kinds known now, latched; from a service thread."""
        node, hazards = self._node, self._node.gate.world.hazard_monitor.hazards
        message = HazardArray(version=hazards.version)
        message.header.frame_id = conversions.FRAME
        message.header.stamp = node.stamp(self._observed)
        # What the tick has left behind may be a second old: what was placed is shown at once.
        seen = [hazard for hazard in self._hazards if hazard.id.startswith(RESERVED)]
        message.hazards = [
            conversions.hazard_to_msg(hazard, Hazard()) for hazard in (*hazards.placed, *seen)
        ]
        message.types = [
            conversions.hazard_kind_to_msg(name, kind, HazardType())
            for name, kind in hazards.kinds.items()
        ]
        self._hazards_writer.publish(message)

    def _publish(self) -> None:
        node = self._node
        if node.stopped.is_set() or node.gate.ticks == 0:
            return
        node.look_for_other_gates()
        self.publish_hazards()
        # Drawing takes milliseconds of this process: only for somebody who looks.
        if self._markers_writer.get_subscription_count():
            self._markers_writer.publish(self._markers(node.stamp(node.now())))
        node.safety_services.keep_audit()
        self._diagnose()

    def _markers(self, stamp: Any) -> MarkerArray:
        picture = self._picture
        reasons = [reason.text for reason in self._reasons]
        return MarkerArray(
            markers=[
                markers.clearing_marker(stamp),
                *markers.zone_markers(self._zones.zones, stamp=stamp),
                *markers.hazard_markers(self._hazards, stamp=stamp),
                *markers.distance_markers(picture.distances, stamp=stamp),
                *markers.forecast_markers(picture.foreseen, stamp=stamp),
                *markers.capsule_markers(picture.start, picture.end, picture.radius, stamp=stamp),
                markers.state_marker(self._state, self._speed_scale, reasons, stamp=stamp),
            ]
        )

    def _diagnose(self) -> None:
        state, reasons = self._state, self._reasons
        level = "ok" if state == State.NORMAL else "error" if state in LATCHING else "warn"
        text = "; ".join(reason.text for reason in reasons) or "no reason to hold back"
        self._node.diagnose("gate", level, f"{state.name}: {text}", ticks=self._node.gate.ticks)
        for topic, (problem, count) in self._unreadable.items():
            self._node.diagnose(topic, "warn", f"message {problem}", unreadable=count)
