import json

INVOKE = "/api/v1/robot/invoke_skill"
PAINT = """
id: paint
version: 2.0.0
description: Paint a wall.
skill_type: manipulation
estimated_duration: 4.0
"""


def test_skills_alone_still_list_and_json_may_stand_on_either_side(run):
    plain = json.loads(run("skills", "--json").stdout)
    assert {"grasp", "place_on", "wave"} <= {skill["id"] for skill in plain["skills"]}
    for arguments in (("list", "--json"), ("--json", "list")):
        assert json.loads(run("skills", *arguments).stdout) == plain
    assert "The skill wave." in run("skills", "list").stdout


def test_a_list_is_filtered_and_cut_into_pages(run):
    whole = json.loads(run("skills", "--json").stdout)["skills"]
    page = json.loads(run("skills", "list", "--limit", "1", "--offset", "1", "--json").stdout)
    assert page["skills"] == whole[1:2]
    assert page["total"] == len(whole)
    assert json.loads(run("skills", "list", "--type", "navigation", "--json").stdout)["total"] == 0
    found = json.loads(run("skills", "list", "--text", "SKILL WAVE", "--json").stdout)
    assert [skill["id"] for skill in found["skills"]] == ["wave"]
    assert (
        json.loads(run("skills", "list", "--capability", "wings", "--json").stdout)["total"] == 0
    )


def test_one_skill_is_shown_and_an_unknown_one_named(run):
    shown = run("skills", "show", "grasp").stdout
    for word in ("grasp", "The skill grasp.", "independent, leader", "1 to 2 robots"):
        assert word in shown
    assert json.loads(run("skills", "show", "grasp", "--json").stdout)["id"] == "grasp"
    unknown = run("skills", "show", "fly")
    assert unknown.returncode == 1
    assert "'fly'" in unknown.stderr


def test_a_skill_is_registered_from_a_file(run, tmp_path):
    file = tmp_path / "paint.yaml"
    file.write_text(PAINT)
    assert "skill 'paint' is in the library" in run("skills", "register", str(file)).stdout
    assert json.loads(run("skills", "show", "paint", "--json").stdout)["version"] == "2.0.0"
    file.write_text("- no\n- skill\n")
    assert "holds no skill" in run("skills", "register", str(file)).stderr
    file.write_text("id: paint\nskill_type: magic\n")
    wrong = run("skills", "register", str(file))
    assert wrong.returncode == 1
    assert wrong.stderr


def test_executions_are_listed_followed_and_cancelled(run, client):
    done = client.post(INVOKE, json={"goal": "wave"}).json()["execution_id"]
    followed = run("executions", "follow", done)
    assert followed.returncode == 0
    assert "completed after" in followed.stdout
    slow = client.post(INVOKE, json={"goal": "slow"}).json()["execution_id"]
    assert slow in run("executions", "list", "--status", "running").stdout
    assert done not in run("executions", "list", "--status", "running").stdout
    assert json.loads(run("executions", "cancel", slow, "--json").stdout)["execution_id"] == slow
    lines = run("executions", "follow", slow, "--json")
    assert lines.returncode == 1
    assert json.loads(lines.stdout.splitlines()[-1])["status"] == "cancelled"
    unknown = run("executions", "follow", "nothing")
    assert unknown.returncode == 1
    assert "there is no execution 'nothing'" in unknown.stderr
    assert json.loads(run("executions", "list", "-n", "1", "--json").stdout)["executions"]
