"""Memory, heat, and who gives up compute first."""

import math

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand
from dynamical_safety.resources import Resources, ResourceWatch, Throttle
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

NOW = 10.0


@pytest.fixture
def machine() -> ResourceWatch:
    return ResourceWatch(SafetyWatchdogParameters())


def demand(machine: ResourceWatch, memory: float, heat: float = math.nan) -> Demand:
    machine.take(Resources(memory, heat), NOW)
    return max((finding.demand for finding in machine.judge(NOW)), default=Demand.NONE)


@pytest.mark.parametrize(
    ("memory", "wanted", "throttle"),
    [
        (0.5, Demand.NONE, 0),
        (0.11, Demand.NONE, 0),
        (0.09, Demand.NONE, 3),
        (0.04, Demand.CONTROLLED_STOP, 3),
        (0.0, Demand.CONTROLLED_STOP, 3),
        (math.nan, Demand.NONE, 3),
    ],
)
def test_scarce_memory_throttles_and_then_stops(
    machine: ResourceWatch, memory: float, wanted: Demand, throttle: int
) -> None:
    assert demand(machine, memory) == wanted
    assert machine.throttle == throttle


@pytest.mark.parametrize(
    ("heat", "wanted"),
    [
        (math.nan, Demand.NONE),
        (60.0, Demand.NONE),
        (91.0, Demand.REDUCED),
        (101.0, Demand.CONTROLLED_STOP),
        (math.inf, Demand.CONTROLLED_STOP),
    ],
)
def test_heat_slows_and_then_stops(machine: ResourceWatch, heat: float, wanted: Demand) -> None:
    assert demand(machine, 0.5, heat) == wanted


def test_a_finding_names_what_is_short_and_the_limit(machine: ResourceWatch) -> None:
    demand(machine, 0.04, 95.0)
    memory, heat = machine.judge(NOW)
    assert memory.reason.code == heat.reason.code == ErrorCode.RESOURCES_LOW
    assert memory.reason.text == "free memory is 4.0%, at least 5% is wanted"
    assert heat.reason.text == "the hottest sensor says 95 degC, limit is 90 degC"


def test_a_limit_counts_as_kept_again_only_with_some_margin(machine: ResourceWatch) -> None:
    assert demand(machine, 0.5, 91.0) == Demand.REDUCED
    assert demand(machine, 0.5, 89.0) == Demand.REDUCED
    assert demand(machine, 0.5, 86.0) == Demand.NONE
    assert demand(machine, 0.09) == Demand.NONE
    assert demand(machine, 0.11) == Demand.NONE
    assert machine.throttle == 3
    demand(machine, 0.13)
    assert machine.throttle == 0


def test_a_sensor_that_falls_silent_while_hot_stays_hot(machine: ResourceWatch) -> None:
    assert demand(machine, 0.5, 101.0) == Demand.CONTROLLED_STOP
    assert demand(machine, 0.5, math.nan) == Demand.CONTROLLED_STOP


def test_readings_that_cease_are_as_good_as_scarce_memory(machine: ResourceWatch) -> None:
    machine.judge(NOW)
    assert machine.throttle == 0
    demand(machine, 0.5)
    assert machine.judge(NOW + 6.0)
    assert machine.throttle == 3


def test_the_throttle_takes_one_step_after_the_other_and_goes_back_as_slowly() -> None:
    throttle = Throttle(5.0)
    assert [throttle.step(t, suffers=True) for t in (0.0, 1.0, 4.9, 5.0, 9.9, 10.0, 60.0)] == [
        1, 1, 1, 2, 2, 3, 3,
    ]  # fmt: skip
    assert [throttle.step(t, suffers=False) for t in (61.0, 64.9, 65.0, 69.9, 70.0, 75.0)] == [
        3, 3, 2, 2, 1, 0,
    ]  # fmt: skip
    assert throttle.step(200.0, suffers=False) == 0


def test_suffering_that_comes_and_goes_keeps_the_throttle_where_it_is() -> None:
    throttle = Throttle(5.0)
    steps = {throttle.step(0.5 * tick, suffers=tick % 8 == 0) for tick in range(10)}
    assert steps == {1}


def test_memory_throttles_at_once_whatever_the_steps_are() -> None:
    throttle = Throttle(5.0)
    assert throttle.step(0.0, suffers=False, at_least=3) == 3
    assert throttle.step(0.1, suffers=False) == 0
