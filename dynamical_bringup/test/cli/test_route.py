"""``dynamical route`` with the real library, without a graph."""

import io
import json
import sys

import pytest

from dynamical_bringup.cli.main import main


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs the command with a state folder of its own; code, standard output, standard error."""
    monkeypatch.setenv("DYNAMICAL_STATE", str(tmp_path / "state"))

    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(["route", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_a_sentence_shows_every_candidate_and_why(run):
    code, out, _ = run("grab the crimson mug")
    assert code == 0
    lines = {line.split()[0]: line for line in out.splitlines() if line.strip()}
    assert "chosen" in lines["grasp"]
    assert "grasp and the alternatives fit better" in lines["wave"]
    assert "(none of them)" in out


def test_json_has_skills_with_weights_and_all_candidates(run):
    code, out, _ = run("grab the crimson mug", "--json", "--max", "2")
    answer = json.loads(out)
    assert code == 0
    assert answer["text"] == "grab the crimson mug"
    assert answer["refused"] is False
    assert answer["skills"][0]["skill_id"] == "grasp"
    assert len(answer["skills"]) == 2
    assert sum(skill["weight"] for skill in answer["skills"]) == pytest.approx(1.0, abs=1e-3)
    status = {candidate["skill_id"]: candidate["status"] for candidate in answer["candidates"]}
    assert list(status.values()).count("chosen") == 2
    assert len(status) >= 24
    total = sum(candidate["score"] for candidate in answer["candidates"]) + answer["none_score"]
    assert total == pytest.approx(1.0, abs=0.01)


def test_a_refusal_gives_its_reason_and_code_1(run):
    code, out, _ = run("book a flight to Paris", "--json")
    answer = json.loads(out)
    assert code == 1
    assert answer["refused"] is True
    assert "nearest: " in answer["reason"]
    assert answer["skills"] == []
    assert all(candidate["why"] for candidate in answer["candidates"])
    code, out, _ = run("book a flight to Paris")
    assert code == 1
    assert "refused: no skill fits" in out


def test_masks_rule_out_and_keep_their_reason(run):
    code, out, _ = run("nod your head", "--json", "--type", "manipulation")
    answer = json.loads(out)
    assert code == 1
    assert "nod fits, but its type is coordination" in answer["reason"]
    first = answer["candidates"][0]
    assert (first["skill_id"], first["status"]) == ("nod", "masked")
    _, out, _ = run("lift the cup", "--json", "--capability", "head")
    assert "lift fits, but the robot has no" in json.loads(out)["reason"]


def test_a_file_is_routed_line_by_line(run, tmp_path):
    file = tmp_path / "sentences.txt"
    file.write_text("grab the mug\n\n  wave to the guests \nsing a song\n" + "w" * 3000 + "\n")
    code, out, _ = run("--file", str(file), "--json")
    answers = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [a["text"] for a in answers[:3]] == [
        "grab the mug",
        "wave to the guests",
        "sing a song",
    ]
    assert [a["refused"] for a in answers] == [False, False, True, True]
    assert "3000 characters" in answers[3]["reason"]
    code, out, _ = run("--file", str(file))
    assert out.startswith("grasp ")


def test_sentences_may_come_from_standard_input(run, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("wave\n"))
    _, out, _ = run("--file", "-", "--json")
    assert json.loads(out)["skills"][0]["skill_id"] == "wave"


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--file", "/nowhere/at/all.txt"], "cannot be read"),
        (["--file", "/dev/null"], "holds no sentence"),
        (["wave", "--type", "flying"], "flying"),
        (["wave", "--max", "0"], "--max"),
    ],
)
def test_wrong_input_is_named(run, arguments, word):
    code, _, err = run(*arguments)
    assert code == 1
    assert word in err


def test_neither_or_both_of_text_and_file_are_code_2():
    for arguments in (["route"], ["route", "wave", "--file", "x"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
