"""The driver as a real process: only sealed commands move the robot, silence stops it."""

import math
import time

import numpy as np
import pytest
from geometry_msgs.msg import Point

from dynamical_control.simulation.layout import START_POSTURE
from dynamical_interfaces.errors import ErrorCode

ELBOW = "right_elbow_joint"


@pytest.fixture(scope="module", autouse=True)
def driver(probe):
    process = probe.start("robot_driver")
    probe.listen(
        "joint_states", "simulation/state", "simulation/objects", "timing", "/diagnostics"
    )
    probe.wait(lambda: "joint_states" in probe.newest, "joint states")
    return process


@pytest.fixture(autouse=True)
def fresh_world(probe, driver):
    """Every test begins with a silent gate that may be followed, and the robot at its start."""
    probe.silence_gate()
    probe.permitting = True
    probe.newest.pop("joint_states", None)
    answer = probe.call("simulation/reset", seed=0, reset_robot=True)
    assert answer.success
    probe.wait(lambda: "joint_states" in probe.newest, "joint states after the reset")
    yield
    probe.silence_gate()
    probe.permitting = True


def start(probe):
    return np.array([START_POSTURE.get(name, 0.0) for name in probe.names])


def bent(probe, angle):
    position = start(probe)
    position[probe.names.index(ELBOW)] = angle
    return position


def passes(probe, seconds):
    """Wait until the newest joint state is that much younger, so that motion had time to show."""
    end = time.time() + seconds
    probe.wait(
        lambda: (
            probe.newest["joint_states"].header.stamp.sec
            + probe.newest["joint_states"].header.stamp.nanosec * 1e-9
            > end
        ),
        "joint states go on",
    )


def health(probe, entry):
    """Newest diagnostics entry of that name, or ``None``."""
    message = probe.newest.get("/diagnostics")
    found = [s for s in message.status if s.name.endswith(entry)] if message else []
    return found[0] if found else None


def test_joint_states_carry_position_velocity_and_effort_in_urdf_order(probe):
    message = probe.newest["joint_states"]
    assert tuple(message.name) == probe.names
    assert len(message.position) == len(message.velocity) == len(message.effort) == 43
    np.testing.assert_allclose(message.position, start(probe), atol=0.01)
    assert max(abs(value) for value in message.effort) > 0.5


def test_a_sealed_command_moves_the_robot(probe):
    first = time.time_ns()
    probe.play_gate(lambda t: bent(probe, -0.4 + 0.3 * min(t, 1.0)), first=first)
    assert probe.joint(ELBOW) == pytest.approx(-0.4, abs=0.1)
    probe.wait(lambda: probe.joint(ELBOW) > -0.15, "the elbow follows")


@pytest.mark.parametrize("key", [bytes(32), b"1" * 32], ids=["zero key", "guessed key"])
def test_commands_of_anyone_else_do_not_move_the_robot_and_are_reported(probe, key):
    probe.play_gate(lambda t: bent(probe, 0.5), first=time.time_ns(), key=key)
    passes(probe, 0.5)
    assert probe.joint(ELBOW) == pytest.approx(-0.4, abs=0.01)
    entry = probe.wait(
        lambda: (e := health(probe, "authenticity")) and e.level == b"\x02" and e, "a report"
    )
    assert {"code": str(int(ErrorCode.COMMAND_NOT_AUTHENTIC))} == {
        item.key: item.value for item in entry.values
    }


def test_an_unsealed_command_does_not_move_the_robot(probe):
    message = probe.command(bent(probe, 0.5), sequence=time.time_ns())
    message.authentication_tag = []
    for _ in range(50):
        probe.commands.publish(message)
    passes(probe, 0.3)
    assert probe.joint(ELBOW) == pytest.approx(-0.4, abs=0.01)


def test_a_replayed_command_does_not_move_the_robot_again(probe):
    first = time.time_ns()
    recorded = probe.command(bent(probe, 0.3), sequence=first)
    probe.play_gate(lambda t: start(probe), first=first + 1)
    passes(probe, 0.2)
    for _ in range(50):
        probe.commands.publish(recorded)
    passes(probe, 0.3)
    assert probe.joint(ELBOW) == pytest.approx(-0.4, abs=0.02)


