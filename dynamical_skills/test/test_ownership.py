"""Which skills may move at the same time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_skills.errors import DescriptorError
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.ownership import GROUPS, WORDS, Ownership, group_of, ownership

LEFT, RIGHT = {"side": "left"}, {"side": "right"}
words = st.lists(st.sampled_from(WORDS), max_size=4)


def test_an_arm_is_that_of_the_side_said_and_both_where_none_is():
    assert ownership(["arm"], LEFT).groups == {"left_arm"}
    assert ownership(["arm", "hand"], RIGHT).groups == {"right_arm", "right_hand"}
    assert ownership(["arm"]).groups == {"left_arm", "right_arm"}


def test_a_skill_that_says_nothing_has_the_whole_robot():
    assert ownership([]).groups == set(GROUPS)
    assert ownership(["none"]).groups == set()


def test_different_arms_go_together_and_one_arm_does_not():
    wave, reach = ownership(["arm"], LEFT), ownership(["arm", "hand", "waist"], RIGHT)
    assert not wave.contended(reach)
    assert ownership(["arm"], RIGHT).contended(reach) == {"right_arm"}


def test_what_is_shared_is_contended_unless_the_two_are_blended():
    look, nod = ownership(["shared waist"]), ownership(["shared waist"])
    assert look.contended(nod) == {"waist"}
    assert not look.contended(nod, blended=True)
    assert look.entangled(nod)
    assert not look.entangled(ownership(["waist"]))


def test_who_follows_the_waist_runs_beside_it_only_as_a_blend():
    level, look = ownership(["arm", "follows waist"], LEFT), ownership(["shared waist"])
    assert level.contended(look) == {"waist"}
    assert level.entangled(look)
    joined = level.joined(look)
    assert joined.groups == {"left_arm", "waist"}
    assert joined.shared == {"waist"}
    assert not joined.follows


@given(words, words)
def test_contention_is_mutual_and_a_blend_has_no_more_of_it(first, second):
    a, b = ownership(first), ownership(second)
    assert a.contended(b) == b.contended(a)
    assert a.contended(b, blended=True) <= a.contended(b)
    assert a.joined(b).groups == a.groups | b.groups


@given(words)
def test_words_say_what_was_meant(said):
    meant = ownership(said)
    assert ownership(meant.words()) == meant or not meant.groups


def test_joints_belong_to_groups_by_their_names():
    assert group_of("left_shoulder_pitch_joint") == "left_arm"
    assert group_of("right_hand_index_0_joint") == "right_hand"
    assert group_of("waist_pitch_joint") == "waist"
    assert group_of("left_knee_joint") == ""


def test_a_word_that_is_no_joint_group_is_refused():
    with pytest.raises(ValueError, match="tail"):
        ownership(["tail"])
    with pytest.raises(DescriptorError, match="joint_groups"):
        SkillDescriptor(
            id="x", version="1.0.0", description="d", examples=("e",), skill_type="manipulation",
            estimated_duration=1.0, joint_groups=("tail",),
        )  # fmt: skip


def test_every_skill_of_the_library_says_which_joints_it_moves(store):
    for skill in store.query():
        assert isinstance(ownership(skill.joint_groups), Ownership)
        assert skill.joint_groups or skill.id == "stand_still", skill.id
