"""What the gate makes of the watchdog's word, and of its silence."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import SafetyPermit, SupervisionStatus
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.resources import Resources
from dynamical_safety.state_machine import GRAVITY, RULE_OF, Cause, State
from dynamical_safety.supervision_conversions import (
    permit_to_msg,
    supervision_from_msg,
    supervision_to_msg,
)
from dynamical_safety.supervision_watch import SupervisionMonitor, SupervisionWord
from dynamical_safety.watchdog import Permit, Supervision

WELL = SupervisionWord(Demand.NONE, permitted=True)
SILENT = Reason(ErrorCode.NODE_SILENT, "control", "node 'control' has been silent", 0.6, 0.5)


@pytest.fixture
def monitor() -> SupervisionMonitor:
    return SupervisionMonitor(SafetyGateParameters())


def target(monitor: SupervisionMonitor, now: float) -> State:
    """Gravest state that the causes ask for."""
    targets = [RULE_OF[cause].target for cause in monitor.causes(now)]
    return max(targets, key=GRAVITY.__getitem__, default=State.NORMAL)


def test_a_watchdog_that_was_never_heard_lets_nothing_move(monitor: SupervisionMonitor) -> None:
    causes = monitor.causes(0.0)
    assert set(causes) == {Cause.SUPERVISION_LOST}
    assert "not been heard yet" in causes[Cause.SUPERVISION_LOST].text
    assert monitor.age(0.0) == math.inf


def test_where_there_is_no_watchdog_its_silence_may_be_allowed() -> None:
    monitor = SupervisionMonitor(SafetyGateParameters(require_supervision=False))
    assert monitor.causes(0.0) == {}
    monitor.take(WELL, 1.0)
    assert set(monitor.causes(2.0)) == {Cause.SUPERVISION_LOST}


def test_a_watchdog_that_is_well_asks_for_nothing_until_it_falls_silent(
    monitor: SupervisionMonitor,
) -> None:
    monitor.take(WELL, 1.0)
    assert monitor.causes(1.19) == {}
    (reason,) = monitor.causes(1.3).values()
    assert reason.code == ErrorCode.SUPERVISION_SILENT
    assert "silent for 300 ms, limit is 200 ms" in reason.text


@pytest.mark.parametrize(
    ("demand", "state"),
    [
        (Demand.REDUCED, State.REDUCED),
        (Demand.PROTECTIVE_STOP, State.PROTECTIVE_STOP),
        (Demand.CONTROLLED_STOP, State.CONTROLLED_STOP),
    ],
)
def test_each_demand_leads_to_its_state_with_the_watchdogs_reason(
    monitor: SupervisionMonitor, demand: Demand, state: State
) -> None:
    monitor.take(SupervisionWord(demand, permitted=True, reasons=(SILENT,)), 1.0)
    assert target(monitor, 1.0) == state
    assert list(monitor.causes(1.0).values()) == [SILENT]


def test_without_a_permit_the_gate_stops_too(monitor: SupervisionMonitor) -> None:
    monitor.take(SupervisionWord(Demand.NONE, permitted=False), 1.0)
    assert target(monitor, 1.0) == State.PROTECTIVE_STOP


def test_a_false_all_clear_between_two_messages_does_not_talk_a_demand_away(
    monitor: SupervisionMonitor,
) -> None:
    now = 1.0
    for _ in range(20):
        monitor.take(SupervisionWord(Demand.CONTROLLED_STOP, permitted=True), now)
        for step in range(5):
            now += 0.01
            monitor.take(WELL, now)
            assert target(monitor, now) == State.CONTROLLED_STOP, step
    assert target(monitor, now + 0.16) == State.NORMAL


@given(
    words=st.lists(
        st.tuples(st.sampled_from(Demand), st.booleans(), st.floats(0.0, 0.1)), max_size=20
    ),
    wait=st.floats(0.0, 0.5),
)
def test_an_older_word_never_allows_more(
    words: list[tuple[Demand, bool, float]], wait: float
) -> None:
    monitor, now = SupervisionMonitor(SafetyGateParameters()), 0.0
    for demand, permitted, pause in words:
        now += pause
        monitor.take(SupervisionWord(demand, permitted=permitted), now)
    if not words or wait > 0.2:
        assert GRAVITY[target(monitor, now + wait)] >= GRAVITY[State.PROTECTIVE_STOP]
    else:
        last, permitted, _ = words[-1]
        if wait <= 0.1 and last == Demand.CONTROLLED_STOP:
            assert target(monitor, now + wait) == State.CONTROLLED_STOP
        if wait <= 0.1 and not permitted:
            assert GRAVITY[target(monitor, now + wait)] >= GRAVITY[State.PROTECTIVE_STOP]


def seen(demand: Demand, *reasons: Reason) -> Supervision:
    return Supervision(
        demand=demand,
        findings=tuple(Finding(demand, reason) for reason in reasons),
        silent_nodes=("control",),
        throttle=2,
        permit=Permit(True),
        gate_age=math.inf,
        clock_offset=-3.0,
        resources=Resources(0.25),
    )


def test_what_the_watchdog_writes_the_gate_reads() -> None:
    message = supervision_to_msg(seen(Demand.PROTECTIVE_STOP, SILENT), SupervisionStatus())
    assert (message.throttle, list(message.silent_nodes)) == (2, ["control"])
    assert message.gate_age == math.inf
    assert math.isnan(message.temperature)
    word = supervision_from_msg(message)
    assert word == SupervisionWord(Demand.PROTECTIVE_STOP, permitted=True, reasons=(SILENT,))


def test_a_demand_that_nobody_knows_is_taken_as_the_gravest() -> None:
    message = SupervisionStatus(demand=77, permitted=True)
    assert supervision_from_msg(message).demand == Demand.CONTROLLED_STOP


def test_a_permit_message_used_again_carries_nothing_of_the_one_before() -> None:
    message = SafetyPermit()
    key = bytes(32)
    first = permit_to_msg(
        Permit(False, "stalled"), message, key=key, sequence=1, stamp_ns=1_500_000_000
    )
    tag = bytes(first.authentication_tag)
    second = permit_to_msg(Permit(True), message, key=key, sequence=2, stamp_ns=2_000_000_001)
    assert (second.permitted, second.reason, second.sequence) == (True, "", 2)
    assert (second.header.stamp.sec, second.header.stamp.nanosec) == (2, 1)
    assert bytes(second.authentication_tag) != tag


def test_before_anything_has_moved_no_demand_latches(monitor: SupervisionMonitor) -> None:
    monitor.take(SupervisionWord(Demand.CONTROLLED_STOP, permitted=True, reasons=(SILENT,)), 1.0)
    assert set(monitor.causes(1.0, moved=False)) == {Cause.SUPERVISION_STOP}
    assert set(monitor.causes(1.0)) == {Cause.SUPERVISION_CONTROLLED_STOP}
