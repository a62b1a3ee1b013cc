"""Who is waited for, who was lost, who may come: whatever order words come in."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import CoordinationError
from dynamical_skills.teamwork.party import Party, PartyParameters
from dynamical_skills.teamwork.word import ANY_NUMBER, Phase, Word

LOST, WITHIN = 1.0, 5.0
TIMES = PartyParameters(lost_after=LOST, gather_within=WITHIN, listen_for=0.0)


def party(
    robot, role="follower", *, now=0.0, sync="strict", least=2, most=ANY_NUMBER, joined=None
):
    own = Word(
        coordination_id="lift",
        robot_id=robot,
        execution_id=f"{robot}-1",
        joined=now if joined is None else joined,
        role=role,
        sync_mode=sync,
        min_robots=least,
        max_robots=most,
    )
    return Party(own, now=now, parameters=TIMES)


def meet(*parties, now=0.0):
    """Everybody hears everybody, twice: the second time that the others have begun."""
    for _ in range(2):
        for one, other in itertools.permutations(parties, 2):
            one.hear(other.say(), now)
        for each in parties:
            each.gathered(now)


def refusal(call):
    with pytest.raises(CoordinationError) as caught:
        call()
    return caught.value


def test_nobody_begins_before_there_are_enough():
    leader = party("a", "leader", least=3)
    second, third = party("b"), party("c")
    leader.hear(second.own, 0.0)
    assert not leader.gathered(0.1)
    leader.hear(third.own, 0.2)
    assert leader.gathered(0.3)


def test_too_few_within_the_time_are_refused_and_those_present_are_named():
    leader, follower = party("thor_1", "leader", least=3), party("thor_2")
    leader.hear(follower.own, WITHIN - 0.2)
    error = refusal(lambda: leader.gathered(WITHIN + 0.1))
    assert error.code is ErrorCode.PARTNERS_MISSING
    assert "thor_2 (follower)" in error.text
    assert "needs 3 robots" in error.text


def test_a_follower_does_not_begin_without_a_leader():
    first, second = party("a"), party("b")
    first.hear(second.own, 0.0)
    assert not first.gathered(0.1)
    first.hear(second.say(), WITHIN)
    assert "none of them a leader" in refusal(lambda: first.gathered(WITHIN + 0.1)).text


def test_the_last_to_come_is_refused_where_there_are_too_many_and_the_others_go_on():
    leader, second = party("a", "leader", most=2, joined=1.0), party("b", joined=2.0)
    late = party("c", joined=3.0)
    meet(leader, second)
    late.hear(leader.own, 0.1)
    late.hear(second.own, 0.1)
    error = refusal(lambda: late.gathered(0.2))
    assert error.code is ErrorCode.PARTNERS_TOO_MANY
    assert "a (leader), b (follower)" in error.text
    for one in (leader, second):
        one.hear(late.say(phase=Phase.FAILED), 0.3)
        one.check(0.3)
    assert leader.members == ("b",)


def test_a_newcomer_with_a_small_number_does_not_drive_out_who_has_begun():
    leader, second = party("a", "leader"), party("b")
    meet(leader, second)
    picky = party("c", most=1)
    for one in (leader, second):
        one.hear(picky.say(), 0.1)
        one.check(0.1)
    picky.hear(leader.own, 0.1)
    assert refusal(lambda: picky.gathered(0.1)).code is ErrorCode.PARTNERS_TOO_MANY


def test_a_second_leader_is_refused_while_the_first_is_there_and_taken_once_it_is_lost():
    first, follower, second = party("a", "leader"), party("b"), party("c", "leader", joined=0.5)
    meet(first, follower)
    second.hear(first.own, 0.5)
    error = refusal(lambda: second.gathered(0.6))
    assert error.code is ErrorCode.COORDINATION_INVALID
    assert "'a' leads" in error.text
    heir = party("c", "leader", now=1.0)
    heir.hear(first.own, 1.0)
    newcomer = party("d", now=2.5)
    heir.hear(newcomer.own, 2.5)
    assert heir.gathered(2.5), "the former leader has been silent for longer than the limit"


def test_who_begins_alone_listens_first_whether_somebody_leads_already():
    own = party("b", "leader", least=1).own
    late = Party(own, now=5.0, parameters=PartyParameters(listen_for=0.3))
    assert not late.gathered(5.2)
    first = party("a", "leader", least=1, joined=-1.0)
    assert first.gathered(0.0)
    late.hear(first.say(), 5.25)
    assert refusal(lambda: late.gathered(5.31)).code is ErrorCode.COORDINATION_INVALID


def test_of_two_leaders_that_began_unheard_by_each_other_the_later_ends():
    first = party("a", "leader", least=1, joined=1.0)
    second = party("b", "leader", least=1, joined=2.0)
    assert first.gathered(0.0)
    assert second.gathered(0.0)
    first.hear(second.say(), 0.1)
    second.hear(first.say(), 0.1)
    first.check(0.1)
    assert "'a' leads" in refusal(lambda: second.check(0.1)).text


def test_a_silent_leader_is_noticed_within_the_limit_and_named():
    leader, follower = party("thor_9", "leader"), party("b", sync="loose")
    meet(leader, follower)
    follower.check(LOST)
    error = refusal(lambda: follower.check(LOST + 0.01))
    assert error.code is ErrorCode.LEADER_LOST
    assert "'thor_9' has been silent" in error.text


def test_a_leader_that_failed_takes_its_reason_along():
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    follower.hear(leader.say(phase=Phase.FAILED, error_text="the cup fell"), 0.1)
    error = refusal(lambda: follower.check(0.1))
    assert error.code is ErrorCode.LEADER_LOST
    assert "'a' has failed: the cup fell" in error.text


def test_a_cancelled_leader_frees_everybody_and_a_cancelled_partner_those_bound_to_it():
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    follower.hear(leader.say(phase=Phase.CANCELLED), 0.1)
    assert refusal(lambda: follower.check(0.1)).code is ErrorCode.CANCELLED
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    leader.hear(follower.say(phase=Phase.CANCELLED), 0.1)
    assert refusal(lambda: leader.check(0.1)).code is ErrorCode.PARTNER_LOST
    leader, follower = party("a", "leader", sync="loose"), party("b", sync="loose")
    meet(leader, follower)
    leader.hear(follower.say(phase=Phase.CANCELLED), 0.1)
    leader.check(0.1)


def test_a_leader_that_begins_anew_is_lost_to_those_that_began_with_it():
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    again = Word(
        coordination_id="lift", robot_id="a", execution_id="a-2", joined=9.0, role="leader"
    )
    follower.hear(again, 0.2)
    assert "begun anew" in refusal(lambda: follower.check(0.2)).text


def test_loose_waits_for_the_leader_alone():
    leader = party("a", "leader", sync="loose")
    first, second = party("b", sync="loose"), party("c", sync="loose")
    meet(leader, first, second)
    for one in (leader, first):
        one.reach("step 1")
    assert leader.passed("step 1"), "the leader waits for nobody"
    assert not first.passed("step 1"), "the leader has not said so yet"
    first.hear(leader.say(), 0.1)
    assert first.passed("step 1"), "nobody waits for the third"


def test_who_is_done_is_waited_for_no_more():
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    leader.reach("step 2")
    assert not leader.passed("step 2")
    leader.hear(follower.say(phase=Phase.DONE), 0.1)
    leader.check(9.0)
    assert leader.passed("step 2")


def test_observers_and_independents_neither_wait_nor_are_waited_for():
    leader, follower = party("a", "leader"), party("b")
    watcher, loner = party("c", "observer"), party("d", "independent")
    meet(leader, follower, watcher, loner)
    assert leader.members == ("b",)
    assert watcher.passed("anything")
    assert loner.passed("anything")
    leader.reach("step 1")
    leader.hear(follower.reach("step 1"), 0.1)
    assert leader.passed("step 1")


STEPS = ("step 1", "step 2", "step 3")


@settings(max_examples=60, deadline=None)
@given(data=st.data(), count=st.integers(2, 4))
def test_nobody_passes_a_strict_barrier_before_all_have_come_whatever_the_order(data, count):
    parties = [
        party(f"r{i}", "leader" if i == 0 else "follower", least=count) for i in range(count)
    ]
    said = {i: [one.own] for i, one in enumerate(parties)}
    reached = [0] * count  # barriers that each has come to
    passed = [0] * count
    for _ in range(data.draw(st.integers(10, 120))):
        place = data.draw(st.integers(0, count - 1))
        one = parties[place]
        match data.draw(st.sampled_from(("hear", "hear", "hear", "act"))):
            case "hear":  # any word ever said, again and in any order
                other = data.draw(st.sampled_from([i for i in range(count) if i != place]))
                one.hear(data.draw(st.sampled_from(said[other])), 0.0)
            case _ if one.gathered(0.0) and passed[place] < len(STEPS):
                said[place].append(one.own)
                barrier = STEPS[passed[place]]
                said[place].append(one.reach(barrier))
                reached[place] = passed[place] + 1
                if one.passed(barrier):
                    assert all(done > passed[place] for done in reached)
                    passed[place] += 1
                    said[place].append(one.say(phase=Phase.WORKING))


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=20),
    delay=st.floats(0.0, 3.0),
)
def test_the_loss_of_the_leader_is_noticed_within_the_limit_and_never_before(gaps, delay):
    leader, follower = party("a", "leader"), party("b")
    meet(leader, follower)
    now = 0.0
    for gap in gaps:
        follower.check(now + gap)
        now += gap
        follower.hear(leader.say(), now)
    if delay <= LOST:
        follower.check(now + delay)
    elif delay > LOST + 1e-6:
        assert refusal(lambda: follower.check(now + delay)).code is ErrorCode.LEADER_LOST
