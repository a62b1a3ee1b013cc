"""The whole gate, without ROS: what reaches the joints in which situation."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.admission import Request
from dynamical_safety.decision import Decision
from dynamical_safety.forecast import Forecast
from dynamical_safety.gate import SafetyGate
from dynamical_safety.people import Person
from dynamical_safety.state_machine import NO_STOP, State
from dynamical_safety.supervision import Joints
from dynamical_safety.world import Tracks
from dynamical_safety.zones import Zone, ZoneType

TICK = 0.001
ELBOW = 33


class Cell:
    """A gate, a robot that goes where it is told, a controller and perception."""

    def __init__(self, gate: SafetyGate) -> None:
        self.gate = gate
        self.n = len(gate.limits.names)
        self.now = 1000.0
        self.count = 0
        self.sequence = 0
        self.measured = np.zeros(self.n)
        self.goal = np.zeros(self.n)
        self.requesting = self.measuring = self.seeing = self.forecasting = True
        self.stuck: int | None = None
        self.person: tuple[float, float] | None = None
        self.trajectory_id = 7
        self.decision: Any = None
        self.events: list[Any] = []

    def request(self, **changes: Any) -> Request:
        self.sequence += 1
        step = np.clip(self.goal - self.gate._limiter.position, -0.02, 0.02)
        fields: dict[str, Any] = {
            "stamp": self.now,
            "sequence": self.sequence,
            "trajectory_id": self.trajectory_id,
            "source": "control",
            "names": self.gate.limits.names,
            "position": self.gate._limiter.position + step,
            "velocity": np.zeros(self.n),
            "effort": np.empty(0),
            "stiffness_scale": 1.0,
            "damping_scale": 1.0,
        }
        return Request(**{**fields, **changes})

    def tick(self, seconds: float = TICK, **extra: Any) -> Decision:
        for _ in range(max(1, round(seconds / TICK))):
            self.now += TICK
            inputs: dict[str, Any] = {}
            if self.measuring and self.count % 2 == 0:
                # A robot that measures no effort: nobody can feel what touches it.
                effort = np.full(self.n, np.nan)
                inputs["joints"] = Joints(self.now, self.measured.copy(), np.zeros(self.n), effort)
            if self.requesting and self.count % 5 == 0:
                inputs["requests"] = [self.request()]
            if self.seeing and self.count % 100 == 3:
                inputs["tracks"] = Tracks(self.now, self._people())
            if self.forecasting and self.count % 100 == 7:
                calm = Forecast(self.now, "backup", 0.1, (0.0,) * 5, (math.inf,) * 5)
                inputs["forecasts"] = [calm]
            inputs.update(extra)
            self.count += 1
            self.decision = self.gate.step(self.now, TICK, **inputs)
            self.events += self.decision.events
            before = self.measured
            self.measured = self.decision.position.copy()
            if self.stuck is not None:
                self.measured[self.stuck] = before[self.stuck]
        return self.decision

    def _people(self) -> tuple[Person, ...]:
        if self.person is None:
            return ()
        centre = np.array([*self.person, 0.9])
        size = np.array([0.4, 0.4, 1.8])
        return (Person(1, centre, size, np.zeros(3), 0.0, self.now, 1.0),)

    @property
    def codes(self) -> set[int]:
        return {reason.code for reason in self.gate.machine.reasons}


@pytest.fixture
def cell(robot: Any) -> Cell:
    """A cell in NORMAL at full speed, in motion's name but at rest."""
    cell = Cell(robot.gate())
    cell.tick(1.6)
    assert cell.decision.state == State.NORMAL
    assert cell.decision.speed_scale == 1.0
    return cell


def test_before_its_inputs_have_come_the_gate_holds_the_measured_position(robot: Any) -> None:
    cell = Cell(robot.gate())
    cell.measured = np.full(cell.n, 0.1) * (cell.gate.limits.upper > 0.1)
    start = np.clip(cell.measured, cell.gate.limits.lower, cell.gate.limits.upper)
    cell.seeing = False
    cell.goal = start + 0.3
    decision = cell.tick(1.0)
    assert decision.state == State.INIT
    assert decision.stop_category == NO_STOP
    assert decision.speed_scale == 0.0
    np.testing.assert_allclose(decision.position, start)
    assert cell.codes == {ErrorCode.INPUTS_MISSING}


def test_a_refused_command_changes_nothing(cell: Cell) -> None:
    before = cell.decision.position.copy()
    cell.requesting = False
    bad = np.full(cell.n, np.nan)
    for changes in (
        {"position": bad},
        {"velocity": bad},
        {"stamp": cell.now - 1.0},
        {"sequence": 1},
        {"names": ("x",)},
        {"position": before + 2.0},
    ):
        decision = cell.tick(requests=[cell.request(**changes)])
        assert [event.action for event in decision.events] == ["refused"]
        np.testing.assert_array_equal(decision.position, before)
        assert not decision.velocity.any()


