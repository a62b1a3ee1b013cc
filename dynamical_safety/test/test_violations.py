"""Events are told without flooding and without losing count."""

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.decision import Event
from dynamical_safety.reasons import Reason
from dynamical_safety.violations import EventThrottle


def event(action: str = "refused", subject: str = "joint") -> Event:
    return Event(action, Reason(ErrorCode.COMMAND_STALE, subject, "too old"), "control", 3)


def test_a_flood_of_one_event_is_told_twice_a_second_with_its_count() -> None:
    throttle = EventThrottle()
    told = [count for tick in range(2000) for _, count in throttle([event()], time=tick * 0.001)]
    assert told[0] == 1
    assert 4 <= len(told) <= 5
    assert sum(told) >= 1500


def test_what_had_to_wait_is_told_later() -> None:
    throttle = EventThrottle()
    assert len(list(throttle([event()], time=0.0))) == 1
    assert list(throttle([event(), event()], time=0.1)) == []
    assert [count for _, count in throttle([], time=0.6)] == [2]


def test_different_events_and_stops_do_not_wait_for_each_other() -> None:
    throttle = EventThrottle()
    assert len(list(throttle([event(), event(subject="other")], time=0.0))) == 2
    for time in (0.0, 0.001):
        assert len(list(throttle([event("stopped")], time=time))) == 1
