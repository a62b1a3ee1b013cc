"""The periodic loop: ticks, counts, stops, and is loud when it dies."""

import threading

from dynamical_interfaces.runtime.heartbeat import SHORTEST_SILENCE, stands_still
from dynamical_interfaces.runtime.loop import PeriodicLoop
from dynamical_interfaces.tiers import BACKGROUND, LEARNING, throttled


def make(step, **other):
    return PeriodicLoop(step, period=0.002, tier=LEARNING, name="test", **other)


def test_it_ticks_until_stopped_and_counts():
    enough = threading.Event()
    seen = []

    def step(now, period):
        seen.append((now, period))
        if len(seen) >= 50:
            enough.set()

    loop = make(step)
    loop.start()
    assert enough.wait(10.0)
    loop.stop()
    assert not loop.alive
    timing = loop.timing()
    assert timing.ticks == len(seen) >= 50
    assert timing.rate > 0
    assert timing.compute_p99 >= timing.compute_p50 >= 0
    assert all(period > 0 for _, period in seen)


def test_a_step_that_takes_longer_than_its_period_is_counted_as_slips():
    enough = threading.Event()
    slow = threading.Event()
    count = []

    def step(now, period):
        slow.wait(0.011)
        count.append(period)
        if len(count) >= 5:
            enough.set()

    loop = make(step)
    loop.start()
    assert enough.wait(10.0)
    loop.stop()
    assert loop.timing().slips >= 4


def test_an_exception_in_a_step_ends_the_loop_and_is_handed_on():
    told = threading.Event()
    errors = []

    def fail(error):
        errors.append(error)
        told.set()

    def step(now, period):
        raise ValueError("no such thing")

    loop = make(step, on_error=fail)
    loop.start()
    assert told.wait(10.0)
    assert str(errors[0]) == "no such thing"


def test_stop_from_within_the_step_does_not_block():
    done = threading.Event()
    holder = []

    def step(now, period):
        holder[0].stop()
        done.set()

    loop = PeriodicLoop(step, period=0.002, tier=BACKGROUND, name="test")
    holder.append(loop)
    loop.start()
    assert done.wait(10.0)


def test_a_loop_that_hangs_in_a_step_stands_still_and_one_that_ticks_does_not():
    entered, go_on = threading.Event(), threading.Event()

    def step(now, period):
        entered.set()
        go_on.wait(20.0)

    loop = make(step)
    assert stands_still(loop)
    loop.start()
    assert entered.wait(10.0)
    assert not stands_still(loop)
    threading.Event().wait(SHORTEST_SILENCE + 0.05)
    assert stands_still(loop)
    ticks = loop.ticks
    go_on.set()
    for _ in range(1000):
        if loop.ticks > ticks + 2:
            break
        threading.Event().wait(0.01)
    assert not stands_still(loop)
    loop.stop()


def test_the_period_of_a_running_loop_can_be_changed():
    ticked = threading.Event()
    loop = make(lambda now, period: ticked.set() if period > 0.015 else None)
    loop.start()
    loop.period = 0.02
    assert ticked.wait(10.0)
    loop.stop()


def test_every_step_of_the_throttle_leaves_less_down_to_the_floor():
    rates = [throttled(20.0, step) for step in range(4)]
    assert rates == [20.0, 15.0, 10.0, 5.0]
    assert throttled(20.0, 9) == rates[-1]
    assert throttled(20.0, -1) == rates[0]
    assert throttled(12.0, 3, floor=5.0) == 5.0
    assert throttled(4.0, 3, floor=5.0) == 4.0
