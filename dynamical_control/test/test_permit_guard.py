"""Leave to follow the gate: what gives it, what takes it away, and what the joints do meanwhile."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.command_guard import CommandGuard, GuardLimits, Phase, SealedCommand
from dynamical_control.permit_guard import PermitGuard, PermitVerdict, SealedPermit
from dynamical_control.resumption import Resumption, ResumptionLimits
from dynamical_control.robots.robot import MotorCommand
from dynamical_interfaces import seal

KEY = bytes(range(32))
NAMES = ("shoulder", "elbow", "wrist")
FOUND = np.array([0.1, 0.2, 0.3])
START = 1000.0


def permit(sequence, *, at=START, key=KEY, permitted=True, reason="", **changes):
    """A permit sealed with ``key``; ``changes`` are made after sealing."""
    values = {
        "sequence": sequence,
        "stamp_ns": int(at * 1e9),
        "permitted": permitted,
        "reason": reason,
    }
    made = SealedPermit(tag=seal.permit_tag(key, **values), **values)
    return replace(made, **changes)


def give(permits, made, *, at=START):
    return permits.receive(made, ros_time=at, clock=at)


@pytest.fixture
def permits():
    return PermitGuard(KEY)


def test_without_any_permit_the_gate_may_not_be_followed(permits):
    assert "not given a permit yet" in permits.refusal(START)


def test_a_fresh_sealed_permit_counts_for_fifty_milliseconds_from_its_stamp(permits):
    assert permits.receive(permit(1), ros_time=START + 0.01, clock=5.0) is PermitVerdict.ACCEPTED
    assert permits.refusal(5.0) is None
    assert permits.refusal(5.039) is None
    assert "51 ms old" in permits.refusal(5.041)


def test_a_withdrawn_permit_stops_at_once_and_says_why(permits):
    give(permits, permit(1))
    give(permits, permit(2, permitted=False, reason="the gate has stalled"))
    assert "the gate has stalled" in permits.refusal(START)


@pytest.mark.parametrize(
    "forged",
    [
        permit(1, tag=b""),
        permit(1, tag=bytes(16)),
        permit(1, key=bytes(32)),
        replace(permit(1, permitted=False), permitted=True),
        replace(permit(1), sequence=2),
        replace(permit(1), stamp_ns=int(START * 1e9) + 1),
        replace(permit(1), reason="because"),
    ],
)
def test_a_permit_with_a_wrong_seal_gives_no_leave(permits, forged):
    assert give(permits, forged) is PermitVerdict.NOT_AUTHENTIC
    assert permits.refusal(START) is not None


def test_a_command_tag_is_no_permit(permits):
    tag = seal.tag(
        KEY,
        sequence=1,
        trajectory_id=0,
        stamp_ns=int(START * 1e9),
        names=seal.names_digest(NAMES),
        position=FOUND,
        velocity=FOUND,
        effort=FOUND,
        stiffness_scale=1.0,
        damping_scale=1.0,
    )
    assert give(permits, permit(1, tag=tag)) is PermitVerdict.NOT_AUTHENTIC


def test_a_replayed_permit_gives_no_leave(permits):
    first = permit(5)
    give(permits, first)
    give(permits, permit(6, permitted=False, at=START + 0.001), at=START + 0.001)
    assert give(permits, first, at=START + 0.002) is PermitVerdict.REPLAYED
    assert permits.refusal(START + 0.002) is not None


@pytest.mark.parametrize("offset", [-0.051, 0.051, 3600.0])
def test_an_old_permit_and_one_from_the_future_give_no_leave(permits, offset):
    assert give(permits, permit(1, at=START + offset)) is PermitVerdict.STALE
    assert permits.refusal(START) is not None


def test_a_restarted_watchdog_is_heard_once_the_robot_is_held(permits):
    give(permits, permit(900))
    early, late = START + 0.04, START + 0.06
    assert give(permits, permit(1, at=early), at=early) is PermitVerdict.REPLAYED
    assert give(permits, permit(1, at=late), at=late) is PermitVerdict.ACCEPTED


def command(sequence, at, position, *, velocity=0.0, stiffness=1.0):
    values = {
        "sequence": sequence,
        "trajectory_id": 7,
        "stamp_ns": int(at * 1e9),
        "position": np.full(3, float(position)),
        "velocity": np.full(3, float(velocity)),
        "effort": np.zeros(3),
    }
    scales = {"stiffness_scale": stiffness, "damping_scale": 1.0}
    tag = seal.tag(KEY, names=seal.names_digest(NAMES), **values, **scales)
    return SealedCommand(joint_names=NAMES, stiffness=stiffness, damping=1.0, tag=tag, **values)


class Run:
    """A guard with permits, ticked 500 times a second by a gate that moves."""

    def __init__(self):
        self.permits = PermitGuard(KEY)
        self.guard = CommandGuard(KEY, NAMES, limits=GuardLimits(), permits=self.permits)
        self.guard.place(np.zeros(3), 0.0)
        self.time = START
        self.tick = 0
        self.outputs = []

    def go(self, seconds, *, speed=0.0, permitted=True, stiffness=1.0, commands=True):
        """Let time pass; the gate's set-point moves with ``speed`` from where it was."""
        for _ in range(round(seconds / 0.002)):
            self.tick += 1
            self.time += 0.002
            self.position = getattr(self, "position", 0.0) + 0.002 * speed
            if permitted is not None:
                self.permits.receive(
                    permit(self.tick, at=self.time, permitted=permitted),
                    ros_time=self.time,
                    clock=self.time,
                )
            if commands:
                made = command(
                    self.tick, self.time, self.position, velocity=speed, stiffness=stiffness
                )
                self.guard.receive(made, ros_time=self.time, clock=self.time)
            output = self.guard.output(self.time)
            self.outputs.append(
                (float(output.position[0]), float(output.velocity[0]), output.stiffness)
            )
        return self.guard.phase(self.time)

    def fastest(self):
        """Largest speed of the position that the motors got, over all ticks [rad/s]."""
        return float(np.abs(np.diff([place for place, _, _ in self.outputs])).max() / 0.002)


