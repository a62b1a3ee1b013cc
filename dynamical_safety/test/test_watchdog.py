"""The watchdog: what gives the driver leave, what takes it away, and what is demanded of the gate."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand
from dynamical_safety.gate_watch import GateStatus
from dynamical_safety.resources import Resources
from dynamical_safety.state_machine import State
from dynamical_safety.watchdog import Supervision, Watchdog
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

TICK = 0.005
EPOCH = 1.7e9


class Graph:
    """A graph around the watchdog that is well, but for what a test changes."""

    def __init__(self, **parameters: float) -> None:
        self.watchdog = Watchdog(SafetyWatchdogParameters(**parameters))
        self.now = 100.0
        self.ahead = EPOCH
        self.sequence = 1000
        self.ticks = 0
        self.late = 0
        self.state = State.NORMAL
        self.beating = {graph.ROBOT_DRIVER, graph.SAFETY_GATE, graph.CONTROL, graph.PERCEPTION}
        self.commands = "rising"
        self.telling = True
        self.late_share = 0.0
        self.gate_rate = 1000.0
        self.count = 0
        self.permits: list[tuple[float, bool]] = []

    def go(self, seconds: float) -> Supervision:
        """Let time pass; returns what the watchdog sees at the end."""
        for _ in range(round(seconds / TICK)):
            self.tick(TICK)
        return self.watchdog.look(self.now)

    def tick(self, period: float) -> None:
        self.count += 1
        self.now += period
        gate = self.watchdog.gate
        if self.commands in ("rising", "late"):
            self.sequence += 5
            self.ticks += round(period * self.gate_rate)
            self.late += round(period * self.gate_rate * self.late_share)
        if self.commands != "none":
            age = 0.3 if self.commands == "late" else 0.001
            gate.take_command(self.sequence, age=age, now=self.now)
        if self.telling and self.count % 20 == 0:
            status = GateStatus(self.state, self.ticks, self.late)
            gate.take_status(status, self.now)
        if self.count % 20 == 10:
            for name in self.beating:
                self.watchdog.heartbeats.take(name, active=True, run=1, now=self.now)
        permit = self.watchdog.step(self.now, self.now + self.ahead, period=period)
        self.permits.append((self.now, permit.permitted))
        if self.count % 10 == 0:
            self.watchdog.look(self.now)


@pytest.fixture
def well() -> Graph:
    graph = Graph()
    assert graph.go(1.0).permit.permitted
    return graph


def codes(seen: Supervision) -> list[ErrorCode]:
    return [finding.reason.code for finding in seen.findings]


def test_a_graph_that_is_well_is_permitted_and_nothing_is_demanded(well: Graph) -> None:
    seen = well.go(5.0)
    assert seen.permit.permitted
    assert seen.permit.reason == ""
    assert (seen.demand, seen.findings, seen.throttle) == (Demand.NONE, (), 0)
    assert seen.gate_age < 0.02


def test_there_is_no_permit_before_the_gate_has_been_well_for_a_moment() -> None:
    start = Graph()
    start.commands, start.telling = "none", False
    seen = start.go(0.5)
    assert not seen.permit.permitted
    assert seen.gate_age == math.inf
    assert seen.demand == Demand.NONE
    start.commands = "rising"
    assert "not said its state" in start.go(0.5).permit.reason
    start.telling = True
    assert start.go(0.3).permit.permitted


@pytest.mark.parametrize("commands", ["none", "repeated", "late"])
def test_a_gate_that_stalls_or_repeats_itself_or_is_late_loses_its_permit_within_50_ms(
    well: Graph, commands: str
) -> None:
    stalled = well.now
    well.commands = commands
    seen = well.go(0.3)
    withdrawn = next(time for time, permitted in well.permits if time > stalled and not permitted)
    assert withdrawn - stalled <= 0.050
    assert "stalled" in seen.permit.reason
    assert seen.demand == Demand.PROTECTIVE_STOP
    assert codes(seen) == [ErrorCode.GATE_STALLED]


def test_a_gate_that_comes_back_gets_its_permit_back_only_when_it_has_been_well(
    well: Graph,
) -> None:
    well.commands = "none"
    well.go(0.3)
    well.state = State.PROTECTIVE_STOP
    well.commands = "rising"
    assert not well.go(0.09).permit.permitted
    assert well.go(0.03).permit.permitted
    assert well.go(0.6).demand == Demand.NONE


def test_a_gate_that_keeps_repeating_one_command_is_never_permitted(well: Graph) -> None:
    well.commands = "repeated"
    begin = well.now
    well.go(5.0)
    assert not any(permitted for time, permitted in well.permits if time > begin + 0.05)


def test_a_restarted_gate_that_counts_from_a_lower_number_is_heard(well: Graph) -> None:
    well.commands = "none"
    well.go(0.6)
    well.sequence, well.ticks, well.late = 10, 0, 0
    well.state = State.INIT
    well.commands = "rising"
    assert well.go(1.0).permit.permitted


def test_a_gate_that_does_not_tell_its_state_loses_its_permit(well: Graph) -> None:
    well.telling = False
    seen = well.go(0.7)
    assert not seen.permit.permitted
    assert "status is" in seen.permit.reason


def test_silence_on_the_command_path_is_demanded_to_stop_and_leaves_the_permit(
    well: Graph,
) -> None:
    well.beating.discard(graph.CONTROL)
    well.state = State.PROTECTIVE_STOP
    seen = well.go(0.8)
    assert seen.demand == Demand.PROTECTIVE_STOP
    assert seen.silent_nodes == (graph.CONTROL,)
    assert seen.permit.permitted
    well.state = State.CONTROLLED_STOP
    assert well.go(1.6).demand == Demand.CONTROLLED_STOP


def test_a_gate_that_goes_on_although_a_stop_is_demanded_loses_its_permit(well: Graph) -> None:
    well.beating.discard(graph.CONTROL)
    assert well.go(0.8).permit.permitted
    seen = well.go(0.5)
    assert not seen.permit.permitted
    assert "has not stopped" in seen.permit.reason
    well.state = State.CONTROLLED_STOP
    assert well.go(0.2).permit.permitted


@pytest.mark.parametrize("jump", [-600.0, -0.1, 0.1, 600.0])
def test_a_jump_of_the_clock_stops_the_robot_for_a_second(well: Graph, jump: float) -> None:
    well.ahead += jump
    seen = well.go(0.1)
    assert seen.demand == Demand.PROTECTIVE_STOP
    assert codes(seen) == [ErrorCode.CLOCK_JUMPED]
    assert seen.clock_offset == pytest.approx(jump, abs=1e-3)
    well.state = State.PROTECTIVE_STOP
    assert well.go(1.0).demand == Demand.NONE


def test_the_watchdogs_own_stall_stops_the_robot_because_nobody_watched(well: Graph) -> None:
    well.tick(0.200)
    seen = well.watchdog.look(well.now)
    assert seen.demand == Demand.PROTECTIVE_STOP
    assert seen.findings[0].reason.subject == "safety_watchdog"
    assert well.go(0.6).demand == Demand.NONE


def test_after_its_own_stall_nobody_is_blamed_for_what_was_not_listened_to(well: Graph) -> None:
    well.count += -(well.count % 20)  # neither a heartbeat nor a status comes in the next tick
    well.tick(3.0)
    seen = well.watchdog.look(well.now)
    assert seen.silent_nodes == ()
    assert seen.demand == Demand.PROTECTIVE_STOP
    well.beating.discard(graph.CONTROL)
    well.state = State.PROTECTIVE_STOP
    assert well.go(0.7).silent_nodes == (graph.CONTROL,)


def test_late_ticks_throttle_the_lower_tiers_step_by_step_and_never_tier_1(well: Graph) -> None:
    well.late_share = 0.2
    assert well.go(1.0).throttle == 1
    assert well.go(5.1).throttle == 2
    seen = well.go(5.1)
    assert (seen.throttle, seen.demand) == (3, Demand.NONE)
    assert well.go(20.0).throttle == 3
    well.late_share = 0.0
    assert well.go(1.0).throttle == 3
    assert well.go(5.1).throttle == 2
    assert well.go(10.2).throttle == 0


def test_a_gate_most_of_whose_ticks_are_late_or_missing_is_slowed(well: Graph) -> None:
    well.late_share = 0.8
    seen = well.go(1.5)
    assert seen.demand == Demand.REDUCED
    assert codes(seen) == [ErrorCode.TICK_OVERRUN]
    well.late_share, well.gate_rate = 0.0, 400.0
    assert well.go(1.5).demand == Demand.REDUCED


def test_the_gravest_finding_decides_and_stands_first(well: Graph) -> None:
    well.watchdog.machine.take(Resources(0.01, 95.0), well.now)
    well.beating.discard(graph.SKILL_SERVER)
    seen = well.watchdog.look(well.now)
    assert seen.demand == Demand.CONTROLLED_STOP
    assert [finding.demand for finding in seen.findings] == [
        Demand.CONTROLLED_STOP,
        Demand.REDUCED,
    ]
    assert seen.throttle == 3


@given(
    arrivals=st.lists(
        st.tuples(st.booleans(), st.floats(0.0, 0.03), st.integers(-3, 10)),
        min_size=1,
        max_size=200,
    )
)
def test_whatever_comes_a_permit_is_given_only_soon_after_a_newer_fresh_command(
    arrivals: list[tuple[bool, float, int]],
) -> None:
    graph = Graph()
    graph.commands = "none"
    newest, advanced = -1, -math.inf
    sequence = 0
    for comes, age, step in arrivals:
        sequence = max(0, sequence + step)
        if comes:
            taken_at = graph.now
            graph.watchdog.gate.take_command(sequence, age=age, now=taken_at)
            lower = sequence < newest and taken_at - advanced > 0.5
            if age <= 0.020 and (sequence > newest or lower):
                newest, advanced = sequence, taken_at - age
        graph.tick(TICK)
        if graph.permits[-1][1]:
            assert graph.now - advanced <= 0.040 + 1e-9


@given(st.floats(allow_nan=True, allow_infinity=True).filter(lambda age: not abs(age) <= 0.02))
def test_a_command_of_unknown_or_foreign_age_is_no_sign_of_life(age: float) -> None:
    watchdog = Watchdog(SafetyWatchdogParameters())
    watchdog.gate.take_command(1, age=age, now=1.0)
    assert watchdog.gate.age(1.0) == math.inf
