"""The parts of the fault campaign that need no running platform."""

import json
import math
from collections import Counter

import numpy as np
import pytest

from dynamical_bringup.faults import report
from dynamical_bringup.faults.alterations import CONTENT, Transport, black
from dynamical_bringup.faults.campaign import Trial
from dynamical_bringup.faults.catalogue import FAULTS
from dynamical_bringup.faults.evidence import Evidence, Joints, Room, SetPoint, Word
from dynamical_bringup.faults.fault import (
    SILENT,
    Fault,
    Freeze,
    Group,
    Kill,
    Recovery,
    Relay,
    Rogue,
    Slow,
    gravest,
    states,
)
from dynamical_bringup.faults.forgeries import FORGERIES, SEQUENCE_AHEAD
from dynamical_bringup.faults.judge import Recovered, judge
from dynamical_bringup.faults.stage import CLOCKED, RELAYED
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces import graph
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.msg import JointCommand
from dynamical_safety.limits import gate_limits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.state_machine import RULES, State

NAMES = {fault.name for fault in FAULTS}
FINE = Recovered(worked=True, resets=0, seconds=1.0)


# --- the catalogue --------------------------------------------------------------------------------
def test_there_are_at_least_forty_faults_of_every_group_and_no_name_twice():
    assert len(FAULTS) == len(NAMES) >= 40
    assert {fault.group for fault in FAULTS} == set(Group)
    assert all(name.replace("_", "").isalnum() and name == name.lower() for name in NAMES)


def test_each_node_is_killed_frozen_and_slowed():
    every = set(graph.CORE_NODES)
    by_kind = Counter()
    for fault in FAULTS:
        for action in fault.actions:
            if isinstance(action, Kill | Freeze | Slow):
                by_kind[(type(action), action.node)] += 1
    for kind in (Kill, Freeze, Slow):
        assert {node for k, node in by_kind if k is kind} >= every, kind


def test_there_is_a_rogue_for_each_topic_of_the_command_path():
    rogue = {a.topic for f in FAULTS for a in f.actions if isinstance(a, Rogue)}
    assert rogue == set(FORGERIES)


def test_every_expectation_is_a_state_and_every_code_one_of_a_rule_or_the_watchdog():
    known = {state.name for state in State} | {SILENT}
    watchdog = {233, 234, 235, 239, 240, 242}
    codes = {int(rule.code) for rule in RULES} | watchdog
    for fault in FAULTS:
        assert fault.expected <= known, fault.name
        assert {int(code) for code in fault.codes} <= codes, fault.name
        assert fault.bound is None or 0 < fault.bound <= fault.seconds * 1000 + 1, fault.name
        if fault.bound is not None:
            assert fault.expected != states(State.NORMAL), fault.name


def test_relays_and_clocks_of_faults_are_there_in_their_scene():
    for fault in FAULTS:
        relayed = {t for topics in RELAYED.get(fault.scene, {}).values() for t in topics}
        for action in (*fault.before, *fault.actions):
            if isinstance(action, Relay):
                assert set(action.topics) <= relayed, fault.name
                assert action.mode in {*Transport.MODES, *CONTENT, "black"}, fault.name
            if type(action).__name__ == "SetClock":
                assert action.node in CLOCKED, fault.name


# --- alterations ----------------------------------------------------------------------------------
def messages(count):
    return [bytes(4) + n.to_bytes(8, "little") + bytes([n]) * 4 for n in range(count)]


def sent(mode, value, count=12, period=0.1):
    transport = Transport(mode, value)
    out = []
    for n, raw in enumerate(messages(count)):
        out += [(n, message) for message in transport.pass_on(raw, n * period)]
    return out


def test_a_faithful_relay_passes_everything_on_at_once():
    assert [message for _, message in sent("faithful", 0)] == messages(12)


def test_dropping_loses_about_its_share_and_silence_all():
    assert 20 < len(sent("drop", 0.5, count=80)) < 60
    assert not sent("silent", 0)


def test_delayed_messages_come_in_order_and_late():
    for n, message in sent("delay", 0.35):
        assert n * 0.1 - messages(12).index(message) * 0.1 >= 0.35


def test_reordered_messages_all_come_and_backwards_in_batches():
    got = [messages(12).index(message) for _, message in sent("reorder", 4)]
    assert got == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]


def test_a_frozen_message_keeps_its_contents_and_gets_fresh_stamps():
    for n, (_, message) in enumerate(sent("freeze", 0)):
        assert message[4:12] == n.to_bytes(8, "little")
        assert message[12:] == messages(1)[0][12:]


def test_a_black_picture_keeps_its_size_and_head():
    raw = bytes(range(256)) * 40
    assert len(black(raw)) == len(raw)
    assert black(raw)[:256] == raw[:256]
    assert not any(black(raw)[256:])


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'sideways'; there are faithful"):
        Transport("sideways")


@pytest.mark.parametrize("mode", ["nan", "infinite", "huge", "too short", "unknown joint", "leap"])
def test_contents_are_changed_as_named(mode):
    message = JointCommand(joint_names=["a", "b", "c"], position=[0.1, 0.2, 0.3])
    changed = CONTENT[mode]()(message, 1.0, np.random.default_rng(0))
    values = np.array(changed.position)
    assert {
        "nan": lambda: math.isnan(values[1]),
        "infinite": lambda: math.isinf(values[1]),
        "huge": lambda: values[1] == 1e12,
        "too short": lambda: len(values) == 2,
        "unknown joint": lambda: changed.joint_names[1] == "tail_joint",
        "leap": lambda: np.allclose(values, [1.1, 1.2, 1.3]),
    }[mode]()


