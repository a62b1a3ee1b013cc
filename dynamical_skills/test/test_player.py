"""Following one trajectory: arrival, waiting, and every way to fail."""

import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.player import TrajectoryPlayer
from dynamical_skills.policies.policy import SkillError
from dynamical_skills.robot_state import ControlState, ControlView, SafetyState, SafetyView

ID = 5


def control(now, state=ControlState.EXECUTING, *, elapsed=0.0, number=ID, final=False):
    return ControlView(
        state=state, trajectory_id=number, elapsed=elapsed, final_reached=final, received=now
    )


def safety(now, state=SafetyState.NORMAL, *, passed=ID, reasons=()):
    return SafetyView(
        state=state, speed_scale=1.0, passed_trajectory_id=passed, reasons=reasons, received=now
    )


@pytest.fixture
def player(motion):
    return TrajectoryPlayer(motion(101), trajectory_id=ID, now=0.0)


def test_it_is_done_when_control_holds_at_the_end(player):
    assert player.step(0.0, None, None).chunk is not None
    half = player.step(1.0, control(1.0, elapsed=1.0), safety(1.0))
    assert half.passed
    assert half.fraction == pytest.approx(0.5)
    assert not half.done
    assert not player.step(2.0, control(2.0, elapsed=2.0, final=True), safety(2.0)).done
    end = control(2.1, ControlState.HOLDING, elapsed=2.0, final=True)
    assert player.step(2.1, end, safety(2.1)).done


def test_the_end_of_an_older_trajectory_is_not_its_end(player):
    old = control(0.1, ControlState.HOLDING, elapsed=9.0, number=4, final=True)
    step = player.step(0.1, old, safety(0.1, passed=4))
    assert not step.done
    assert not step.passed
    assert step.fraction == 0.0


def test_a_protective_stop_is_waited_out_for_any_time(player):
    for now in range(100):
        stopped = safety(now, SafetyState.PROTECTIVE_STOP)
        assert player.step(now, control(now, ControlState.PAUSED), stopped).waiting
    assert not player.step(100.0, control(100.0), safety(100.0)).waiting


@pytest.mark.parametrize(
    "state", [SafetyState.CONTROLLED_STOP, SafetyState.EMERGENCY_STOP, SafetyState.FAULT]
)
def test_a_stop_that_needs_a_reset_ends_it_with_the_gates_reason(player, state):
    with pytest.raises(SkillError, match="button pressed") as failure:
        player.step(0.1, control(0.1), safety(0.1, state, reasons=("button pressed",)))
    assert failure.value.code == ErrorCode.SAFETY_STOPPED


@pytest.mark.parametrize(
    ("state", "number", "words"),
    [
        (ControlState.STARVED, ID, "STARVED"),
        (ControlState.WAITING, ID, "WAITING"),
        (ControlState.EXECUTING, ID, "stands still"),
        (ControlState.HOLDING, ID - 1, "take up"),
    ],
)
def test_a_motion_that_does_not_go_on_is_given_up(player, state, number, words):
    def watch():
        for tick in range(200):
            now = tick * 0.05
            player.step(now, control(now, state, number=number), safety(now))

    with pytest.raises(SkillError, match=words) as failure:
        watch()
    assert failure.value.code == ErrorCode.MOTION_FAILED


@pytest.mark.parametrize("silent", ["control", "safety gate"])
def test_silence_is_given_up_and_named(player, silent):
    def watch():
        for tick in range(100):
            now = tick * 0.05
            heard = 0.0 if silent == "control" else now
            gate = 0.0 if silent == "safety gate" else now
            player.step(now, control(heard, elapsed=now), safety(gate))

    with pytest.raises(SkillError, match=f"{silent} has been silent"):
        watch()
