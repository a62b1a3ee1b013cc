"""Routing of sentences that the library has never seen, and refusals."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from dynamical_skills.constraints import RoutingConstraints
from dynamical_skills.decomposition import GrammarDecomposer
from dynamical_skills.errors import GoalError, NoSkillFitsError, ParameterError
from dynamical_skills.grounding import CLASSES
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.library.store import load_background
from dynamical_skills.routing import SHORT_LIST, MoESkillRouter

HELD_OUT = yaml.safe_load(Path(__file__).with_name("routing_heldout.yaml").read_text())
STIRRING = SkillDescriptor(
    id="stir",
    version="1.0.0",
    description="Stir a pot with a spoon.",
    examples=("stir the soup", "stir the pot with the spoon", "mix the soup in the pot"),
    skill_type="manipulation",
    estimated_duration=3.0,
)


def ranked(router: MoESkillRouter, sentence: str) -> tuple[str, ...]:
    try:
        return router.route(sentence).skill_ids
    except NoSkillFitsError:
        return ("none",)


def best(router: MoESkillRouter, sentence: str) -> str:
    return ranked(router, sentence)[0]


def test_no_held_out_sentence_is_in_the_library(store):
    known = {phrase.lower() for skill in store.query() for phrase in skill.examples}
    known |= {sentence.lower() for sentence in load_background()}
    assert not [s for group in HELD_OUT.values() for s in group if s.lower() in known]


def test_the_held_out_set_is_large_enough_and_covers_the_library(store):
    skills = {name: group for name, group in HELD_OUT.items() if name != "none"}
    assert set(skills) <= set(store.ids)
    assert len(skills) >= 24
    assert sum(map(len, skills.values())) >= 150
    assert len(HELD_OUT["none"]) >= 30


def test_held_out_paraphrases_reach_their_skill(router):
    pairs = [(skill, s) for skill, group in HELD_OUT.items() if skill != "none" for s in group]
    found = [(skill, s, ranked(router, s)) for skill, s in pairs]
    wrong = [(skill, s, ids) for skill, s, ids in found if ids[:1] != (skill,)]
    missing = [(skill, s, ids) for skill, s, ids in found if skill not in ids]
    assert len(wrong) <= 0.08 * len(pairs), wrong
    assert len(missing) <= 0.02 * len(pairs), missing


def test_held_out_tasks_that_no_skill_fits_are_refused(router):
    taken = [(s, best(router, s)) for s in HELD_OUT["none"] if best(router, s) != "none"]
    assert len(taken) <= 0.10 * len(HELD_OUT["none"]), taken


@pytest.mark.parametrize("sentence", ["grab the crimson mug", "pick up the red cup"])
def test_words_for_the_same_task_reach_grasp(router, sentence):
    assert best(router, sentence) == "grasp"


def test_every_sentence_the_grammar_makes_reaches_the_skill_it_means(router, grounding):
    decomposer = GrammarDecomposer(grounding)
    chain = ["look_at", "reach", "grasp", "lift"]
    wrong = []
    for color in ("red ", "blue ", "green ", ""):
        for thing in (name for name in CLASSES if name not in ("person", "table", "shelf")):
            for place in ("shelf", "table"):
                said = (
                    f"take the {color}{thing}, put it on the {place}, point at it, push it, wave"
                )
                meant = [*chain, "carry", "place_on", "point_at", "push", "wave"]
                got = [best(router, task.text) for task in decomposer.decompose(said)]
                wrong += [(said, got)] if got != meant else []
            said = f"give me the {color}{thing}"
            got = [best(router, task.text) for task in decomposer.decompose(said)]
            wrong += [(said, got)] if got != [*chain, "hand_over", "home"] else []
    for said, meant in (
        ("let go", "release"), ("open your hand", "open_hand"), ("close your hand", "close_hand"),
        ("nod", "nod"), ("reach for the cup", "reach"), ("look at the person", "look_at"),
    ):  # fmt: skip
        got = [best(router, task.text) for task in decomposer.decompose(said)]
        wrong += [(said, got)] if got != [meant] else []
    assert not wrong


def test_a_refusal_names_the_nearest_skills(router):
    with pytest.raises(NoSkillFitsError, match="nearest: ") as refusal:
        router.route("book a flight to Paris")
    assert "Paris" in refusal.value.text


def test_weights_sum_to_one_best_first(router):
    route = router.route("pick up the red cup", max_skills=3)
    assert len(route.skill_ids) == len(route.weights) == len(route.similarity) == 3
    assert sum(route.weights) == pytest.approx(1.0)
    assert list(route.weights) == sorted(route.weights, reverse=True)


def test_an_embedding_leads_to_the_skill_of_its_sentence(router, embedder):
    for sentence in ("wave at the guests", "grab the object", "go home"):
        said = router.route(sentence)
        given = router.route(embedding=embedder.embed(sentence) * 3.0)
        # The alternatives may differ: an embedding brings no wording.
        assert given.skill_ids[0] == said.skill_ids[0]


def test_only_skills_of_a_required_type_are_chosen(router, store):
    route = router.route("look at the red cup", required_types=["perception"], max_skills=5)
    assert {store.get(name).skill_type for name in route.skill_ids} == {"perception"}
    with pytest.raises(NoSkillFitsError):
        router.route("look at the red cup", required_types=["locomotion"])


def test_bad_requests_are_refused_with_a_reason(router):
    with pytest.raises(GoalError):
        router.route("  ")
    with pytest.raises(GoalError, match="3000"):
        router.route("w" * 3000)
    with pytest.raises(ParameterError, match="384"):
        router.route(embedding=np.zeros(10))
    with pytest.raises(ParameterError, match="384"):
        router.route(embedding=np.full(384, np.nan))
    with pytest.raises(ParameterError, match="flying"):
        router.route("wave", required_types=["flying"])


def test_a_newly_registered_skill_is_found_at_once(embedder, store):
    router = MoESkillRouter(embedder, store.query(), background=load_background())
    assert best(router, "water the flowers") == "none"
    watering = SkillDescriptor(
        id="water",
        version="1.0.0",
        description="Pour water on plants.",
        examples=(
            "water the plants on the sill",
            "give the flowers some water",
            "pour water on the fern",
        ),
        skill_type="manipulation",
        estimated_duration=5.0,
    )
    router.add(watering)
    assert best(router, "give some water to the flowers") == "water"
    assert best(router, "grab the crimson mug") == "grasp"
    router.add(replace(watering, version="1.1.0", status="deprecated"))
    assert best(router, "give some water to the flowers") != "water"


def test_a_registered_skill_takes_over_what_was_thought_impossible(embedder, store):
    router = MoESkillRouter(embedder, store.query(), background=load_background())
    assert best(router, "mop the floor") == "none"
    mop = replace(STIRRING, id="mop", examples=("mop the floor", "wipe the floor with a mop"))
    router.add(mop)
    assert best(router, "please mop the floor") == "mop"


def test_a_skill_that_the_gate_has_not_learned_takes_part_from_the_start(embedder, store):
    router = MoESkillRouter(embedder, (*store.query(), STIRRING), background=load_background())
    assert router.stale == ("stir",)
    assert best(router, "could you stir the soup please") == "stir"


def test_what_is_ruled_out_is_kept_with_its_reason(router):
    masks = RoutingConstraints(
        capabilities={"head", "waist"},
        unmet={"object_in_hand"},
        unavailable={"look_at": "the camera is being calibrated"},
    )
    found = router.explain("lift the cup", constraints=masks)
    why = {c.skill_id: c.why for c in found.candidates if c.status == "masked"}
    assert why["grasp"] == "the robot has no arm"
    assert why["look_at"] == "the camera is being calibrated"
    assert found.route is None
    assert found.candidates[0].skill_id == "lift"
    assert "lift fits, but the robot has no" in found.reason
    with pytest.raises(NoSkillFitsError, match="lift fits, but"):
        router.route("lift the cup", constraints=masks)


def test_a_precondition_that_does_not_hold_masks_the_skill(router, store):
    condition = store.get("lift").preconditions[0]
    found = router.explain("lift the cup", constraints=RoutingConstraints(unmet={condition}))
    first = found.candidates[0]
    assert (first.skill_id, first.status) == ("lift", "masked")
    assert condition in first.why


def test_a_caller_may_ask_for_more_confidence(router):
    assert router.route("grab the mug").skill_ids[0] == "grasp"
    with pytest.raises(NoSkillFitsError, match=r"0\.999 is|1\.00 is"):
        router.route("grab the mug", constraints=RoutingConstraints(min_confidence=0.999))
    with pytest.raises(ParameterError, match="min_confidence"):
        RoutingConstraints(min_confidence=2.0)


def test_an_explanation_agrees_with_the_route_and_sums_to_one(router, store):
    found = router.explain("wave at the guests")
    assert found.route == router.route("wave at the guests")
    assert len(found.candidates) == len(store.ids)
    total = sum(candidate.score for candidate in found.candidates) + found.none_score
    assert total == pytest.approx(1.0, abs=1e-4)
    chosen = [c.skill_id for c in found.candidates if c.status == "chosen"]
    assert tuple(chosen) == found.route.skill_ids


def test_a_library_over_the_short_list_still_finds_what_is_said(embedder, store):
    verbs = ("paint", "weld", "iron", "peel", "saw", "water", "dust", "tune", "bake", "knit")
    endings = ("olo", "imi", "anu", "eke", "uru", "awa")
    things = [f"{first}{ending}" for first in "bdfgkmprtv" for ending in endings]
    many = [
        replace(
            STIRRING,
            id=f"{verb}_{thing}",
            examples=(f"{verb} the {thing}",),
            description=f"{verb} one {thing}",
        )
        for verb in verbs
        for thing in things
    ]
    assert len(many) > SHORT_LIST
    router = MoESkillRouter(embedder, (*store.query(), *many), background=load_background())
    assert best(router, "weld the kolo") == "weld_kolo"
    assert best(router, "please grab the crimson mug") == "grasp"
    assert len(router.explain("weld the kolo").candidates) == SHORT_LIST
