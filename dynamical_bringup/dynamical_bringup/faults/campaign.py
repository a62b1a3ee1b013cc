"""Carries the faults out, one after the other, and judges each."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dynamical_bringup.client import ClientError
from dynamical_bringup.faults.bring import Bringer
from dynamical_bringup.faults.clocks import ClockError
from dynamical_bringup.faults.contacts import contacts
from dynamical_bringup.faults.evidence import Evidence
from dynamical_bringup.faults.fault import JOB, REST, WAVE, Fault, Group, Scene
from dynamical_bringup.faults.injection import InjectionError
from dynamical_bringup.faults.judge import Recovered, Row, judge
from dynamical_bringup.faults.stage import Stage
from dynamical_bringup.runner import PlatformError

WAVING = "wave with your right hand"
CUP = "pick up the red cup and place it on the shelf"
HOME = "go home"
MOVING = 0.4  # speed of the fastest joint at which a wave is in full motion [rad/s]
MOVE_WITHIN = 8.0
PHASE_WITHIN = 45.0
READY_WITHIN = 45.0
RECOVER_WITHIN = 45.0
STARTS = 3  # of a motion, until the gate stays in NORMAL
STALL = 80  # of the campaign's own process, from which others were held up, too [ms]
ATTEMPTS = 3
TROUBLES = (ClientError, PlatformError, InjectionError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault carried out: its row and, for its picture, what was recorded.

    Attributes:
        row: As judged.
        evidence: All that was recorded.
        begin: When the fault began, monotonic [s].
        end: When it was taken back.
    """

    row: Row
    evidence: Evidence
    begin: float
    end: float


class Campaign:
    """Carries faults out scene by scene.

    Args:
        faults: What to carry out.
        say: Told one sentence for each event.
        config_dir: Folder with platform.yaml; ``None`` = the installed one.
    """

    def __init__(
        self,
        faults: Sequence[Fault],
        *,
        say: Callable[[str], None],
        config_dir: Path | None = None,
    ) -> None:
        self._faults, self._config = faults, config_dir
        self._say = say

    def __iter__(self) -> Iterator[Trial]:
        for scene in Scene:
            waiting = [fault for fault in self._faults if fault.scene is scene]
            while waiting:
                done = 0
                for trial in self._on_one_platform(scene, waiting):
                    done += 1
                    yield trial
                waiting = waiting[done:]

    def _on_one_platform(self, scene: Scene, faults: Sequence[Fault]) -> Iterator[Trial]:
        """Trials until the platform is of no more use; at least one."""
        self._say(f"bringing the platform up ({scene.value}) ...")
        done = 0
        try:
            with Stage(scene, say=self._say, config_dir=self._config) as stage:
                for fault in faults:
                    trial, usable = self._try(fault, stage)
                    done += 1
                    yield trial
                    if not usable:
                        self._say("the platform does not work again: starting it anew")
                        return
        except (*TROUBLES, ClockError) as error:
            for fault in faults[done : done + 1] if done else faults:
                yield _not_done(fault, str(error))

    def _try(self, fault: Fault, stage: Stage) -> tuple[Trial, bool]:
        """Carry a fault out, again where the machine may have been what was seen."""
        for attempt in range(1, ATTEMPTS + 1):
            trial, usable = carry_out(fault, stage)
            row = replace(trial.row, attempts=attempt)
            trial = replace(trial, row=row)
            if row.passed or not usable or not _disturbed(fault, row):
                break
            self._say(
                f"{fault.name}: the machine stood still for {row.stalled_ms} ms meanwhile, "
                f"attempt {attempt} of {ATTEMPTS} ({row.detail})"
            )
        return trial, usable


def carry_out(fault: Fault, stage: Stage) -> tuple[Trial, bool]:
    """One fault on a running platform; returns also whether the platform is of further use."""
    bringer = Bringer(stage)
    trouble = ""
    ready, _, why = stage.wait_free(READY_WITHIN)
    stage.recorder.clear()
    pause = threading.Event()
    begin = end = time.monotonic()
    try:
        if not ready:
            raise PlatformError(f"not in NORMAL before the fault: {why}")
        _begin(fault, stage)
        for action in fault.before:
            bringer.bring(action)
        pause.wait(fault.lead)
        begin = time.monotonic()
        for action in fault.actions:
            bringer.bring(action)
        pause.wait(fault.seconds)
    except TROUBLES as error:
        trouble = f"could not be carried out: {error}"
    end = max(time.monotonic(), begin + 1e-3)
    stalled = stage.recorder.stalled
    bringer.take_back()
    recovered = _recover(fault, stage)
    evidence = stage.recorder.evidence()
    if fault.motion.startswith(JOB):
        with contextlib.suppress(*TROUBLES):  # the next fault tells if it does not work
            _empty_hands(stage)
    row = judge(
        fault,
        evidence,
        begin=begin,
        end=end,
        recovered=recovered,
        limits=stage.limits,
        contacts=contacts(evidence.rooms, stage.mjcf, len(stage.limits.names)),
        trouble=trouble,
    )
    row = replace(row, stalled_ms=round(stalled * 1e3))
    return Trial(row, evidence, begin, end), recovered.worked and stage.platform.failure is None


