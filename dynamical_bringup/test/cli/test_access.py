import json

import httpx
import pytest

from dynamical_bringup.rest.auditing import audit_path
from dynamical_safety.audit import AuditLog


def test_a_key_is_made_listed_and_revoked(run, bridge):
    made = json.loads(
        run("keys", "create", "--scope", "observe", "operate", "--name", "arm", "--json").stdout
    )
    assert made["scopes"] == ["observe", "operate"]
    plain = run("keys", "create").stdout.strip()
    with bridge.client(key=plain) as holder:
        assert holder.get("/api/v1/skills").status_code == 200
        assert holder.post("/api/v1/robot/invoke_skill", json={"goal": "x"}).status_code == 403
    listed = run("keys", "list").stdout
    assert made["id"] in listed
    assert "arm" in listed
    assert made["key"].split("_", 2)[2] not in listed
    assert json.loads(run("keys", "list", "--json").stdout)["total"] >= 3
    assert f"key {made['id']} is void" in run("keys", "revoke", made["id"]).stdout
    assert "revoked" in run("keys", "list").stdout
    unknown = run("keys", "revoke", "nobody")
    assert unknown.returncode == 1
    assert "there is no key 'nobody'" in unknown.stderr


def test_a_scope_that_is_none_is_a_wrong_argument(run):
    with pytest.raises(SystemExit) as ended:
        run("keys", "create", "--scope", "everything")
    assert ended.value.code == 2


def test_the_audit_is_shown_and_verified_over_rest(run):
    run("stop", "--reason", "for the audit")
    run("reset")
    shown = run("audit", "list")
    assert shown.returncode == 0
    assert "POST /api/v1/safety/stop" in shown.stdout
    assert "the chain holds" in shown.stdout
    told = json.loads(run("audit", "verify", "--json").stdout)
    assert told["intact"] is True
    assert [chain["chain"] for chain in told["chains"]] == ["rest", "safety"]


def test_both_chains_are_verified_without_a_platform_and_a_broken_line_is_named(run, tmp_path):
    for folder in (tmp_path, audit_path(tmp_path).parent):
        log = AuditLog(folder)
        for number in range(4):
            assert log.append("stop", source=f"key {number}", now=1e9 + number) == ""
    whole = run("audit", "verify", here=True)
    assert whole.returncode == 0
    assert whole.stdout.count("the chain of 4 entries holds") == 2
    path = audit_path(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"key 2", b"key 9"))
    broken = run("audit", "verify", here=True)
    assert broken.returncode == 1
    assert f"{path}: line 3 does not hold" in broken.stdout
    told = json.loads(run("audit", "verify", "--json", here=True).stdout)
    assert [chain["broken_line"] for chain in told["chains"]] == [3, None]


def test_a_cut_off_end_is_found_by_whoever_noted_the_newest_hash(run, tmp_path):
    log = AuditLog(tmp_path)
    for number in range(3):
        log.append("stop", source="a", now=1e9 + number)
    file = tmp_path / "audit.jsonl"
    noted = json.loads(run("audit", "verify", "--file", str(file), "--json", here=True).stdout)
    head = noted["chains"][0]["newest_hash"]
    log.append("reset", source="a", now=2e9)
    arguments = ("audit", "verify", "--file", str(file), "--head", head)
    assert run(*arguments, here=True).returncode == 0
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    assert run("audit", "verify", "--file", str(file), here=True).returncode == 0
    cut = run(*arguments, here=True)
    assert cut.returncode == 1
    assert "its end was cut off" in cut.stdout


@pytest.mark.parametrize("command", [["keys", "list"], ["audit", "list"], ["executions", "list"]])
def test_without_a_platform_these_commands_say_so_too(run, command):
    ended = run(*command, "--json", here=True)
    assert ended.returncode == 3
    assert json.loads(ended.stdout)["success"] is False


def test_a_key_that_may_not_is_told_what_it_would_need(run, bridge):
    observe = run("keys", "create").stdout.strip()
    with httpx.Client(base_url=bridge.url, trust_env=False) as client:
        answer = client.get("/api/v1/keys", headers={"X-API-Key": observe})
    assert "needs 'administer' and has: observe" in answer.json()["detail"]
