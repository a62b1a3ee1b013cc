"""Sentences to sub-tasks."""

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.decomposition import GrammarDecomposer
from dynamical_skills.errors import GoalError

RED_CUP = {"class_id": "cup", "color": "red"}
GREEN_BOTTLE = {"class_id": "bottle", "color": "green"}
SHELF = {"class_id": "shelf"}
PICK = ["look at the red cup", "reach for the red cup", "grasp the red cup", "lift the red cup"]
PLACE = ["carry the red cup to the shelf", "place the red cup on the shelf", "go home"]


@pytest.fixture(scope="module")
def decomposer(grounding):
    return GrammarDecomposer(grounding)


def texts(decomposer, sentence):
    return [task.text for task in decomposer.decompose(sentence)]


@pytest.mark.parametrize(
    "sentence",
    [
        "pick up the red cup and place it on the shelf",
        "Pick up the red cup, then put it on the shelf.",
        "please grab the crimson mug and then set it down on the rack",
        "could you take the scarlet cup to the shelf?",
        "put the red mug on the shelf",
        "move the red cup from the table to the shelf, please",
        "Robot, I want you to place the red cup onto the shelf",
        "get the red cup. put it on the bookshelf",
        "put the red cup on the table on the shelf",
        "carry the red cup to the shelf and put it there",
        "transfer the small red cup to the shelf now",
        "look at the red cup, grasp it and place it on the shelf",
    ],
)
def test_ways_to_say_the_main_job(decomposer, sentence):
    steps = texts(decomposer, sentence)
    assert [step for place, step in enumerate(steps) if step not in steps[:place]] == PICK + PLACE


def test_parameters_are_grounded(decomposer):
    tasks = decomposer.decompose("pick up the crimson mug and place it on the rack")
    assert [task.parameters.get("object") for task in tasks] == [RED_CUP] * 6 + [None]
    assert [task.parameters.get("target") for task in tasks] == [None] * 4 + [SHELF] * 2 + [None]


@pytest.mark.parametrize(
    ("sentence", "text", "parameters"),
    [
        ("wave", "wave your hand", {}),
        ("wave with your left hand", "wave your hand", {"side": "left"}),
        ("say hello to the visitors", "wave your hand", {}),
        ("go home", "go home", {}),
        ("please go back to your home position", "go home", {}),
        ("point at the green bottle", "point at the green bottle", {"object": GREEN_BOTTLE}),
        ("show me where the red cup is", "point at the red cup", {"object": RED_CUP}),
        ("look at the shelf", "look at the shelf", {"object": SHELF}),
        ("find the red cup", "look at the red cup", {"object": RED_CUP}),
        (
            "reach for the red cup with your right arm",
            "reach for the red cup",
            {"object": RED_CUP, "side": "right"},
        ),
        ("open your hand", "open your hand", {}),
        ("nod", "nod your head", {}),
    ],
)  # fmt: skip
def test_single_skill_sentences(decomposer, sentence, text, parameters):
    (task,) = decomposer.decompose(sentence)
    assert (task.text, task.parameters) == (text, parameters)


def test_pushing_has_direction_and_distance(decomposer):
    task = decomposer.decompose("push the blue cube to the left by 5 cm")[0]
    assert task.parameters["direction"] == "left"
    assert task.parameters["distance"] == pytest.approx(0.05)


def test_giving_hands_over_to_the_person(decomposer):
    for sentence in (
        "give me the red cup",
        "hand the red cup to the operator",
        "bring me the red mug",
    ):
        tasks = decomposer.decompose(sentence)
        assert [task.text for task in tasks] == [
            *PICK,
            "hand over the red cup to the person",
            "go home",
        ]
        assert tasks[4].parameters == {"object": RED_CUP, "target": {"class_id": "person"}}


def test_several_things_share_a_verb(decomposer):
    assert texts(decomposer, "look at the shelf and the red cup") == [
        "look at the shelf",
        "look at the red cup",
    ]


def test_a_thing_unknown_here_is_still_a_thing(decomposer):
    assert decomposer.decompose("pick up the banana")[0].parameters["object"] == {
        "class_id": "banana"
    }


@pytest.mark.parametrize(
    "sentence",
    [
        "take the train to Paris",
        "take a nap",
        "put on some music",
        "hold a meeting",
        "sing a song",
    ],
)
def test_what_the_grammar_does_not_cover_is_left_to_the_router(decomposer, sentence):
    (task,) = decomposer.decompose(sentence)
    assert task.text == sentence.lower()


def test_coordinates_become_a_position(decomposer):
    task = decomposer.decompose("move your hand to 0.4, -0.1, 1.0")[0]
    assert task.parameters["position"] == [0.4, -0.1, 1.0]


@pytest.mark.parametrize(
    ("sentence", "code"),
    [
        ("", ErrorCode.GOAL_EMPTY),
        ("  \n", ErrorCode.GOAL_EMPTY),
        ("pick " * 500, ErrorCode.GOAL_TOO_LONG),
        ("don't touch the cup", ErrorCode.NOT_UNDERSTOOD),
        ("pick up the cup but do not lift it", ErrorCode.NOT_UNDERSTOOD),
        ("put the cup next to the bottle", ErrorCode.NOT_UNDERSTOOD),
    ],
)
def test_what_must_not_be_guessed_is_refused(decomposer, sentence, code):
    with pytest.raises(GoalError) as refusal:
        decomposer.decompose(sentence)
    assert refusal.value.code is code
