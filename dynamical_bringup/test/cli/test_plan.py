"""``dynamical plan``: as a tree and as JSON, without a graph and over a running bridge."""

import json

import pytest

from dynamical_bringup.cli.main import main


@pytest.fixture
def alone(monkeypatch, tmp_path, capsys):
    """Runs the command where no platform runs; code, standard output, standard error."""
    monkeypatch.setenv("DYNAMICAL_STATE", str(tmp_path / "state"))
    monkeypatch.delenv("DYNAMICAL_URL", raising=False)

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["plan", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_a_sentence_is_shown_as_a_tree_with_who_and_how(alone):
    code, out, _ = alone("wave with your left hand while nodding, then go home")
    assert code == 0
    for word in ("side by side", "wave", "nod", "joints: left_arm", "after 1, 2", "tier CONTROL"):
        assert word in out
    assert "thor_001" in out


def test_as_json_it_is_the_plan_that_rest_would_answer(alone):
    code, out, _ = alone("hold the cup level while looking at the shelf", "--json")
    assert code == 0
    answer = json.loads(out)
    (step,) = answer["plan"]["steps"]
    assert answer["success"]
    assert step["blended"]
    assert step["skill_ids"] == ["hold_level", "look_at"]
    assert step["location_params"]["look_at"]["object"] == {"class_id": "shelf"}
    assert answer["plan"]["status"] == "planned"
    code, out, _ = alone("--skill", "look_at", "--skill", "nod", "--blended", "--json")
    assert json.loads(out)["plan"]["steps"][0]["weights"] == [0.5, 0.5]


def test_what_cannot_be_planned_is_refused_with_the_reason(alone):
    code, out, err = alone("fly to the moon")
    assert (code, out) == (1, "")
    assert "nearest" in err
    code, out, _ = alone("fly to the moon", "--json")
    assert code == 1
    assert json.loads(out)["error_code"] == 405
    code, _, err = alone()
    assert code == 1
    assert "sentence" in err


def test_a_plan_that_was_begun_is_looked_up_over_rest(run):
    ended = run("plan", "--id", "p1")
    assert ended.returncode == 0
    assert "failed" in ended.stdout
    assert "too far" in ended.stdout
    ended = run("plan", "--id", "none", "--json")
    assert ended.returncode == 1
    assert "none" in json.loads(ended.stdout)["error"]