def test_without_a_permit_the_robot_stays_where_it_was_found_however_the_gate_moves():
    run = Run()
    assert run.go(0.3, speed=1.0, permitted=None) is Phase.FORBIDDEN
    assert {place for place, _, _ in run.outputs} == {0.0}


def test_with_permits_the_gate_is_followed_exactly():
    run = Run()
    assert run.go(0.2, speed=1.0) is Phase.FOLLOWING
    assert run.outputs[-1][:2] == (pytest.approx(run.position), 1.0)


@pytest.mark.parametrize("permitted", [False, None], ids=["withdrawn", "silent"])
def test_a_lost_permit_brakes_and_holds(permitted):
    run = Run()
    run.go(0.2, speed=1.0)
    assert run.go(0.06, speed=1.0, permitted=permitted) is Phase.FORBIDDEN
    held = run.outputs[-1][0]
    assert held <= 0.2 + 0.052
    run.go(0.2, speed=1.0, permitted=permitted)
    assert run.outputs[-1][0] == held
    assert run.outputs[-1][1] == 0.0


def test_a_permit_that_comes_back_leads_to_the_gate_without_a_leap():
    run = Run()
    run.go(0.2, speed=1.0)
    run.go(0.2, speed=1.0, permitted=False)
    assert run.go(0.02, speed=0.0) is Phase.RETURNING
    assert run.go(1.5, speed=0.0) is Phase.FOLLOWING
    assert run.outputs[-1][0] == pytest.approx(run.position, abs=1e-3)
    assert run.fastest() <= 1.0 + 0.51 + 1e-6


def test_commands_that_cease_and_come_back_elsewhere_do_not_make_the_robot_leap():
    run = Run()
    run.go(0.2)
    assert run.go(0.15, commands=False) is Phase.STOPPED
    run.position = 0.3
    assert run.go(0.1) is Phase.RETURNING
    run.go(1.0)
    assert run.outputs[-1][0] == pytest.approx(0.3, abs=1e-3)
    assert run.fastest() <= 0.51


def test_without_a_permit_the_gate_can_still_take_the_torque_away_and_give_it_back():
    run = Run()
    run.go(0.1)
    run.go(0.1, permitted=None)
    run.position = -0.4  # the gate's set-point goes with the robot, which sinks
    run.go(0.1, permitted=None, stiffness=0.0)
    assert run.outputs[-1][2] == 0.0
    assert run.outputs[-1][0] == -0.4
    run.go(0.1, permitted=None)
    assert run.outputs[-1][0] == -0.4
    assert run.outputs[-1][2] == 1.0


@given(
    start=st.floats(-2.0, 2.0),
    goal=st.floats(-2.0, 2.0),
    speed=st.floats(-2.0, 2.0),
    ticks=st.lists(st.floats(0.0, 0.05), min_size=1, max_size=200),
)
def test_the_way_back_is_never_faster_than_allowed_and_never_overshoots(start, goal, speed, ticks):
    limits = ResumptionLimits()
    way = Resumption(1, limits)
    way.begin(np.array([start]), START)
    clock, before = START, start
    command = MotorCommand(np.array([goal]), np.array([speed]), np.zeros(1))
    for tick in ticks:
        clock += tick
        place = float(way.step(command, clock).position[0])
        if not way.active:
            assert abs(place - before) <= 1e-3 + 1e-9
            break
        allowed = max(limits.speed, abs(speed)) * min(tick, 0.02)
        assert abs(place - before) <= allowed + 1e-9
        assert abs(goal - place) <= abs(goal - before) + 1e-9
        before = place
