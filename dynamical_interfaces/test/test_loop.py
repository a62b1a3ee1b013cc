"""The periodic loop: ticks, counts, stops, and is loud when it dies."""

import threading

from dynamical_interfaces.runtime.loop import PeriodicLoop
from dynamical_interfaces.tiers import BACKGROUND, LEARNING


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
