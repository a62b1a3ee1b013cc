"""The safety gate as a process, over DDS."""

import itertools
from typing import Any

import numpy as np
import pytest
from geometry_msgs.msg import Point

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import SafetyStatus, SafetyViolation, SafetyZone
from dynamical_interfaces.srv import EmergencyStop, ResetSafety, SetSafetyZones

ELBOW = "right_elbow_joint"


def test_safe_commands_carry_a_rising_sequence_and_a_valid_seal(cell: Any) -> None:
    commands = cell.wait(
        lambda: cell.commands[-20:] if len(cell.commands) > 20 else None, "commands"
    )
    assert all(a.sequence < b.sequence for a, b in itertools.pairwise(commands))
    for command in commands:
        assert bytes(command.authentication_tag) == cell.tag(command)
    forged = commands[-1]
    forged.position[0] += 0.1
    assert bytes(forged.authentication_tag) != cell.tag(forged)


def test_a_sane_request_moves_the_set_point_to_where_it_asks(cell: Any) -> None:
    index = cell.names.index(ELBOW)
    goal = cell.goal.copy()
    goal[index] += 0.2
    cell.goal = goal
    cell.wait(lambda: abs(cell.set_point()[index] - goal[index]) < 1e-6, "the motion")
    cell.wait(lambda: cell.statuses[-1].passed_trajectory_id == 5, "passed trajectory")


REFUSED = {
    "nan": (ErrorCode.COMMAND_NOT_FINITE, {"position": "nan"}),
    "infinite speed": (ErrorCode.COMMAND_NOT_FINITE, {"velocity": "inf"}),
    "stale": (ErrorCode.COMMAND_STALE, {"stamp": "old"}),
    "out of order": (ErrorCode.COMMAND_OUT_OF_ORDER, {"sequence": 1}),
    "unknown joint": (ErrorCode.COMMAND_UNKNOWN_JOINT, {"joint_names": "tail"}),
    "too few values": (ErrorCode.COMMAND_WRONG_SIZE, {"position": [0.0]}),
    "oversized": (ErrorCode.POSITION_LIMIT, {"position": "far"}),
    "bad scale": (ErrorCode.COMMAND_NOT_FINITE, {"stiffness_scale": float("nan")}),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_command_is_refused_and_the_set_point_stays(cell: Any, name: str) -> None:
    code, changes = REFUSED[name]
    changes = dict(changes)
    # The sane commands that keep the gate in NORMAL ask for the place where the robot is.
    before = cell.set_point()
    index = cell.names.index(ELBOW)
    shifted = (cell.goal + 0.1).tolist()
    message = cell.request(position=shifted)
    for field, value in changes.items():
        if value == "nan":
            message.position[index] = float("nan")
        elif value == "inf":
            message.velocity[index] = float("inf")
        elif value == "old":
            message.header.stamp.sec -= 1
        elif value == "tail":
            message.joint_names[index] = "tail_joint"
        elif value == "far":
            message.position[index] += 1.0
        else:
            setattr(message, field, value)
    cell.send(message)
    violation = cell.wait_for_violation(code)
    assert violation.action == SafetyViolation.ACTION_REFUSED
    assert violation.source == "control"
    assert violation.reason.text
    np.testing.assert_allclose(cell.set_point(), before, atol=1e-6)


def test_a_person_who_comes_slows_then_stops_and_leaving_lets_go_on(cell: Any) -> None:
    cell.person = (1.05, 0.0)
    slow = cell.wait_for_state(SafetyStatus.STATE_REDUCED)
    assert slow.reasons[0].code == ErrorCode.PERSON_NEAR
    cell.wait(lambda: 0.0 < cell.statuses[-1].speed_scale < 0.9, "slowing")
    assert cell.statuses[-1].nearest_link
    cell.person = (0.8, 0.0)
    stop = cell.wait_for_state(SafetyStatus.STATE_PROTECTIVE_STOP)
    assert stop.stop_category == SafetyStatus.STOP_CATEGORY_2
    assert stop.speed_scale == 0.0
    assert not stop.reset_required
    assert stop.human_distance < 0.6
    held = cell.set_point()
    cell.goal = held + 0.2
    cell.wait(
        lambda: len(cell.statuses) > 0 and cell.statuses[-1].ticks > stop.ticks + 300, "time"
    )
    np.testing.assert_allclose(cell.set_point(), held, atol=1e-3)
    cell.goal = held
    cell.person = None
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)