# --- judging --------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def limits():
    return gate_limits(load_urdf(ensure_robot_model().urdf), SafetyGateParameters())


def word(at, state, *codes):
    return Word(
        at=at, stamp=at, state=state, reset_required=False, ticks=round(at * 1000),
        reasons=tuple((code, f"reason {code}") for code in codes), speed_scale=1.0,
    )  # fmt: skip


def recorded(limits, *, stop_at=1.05, state="PROTECTIVE_STOP", code=221, until=4.0, leap=0.0):
    """A robot that moves at 0.5 rad/s along one joint, and is stopped at a time."""
    count = len(limits.names)
    start = (limits.lower + limits.upper) / 2
    words, points, joints, rooms = [], [], [], []
    for n in range(round(until / 0.002)):
        at = n * 0.002
        velocity = np.zeros(count)
        velocity[-1] = 0.5 if at < stop_at else 0.0
        position = start.copy()
        position[-1] += 0.5 * min(at, stop_at) * 0.1 + (leap if at > 2.0 else 0.0)
        position[0] += 1e-3
        points.append(
            SetPoint(
                at=at,
                stamp=at,
                sequence=n + 1,
                source="safety_gate",
                position=position,
                velocity=np.zeros(count),
            )
        )
        joints.append(Joints(at=at, stamp=at, position=position, velocity=velocity))
        if n % 5 == 0:
            on = stop_at <= at < 3.0
            words.append(word(at, state if on else "NORMAL", *((code,) if on else ())))
        if n % 10 == 0:
            rooms.append(Room(at=at, time=at, distance=1.2, qpos=position))
    return Evidence(words, points, joints, rooms)


def row_of(limits, evidence, *, recovered=FINE, **fields):
    fault = Fault(
        **{
            "name": "test", "group": Group.MESSAGE, "doc": "A test.",
            "actions": (Relay(("tracks",), "silent"),), "expected": states(State.PROTECTIVE_STOP),
            "bound": 100,
        } | fields
    )  # fmt: skip
    return judge(
        fault, evidence, begin=1.0, end=3.5, recovered=recovered, limits=limits, contacts=0
    )


def test_a_fault_that_is_borne_passes_with_its_figures(limits):
    row = row_of(limits, recorded(limits), codes=frozenset({221}), stands=True)
    assert row.passed, row.detail
    assert row.observed_state == "PROTECTIVE_STOP"
    assert 40 <= row.reaction_ticks <= 70
    assert row.min_human_distance_m == pytest.approx(1.2)


@pytest.mark.parametrize(
    ("evidence", "fields", "words"),
    [
        ({"stop_at": 1.3}, {}, "bound is 100"),
        ({"state": "FAULT"}, {}, "FAULT was seen"),
        ({"code": 210}, {"codes": frozenset({221})}, "no reason with code 221"),
        ({"stop_at": 9.0}, {"stands": True}, "the robot stood after None"),
        ({"leap": 0.5}, {}, "beyond limits"),
        ({}, {"recovery": Recovery.RESET}, "went on by itself"),
    ],
)
def test_a_fault_that_is_not_borne_fails_and_says_why(limits, evidence, fields, words):
    row = row_of(limits, recorded(limits, **evidence), **fields)
    assert not row.passed
    assert words in row.detail


def test_a_robot_that_does_not_work_again_fails(limits):
    lost = Recovered(worked=False, resets=2, seconds=9.0, detail="refused")
    row = row_of(limits, recorded(limits), recovered=lost)
    assert not row.passed
    assert "does not work again: refused" in row.detail


def test_a_set_point_beyond_limits_is_found_and_a_forged_one_is_not_the_gates(limits):
    evidence = recorded(limits)
    bad = evidence.set_points[600]
    wild = SetPoint(
        at=bad.at,
        stamp=bad.stamp,
        sequence=bad.sequence,
        source=bad.source,
        position=bad.position + 10.0,
        velocity=bad.velocity,
    )
    evidence.set_points[600] = wild
    assert row_of(limits, evidence).limit_violations > 0
    forged = SetPoint(
        at=bad.at,
        stamp=bad.stamp,
        sequence=SEQUENCE_AHEAD,
        source=bad.source,
        position=wild.position,
        velocity=bad.velocity,
    )
    evidence.set_points[600] = forged
    assert row_of(limits, evidence).limit_violations == 0


def test_a_gate_that_falls_silent_is_seen_as_that(limits):
    evidence = recorded(limits)
    kept = [point for point in evidence.set_points if not 1.02 < point.at < 1.4]
    evidence.set_points[:] = kept
    assert row_of(limits, evidence).observed_state == SILENT
    assert gravest({SILENT, "FAULT"}) == SILENT
    assert gravest({SILENT, "EMERGENCY_STOP"}) == "EMERGENCY_STOP"


# --- the report -----------------------------------------------------------------------------------
def test_the_report_has_a_row_and_a_timeline_for_each_fault_and_needs_nothing_else(
    limits, tmp_path
):
    evidence = recorded(limits)
    trial = Trial(row_of(limits, evidence), evidence, 1.0, 3.5)
    report.write([trial], tmp_path, {"test": report.timeline(trial)})
    rows = json.loads((tmp_path / "report.json").read_text())
    wanted = {
        "fault", "expected_state", "observed_state", "reaction_ticks", "bound_ticks",
        "limit_violations", "min_human_distance_m", "passed",
    }  # fmt: skip
    assert wanted <= set(rows[0])
    page = (tmp_path / "report.html").read_text()
    assert "<svg" in page
    assert "polyline" in page
    assert "http" not in page
    assert "1 of 1 faults passed" in page