def test_a_good_command_beside_a_bad_one_is_used(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.3
    good, bad = cell.request(), cell.request(position=np.full(cell.n, np.nan))
    cell.tick(requests=[good, bad])
    assert cell.gate.command_stamp == good.stamp


def test_the_trajectory_that_was_let_through_is_named(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.3
    assert cell.tick(0.5).trajectory_id == 7
    assert cell.gate.passed_trajectory_id == 7
    assert cell.decision.request_stamp == pytest.approx(cell.gate.command_stamp)


def test_a_person_near_reduces_the_speed_in_proportion(cell: Cell) -> None:
    cell.person = (1.5, 0.0)
    decision = cell.tick(0.3)
    assert decision.state == State.REDUCED
    assert 0.0 < decision.speed_scale < 1.0
    assert decision.stop_category == NO_STOP
    assert cell.codes == {ErrorCode.PERSON_NEAR}


def test_a_person_too_close_stops_and_the_robot_goes_on_by_itself(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.8
    cell.tick(0.1)
    cell.person = (0.8, 0.0)
    decision = cell.tick(0.3)
    assert decision.state == State.PROTECTIVE_STOP
    assert decision.stop_category == 2
    assert decision.speed_scale == 0.0
    held = decision.position.copy()
    assert not decision.velocity.any()
    cell.tick(0.5)
    np.testing.assert_array_equal(cell.decision.position, held)
    cell.person = None
    cell.tick(1.1)
    assert cell.decision.state == State.PROTECTIVE_STOP
    cell.tick(2.0)
    assert cell.decision.state == State.NORMAL
    assert cell.decision.position[ELBOW] > held[ELBOW]


def test_after_a_stop_the_speed_returns_gradually(cell: Cell) -> None:
    cell.person = (0.8, 0.0)
    cell.tick(0.3)
    cell.person = None
    while cell.decision.state != State.NORMAL:
        cell.tick()
    assert cell.decision.speed_scale < 0.01
    assert cell.tick(0.2).speed_scale == pytest.approx(0.4, abs=0.01)


def test_a_pause_of_commands_stops_without_a_reset_and_a_longer_one_with_it(cell: Cell) -> None:
    cell.requesting = False
    cell.tick(0.095)
    assert cell.decision.state == State.NORMAL
    cell.tick(0.02)
    assert cell.decision.state == State.PROTECTIVE_STOP
    cell.requesting = True
    cell.tick(0.02)
    assert cell.decision.state == State.NORMAL
    cell.requesting = False
    cell.tick(1.1)
    assert cell.decision.state == State.CONTROLLED_STOP
    assert cell.codes == {ErrorCode.COMMAND_SILENT}
    refusal = cell.gate.reset()
    assert refusal is not None
    assert "requested commands" in refusal.text
    cell.requesting = True
    cell.tick(0.1)
    assert cell.decision.state == State.CONTROLLED_STOP
    assert cell.gate.reset() is None
    assert cell.tick(0.1).state == State.NORMAL


def test_dead_perception_is_a_controlled_stop(cell: Cell) -> None:
    cell.seeing = False
    cell.tick(0.9)
    assert cell.decision.state == State.PROTECTIVE_STOP
    cell.tick(1.9)
    assert cell.decision.state == State.CONTROLLED_STOP
    assert cell.decision.stop_category == 1
    assert ErrorCode.TRACKS_STALE in cell.codes
    assert cell.decision.stiffness_scale == 1.0


def test_dead_perception_before_any_motion_needs_no_reset(robot: Any) -> None:
    cell = Cell(robot.gate())
    cell.trajectory_id = 0
    cell.tick(1.0)
    cell.seeing = False
    assert cell.tick(2.8).state == State.INIT
    cell.seeing = True
    assert cell.tick(0.6).state == State.NORMAL


def test_late_joint_states_stop_and_lost_ones_are_a_fault(cell: Cell) -> None:
    cell.measuring = False
    cell.tick(0.070)
    assert cell.decision.state == State.PROTECTIVE_STOP
    cell.measuring = True
    assert cell.tick(0.01).state == State.NORMAL
    cell.measuring = False
    cell.tick(0.55)
    assert cell.decision.state == State.FAULT
    assert cell.decision.stop_category == 1


def test_an_emergency_stop_takes_the_torque_away_and_a_reset_brings_it_back(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.8
    cell.tick(0.2)
    cell.gate.stop(0, source="button", reason="smoke")
    decision = cell.tick()
    assert decision.state == State.EMERGENCY_STOP
    assert decision.stop_category == 0
    assert decision.stiffness_scale == 0.0
    assert "smoke" in cell.gate.machine.reasons[0].text
    cell.stuck = ELBOW
    cell.measured[ELBOW] += 0.05
    cell.tick(1.0)
    assert cell.decision.position[ELBOW] == pytest.approx(cell.measured[ELBOW])
    cell.stuck, cell.goal = None, cell.decision.position.copy()
    assert cell.gate.reset() is None
    cell.tick(0.1)
    assert 0.0 < cell.decision.stiffness_scale < 0.5
    cell.tick(1.0)
    assert cell.decision.stiffness_scale == 1.0
    assert cell.decision.state == State.NORMAL


def test_a_stop_of_category_1_brakes_under_power_and_holds(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.8
    cell.tick(0.2)
    assert cell.decision.velocity[ELBOW] > 0.0
    cell.gate.stop(1, source="button", reason="")
    decision = cell.tick()
    assert decision.state == State.CONTROLLED_STOP
    assert decision.stiffness_scale == 1.0
    cell.tick(0.3)
    held = cell.decision.position.copy()
    cell.tick(1.0)
    np.testing.assert_array_equal(cell.decision.position, held)


def test_an_unknown_stop_category_is_taken_as_the_gravest(cell: Cell) -> None:
    cell.gate.stop(9, source="", reason="")
    assert cell.tick().state == State.EMERGENCY_STOP


def test_a_blocked_joint_ends_in_a_controlled_stop_and_its_set_point_yields(cell: Cell) -> None:
    cell.stuck = ELBOW
    cell.goal[ELBOW] = 0.9
    cell.tick(3.0)
    assert cell.decision.state == State.CONTROLLED_STOP
    assert ErrorCode.TRACKING_ERROR in cell.codes
    cell.tick(2.0)
    error = abs(cell.decision.position[ELBOW] - cell.measured[ELBOW])
    assert error <= cell.gate.parameters.tracking_error + 1e-6
    cell.goal = cell.measured.copy()
    assert cell.gate.reset() is None
    cell.stuck = None
    # Set free, this robot snaps to its set-point, which is a leap of its own.
    assert cell.tick(2.0).state == State.NORMAL


def test_a_measured_position_that_leaps_stops_the_robot_and_never_moves_its_set_point(
    cell: Cell,
) -> None:
    before = cell.decision.position.copy()
    cell.measured = cell.measured.copy()
    cell.measured[ELBOW] += 0.3
    cell.stuck = ELBOW
    for _ in range(200):
        cell.tick()
        np.testing.assert_allclose(cell.decision.position, before, atol=1e-9)
        assert cell.count < 5 or cell.decision.state != State.INIT
    cell.stuck = None
    assert cell.tick(1.0).state == State.NORMAL


def test_a_set_point_yields_to_what_blocks_it_no_farther_than_an_encoder_may_be_wrong(
    cell: Cell,
) -> None:
    before = cell.decision.position.copy()
    cell.measured = cell.measured.copy()
    cell.measured[ELBOW] += 0.8
    cell.stuck = ELBOW
    assert cell.tick(8.0).state == State.CONTROLLED_STOP
    moved = cell.decision.position[ELBOW] - before[ELBOW]
    assert 0.0 < moved <= 2.0 * cell.gate.limits.tracking_error[ELBOW] + 1e-6


def test_a_second_gate_is_a_fault_until_it_is_gone(cell: Cell) -> None:
    cell.gate.report_other_gate("/thor_001/rogue")
    assert cell.tick().state == State.FAULT
    assert cell.codes == {ErrorCode.TWO_GATES}
    assert cell.gate.reset() is not None
    cell.gate.report_other_gate(None)
    cell.tick()
    assert cell.gate.reset() is None
    assert cell.tick(0.1).state == State.NORMAL


def test_without_a_forecast_the_robot_is_slower(cell: Cell) -> None:
    cell.forecasting = False
    decision = cell.tick(1.3)
    assert decision.state == State.REDUCED
    assert decision.speed_scale == cell.gate.parameters.forecast_missing_speed


def test_a_gate_that_came_up_into_a_stop_waits_for_forecasts_all_the_same(robot: Any) -> None:
    cell = Cell(robot.gate())
    cell.tick(0.2)
    cell.gate.stop(0, source="button", reason="pressed while it came up")
    cell.tick(0.5)
    assert cell.gate.reset() is None
    assert cell.tick(1.0).state == State.NORMAL
    cell.forecasting = False
    cell.tick(4.0)
    assert cell.decision.state == State.REDUCED
    assert ErrorCode.FORECAST_STALE in cell.codes


def test_a_loop_that_stood_still_stops_the_robot_which_goes_on_by_itself(cell: Cell) -> None:
    cell.now += 0.08
    cell.gate.step(cell.now, 0.08)
    assert cell.gate.machine.state == State.PROTECTIVE_STOP
    assert ErrorCode.TICK_OVERRUN in cell.codes
    assert "stood still for 80 ms" in cell.gate.machine.reasons[0].text
    assert cell.tick(1.5).state == State.NORMAL


def test_distances_that_cannot_be_measured_stop_the_robot(cell: Cell) -> None:
    cell.goal[ELBOW] = 0.8
    cell.tick(0.1)
    cell.gate.filter.refresh(
        np.full(cell.n, np.nan), cell.gate.world.obstacle_table(cell.now), 0.0
    )
    cell.gate.ticks = 0  # the next look at distances is three ticks away
    speed = float(np.abs(cell.decision.velocity).max())
    cell.tick(2 * TICK)
    assert cell.gate.machine.state == State.PROTECTIVE_STOP
    assert ErrorCode.FILTER_FAILED in cell.codes
    assert float(np.abs(cell.decision.velocity).max()) < speed
    assert cell.tick(1.5).state == State.NORMAL


def test_no_link_enters_a_keep_out_zone(cell: Cell) -> None:
    # A wall right before the right forearm's way forward.
    zone = Zone("wall", ZoneType.KEEP_OUT, ((0.46, -1), (0.9, -1), (0.9, 1), (0.46, 1)), 0.0, 2.0)
    assert cell.gate.world.place_zones([zone], position=cell.measured) is None
    shoulder = cell.gate.limits.names.index("right_shoulder_pitch_joint")
    cell.goal[shoulder] = -1.2
    kinematics = cell.gate.world._kinematics
    seen = set()
    for _ in range(3000):
        seen.add(cell.tick().state)
        if cell.count % 50 == 0:
            centres = kinematics.centres(cell.decision.position)
            found = cell.gate.world.zones.intrusion(centres, kinematics.spheres.radius)
            assert found is None
    assert State.PROTECTIVE_STOP in seen
    assert cell.decision.position[shoulder] > -1.2
    cell.goal[shoulder] = 0.0
    cell.tick(3.0)
    assert cell.decision.state == State.NORMAL


def test_a_person_in_a_slow_zone_slows_to_its_scale(cell: Cell) -> None:
    zone = Zone("aisle", ZoneType.SLOW, ((3, -1), (4, -1), (4, 1)), 0.0, 2.0, 0.4)
    cell.gate.world.place_zones([zone], position=cell.measured)
    cell.person = (3.8, 0.0)
    decision = cell.tick(0.3)
    assert decision.state == State.REDUCED
    assert decision.speed_scale == pytest.approx(0.4)


wild = st.floats(allow_nan=True, allow_infinity=True, width=32)
moves = st.tuples(
    st.sampled_from(
        ["goal", "wild", "stop0", "stop1", "reset", "silent", "blind", "person", "gone"]
    ),
    st.floats(-1.5, 1.5),
    wild,
    st.integers(1, 60),
)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(moves, min_size=1, max_size=12))
def test_whatever_happens_the_output_is_finite_within_limits_and_continuous(
    robot: Any, story: Any
) -> None:
    cell = Cell(robot.gate())
    cell.tick(0.4)
    limits = cell.gate.limits
    for kind, value, noise, ticks in story:
        if kind == "goal":
            cell.goal[:] = value
        elif kind == "wild":
            cell.tick(requests=[cell.request(position=np.full(cell.n, noise))])
        elif kind.startswith("stop"):
            cell.gate.stop(int(kind[-1]), source="story", reason="")
        elif kind == "reset":
            cell.gate.reset()
        elif kind == "person":
            cell.person = (abs(value) + 0.5, 0.0)
        elif kind == "gone":
            cell.person = None
        cell.requesting, cell.seeing = kind != "silent", kind != "blind"
        for _ in range(ticks):
            before = cell.decision.position.copy()
            speed = cell.decision.velocity.copy()
            decision = cell.tick()
            assert np.isfinite(decision.position).all()
            assert (decision.position >= limits.lower).all()
            assert (decision.position <= limits.upper).all()
            moved = np.abs(decision.position - before)
            assert (moved <= limits.velocity * TICK + 1e-9).all()
            assert 0.0 <= decision.speed_scale <= 1.0
            assert 0.0 <= decision.stiffness_scale <= 1.0
            if decision.state != State.EMERGENCY_STOP:
                jolt = np.abs(decision.velocity - speed)
                assert (jolt <= limits.acceleration * TICK + 1e-9).all()