@pytest.mark.parametrize(
    ("category", "state"),
    [(0, SafetyStatus.STATE_EMERGENCY_STOP), (1, SafetyStatus.STATE_CONTROLLED_STOP)],
)
def test_an_emergency_stop_holds_until_it_is_reset(cell: Any, category: int, state: int) -> None:
    answer = cell.call(
        "safety/stop",
        EmergencyStop.Request(source="test", reason="trying", stop_category=category),
    )
    assert answer.success
    status = cell.wait_for_state(state)
    assert status.reset_required
    assert status.stop_category == category
    assert "trying" in status.reasons[0].text
    cell.wait(lambda: (cell.commands[-1].stiffness_scale == 0.0) == (category == 0), "stiffness")
    answer = cell.call("safety/reset", ResetSafety.Request(source="test"))
    assert answer.success
    assert answer.error_code == 0
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)


def test_dead_perception_stops_the_robot_and_no_reset_helps_until_it_is_back(cell: Any) -> None:
    cell.wait(lambda: cell.statuses[-1].passed_trajectory_id == 5, "some motion")
    cell.seeing = False
    status = cell.wait_for_state(SafetyStatus.STATE_CONTROLLED_STOP)
    assert ErrorCode.TRACKS_STALE in [reason.code for reason in status.reasons]
    answer = cell.call("safety/reset", ResetSafety.Request(source="test"))
    assert not answer.success
    assert answer.error_code == ErrorCode.RESET_REFUSED
    assert "tracks" in answer.error_msg
    cell.seeing = True
    cell.wait(lambda: cell.statuses[-1].tracks_age < 0.5, "tracks")
    assert cell.call("safety/reset", ResetSafety.Request(source="test")).success
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)


def test_silent_control_stops_the_robot_and_goes_on_when_it_speaks_again(cell: Any) -> None:
    cell.requesting = False
    status = cell.wait_for_state(SafetyStatus.STATE_PROTECTIVE_STOP)
    assert status.reasons[0].code == ErrorCode.COMMAND_SILENT
    cell.requesting = True
    cell.wait_for_state(SafetyStatus.STATE_NORMAL, SafetyStatus.STATE_CONTROLLED_STOP)


def test_zones_are_set_published_refused_and_stored(cell: Any, gate: Any) -> None:
    good = SafetyZone(name="aisle", zone_type=SafetyZone.TYPE_STOP, height_max=2.0)
    good.polygon = [Point(x=x, y=y) for x, y in ((3.0, -1.0), (4.0, -1.0), (4.0, 1.0))]
    answer = cell.call("safety/set_zones", SetSafetyZones.Request(source="test", zones=[good]))
    assert answer.success, answer.error_msg
    cell.wait(lambda: cell.zones is not None and cell.zones.version == answer.version, "zones")
    assert [zone.name for zone in cell.zones.zones] == ["aisle"]
    assert "aisle" in (gate.folder / "state" / "zones.json").read_text()

    bad = SafetyZone(name="bow tie", zone_type=SafetyZone.TYPE_STOP, height_max=2.0)
    bad.polygon = [Point(x=x, y=y) for x, y in ((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))]
    refused = cell.call("safety/set_zones", SetSafetyZones.Request(source="test", zones=[bad]))
    assert not refused.success
    assert refused.error_code == ErrorCode.ZONE_INVALID
    assert "bow tie" in refused.error_msg
    assert refused.version == answer.version

    here = SafetyZone(name="here", zone_type=SafetyZone.TYPE_KEEP_OUT, height_max=2.0)
    here.polygon = [
        Point(x=x, y=y) for x, y in ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))
    ]
    refused = cell.call("safety/set_zones", SetSafetyZones.Request(source="test", zones=[here]))
    assert refused.error_code == ErrorCode.ZONE_OCCUPIED

    cell.person = (3.8, 0.0)
    status = cell.wait_for_state(SafetyStatus.STATE_PROTECTIVE_STOP)
    assert status.reasons[0].subject == "aisle"
    cell.person = None
    assert cell.call("safety/set_zones", SetSafetyZones.Request(source="test")).success
