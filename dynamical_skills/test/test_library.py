"""Descriptors and the store."""

from dataclasses import replace

import pytest

from dynamical_skills.conditions import CONDITIONS
from dynamical_skills.errors import DescriptorError, SkillsError, UnknownSkillError
from dynamical_skills.library.skill import descriptor_from_dict, descriptor_to_dict
from dynamical_skills.library.store import SkillStore, load_skills
from dynamical_skills.policies.primitives.registry import SKILLS


def test_every_described_skill_is_implemented_and_the_other_way_round(store):
    assert set(store.ids) == set(SKILLS)
    assert len(store.ids) >= 12


def test_every_condition_named_exists(store):
    for skill in store.query():
        assert {*skill.preconditions, *skill.postconditions} <= set(CONDITIONS), skill.id


def test_skills_have_enough_different_examples(store):
    for skill in store.query():
        assert len(set(skill.examples)) >= 8, skill.id


def test_a_descriptor_survives_plain_data(store):
    for skill in store.query():
        assert descriptor_from_dict(descriptor_to_dict(skill)) == skill


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"id": "Bad Id"}, "lower-case"),
        ({"version": "one"}, "1.0.0"),
        ({"description": " "}, "description"),
        ({"examples": []}, "examples"),
        ({"examples": "wave"}, "list"),
        ({"skill_type": "magic"}, "manipulation"),
        ({"status": "new"}, "draft"),
        ({"estimated_duration": 0}, "3600"),
        ({"estimated_duration": "soon"}, "soon"),
        ({"parameters": [{"name": "x", "type": "thing", "description": "."}]}, "thing"),
        ({"parameters": [{"title": "x"}]}, "title"),
        ({"coordination": {"supported_roles": ["king"]}}, "king"),
        ({"coordination": {"min_robots": 3}}, "min_robots"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_descriptor_is_refused_with_field_and_value(store, changes, word):
    with pytest.raises(DescriptorError, match=word):
        descriptor_from_dict({**descriptor_to_dict(store.get("wave")), **changes})


def test_a_registered_skill_is_there_after_a_restart(tmp_path):
    store = SkillStore(tmp_path)
    store.register(replace(store.get("wave"), id="curtsey", status="draft"))
    store.register(replace(store.get("wave"), version="1.2.0", description="Wave better."))
    store.deploy("curtsey")
    again = SkillStore(tmp_path)
    assert again.get("curtsey").status == "deployed"
    assert again.get("wave").description == "Wave better."


def test_only_a_newer_version_replaces_a_skill(tmp_path):
    store = SkillStore(tmp_path)
    with pytest.raises(DescriptorError, match="not newer"):
        store.register(store.get("wave"))
    store.register(replace(store.get("wave"), version="1.0.10"))
    with pytest.raises(DescriptorError, match=r"1\.0\.10"):
        store.register(replace(store.get("wave"), version="1.0.9"))


def test_a_store_that_cannot_write_says_so(tmp_path):
    (tmp_path / "skills").write_text("a file where the folder should be")
    store = SkillStore(tmp_path)
    with pytest.raises(DescriptorError, match="cannot be kept"):
        store.register(replace(store.get("wave"), version="2.0.0"))
    assert store.get("wave").version == "1.0.0"


def test_queries_filter_and_refuse_what_does_not_exist(store):
    found = {skill.id for skill in store.query(skill_type="perception")}
    assert found == {"look_at", "scan", "follow_gaze", "show"}
    assert store.query(status="deprecated") == ()
    with pytest.raises(SkillsError, match="magic"):
        store.query(skill_type="magic")
    with pytest.raises(UnknownSkillError, match="fly"):
        store.get("fly")


@pytest.mark.parametrize("text", ["- a", "skills: 3", "skills: [{", "skills: [3]", "a: [1"])
def test_a_broken_file_is_named(tmp_path, text):
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    with pytest.raises(DescriptorError, match=r"broken\.yaml"):
        load_skills(path)
