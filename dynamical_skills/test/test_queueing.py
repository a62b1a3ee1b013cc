"""One at a time, in order, with an end to the queue."""

from hypothesis import given
from hypothesis import strategies as st

from dynamical_skills.queueing import ExecutionQueue


def test_the_first_starts_the_next_wait_and_the_last_is_refused():
    queue = ExecutionQueue(2)
    assert queue.admit("a").start
    assert not queue.admit("b").start
    assert not queue.admit("c").refused
    assert queue.admit("d").refused
    assert [queue.finish("a"), queue.finish("b"), queue.finish("c")] == ["b", "c", None]


def test_a_preempting_newcomer_goes_to_the_front():
    queue = ExecutionQueue(2)
    queue.admit("a")
    queue.admit("b")
    assert queue.admit("c", preempt=True).preempted == "a"
    assert queue.waiting == ("c", "b")


def test_one_that_waits_can_be_withdrawn_and_one_that_runs_cannot():
    queue = ExecutionQueue(2)
    queue.admit("a")
    queue.admit("b")
    assert queue.withdraw("b")
    assert not queue.withdraw("a")
    assert queue.finish("b") is None
    assert queue.running == "a"


def test_a_closed_queue_takes_nobody_in():
    queue = ExecutionQueue(2)
    queue.admit("a")
    queue.admit("b")
    assert queue.close() == ("b",)
    assert queue.admit("c").refused


@given(st.lists(st.sampled_from(["admit", "preempt", "finish"]), max_size=60))
def test_never_more_than_one_runs_and_nobody_is_lost(actions):
    queue = ExecutionQueue(3)
    taken, refused, ended = [], [], []
    for number, action in enumerate(actions):
        if action == "finish":
            if queue.running is not None:
                ended.append(queue.running)
                queue.finish(queue.running)
        else:
            admission = queue.admit(number, preempt=action == "preempt")
            (refused if admission.refused else taken).append(number)
    left = [queue.running] if queue.running is not None else []
    assert sorted([*ended, *left, *queue.waiting]) == taken
    assert len(queue.waiting) <= 3
