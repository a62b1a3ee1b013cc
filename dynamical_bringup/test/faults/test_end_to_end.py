"""Three cheap faults of the campaign, on a real platform."""

import os
import subprocess
import sys

import pytest
from domain_coordinator import domain_id

from dynamical_bringup.faults.campaign import carry_out
from dynamical_bringup.faults.catalogue import FAULTS
from dynamical_bringup.faults.fault import Scene
from dynamical_bringup.faults.stage import Stage

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A running platform with its injector and recorder, in a domain and a state folder of its own."""
    before = {name: os.environ.get(name) for name in ("ROS_DOMAIN_ID", "DYNAMICAL_STATE")}
    with domain_id() as domain:
        os.environ["ROS_DOMAIN_ID"] = str(domain)
        os.environ["DYNAMICAL_STATE"] = str(tmp_path_factory.mktemp("state"))
        with Stage(Scene.PLAIN, say=print) as running:
            yield running
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@pytest.mark.parametrize("name", ["stop_category_1", "rogue_safety_permit", "kill_control"])
def test_a_fault_is_borne(stage, name):
    fault = next(fault for fault in FAULTS if fault.name == name)
    # A machine that stands still for a moment is another fault than the one that is tried.
    for _ in range(3):
        trial, usable = carry_out(fault, stage)
        assert trial.row.limit_violations == 0, trial.row.detail
        if usable and trial.row.passed:
            break
    assert usable
    assert trial.row.contacts == 0
    assert trial.row.passed, trial.row
    assert trial.evidence.set_points
    assert trial.evidence.joints
    assert trial.evidence.rooms


def test_a_name_that_is_none_is_refused_with_a_sentence():
    done = subprocess.run(
        [sys.executable, "-m", "dynamical_bringup.faults.main", "--only", "meteorite"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "no fault 'meteorite'" in done.stderr
