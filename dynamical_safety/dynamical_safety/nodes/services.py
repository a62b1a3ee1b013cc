"""The gate's services: stop, reset, set zones. The loop carries them out between two ticks."""

import threading
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety import conversions, zone_store
from dynamical_safety.errors import ZoneError


class SafetyServices:
    """Serves ``safety/stop``, ``safety/reset`` and ``safety/set_zones``.

    Args:
        node: The gate's node.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._zones_lock = threading.Lock()
        node.server("safety/stop", self._stop)
        node.server("safety/reset", self._reset)
        node.server("safety/set_zones", self._set_zones)

    def _stop(self, request: Any, response: Any) -> Any:
        gate, category = self._node.gate, request.stop_category

        def stop() -> None:
            gate.stop(category, source=request.source, reason=request.reason)

        try:
            self._node.calls.ask(stop)
        except TimeoutError as error:
            response.success, response.message = False, str(error)
            return response
        state = gate.machine.state
        self._node.get_logger().warning(
            f"stop of category {category} asked for by {request.source!r}: {request.reason}"
        )
        response.success = gate.machine.reset_required
        response.message = f"the gate is in {state.name}; a reset leaves it"
        return response

    def _reset(self, request: Any, response: Any) -> Any:
        gate = self._node.gate
        try:
            refusal = self._node.calls.ask(gate.reset)
        except TimeoutError as error:
            response.success, response.error_msg = False, str(error)
            response.error_code = int(ErrorCode.RESET_REFUSED)
            return response
        response.success = refusal is None
        response.state = int(gate.machine.state)
        if refusal is not None:
            response.error_code, response.error_msg = int(refusal.code), refusal.text
        who = request.source or "unknown caller"
        outcome = "done" if refusal is None else refusal.text
        self._node.get_logger().info(f"reset asked for by {who!r}: {outcome}")
        return response

    def _set_zones(self, request: Any, response: Any) -> Any:
        gate = self._node.gate
        zones = [conversions.zone_from_msg(zone) for zone in request.zones]
        with self._zones_lock:
            try:
                refusal = self._node.calls.ask(
                    lambda: gate.world.place_zones(
                        zones, position=gate.joints.position if gate.joints.known else None
                    )
                )
            except ZoneError as error:
                response.error_code, response.error_msg = int(ErrorCode.ZONE_INVALID), str(error)
            except TimeoutError as error:
                response.error_code, response.error_msg = int(ErrorCode.ZONE_INVALID), str(error)
            else:
                if refusal is None:
                    response.success = True
                    response.error_msg = self._keep(request.source)
                else:
                    response.error_code, response.error_msg = int(refusal.code), refusal.text
            response.version = gate.world.zones.version
        return response

    def _keep(self, source: str) -> str:
        """Publish and store the zones in force; returns what went wrong, or nothing."""
        node, zones = self._node, self._node.gate.world.zones
        node.reports.publish_zones()
        node.get_logger().info(
            f"zones version {zones.version} set by {source or 'unknown caller'!r}: "
            f"{[zone.name for zone in zones.zones]}"
        )
        if node.state_dir is None:
            return ""
        try:
            zone_store.save(node.state_dir, zones)
        except OSError as error:
            problem = f"zones are in force but not kept over a restart: {error}"
            node.diagnose("zones", "warn", problem)
            return problem
        node.diagnose("zones", "ok", f"version {zones.version} stored in {node.state_dir}")
        return ""
