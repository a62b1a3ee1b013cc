"""The gating network, how it is fitted and how it is kept."""

from dataclasses import replace

import numpy as np
import pytest

from dynamical_skills.errors import DescriptorError
from dynamical_skills.gate_file import fingerprint, read_gate, skill_phrases
from dynamical_skills.gating import INPUTS, NONE, GatingNetwork
from dynamical_skills.library.store import load_background
from dynamical_skills.phrases import neutral_all
from dynamical_skills.training.figures import measure
from dynamical_skills.training.fitting import Recipe, fit_gate
from dynamical_skills.training.folds import FOLDS, folds, train
from dynamical_skills.wording import SLOTS, wording

GROUPS = {
    "grasp": ["grab the object", "pick up the object", "take the object"],
    "wave": ["wave", "wave your hand", "say hello"],
    NONE: ["book a table", "sing a song", "buy a ticket"],
}


@pytest.fixture(scope="module")
def gate(embedder):
    return fit_gate(embedder, GROUPS, Recipe(width=16))


def of(gate, embedder, sentence):
    shares = gate.probabilities(gate.project(embedder.embed(sentence), wording(sentence)))
    return dict(zip(gate.classes, shares.tolist(), strict=True))


def test_a_gate_gives_shares_that_favour_what_it_learned(gate, embedder):
    shares = of(gate, embedder, "grab the object")
    assert sum(shares.values()) == pytest.approx(1.0, abs=1e-5)
    assert max(shares, key=shares.get) == "grasp"
    assert max(of(gate, embedder, "sing me a song"), key=shares.get) != "wave"


def test_the_same_sentences_give_the_same_gate(gate, embedder):
    again = fit_gate(embedder, GROUPS, Recipe(width=16))
    assert np.array_equal(again.keys, gate.keys)


def test_a_new_class_gets_a_key_from_its_phrases_and_the_others_keep_theirs(embedder):
    gate = read_gate().network
    phrases = ["stir the soup", "mix the soup in the pot"]
    places = np.stack([gate.project(embedder.embed(p), wording(p)) for p in phrases])
    wider = gate.of(["wave", "stir", "grasp", NONE], {"stir": places})
    assert np.array_equal(wider.keys[0], gate.keys[gate.classes.index("wave")])
    shares = of(wider, embedder, "stir the soup in the pot")
    assert max(shares, key=shares.get) == "stir"
    shares = of(wider, embedder, "grab the object")
    assert max(shares, key=shares.get) == "grasp"


def test_shapes_that_do_not_fit_are_named(gate):
    with pytest.raises(ValueError, match="keys"):
        replace(gate, keys=gate.keys[:, :-1])
    with pytest.raises(ValueError, match="two different classes"):
        GatingNetwork(
            projection=np.zeros((INPUTS, 2)),
            classes=("a",),
            keys=np.zeros((1, 2)),
            bias=np.zeros(1),
            centre=np.zeros(2),
            own_logit=1.0,
        )


def test_wording_is_a_unit_vector_and_survives_a_typing_error():
    right, mistyped, other = (
        wording(said).dense() for said in ("stretch your arm", "strech your arm", "say hello")
    )
    assert right.shape == (SLOTS,)
    assert np.linalg.norm(right) == pytest.approx(1.0, abs=1e-6)
    assert right @ mistyped > 0.6 > right @ other
    assert not wording("  ?").dense().any()


def test_the_shipped_gate_has_learned_the_library_as_it_is(store):
    groups = {skill.id: skill_phrases(skill) for skill in store.query()}
    groups[NONE] = neutral_all(load_background())
    stale = read_gate().stale(groups)
    assert not stale, f"run: python -m dynamical_skills.training.gate; not learned: {stale}"


def test_a_changed_skill_is_noticed(store):
    skill = store.get("wave")
    trained = read_gate()
    changed = replace(skill, examples=(*skill.examples, "flap your hand about"))
    assert trained.stale({"wave": skill_phrases(skill)}) == ()
    assert trained.stale({"wave": skill_phrases(changed), "new": ["a"]}) == ("wave", "new")
    assert fingerprint(["a", "b"]) == fingerprint(["b", "a"])


def test_a_gate_is_read_back_as_it_was_written(embedder, store, tmp_path):
    skills = [store.get(name) for name in ("wave", "nod", "grasp")]
    trained = train(embedder, skills, load_background()[:20], Recipe())
    path = tmp_path / "gate.safetensors"
    replace(trained, record={"seed": 7}).write(path)
    again = read_gate(path)
    assert again.record == {"seed": 7}
    assert again.network.classes == trained.network.classes
    assert np.allclose(again.network.keys, trained.network.keys, atol=2e-3)
    assert set(again.sentences) == set(trained.sentences)


def test_a_broken_file_says_what_makes_a_new_one(tmp_path):
    path = tmp_path / "gate.safetensors"
    for content in (b"", b"broken", b"\x08\x00\x00\x00\x00\x00\x00\x00{}      "):
        path.write_bytes(content)
        with pytest.raises(DescriptorError, match=r"training\.gate"):
            read_gate(path)
    with pytest.raises(DescriptorError, match="none"):
        read_gate(tmp_path / "none.safetensors")


def test_folds_take_every_phrase_out_once(store):
    skills = store.query()
    asked = [
        said for fold in folds(skills, load_background(), seed=3) for said in fold.asked["wave"]
    ]
    assert sorted(asked) == sorted(store.get("wave").examples)
    first = next(folds(skills, load_background(), seed=3))
    left = next(skill for skill in first.skills if skill.id == "wave").examples
    assert not set(left) & set(first.asked["wave"])
    assert len(first.asked["wave"]) <= len(store.get("wave").examples) // FOLDS + 1


def test_figures_count_a_refused_sentence_as_wrong_and_a_draw_as_imbalance():
    answered = {"a1": ["a", "b"], "a2": [], "b1": ["a", "b"], "n1": [], "n2": ["a"]}
    figures = measure(
        lambda sentence: answered[sentence], {"a": ["a1", "a2"], "b": ["b1"], NONE: ["n1", "n2"]}
    )
    assert (figures.top1, figures.top3, figures.refused) == pytest.approx((1 / 3, 2 / 3, 0.5))
    assert figures.imbalance == pytest.approx(1.0)