def _disturbed(fault: Fault, row: Row) -> bool:
    """Whether the machine, not the fault, may have been what was seen; then it counts once more.

    The recorder does nothing but wait and copy: if it did not run, neither did others.
    """
    return fault.group is not Group.MACHINE and row.stalled_ms > STALL


def _begin(fault: Fault, stage: Stage) -> None:
    """Bring the robot into motion, and make sure that it is free when the fault comes."""
    for _ in range(STARTS):
        _begin_motion(fault, stage)
        if stage.free:
            return
        stage.wait_free(READY_WITHIN)
    raise PlatformError(f"in motion it does not stay free: {stage.last_word()}")


def _begin_motion(fault: Fault, stage: Stage) -> None:
    if fault.motion == REST:
        return
    goal = CUP if fault.motion.startswith(JOB) else WAVING
    if goal == CUP:
        _empty_hands(stage)
        stage.start_over(robot=False)
        threading.Event().wait(1.0)  # perception sees the cup where it is now
    answer = stage.invoke(goal)
    if not answer["success"]:  # a hand that still holds something, a service that is just back
        _empty_hands(stage)
        answer = stage.invoke(goal)
    if not answer["success"]:
        raise PlatformError(f"{goal!r} was refused: {answer.get('error')}")
    if fault.motion == WAVE:
        _wait(lambda: _moves(stage), MOVE_WITHIN, "the arm did not begin to wave")
        return
    phase = fault.motion.removeprefix(JOB)

    def there() -> bool:
        state = stage.client.execution(answer["execution_id"])
        if state["end_time"]:
            raise PlatformError(f"the job ended before {phase}: {state.get('error_message')}")
        return bool(state["result_data"].get("skill_id") == phase)

    _wait(there, PHASE_WITHIN, f"the job did not reach {phase}")
    threading.Event().wait(0.6)  # into its motion


def _empty_hands(stage: Stage) -> None:
    """Put the robot back to its start: what was carried may still be in its hand."""
    stage.start_over(robot=True)
    threading.Event().wait(1.0)
    stage.wait_free(READY_WITHIN)
    stage.recorder.clear()  # a robot that is elsewhere all at once is none of the fault's doing


def _moves(stage: Stage) -> bool:
    return stage.recorder.speed() > MOVING


def _wait(what: Callable[[], bool], within: float, otherwise: str) -> None:
    end, pause = time.monotonic() + within, threading.Event()
    while not what():
        if time.monotonic() > end:
            raise PlatformError(f"{otherwise} within {within:.0f} s")
        pause.wait(0.05)


def _recover(fault: Fault, stage: Stage) -> Recovered:
    begin = time.monotonic()
    free, resets, why = stage.wait_free(RECOVER_WITHIN)
    if free:
        why = stage.work(HOME)
        free = not why
        if not free:  # a stop may have come late, after the gate was free once
            free, more, last = stage.wait_free(RECOVER_WITHIN)
            resets += more
            why = last or stage.work(HOME)
            free = not why
    return Recovered(worked=free, resets=resets, seconds=time.monotonic() - begin, detail=why)


def _not_done(fault: Fault, why: str) -> Trial:
    now = time.monotonic()
    recovered = Recovered(worked=False, resets=0, seconds=0.0, detail="no platform")
    row = Row(
        fault=fault.name,
        group=fault.group.value,
        doc=fault.doc,
        expected_state="|".join(sorted(fault.expected)),
        observed_state="",
        reaction_ticks=None,
        bound_ticks=fault.bound,
        limit_violations=0,
        min_human_distance_m=None,
        contacts=0,
        reasons=[],
        recovery=recovered.detail,
        seconds=0.0,
        passed=False,
        detail=f"could not be carried out: {why}",
    )
    return Trial(row, Evidence(), now, now)
