"""Which steps wait for which, which are one motion, and how long a plan takes."""

from hypothesis import given
from hypothesis import strategies as st

from dynamical_skills.decomposition import SubTask
from dynamical_skills.ownership import WORDS, ownership
from dynamical_skills.plan import ExecutionTier, SkillStep
from dynamical_skills.scheduling import Scheduler, longest_way, side_left


def step(number, words, *, after=(), skill="", duration=1000.0):
    return SkillStep(
        step_id=number,
        task=f"task {number}",
        skill_ids=(skill or f"skill_{number}",),
        weights=(1.0,),
        robot_id="r",
        joint_groups=tuple(words),
        depends_on=tuple(after),
        location_params={"number": number},
        estimated_duration_ms=duration,
    )


def scheduled(*steps):
    return Scheduler().schedule(steps, tier=ExecutionTier.CONTROL)


def test_branches_with_different_joints_stay_side_by_side():
    steps = scheduled(step(1, ["left_arm"]), step(2, ["right_arm"]), step(3, [], after=[1, 2]))
    assert [each.depends_on for each in steps] == [(), (), (1, 2)]
    assert longest_way(steps) == 2000.0


def test_of_two_that_want_one_arm_the_later_waits():
    steps = scheduled(
        step(1, ["left_arm"]), step(2, ["left_arm", "waist"]), step(3, ["right_arm"])
    )
    assert [each.depends_on for each in steps] == [(), (1,), ()]


def test_what_two_share_is_blended_and_each_keeps_its_parameters():
    (blend,) = scheduled(step(1, ["shared waist"]), step(2, ["shared waist"], duration=3000.0))
    assert blend.blended
    assert blend.skill_ids == ("skill_1", "skill_2")
    assert blend.weights == (0.5, 0.5)
    assert blend.joint_groups == ("shared waist",)
    assert blend.estimated_duration_ms == 3000.0
    assert blend.parameters_of("skill_2") == {"number": 2}


def test_who_follows_the_waist_is_blended_with_who_moves_it():
    steps = scheduled(
        step(1, ["left_arm", "follows waist"]), step(2, ["shared waist"]), step(3, ["right_arm"]),
        step(4, [], after=[2]),
    )  # fmt: skip
    assert [(each.step_id, each.blended, each.depends_on) for each in steps] == [
        (1, True, ()), (3, False, ()), (4, False, (1, 3)),
    ]  # fmt: skip


def test_the_hand_that_is_left_is_taken_where_none_is_said(store):
    def tasks(*sides, after=None):
        return [
            SubTask(text="t", parameters={"side": side} if side else {}, after=after)
            for side in sides
        ]

    reach, look = store.get("reach"), store.get("look_at")
    together = tasks("", "left", after=())
    assert side_left(together, [reach, reach], 0) == "right"
    assert side_left(together, [look, reach], 0) == ""
    assert side_left(together, [reach, look], 0) == ""
    assert side_left(tasks("", "left"), [reach, reach], 0) == ""
    assert side_left(tasks("", "left", "right", after=()), [reach] * 3, 0) == ""


@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from(WORDS), max_size=3), st.integers(0, 4)),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_runs_together_never_wants_one_joint_twice(described):
    steps = []
    for number, (words, back) in enumerate(described, start=1):
        after = (number - back,) if 0 < back < number else ()
        steps.append(step(number, words, after=after))
    result = scheduled(*steps)
    by_id = {each.step_id: each for each in result}

    def before(each):
        found = set(each.depends_on)
        for number in each.depends_on:
            assert number in by_id
            assert number < each.step_id
            found |= before(by_id[number])
        return found

    for place, one in enumerate(result):
        for other in result[place + 1 :]:
            if one.step_id not in before(other):
                a, b = ownership(one.joint_groups), ownership(other.joint_groups)
                assert not a.contended(b), (one, other)
