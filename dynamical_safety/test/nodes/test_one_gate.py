"""There is one gate, it survives being killed, and it does not start half-ready."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest
from geometry_msgs.msg import Point
from visualization_msgs.msg import MarkerArray

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import HazardArray, JointCommand, SafetyStatus, SafetyZone
from dynamical_interfaces.runtime.endpoints import qos_profile
from dynamical_interfaces.srv import ResetSafety, SetSafetyZones


def started_beside(gate: Any, folder: Path, **environment: str) -> tuple[int, str]:
    """Exit code and output of one more gate process."""
    done = subprocess.run(
        gate.command,
        env={**os.environ, "DYNAMICAL_SEAL_KEY_FILE": str(gate.key_file), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=30,
        cwd=folder,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def test_a_second_gate_refuses_to_start_and_names_the_first(
    cell: Any, gate: Any, tmp_path: Path
) -> None:
    code, output = started_beside(gate, tmp_path)
    assert code != 0
    assert "TWO_GATES" in output
    assert "/thor_001/safety_gate" in output
    assert cell.statuses[-1].state != SafetyStatus.STATE_FAULT


def test_another_writer_of_safe_commands_is_a_fault_until_it_is_gone(cell: Any) -> None:
    topic = graph.topic("safe_command")
    rogue = cell.node.create_publisher(JointCommand, "safe_command", qos_profile(topic.profile))
    status = cell.wait_for_state(SafetyStatus.STATE_FAULT)
    assert status.reasons[0].code == ErrorCode.TWO_GATES
    assert "/thor_001/cell" in status.reasons[0].text
    assert status.reset_required
    cell.node.destroy_publisher(rogue)
    cell.wait(
        lambda: cell.call("safety/reset", ResetSafety.Request(source="test")).success, "reset"
    )
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)


def test_a_person_is_reported_as_a_hazard_with_a_marker(cell: Any) -> None:
    heard: dict[str, Any] = {}
    for name, kind in (("safety/hazards", HazardArray), ("safety/markers", MarkerArray)):
        cell.node.create_subscription(
            kind,
            name,
            lambda message, name=name: heard.update({name: message}),
            qos_profile(graph.topic(name).profile),
        )
    cell.person = (2.5, 0.5)
    hazards = cell.wait(
        lambda: "safety/hazards" in heard and list(heard["safety/hazards"].hazards), "a hazard"
    )
    assert hazards[0].id == "person_9"
    assert hazards[0].hazard_type == "PERSON"
    assert hazards[0].position.x == pytest.approx(2.5)
    assert heard["safety/hazards"].header.frame_id == "odom"
    cell.wait(
        lambda: (
            "safety/markers" in heard
            and [marker.ns for marker in heard["safety/markers"].markers if marker.ns]
        ),
        "a marker",
    )


def test_a_killed_gate_comes_back_with_its_zones_and_a_higher_sequence(
    cell: Any, gate: Any
) -> None:
    zone = SafetyZone(name="kept", zone_type=SafetyZone.TYPE_SLOW, height_max=2.0, speed_scale=0.5)
    zone.polygon = [Point(x=x, y=y) for x, y in ((5.0, 5.0), (6.0, 5.0), (6.0, 6.0))]
    answer = cell.call("safety/set_zones", SetSafetyZones.Request(source="test", zones=[zone]))
    assert answer.success
    before = cell.commands[-1].sequence
    cell.zones = None
    gate.process.send_signal(signal.SIGKILL)
    gate.process.wait(10)
    del cell.statuses[:], cell.commands[:]
    gate.start()
    cell.wait(lambda: cell.statuses, "first status after the restart")
    cell.wait_for_state(SafetyStatus.STATE_NORMAL)
    assert cell.wait(lambda: cell.commands[-1:], "safe command")[0].sequence > before
    zones = cell.wait(lambda: cell.zones, "zones after the restart")
    assert [item.name for item in zones.zones] == ["kept"]
    assert zones.version == answer.version


def test_a_gate_without_its_key_says_so_and_exits(gate: Any, tmp_path: Path) -> None:
    code, output = started_beside(gate, tmp_path, DYNAMICAL_SEAL_KEY_FILE="/nowhere/key")
    assert code == 1
    assert "/nowhere/key" in output


def test_a_wrong_parameter_is_refused_at_start(robot: Any, gate: Any, tmp_path: Path) -> None:
    command = [*gate.command, "-p", "stop_distance:=-1.0"]
    done = subprocess.run(command, capture_output=True, timeout=30, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert b"stop_distance" in done.stderr
