import json
import os
import signal
import subprocess
import sys

import pytest

from dynamical_bringup.cli.main import main, parser


@pytest.mark.parametrize(
    "command", [["status"], ["invoke", "wave"], ["skills"], ["logs"], ["stop"], ["reset"]]
)
def test_without_a_platform_every_command_says_how_to_start_one(run, command):
    ended = run(*command, here=True)
    assert ended.returncode == 3
    assert "no platform is running here; start one with: dynamical up" in ended.stderr
    as_json = run(*command, "--json", here=True)
    assert as_json.returncode == 3
    assert json.loads(as_json.stdout)["success"] is False


def test_down_without_a_platform_is_no_error(run):
    ended = run("down", "--json", here=True)
    assert ended.returncode == 0
    assert json.loads(ended.stdout.splitlines()[-1])["was_running"] is False


def test_status_shows_the_robot_and_every_node(run, until):
    def told():
        # Loops tell their timing once a second.
        ended = run("status")
        assert ended.returncode == 0
        return "1000 Hz" in ended.stdout and ended

    ended = until(told)
    for word in ("healthy", "thor_001: idle", "NORMAL", "safety_gate", "1000 Hz"):
        assert word in ended.stdout
    body = json.loads(run("status", "--json").stdout)
    assert body["status"] == "healthy"
    assert body["robot"]["robot_id"] == "thor_001"


def test_invoke_shows_progress_and_the_end(run):
    ended = run("invoke", "pick up the red cup")
    assert ended.returncode == 0
    for word in ("step 1/2", "grasp", "0.500 m to go", "NORMAL", "completed after"):
        assert word in ended.stdout
    body = json.loads(run("invoke", "pick up the red cup", "--json").stdout)
    assert (body["status"], body["success"]) == ("completed", True)


def test_invoke_that_is_refused_says_why_and_fails(run):
    ended = run("invoke", "refuse this")
    assert ended.returncode == 1
    assert "nothing fits 'refuse this'" in ended.stdout
    at_once = run("invoke", "refuse this", "--no-wait")
    assert at_once.returncode == 1
    assert "code 405" in at_once.stderr


def test_invoke_without_waiting_returns_the_execution(run, client):
    body = json.loads(run("invoke", "wave", "--no-wait", "--json").stdout)
    assert body["actions"]
    assert client.get(f"/api/v1/skills/executions/{body['execution_id']}").status_code == 200


def test_ctrl_c_cancels_the_execution(bridge, client, until):
    status = "/api/v1/robots/thor_001/status"
    until(lambda: client.get(status).json()["status"] == "idle")
    env = {**os.environ, "DYNAMICAL_URL": bridge.url, "DYNAMICAL_API_KEY": bridge.key}
    process = subprocess.Popen(
        [sys.executable, "-m", "dynamical_bringup.cli", "invoke", "slow", "--json"],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    )
    until(lambda: client.get(status).json()["status"] == "busy")
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert json.loads(out)["status"] == "cancelled"


def test_skills_are_listed_and_matched(run):
    listed = run("skills").stdout
    assert "grasp" in listed
    assert "The skill wave." in listed
    assert "0.75" in run("skills", "--for", "pick it up").stdout
    refused = run("skills", "--for", "refuse")
    assert refused.returncode == 1
    assert "no skill fits" in refused.stderr


def test_stop_and_reset(run, client, until):
    stopped = run("stop", "--reason", "someone is near")
    assert stopped.returncode == 0
    assert "dynamical reset" in stopped.stdout
    assert "stopped" in run("status").stdout
    again = json.loads(run("reset", "--json").stdout)
    assert (again["success"], again["state"]) == (True, "NORMAL")
    until(lambda: client.get("/health").json()["status"] == "healthy")


def test_a_wrong_key_is_named(bridge, monkeypatch, capsys):
    monkeypatch.setenv("DYNAMICAL_URL", bridge.url)
    monkeypatch.setenv("DYNAMICAL_API_KEY", "wrong")
    assert main(["skills"]) == 1
    assert "X-API-Key is not valid" in capsys.readouterr().err


def test_a_platform_that_does_not_answer_is_named(monkeypatch, capsys):
    monkeypatch.setenv("DYNAMICAL_URL", "http://127.0.0.1:9")
    assert main(["status"]) == 4
    assert "127.0.0.1:9 does not answer" in capsys.readouterr().err


def test_logs_of_one_node_or_of_all(run, tmp_path):
    folder = tmp_path / "logs" / "run"
    folder.mkdir(parents=True)
    (folder / "control.log").write_text("".join(f"line {i}\n" for i in range(30)))
    (folder / "perception.log").write_text("seen\n")
    state = {
        "url": "http://127.0.0.1:9",
        "api_key_file": "none",
        "log_dir": str(folder),
        "pid": os.getpid(),
        "robot_id": "thor_001",
        "domain_id": 66,
        "nodes": {},
    }
    (tmp_path / "run.json").write_text(json.dumps(state))
    lines = run("logs", "control", "-n", "2", here=True).stdout.splitlines()
    assert lines == ["line 28", "line 29"]
    everything = run("logs", "--json", here=True).stdout.splitlines()
    assert json.loads(everything[-1]) == {"node": "perception", "line": "seen"}
    unknown = run("logs", "kitchen", here=True)
    assert unknown.returncode == 1
    assert "there are: control, perception" in unknown.stderr


def test_every_command_has_a_json_form_and_wrong_arguments_are_code_2():
    for command in ("up", "down", "status", "skills", "logs", "stop", "reset"):
        assert parser().parse_args([command, "--json"]).json is True
    with pytest.raises(SystemExit) as ended:
        parser().parse_args(["dance"])
    assert ended.value.code == 2
