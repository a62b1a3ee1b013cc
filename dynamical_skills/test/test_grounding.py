"""Noun phrases to objects."""

import pytest


@pytest.mark.parametrize(
    ("phrase", "class_id", "color"),
    [
        ("the red cup", "cup", "red"),
        ("the crimson mug", "cup", "red"),
        ("that small blue building block", "cube", "blue"),
        ("an orange bottle", "bottle", "orange"),
        ("the orange", "orange", ""),
        ("the cabinet", "shelf", ""),
        ("the bookcase", "shelf", ""),
        ("me", "person", ""),
        ("the red one", "", "red"),
        ("the red thing", "", "red"),
    ],
)
def test_words_name_things(grounding, phrase, class_id, color):
    reference = grounding.resolve(phrase)
    assert (reference.class_id, reference.color) == (class_id, color)


@pytest.mark.parametrize(
    "phrase", ["the train", "a nap", "some music", "a photo", "world peace", ""]
)
def test_words_that_name_nothing_here_stay_open(grounding, phrase):
    assert grounding.resolve(phrase) is None


def test_mentions_come_in_order(grounding):
    mentions = grounding.mentions("wrap your fingers around the green bottle near the shelf")
    assert [(m.class_id, m.color) for m in mentions] == [("bottle", "green"), ("shelf", "")]
