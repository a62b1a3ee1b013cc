"""The gate's services: stop, reset, change zones and hazards.

What is asked is made ready here, in a service thread, and carried out by the loop between two
ticks. Every change is written down in the audit, and so is every stop and reset.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety import conversions, hazard_store, zone_store
from dynamical_safety.audit import AuditLog, changes
from dynamical_safety.errors import SafetyError
from dynamical_safety.hazards import HazardSet
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import State
from dynamical_safety.world import version_conflict
from dynamical_safety.zones import ZoneSet


class SafetyServices:
    """Serves ``safety/stop``, ``reset``, ``set_zones``, ``edit_zones`` and ``edit_hazards``.

    Args:
        node: The gate's node, configured but not ticking yet.

    Raises:
        HazardError: If the file of hazards is there but cannot be understood.
    """

    def __init__(self, node: Any) -> None:
        self._node = node
        self._changing = threading.Lock()
        self._audit = AuditLog(node.state_dir)
        if node.state_dir is not None:
            node.gate.world.hazard_monitor.hazards = hazard_store.load(node.state_dir)
        node.server("safety/stop", self._stop)
        node.server("safety/reset", self._reset)
        node.server("safety/set_zones", self._set_zones)
        node.server("safety/edit_zones", self._edit_zones)
        node.server("safety/edit_hazards", self._edit_hazards)

    # --- stop and reset --------------------------------------------------------------------------
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
        self._record(
            "stop",
            request.source,
            after={"stop_category": int(category), "reason": request.reason, "state": state.name},
        )
        return response

    def _reset(self, request: Any, response: Any) -> Any:
        gate = self._node.gate
        before = gate.machine.state
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
        self._record(
            "reset",
            request.source,
            before={"state": before.name},
            after={"state": State(response.state).name, "outcome": outcome},
        )
        return response

    # --- zones -----------------------------------------------------------------------------------
    def _set_zones(self, request: Any, response: Any) -> Any:
        zones = [conversions.zone_from_msg(zone) for zone in request.zones]
        return self._change_zones(
            "set_zones", request, response, change=lambda before: before.replaced(zones)
        )

    def _edit_zones(self, request: Any, response: Any) -> Any:
        put = [conversions.zone_from_msg(zone) for zone in request.put]
        return self._change_zones(
            "edit_zones",
            request,
            response,
            expected=request.expected_version,
            change=lambda before: before.edited(put=put, remove=request.remove),
        )

    def _change_zones(
        self,
        action: str,
        request: Any,
        response: Any,
        *,
        change: Callable[[ZoneSet], ZoneSet],
        expected: int = 0,
    ) -> Any:
        gate = self._node.gate
        with self._changing:
            before = gate.world.zones
            refusal = self._adopted(
                "zones",
                before.version,
                expected,
                prepare=lambda: change(before),
                adopt=lambda fresh: gate.world.adopt_zones(
                    fresh, position=gate.joints.position if gate.joints.known else None
                ),
                in_force=lambda: gate.world.zones,
            )
            if refusal is None:
                response.error_msg = self._keep_zones(action, request.source, before)
            return self._answer(response, refusal, gate.world.zones.version)

    def _keep_zones(self, action: str, source: str, before: ZoneSet) -> str:
        """Publish, store and audit the zones in force; returns what went wrong, or nothing."""
        node, zones = self._node, self._node.gate.world.zones
        node.reports.publish_zones()
        node.get_logger().info(
            f"zones version {zones.version} set by {source or 'unknown caller'!r}: "
            f"{[zone.name for zone in zones.zones]}"
        )
        was, is_now = changes(
            {zone.name: zone_store.as_json(zone) for zone in before.zones},
            {zone.name: zone_store.as_json(zone) for zone in zones.zones},
        )
        audited = self._record(action, source, before=was, after=is_now, version=zones.version)
        return self._stored("zones", zones.version, lambda f: zone_store.save(f, zones)) or audited

    # --- hazards ---------------------------------------------------------------------------------
    def _edit_hazards(self, request: Any, response: Any) -> Any:
        gate, monitor = self._node.gate, self._node.gate.world.hazard_monitor

        def prepare() -> HazardSet:
            return before.edited(
                put_kinds={
                    kind.name: conversions.hazard_kind_from_msg(kind) for kind in request.put_types
                },
                remove_kinds=request.remove_types,
                put=[conversions.hazard_from_msg(hazard) for hazard in request.put],
                remove=request.remove,
            )

        with self._changing:
            before = monitor.hazards
            refusal = self._adopted(
                "hazards",
                before.version,
                request.expected_version,
                prepare=prepare,
                adopt=gate.world.adopt_hazards,
                in_force=lambda: monitor.hazards,
            )
            if refusal is None:
                response.error_msg = self._keep_hazards(request.source, before)
            return self._answer(response, refusal, monitor.hazards.version)

    def _keep_hazards(self, source: str, before: HazardSet) -> str:
        node, hazards = self._node, self._node.gate.world.hazard_monitor.hazards
        node.reports.publish_hazards()
        node.get_logger().info(
            f"hazards version {hazards.version} set by {source or 'unknown caller'!r}: "
            f"{[hazard.id for hazard in hazards.placed]}"
        )
        was, is_now = changes(_hazards_as_json(before), _hazards_as_json(hazards))
        audited = self._record(
            "edit_hazards", source, before=was, after=is_now, version=hazards.version
        )
        stored = self._stored("hazards", hazards.version, lambda f: hazard_store.save(f, hazards))
        return stored or audited

    # --- what changes have in common -------------------------------------------------------------
    def _adopted(
        self,
        what: str,
        version: int,
        expected: int,
        *,
        prepare: Callable[[], Any],
        adopt: Callable[[Any], Reason | None],
        in_force: Callable[[], Any],
    ) -> Reason | None:
        """Make a change ready and have the loop carry it out; returns why it is refused."""
        if expected and expected != version:
            return version_conflict(what, expected, version)
        invalid = ErrorCode.ZONE_INVALID if what == "zones" else ErrorCode.HAZARD_INVALID
        abandoned = threading.Event()

        def carry_out() -> Reason | None:
            return None if abandoned.is_set() else adopt(fresh)

        try:
            fresh = prepare()
            refusal: Reason | None = self._node.calls.ask(carry_out)
        except SafetyError as error:
            subject = getattr(error, "zone", "") or getattr(error, "subject", what)
            return Reason(invalid, subject, str(error))
        except TimeoutError as error:
            # Nobody may be told that a change failed which then comes into force unseen.
            abandoned.set()
            return None if in_force() is fresh else Reason(invalid, what, str(error))
        return refusal

    def _answer(self, response: Any, refusal: Reason | None, version: int) -> Any:
        response.success = refusal is None
        if refusal is not None:
            response.error_code, response.error_msg = int(refusal.code), refusal.text
        response.version = version
        return response

    def _stored(self, what: str, version: int, save: Callable[[Any], None]) -> str:
        node = self._node
        if node.state_dir is None:
            return ""
        try:
            save(node.state_dir)
        except OSError as error:
            problem = f"{what} are in force but not kept over a restart: {error}"
            node.diagnose(what, "warn", problem)
            return problem
        node.diagnose(what, "ok", f"version {version} stored in {node.state_dir}")
        return ""

    def _record(self, action: str, source: str, **values: Any) -> str:
        problem = self._audit.append(action, source=source, now=self._node.now(), **values)
        self._tell_audit(problem)
        return problem

    def keep_audit(self) -> None:
        """Try again to write what the disk did not take; from a service thread."""
        if self._audit.waiting:
            self._tell_audit(self._audit.flush())

    def _tell_audit(self, problem: str) -> None:
        if self._audit.path is not None:
            text = problem or f"every change is written to {self._audit.path}"
            self._node.diagnose("audit", "warn" if problem else "ok", text)


def _hazards_as_json(hazards: HazardSet) -> dict[str, Any]:
    kinds = {f"kind {name}": asdict(kind) for name, kind in hazards.custom.items()}
    return kinds | {hazard.id: asdict(hazard) for hazard in hazards.placed}
