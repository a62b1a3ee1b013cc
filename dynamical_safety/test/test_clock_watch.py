"""Jumps of the system clock: told once, never missed, never invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.clock_watch import SLEW, ClockWatch

EPOCH = 1.7e9
TICK = 0.005


class Clocks:
    """A monotonic clock, and a system clock that can be set and slewed."""

    def __init__(self, **limits: float) -> None:
        self.watch = ClockWatch(**limits)
        self.monotonic = 100.0
        self.ahead = EPOCH
        self.told: list[float] = []

    def go(self, ticks: int, *, slew: float = 0.0, tick: float = TICK) -> None:
        for _ in range(ticks):
            self.monotonic += tick
            self.ahead += slew * tick
            jump = self.watch.step(self.monotonic + self.ahead, self.monotonic)
            if jump is not None:
                self.told.append(jump)


@pytest.mark.parametrize("jump", [0.06, -0.06, 3600.0, -3600.0])
def test_a_jump_is_told_once_and_within_two_steps(jump: float) -> None:
    clocks = Clocks()
    clocks.go(100)
    clocks.ahead += jump
    clocks.go(2)
    assert clocks.told == [pytest.approx(jump, abs=1e-3)]
    clocks.go(500)
    assert len(clocks.told) == clocks.watch.jumps == 1
    assert clocks.watch.offset == pytest.approx(jump, abs=1e-3)


def test_a_jump_is_a_reason_to_stand_still_for_a_while_and_names_its_size() -> None:
    clocks = Clocks()
    clocks.go(10)
    assert clocks.watch.reason(clocks.monotonic) is None
    clocks.ahead -= 2.0
    clocks.go(2)
    reason = clocks.watch.reason(clocks.monotonic + 0.99)
    assert reason is not None
    assert reason.code == ErrorCode.CLOCK_JUMPED
    assert "back by 2.000 s" in reason.text
    assert reason.value == pytest.approx(-2.0, abs=1e-3)
    assert clocks.watch.reason(clocks.monotonic + 1.01) is None


@given(st.floats(-0.9 * SLEW, 0.9 * SLEW))
def test_a_clock_that_is_slewed_has_not_jumped_however_far_it_goes(slew: float) -> None:
    clocks = Clocks()
    clocks.go(2000, slew=slew)
    assert clocks.told == []


def test_many_small_steps_that_are_no_slewing_are_told() -> None:
    clocks = Clocks()
    clocks.go(10)
    for _ in range(20):
        clocks.ahead += 0.02
        clocks.go(1)
    assert sum(clocks.told) == pytest.approx(0.4, abs=0.06)


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=50))
def test_being_held_up_between_two_readings_is_no_jump(delays: list[float]) -> None:
    clocks = Clocks()
    clocks.go(10)
    for delay in delays:
        # The system clock was read, then the process slept, then the monotonic clock was read.
        system = clocks.monotonic + clocks.ahead
        clocks.monotonic += delay
        assert clocks.watch.step(system, clocks.monotonic) is None
        clocks.go(1)
    assert clocks.told == []


@given(st.lists(st.tuples(st.floats(-10.0, 10.0), st.integers(3, 30)), max_size=20))
def test_the_offset_is_the_sum_of_all_jumps(jumps: list[tuple[float, int]]) -> None:
    clocks = Clocks()
    clocks.go(3)
    total = 0.0
    for jump, ticks in jumps:
        if abs(jump) < 0.06:
            continue
        clocks.ahead += jump
        clocks.go(ticks)
        total += jump
    assert clocks.watch.offset == pytest.approx(total, abs=1e-6 + 1e-3 * len(jumps))
