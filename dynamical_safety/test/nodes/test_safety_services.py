"""The services that change zones and hazards, against the gate as a process."""

import json
from typing import Any

import pytest
from geometry_msgs.msg import Point

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import Hazard, HazardArray, HazardType, SafetyStatus, SafetyZone
from dynamical_interfaces.runtime.endpoints import qos_profile
from dynamical_interfaces.srv import (
    EditHazards,
    EditSafetyZones,
    EmergencyStop,
    ResetSafety,
    SetSafetyZones,
)
from dynamical_safety import audit

AISLE = ((3.0, -1.0), (4.0, -1.0), (4.0, 1.0))


def zone(name: str, kind: int = SafetyZone.TYPE_STOP, **changes: Any) -> SafetyZone:
    polygon = [Point(x=x, y=y) for x, y in changes.pop("polygon", AISLE)]
    return SafetyZone(name=name, zone_type=kind, height_max=2.0, polygon=polygon, **changes)


def edit(cell: Any, **changes: Any) -> Any:
    return cell.call("safety/edit_zones", EditSafetyZones.Request(source="test", **changes))


def edit_hazards(cell: Any, **changes: Any) -> Any:
    return cell.call("safety/edit_hazards", EditHazards.Request(source="test", **changes))


@pytest.fixture(autouse=True)
def _as_it_was(cell: Any) -> Any:
    yield
    cell.person = None
    assert cell.call("safety/set_zones", SetSafetyZones.Request(source="test")).success


def test_single_zones_are_edited_with_a_version_and_every_change_is_audited(
    cell: Any, gate: Any
) -> None:
    first = edit(cell, put=[zone("aisle"), zone("corner")])
    assert first.success, first.error_msg
    second = edit(cell, expected_version=first.version, remove=["corner"])
    assert (second.success, second.version) == (True, first.version + 1)
    cell.wait(lambda: cell.zones.version == second.version, "zones")
    assert [item.name for item in cell.zones.zones] == ["aisle"]

    late = edit(cell, expected_version=first.version, put=[zone("late")])
    assert (late.success, late.error_code) == (False, ErrorCode.VERSION_CONFLICT)
    assert late.version == second.version
    unknown = edit(cell, remove=["nothing"])
    assert unknown.error_code == ErrorCode.ZONE_INVALID
    assert "'nothing'" in unknown.error_msg
    half = edit(cell, put=[zone("good"), zone("bad", height_min=3.0)])
    assert half.error_code == ErrorCode.ZONE_INVALID
    assert half.version == second.version

    path = gate.folder / "state" / audit.FILE_NAME
    assert audit.verify(path) is None
    newest = [entry for entry in audit.read(path) if entry["action"] == "edit_zones"][-2:]
    assert newest[0]["source"] == "test"
    assert set(newest[0]["after"]) == {"aisle", "corner"}
    assert newest[1]["before"]["corner"]["name"] == "corner"
    assert newest[1]["after"] == {"corner": None}
    assert newest[1]["version"] == second.version


def test_a_zone_for_links_is_refused_where_the_robot_is_and_names_the_link(cell: Any) -> None:
    around = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    here = zone("here", applies_to=SafetyZone.APPLIES_BOTH, polygon=around)
    refused = edit(cell, put=[here])
    assert refused.error_code == ErrorCode.ZONE_OCCUPIED
    assert "link" in refused.error_msg


def test_a_person_in_a_limit_zone_limits_the_speed_of_links(cell: Any) -> None:
    limit = zone("limit", SafetyZone.TYPE_LIMIT, speed_limit=0.25)
    assert edit(cell, put=[limit]).success
    cell.person = (3.8, 0.0)
    status = cell.wait_for_state(SafetyStatus.STATE_REDUCED)
    assert status.reasons[0].code == ErrorCode.ZONE_OCCUPIED
    assert "0.25 m/s" in status.reasons[0].text
    assert 0.0 < cell.statuses[-1].speed_scale < 1.0


def test_hazards_are_placed_act_are_published_kept_and_audited(cell: Any, gate: Any) -> None:
    heard: list[Any] = []
    topic = graph.topic("safety/hazards")
    cell.node.create_subscription(
        HazardArray, "safety/hazards", heard.append, qos_profile(topic.profile)
    )
    kind = HazardType(name="GLASS_CART", severity=0.8, behaviour="stop", clearance=1.0)
    truck = Hazard(id="cart", hazard_type="GLASS_CART", severity=0.1, confidence=1.0)
    truck.position.x, truck.position.z = 1.2, 1.0
    placed = edit_hazards(cell, put_types=[kind], put=[truck])
    assert placed.success, placed.error_msg
    status = cell.wait_for_state(SafetyStatus.STATE_PROTECTIVE_STOP)
    assert (status.reasons[0].code, status.reasons[0].subject) == (ErrorCode.HAZARD_NEAR, "cart")
    cell.wait(lambda: heard and heard[-1].version == placed.version, "hazards")
    assert [(h.id, h.behaviour) for h in heard[-1].hazards] == [("cart", "stop")]
    types = {item.name: item.built_in for item in heard[-1].types}
    assert (types["GLASS_CART"], types["FORKLIFT"]) == (False, True)
    assert "cart" in (gate.folder / "state" / "hazards.json").read_text()

    bad = edit_hazards(cell, put=[Hazard(id="x", hazard_type="STAIRS", severity=float("nan"))])
    assert bad.error_code == ErrorCode.HAZARD_INVALID
    late = edit_hazards(cell, expected_version=placed.version + 7, remove=["cart"])
    assert late.error_code == ErrorCode.VERSION_CONFLICT
    gone = edit_hazards(cell, remove=["cart"], remove_types=["GLASS_CART"])
    assert gone.success, gone.error_msg
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)
    entry = audit.read(gate.folder / "state" / audit.FILE_NAME)[-1]
    assert entry["action"] == "edit_hazards"
    assert entry["after"] == {"cart": None, "kind GLASS_CART": None}


def test_stops_and_resets_stand_in_the_audit(cell: Any, gate: Any) -> None:
    request = EmergencyStop.Request(source="anna", reason="trying", stop_category=1)
    assert cell.call("safety/stop", request).success
    cell.wait_for_state(SafetyStatus.STATE_CONTROLLED_STOP)
    assert cell.call("safety/reset", ResetSafety.Request(source="ben")).success
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)
    path = gate.folder / "state" / audit.FILE_NAME
    stop, reset = audit.read(path, last=2)
    assert (stop["action"], stop["source"], stop["after"]["reason"]) == ("stop", "anna", "trying")
    assert (reset["action"], reset["source"]) == ("reset", "ben")
    assert reset["before"]["state"] == "CONTROLLED_STOP"
    assert json.dumps(reset)
    assert audit.verify(path) is None
