"""Sentences read apart from the things in them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_skills.phrases import neutral, neutral_all, paraphrases


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("Could you grab the crimson mug, please?", "grab the object"),
        ("please, robot, pick up that small red cup for me", "pick up the object"),
        ("put the blue cube on the shelf", "put the object on the shelf"),
        ("stack the cup on the cube", "stack the object on the object"),
        ("give me the green one", "give me the object"),
        ("tell me what you can see", "tell me what you can see"),
        ("move your left hand", "move your left hand"),
        ("please", "please"),
    ],
)
def test_courtesy_and_things_are_taken_out(said, read):
    assert neutral(said) == read


@given(st.text(max_size=80))
def test_reading_twice_changes_nothing_more(said):
    assert neutral(neutral(said)) == neutral(said)


def test_sentences_about_other_things_are_one_phrase():
    assert neutral_all(["grab the cup", "grab the red bottle", "wave"]) == [
        "grab the object",
        "wave",
    ]


def test_paraphrases_hold_every_phrase_and_are_the_same_each_time():
    phrases = ["grab the object", "wave", "nod"]
    made = paraphrases(phrases)
    assert set(phrases) < set(made)
    assert len(made) == 6
    assert made == paraphrases(phrases)
