"""Was a fault borne? From what was recorded to one row of the report. Pure.

Limits are the gate's own, of the URDF and the parameters. Set-points are held to them up to rounding.
Measured joints are physics: a servo overshoots its set-point, so they get ``POSITION_SLACK`` and
``SPEED_SLACK``, and speeds count only while drive torque holds the arm: after an emergency stop of
category 0 it sinks under its own weight, as it must. Accelerations of measured joints are not judged:
contacts have none that a limit could mean.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dynamical_bringup.faults.evidence import Evidence, Joints, SetPoint, Word
from dynamical_bringup.faults.fault import SILENT, Fault, Recovery, gravest, gravity
from dynamical_bringup.faults.forgeries import SEQUENCE_AHEAD
from dynamical_safety.limits import GateLimits
from dynamical_safety.state_machine import State

SILENCE = 0.100  # without a safe command that counts as a silent gate [s]
ROUNDING = 1e-6
SLACK = 0.02  # share of a set-point's limit that stamps of ticks cannot tell
WINDOW = 0.005  # over which a change of set-points is judged: single ticks jitter [s]
LONGEST = 0.050  # a longer gap between two recorded set-points is not judged [s]
POSITION_SLACK = 0.03  # of measured joints beyond the limit [rad]
SPEED_SLACK = 0.2  # of measured joints beyond the limit, share of it
STANDING = 0.03  # speed below which a joint stands [rad/s]
STAND_FOR = 0.05  # [s]
BRAKING = 500  # ticks that a robot may take to stand once it was told to
TICK = 0.001  # [s]
LET_GO = frozenset({State.EMERGENCY_STOP.name})
PLACED_ANEW = frozenset({State.EMERGENCY_STOP.name, State.INIT.name, State.FAULT.name})


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What it took to work again.

    Attributes:
        worked: Whether "go home" succeeded in the end.
        resets: How many resets it took.
        seconds: From the end of the fault [s].
        detail: What went wrong, if anything.
    """

    worked: bool
    resets: int
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the report."""

    fault: str
    group: str
    doc: str
    expected_state: str
    observed_state: str
    reaction_ticks: int | None
    bound_ticks: int | None
    limit_violations: int
    min_human_distance_m: float | None
    contacts: int
    reasons: list[str]
    recovery: str
    seconds: float
    passed: bool
    detail: str
    stalled_ms: int = 0  # longest time in which the campaign itself did not run
    attempts: int = 1


def judge(
    fault: Fault,
    evidence: Evidence,
    *,
    begin: float,
    end: float,
    recovered: Recovered,
    limits: GateLimits,
    contacts: int,
    trouble: str = "",
) -> Row:
    """Hold what was seen against what was allowed.

    Args:
        fault: What was done.
        evidence: All that was recorded, from before ``begin`` to the end of the recovery.
        begin: When the fault began, monotonic [s].
        end: When it was taken back.
        recovered: What it took to work again.
        limits: Of the joints.
        contacts: Moments at which the person was touched by a moving link.
        trouble: What could not be carried out; empty = nothing.
    """
    true_joints = [sample for sample in evidence.joints if np.ptp(sample.position) > 0.0]
    own = [point for point in evidence.set_points if point.sequence < SEQUENCE_AHEAD]
    during = [word for word in evidence.words if begin <= word.at <= end]
    seen = {word.state for word in during}
    silence = first_silence(own, begin, end)
    if silence is not None:
        seen.add(SILENT)
    observed = gravest(seen) if seen else SILENT
    reaction = reaction_ticks(fault, evidence.words, begin, end, silence, true_joints)
    violations = set_point_violations(own, evidence.words, limits)
    violations += measured_violations(true_joints, evidence.words, limits)
    codes = {code for word in during for code, _ in word.reasons}
    problems = [trouble] if trouble else []
    if observed not in fault.expected:
        problems.append(f"{observed} was seen, {' or '.join(sorted(fault.expected))} expected")
    if fault.codes and not codes & set(fault.codes) and observed != SILENT:
        want = "/".join(str(int(code)) for code in sorted(fault.codes))
        problems.append(f"no reason with code {want}; there were {sorted(codes)}")
    if fault.bound is not None and (reaction is None or reaction > fault.bound):
        problems.append(f"reaction took {reaction} ticks, bound is {fault.bound}")
    if fault.stands:
        stood = stands_at(true_joints, begin)
        allowed = (fault.bound or 0) + BRAKING
        ticks = None if stood is None else round((stood - begin) / TICK)
        if ticks is None or ticks > allowed:
            problems.append(f"the robot stood after {ticks} ticks, bound is {allowed}")
    if violations:
        problems.append("beyond limits: " + "; ".join(violations[:3]))
    if contacts:
        problems.append(f"a moving link touched the person at {contacts} moments")
    problems += _recovery_problems(fault, recovered)
    distances = [room.distance for room in evidence.rooms if math.isfinite(room.distance)]
    return Row(
        fault=fault.name,
        group=fault.group.value,
        doc=fault.doc,
        expected_state="|".join(sorted(fault.expected, key=gravity)),
        observed_state=observed,
        reaction_ticks=reaction,
        bound_ticks=fault.bound,
        limit_violations=len(violations),
        min_human_distance_m=min(distances) if distances else None,
        contacts=contacts,
        reasons=_reasons(during),
        recovery=_recovery(recovered),
        seconds=round(end - begin, 2),
        passed=not problems,
        detail="; ".join(problems),
    )


def first_silence(points: list[SetPoint], begin: float, end: float) -> float | None:
    """When the first gap of more than ``SILENCE`` without a safe command began [s], or ``None``.

    Stamps must show it, too: else the recorder was held up, not the gate. Stamps that go back are
    those of a clock that was set, or of another gate.
    """
    heard = [point for point in points if begin < point.at < end]
    for before, after in pairwise(heard):
        stamped = after.stamp - before.stamp
        if after.at - before.at > SILENCE and not 0.0 <= stamped <= SILENCE:
            return before.at
    if not heard or end - heard[-1].at > SILENCE:
        return heard[-1].at if heard else begin
    return None


def reaction_ticks(
    fault: Fault,
    words: list[Word],
    begin: float,
    end: float,
    silence: float | None,
    joints: list[Joints],
) -> int | None:
    """Ticks of 1 ms from the fault until the gate acts.

    It acts when it says a state other than NORMAL that is as grave as a protective stop, or as the
    least grave of those expected; where it fell silent first, when the robot stands. Time is the
    recorder's: a gate that is held up does not count the ticks it misses.
    """
    wanted = fault.expected - {State.NORMAL.name}
    if not wanted:
        return None
    least = min(map(gravity, (State.PROTECTIVE_STOP.name, *wanted)))
    found = next((w for w in words if begin <= w.at <= end and gravity(w.state) >= least), None)
    if SILENT in wanted and silence is not None and (found is None or silence < found.at):
        stood = stands_at(joints, begin)
        return None if stood is None else round((stood - begin) / TICK)
    return None if found is None else round((found.at - begin) / TICK)


def stands_at(joints: list[Joints], begin: float) -> float | None:
    """When the robot first stood for ``STAND_FOR`` after ``begin`` [s], or ``None``."""
    since: float | None = None
    for sample in joints:
        if sample.at < begin:
            continue
        if np.abs(sample.velocity).max() > STANDING:
            since = None
        elif since is None:
            since = sample.at
        elif sample.at - since >= STAND_FOR:
            return since
    return None


def set_point_violations(
    points: list[SetPoint], words: list[Word], limits: GateLimits
) -> list[str]:
    """Set-points beyond the limits of position, velocity and acceleration, one sentence each."""
    found: dict[str, str] = {}
    previous: SetPoint | None = None
    states = _StateAt(words)
    for point in points:
        state = states(point.at)
        if not (np.isfinite(point.position).all() and np.isfinite(point.velocity).all()):
            found.setdefault("finite", f"set-point {point.sequence} is not finite")
            continue
        if state not in PLACED_ANEW:
            over = np.maximum(point.position - limits.upper, limits.lower - point.position)
            _note(found, "position", limits, over, ROUNDING, "rad beyond the position limit")
        over = np.abs(point.velocity) - limits.velocity * (1.0 + ROUNDING)
        _note(found, "velocity", limits, over, ROUNDING, "rad/s beyond the velocity limit")
        # Stamps that go back are those of a clock that was set, or of another gate.
        if previous is None or not (
            point.sequence > previous.sequence and point.stamp >= previous.stamp
        ):
            previous = point
            continue
        passed = point.stamp - previous.stamp
        if passed < WINDOW:
            continue
        if passed < LONGEST and not {state, states(previous.at)} & PLACED_ANEW:
            allowed = limits.acceleration * (passed * (1.0 + SLACK) + TICK)
            over = np.abs(point.velocity - previous.velocity) - allowed
            _note(found, "acceleration", limits, over, ROUNDING, "rad/s of change too many")
            allowed = limits.velocity * (passed * (1.0 + SLACK) + TICK)
            over = np.abs(point.position - previous.position) - allowed
            _note(found, "travel", limits, over, ROUNDING, "rad of travel too many")
        previous = point
    return list(found.values())


def measured_violations(joints: list[Joints], words: list[Word], limits: GateLimits) -> list[str]:
    """True positions and speeds beyond the limits and their slack, one sentence each."""
    found: dict[str, str] = {}
    states = _StateAt(words)
    for sample in joints:
        over = np.maximum(sample.position - limits.upper, limits.lower - sample.position)
        _note(found, "position", limits, over, POSITION_SLACK, "rad measured beyond the limit")
        if states(sample.at) not in LET_GO:
            over = np.abs(sample.velocity) - limits.velocity * (1.0 + SPEED_SLACK)
            _note(found, "speed", limits, over, ROUNDING, "rad/s measured beyond the limit")
    return list(found.values())


class _StateAt:
    """State of the gate at times that only grow; what came in between two words is the graver."""

    def __init__(self, words: list[Word]) -> None:
        self._words, self._next = words, 0

    def __call__(self, at: float) -> str:
        words = self._words
        while self._next < len(words) and words[self._next].at <= at:
            self._next += 1
        around = {word.state for word in words[max(0, self._next - 2) : self._next + 1]}
        return gravest(around) if around else State.INIT.name


def _note(
    found: dict[str, str],
    kind: str,
    limits: GateLimits,
    over: np.ndarray,
    slack: float,
    words: str,
) -> None:
    worst = int(np.argmax(over))
    if over[worst] > slack:
        name = limits.names[worst]
        found.setdefault(f"{kind} {name}", f"{name}: {over[worst]:.4f} {words}")


def _recovery_problems(fault: Fault, recovered: Recovered) -> list[str]:
    problems = []
    if not recovered.worked:
        problems.append(f"it does not work again: {recovered.detail}")
    if fault.recovery is Recovery.BY_ITSELF and recovered.resets:
        problems.append(f"{recovered.resets} resets were needed, none expected")
    if fault.recovery is Recovery.RESET and not recovered.resets:
        problems.append("it went on by itself, a reset was expected to be needed")
    return problems


def _recovery(recovered: Recovered) -> str:
    if not recovered.worked:
        return f"failed: {recovered.detail}"
    how = f"after {recovered.resets} reset(s)" if recovered.resets else "by itself"
    return f"{how}, {recovered.seconds:.1f} s"


def _reasons(words: list[Word]) -> list[str]:
    """Each reason once, as first told, the earliest first."""
    texts: dict[int, str] = {}
    for word in words:
        for code, text in word.reasons:
            texts.setdefault(code, f"{code} {text}")
    return list(texts.values())
