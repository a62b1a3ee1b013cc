from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from dynamical_bringup.rest.store import (
    COMPLETED,
    FAILED,
    Execution,
    ExecutionStore,
    iso,
    quantile,
)


def execution(**fields) -> Execution:
    return Execution(robot_id="r", skill_id="s", goal="g", started=fields.pop("started", 1.0))


def test_the_oldest_finished_executions_make_room_and_running_ones_stay():
    store = ExecutionStore(capacity=3)
    running = execution()
    store.add(running)
    done = [execution() for _ in range(4)]
    for item in done:
        store.add(item)
        store.alias(f"alias-{item.id}", item)
        item.finish(COMPLETED, now=2.0)
    store.add(execution())
    assert len(store) == 3
    assert store.find(running.id) is running
    assert store.find(done[0].id) is None
    assert store.find(f"alias-{done[0].id}") is None
    assert store.find(f"alias-{done[-1].id}") is done[-1]


def test_only_the_first_end_of_an_execution_counts():
    one = execution()
    one.finish(FAILED, now=3.0, error="lost", error_code=601)
    one.finish(COMPLETED, now=4.0)
    assert (one.status, one.success, one.end_time, one.error) == (FAILED, False, 3.0, "lost")


def test_statistics_count_ends_and_times():
    store = ExecutionStore()
    for status in (COMPLETED, COMPLETED, FAILED):
        item = execution(started=10.0)
        store.add(item)
        item.set_first_action(10.5)
        store.count_first_action(item)
        item.finish(status, now=12.0)
        store.count_end(item)
    store.add(execution())
    stats = store.stats(uptime=5.0)
    assert stats["total_invocations"] == 4
    assert stats["successful_invocations"] == 2
    assert stats["failed_invocations"] == 1
    assert stats["active_invocations"] == 1
    assert stats["time_to_first_action_ms"] == {"p50": 500.0, "p99": 500.0}
    assert stats["avg_total_time_ms"] == 2000.0


@given(st.floats(min_value=0, max_value=4e9))
def test_times_are_read_by_python_and_carry_their_zone(seconds):
    assert abs(datetime.fromisoformat(iso(seconds)).timestamp() - seconds) < 2e-3


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_has_that_share_of_the_values_at_or_below_it(values, share):
    found = quantile(values, share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9


def test_the_quantile_of_nothing_is_nothing():
    assert quantile([], 0.5) is None
