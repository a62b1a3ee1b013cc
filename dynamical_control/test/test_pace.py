"""Simulated time stays beside real time; what is dropped is counted."""

from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.robots.simulated.pace import RealTimePace


def pace():
    return RealTimePace(timestep=0.001, largest_debt=0.050, window=1.0)


@given(ticks=st.lists(st.floats(0.0005, 0.04), min_size=1, max_size=200))
def test_simulated_time_never_drifts_from_real_time(ticks):
    made, now, steps = pace(), 100.0, 0
    made.due(now)
    for tick in ticks:
        now += tick
        steps += made.due(now)
    assert abs(steps * 0.001 - (now - 100.0)) <= 0.0011
    assert made.drops == 0


def test_a_long_stall_is_dropped_and_counted():
    made = pace()
    made.due(0.0)
    assert made.due(0.250) == 50
    assert made.drops == 1
    assert abs(made.dropped - 0.200) < 0.0015
    assert made.due(0.252) <= 3


def test_the_factor_tells_how_much_time_was_simulated():
    made, now = pace(), 0.0
    made.due(now)
    for _ in range(1500):
        now += 0.002
        made.due(now)
    assert abs(made.factor - 1.0) < 0.01


def test_time_before_the_first_reading_is_not_owed():
    made = pace()
    made.due(5.0)
    made.restart()
    assert made.due(60.0) == 0
    assert made.drops == 0
