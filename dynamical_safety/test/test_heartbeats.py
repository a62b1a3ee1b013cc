"""Nodes that live, fall silent, hang, restart, and pretend."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand
from dynamical_safety.heartbeats import RULES, Heartbeats
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

START = 50.0
COMMAND_PATH = (graph.ROBOT_DRIVER, graph.SAFETY_GATE, graph.CONTROL, graph.PERCEPTION)
SUPPORTING = (graph.SIMULATED_CAMERAS, graph.REST_BRIDGE, graph.RECORDER, graph.SKILL_ROUTER)


@pytest.fixture
def lives() -> Heartbeats:
    return Heartbeats(SafetyWatchdogParameters())


def gravest(lives: Heartbeats, now: float) -> Demand:
    return max((finding.demand for finding in lives.findings(now)), default=Demand.NONE)


def test_every_writer_of_heartbeats_has_a_rule() -> None:
    assert set(RULES) == set(graph.topic("heartbeat").writers)


def test_nodes_that_were_never_heard_are_starting_and_demand_nothing(lives: Heartbeats) -> None:
    assert lives.findings(START) == []
    assert set(lives.starting) == set(RULES)
    assert lives.silent(START) == ()


@pytest.mark.parametrize("node", COMMAND_PATH)
def test_silence_on_the_command_path_stops_soon_and_asks_for_a_person_later(
    lives: Heartbeats, node: str
) -> None:
    lives.take(node, active=True, run=1, now=START)
    assert gravest(lives, START + 0.49) == Demand.NONE
    assert gravest(lives, START + 0.51) == Demand.PROTECTIVE_STOP
    assert gravest(lives, START + 1.99) == Demand.PROTECTIVE_STOP
    assert gravest(lives, START + 2.01) == Demand.CONTROLLED_STOP
    (finding,) = lives.findings(START + 2.01)
    assert finding.reason.code == ErrorCode.NODE_SILENT
    assert finding.reason.subject == node
    assert "silent for 2.0 s, limit is 2 s" in finding.reason.text
    assert lives.silent(START + 1.0) == (node,)


def test_a_silent_skill_server_stops_but_asks_for_nobody(lives: Heartbeats) -> None:
    lives.take(graph.SKILL_SERVER, active=True, run=1, now=START)
    assert gravest(lives, START + 0.6) == Demand.PROTECTIVE_STOP
    assert gravest(lives, START + 60.0) == Demand.PROTECTIVE_STOP


@pytest.mark.parametrize("node", SUPPORTING)
def test_a_silent_supporting_node_is_told_and_demands_nothing(
    lives: Heartbeats, node: str
) -> None:
    lives.take(node, active=True, run=1, now=START)
    (finding,) = lives.findings(START + 10.0)
    assert finding.demand == Demand.NONE
    assert lives.silent(START + 10.0) == (node,)


def test_a_node_that_says_it_does_not_work_is_as_good_as_silent(lives: Heartbeats) -> None:
    lives.take(graph.CONTROL, active=True, run=1, now=START)
    for beat in range(1, 25):
        lives.take(graph.CONTROL, active=False, run=1, now=START + 0.1 * beat)
    assert gravest(lives, START + 2.4) == Demand.CONTROLLED_STOP
    assert "does not work" in lives.findings(START + 2.4)[0].reason.text
    lives.take(graph.CONTROL, active=True, run=1, now=START + 2.5)
    assert lives.findings(START + 2.5) == []


def test_a_node_that_is_still_configuring_is_starting(lives: Heartbeats) -> None:
    lives.take(graph.CONTROL, active=False, run=1, now=START)
    assert graph.CONTROL in lives.starting
    assert lives.findings(START + 10.0) == []


def test_a_restart_is_seen_and_counted(lives: Heartbeats) -> None:
    lives.take(graph.CONTROL, active=True, run=1, now=START)
    lives.take(graph.CONTROL, active=False, run=2, now=START + 1.0)
    assert lives.restarts == {graph.CONTROL: 1}
    assert gravest(lives, START + 1.0) == Demand.PROTECTIVE_STOP
    lives.take(graph.CONTROL, active=True, run=2, now=START + 1.2)
    assert lives.findings(START + 1.2) == []


def test_two_processes_under_one_name_are_seen_and_stop_the_robot(lives: Heartbeats) -> None:
    for beat in range(10):
        now = START + 0.05 * beat
        lives.take(graph.CONTROL, active=True, run=1 + beat % 2, now=now)
    (finding,) = lives.findings(START + 0.5)
    assert finding.demand == Demand.PROTECTIVE_STOP
    assert "two processes" in finding.reason.text
    lives.take(graph.CONTROL, active=True, run=2, now=START + 3.0)
    assert lives.findings(START + 3.1) == []


def test_a_stranger_is_counted_and_nothing_else(lives: Heartbeats) -> None:
    lives.take("mallory", active=True, run=1, now=START)
    assert lives.strangers == 1
    assert lives.findings(START + 10.0) == []


@given(
    beats=st.lists(
        st.tuples(st.sampled_from(COMMAND_PATH), st.booleans(), st.floats(0.0, 1.0)), max_size=40
    ),
    left_out=st.data(),
)
def test_hearing_less_never_demands_less(
    beats: list[tuple[str, bool, float]], left_out: st.DataObject
) -> None:
    every, fewer = (Heartbeats(SafetyWatchdogParameters()) for _ in range(2))
    now = START
    for name in COMMAND_PATH:
        for lives in (every, fewer):
            lives.take(name, active=True, run=1, now=now)
    for node, active, pause in beats:
        now += pause
        every.take(node, active=active, run=1, now=now)
        if left_out.draw(st.booleans()):
            fewer.take(node, active=active, run=1, now=now)
    assert gravest(fewer, now) >= gravest(every, now)