def test_silence_of_the_gate_stops_the_robot_and_is_reported(probe):
    probe.play_gate(lambda t: bent(probe, -0.4 + 0.5 * t), first=time.time_ns())
    probe.wait(lambda: probe.joint(ELBOW) > -0.2, "the elbow moves")
    probe.silence_gate()
    probe.wait(
        lambda: (e := health(probe, "robot_driver: commands")) and "ceased" in e.message,
        "the driver says that commands have ceased",
    )
    stopped = probe.joint(ELBOW)
    passes(probe, 0.3)
    assert probe.joint(ELBOW) == pytest.approx(stopped, abs=0.005)


@pytest.mark.parametrize("permitting", [False, None], ids=["withdrawn", "silent"])
def test_without_a_permit_the_robot_brakes_and_holds_although_the_gate_goes_on(probe, permitting):
    probe.play_gate(lambda t: bent(probe, -0.4 + 0.5 * min(t, 2.0)), first=time.time_ns())
    probe.wait(lambda: probe.joint(ELBOW) > -0.2, "the elbow moves")
    probe.permitting = permitting
    entry = probe.wait(
        lambda: (e := health(probe, "robot_driver: permit")) and e.level == b"\x01" and e,
        "the driver says that it has no permit",
    )
    assert ("as the test wants it" if permitting is False else "ms old") in entry.message
    held = probe.joint(ELBOW)
    passes(probe, 0.5)
    assert probe.joint(ELBOW) == pytest.approx(held, abs=0.01)
    assert held < 0.4
    assert "no permit" in health(probe, "robot_driver: commands").message
    probe.permitting = True
    probe.wait(lambda: probe.joint(ELBOW) > 0.5, "the elbow goes on when permits are back")


def test_a_permit_of_anyone_else_gives_no_leave_and_is_reported(probe):
    probe.permitting = None
    passes(probe, 0.2)
    probe.play_gate(lambda t: bent(probe, 0.5), first=time.time_ns())
    for _ in range(100):
        probe.permits.publish(probe.permit(sequence=time.time_ns(), key=bytes(32)))
        passes(probe, 0.005)
    assert probe.joint(ELBOW) == pytest.approx(-0.4, abs=0.02)
    entry = probe.wait(
        lambda: (e := health(probe, "permit authenticity")) and e.level == b"\x02" and e,
        "a report",
    )
    assert str(int(ErrorCode.COMMAND_NOT_AUTHENTIC)) in {item.value for item in entry.values}


def test_a_reset_with_a_seed_places_the_objects_again_where_it_did_before(probe):
    seen = []
    for seed in (7, 8, 7):
        assert probe.call("simulation/reset", seed=seed, reset_robot=False).success
        probe.newest.pop("simulation/objects", None)
        message = probe.wait(lambda: probe.newest.get("simulation/objects"), "object poses")
        seen.append(
            [
                (t.class_id, round(t.pose.position.x, 2), round(t.pose.position.y, 2))
                for t in message.tracks
            ]
        )
    assert seen[0] == seen[2] != seen[1]
    assert {name for name, _, _ in seen[0]} == {"cup", "cube", "bottle"}


def test_a_person_walks_up_and_leaves(probe):
    assert math.isinf(probe.newest["simulation/state"].human_distance)
    answer = probe.call(
        "simulation/move_person",
        waypoints=[Point(x=2.5), Point(x=1.4)],
        speed=1.5,
        dwell=0.0,
    )
    assert answer.success, answer.message
    probe.wait(lambda: probe.newest["simulation/state"].human_distance < 1.2, "the person is near")
    assert probe.call("simulation/move_person", waypoints=[], speed=1.0, dwell=0.0).success
    probe.wait(lambda: math.isinf(probe.newest["simulation/state"].human_distance), "it has left")


def test_a_walk_that_makes_no_sense_is_refused_with_its_number(probe):
    answer = probe.call("simulation/move_person", waypoints=[Point(x=1.0)], speed=9.0, dwell=0.0)
    assert not answer.success
    assert "9.0 m/s" in answer.message


def test_the_timing_message_tells_the_real_time_factor(probe):
    message = probe.wait(lambda: probe.newest.get("timing"), "timing")
    assert message.loop == "robot_driver"
    assert message.period == pytest.approx(0.002)
    assert not math.isnan(message.real_time_factor)


def test_without_a_seal_key_the_driver_does_not_start(domain, tmp_path, monkeypatch, probe):
    monkeypatch.setattr(probe, "key_file", tmp_path / "absent.key")
    process = probe.start("robot_driver")
    probe.processes.remove(process)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1
    assert b"absent.key" in errors
