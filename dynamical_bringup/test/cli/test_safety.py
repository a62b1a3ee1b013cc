import json
from dataclasses import dataclass

import pytest

from dynamical_bringup.cli.main import main, parser
from dynamical_safety import audit

ZONE = """
name: aisle one
zone_type: limit
coordinates: [[0, 0], [1, 0], [1, 2]]
height_max: 2.0
speed_limit: 0.75
applies_to: both
"""


@dataclass
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(bridge, monkeypatch, capsys):
    """Run a command of the group in this process, against the bridge."""
    monkeypatch.setenv("DYNAMICAL_URL", bridge.url)
    monkeypatch.setenv("DYNAMICAL_API_KEY", bridge.key)
    monkeypatch.setenv("COLUMNS", "160")

    def command(*arguments):
        capsys.readouterr()
        code = main(["safety", *arguments])
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return command


@pytest.fixture
def zone_file(tmp_path):
    path = tmp_path / "zone.yaml"
    path.write_text(ZONE)
    return path


def test_status_shows_state_speed_and_ages(run):
    ended = run("status")
    assert ended.returncode == 0
    for word in ("NORMAL", "speed 100%", "joint state", "tracks", "ticks"):
        assert word in ended.stdout
    assert json.loads(run("status", "--json").stdout)["state"] == "NORMAL"


def test_zones_are_put_shown_and_removed(run, zone_file, until):
    assert run("zones", "--set", str(_list(zone_file))).returncode == 0
    put = run("zones", "--put", str(zone_file))
    assert put.returncode == 0
    assert "zone 'aisle one' is in force, version" in put.stdout
    shown = until(lambda: e if "aisle one" in (e := run("zones")).stdout else None)
    for word in ("limit", "both", "0.75 m/s", "(1.00, 2.00)"):
        assert word in shown.stdout
    version = json.loads(run("zones", "--json").stdout)["version"]
    late = run("zones", "--remove", "aisle one", "--expected-version", str(version + 5))
    assert late.returncode == 1
    assert "code 241" in late.stderr
    gone = run("zones", "--remove", "aisle one", "--expected-version", str(version), "--json")
    assert gone.returncode == 0
    assert json.loads(gone.stdout)["version"] == version + 1
    missing = run("zones", "--remove", "aisle one")
    assert missing.returncode == 1
    assert "aisle one" in missing.stderr


def _list(zone_file):
    path = zone_file.with_name("zones.yaml")
    path.write_text("[]")
    return path


def test_a_file_that_holds_no_zone_is_named(run, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("{ not: [yaml")
    ended = run("zones", "--put", str(path))
    assert ended.returncode == 1
    assert "bad.yaml cannot be read" in ended.stderr
    path.write_text("[1, 2]")
    assert "holds no zone" in run("zones", "--put", str(path)).stderr
    nowhere = run("zones", "--put", str(tmp_path / "none"), "--json")
    assert json.loads(nowhere.stdout)["success"] is False


def test_hazards_are_placed_shown_and_removed(run, tmp_path, until):
    path = tmp_path / "hazard.json"
    kind = {"name": "GLASS_CART", "severity": 0.75, "behaviour": "stop", "clearance": 1.0}
    cart = {"id": "cart", "hazard_type": "GLASS_CART", "position": [1, 2, 0.5]}
    path.write_text(json.dumps({"put": [cart], "put_types": [kind]}))
    assert "are in force, version" in run("hazards", "--put", str(path)).stdout
    until(lambda: "cart" in run("hazards").stdout)
    assert "1.00, 2.00, 0.50" in run("hazards").stdout
    types = run("hazards", "--types").stdout
    assert "GLASS_CART" in types
    assert "FORKLIFT" in types
    assert run("hazards", "--remove", "cart").returncode == 0
    assert run("hazards", "--remove-type", "GLASS_CART").returncode == 0
    assert run("hazards", "--remove", "cart", "--json").returncode == 1


def test_stop_explain_and_reset(run, client, until):
    assert "nothing need be done" in run("explain").stdout.lower()
    assert run("estop", "--reason", "someone is near").returncode == 0
    said = until(lambda: e if "EMERGENCY_STOP" in (e := run("explain")).stdout else None)
    for word in ("Somebody asked", "What would clear it", "dynamical safety reset"):
        assert word in said.stdout
    assert json.loads(run("explain", "--json").stdout)["points"][0]["needs_reset"] is True
    assert "because" in run("status").stdout
    assert json.loads(run("reset", "--json").stdout)["success"] is True
    until(lambda: client.get("/health").json()["status"] == "healthy")


def test_the_audit_is_shown_and_a_torn_one_is_a_failure(run, bridge):
    log = audit.AuditLog(bridge.state_dir)
    before, after = {"a": None, "b": {"name": "b"}}, {"a": {"name": "a"}, "b": None}
    log.append("edit_zones", source="anna", now=1e9, before=before, after=after, version=3)
    log.append("stop", source="ben", now=1e9, after={"reason": "test"})
    shown = run("audit")
    assert shown.returncode == 0
    for word in ("anna", "added a, removed b", "ben", "the chain holds"):
        assert word in shown.stdout
    log.path.write_text(log.path.read_text().replace("anna", "otto"))
    torn = run("audit", "-n", "1")
    assert torn.returncode == 1
    assert "line 1 does not hold" in torn.stdout
    assert json.loads(run("audit", "--json").stdout)["intact"] is False
    log.path.unlink()


def test_every_command_of_the_group_has_a_json_form():
    for command in ("status", "explain", "zones", "hazards", "stop", "estop", "reset", "audit"):
        assert parser().parse_args(["safety", command, "--json"]).json is True
    assert parser().parse_args(["safety", "estop"]).category == 0
    for wrong in (
        ["safety"],
        ["safety", "dance"],
        ["safety", "zones", "--put", "a", "--set", "b"],
    ):
        with pytest.raises(SystemExit) as ended:
            parser().parse_args(wrong)
        assert ended.value.code == 2
