"""States of the gate and what leads from one to another, as data.

``RULES`` is the whole behaviour: which cause demands which state, for how many ticks it must be
seen, how long it must be gone before the state is left, and which states only a reset leaves. The
picture in the README is drawn from it and every transition is tested from it. The table is most of this
file; the machine that reads it is short and stays beside it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.reasons import Reason


class State(IntEnum):
    """States of the gate; numbers as in ``SafetyStatus.msg``."""

    INIT = 1
    NORMAL = 2
    REDUCED = 3
    PROTECTIVE_STOP = 4
    CONTROLLED_STOP = 5
    EMERGENCY_STOP = 6
    FAULT = 7


# From free to still. A graver demand always wins; FAULT keeps the torque that EMERGENCY_STOP takes
# away.
GRAVITY: Mapping[State, int] = {
    State.NORMAL: 0,
    State.REDUCED: 1,
    State.INIT: 2,
    State.PROTECTIVE_STOP: 3,
    State.CONTROLLED_STOP: 4,
    State.FAULT: 5,
    State.EMERGENCY_STOP: 6,
}
LATCHING = frozenset({State.CONTROLLED_STOP, State.EMERGENCY_STOP, State.FAULT})

NO_STOP = 255
# IEC 60204-1, 9.2.2. INIT holds without having moved; FAULT brakes and holds like category 1.
STOP_CATEGORY: Mapping[State, int] = {
    State.INIT: NO_STOP,
    State.NORMAL: NO_STOP,
    State.REDUCED: NO_STOP,
    State.PROTECTIVE_STOP: 2,
    State.CONTROLLED_STOP: 1,
    State.EMERGENCY_STOP: 0,
    State.FAULT: 1,
}


class Cause(IntEnum):
    """What can ask for a state."""

    INPUTS_MISSING = 1
    PERSON_NEAR = 2
    PERSON_TOO_CLOSE = 3
    ZONE_SLOW = 4
    ZONE_STOP = 5
    ZONE_KEEP_OUT = 6
    FORECAST_ALARM = 7
    FORECAST_MISSING = 8
    COMMAND_PAUSED = 9
    COMMAND_LOST = 10
    JOINTS_PAUSED = 11
    JOINTS_LOST = 12
    TRACKS_LOST = 13
    TRACKING_ERROR = 14
    STOP_CATEGORY_0 = 15
    STOP_CATEGORY_1 = 16
    TWO_GATES = 17
    JOINTS_JUMPED = 18
    TRACKS_PAUSED = 19
    ZONE_LIMIT = 20
    HAZARD_SLOW = 21
    HAZARD_STOP = 22
    FORECAST_STOP = 30
    FORCE_LIMIT = 40
    CONTACT_LIGHT = 41
    CONTACT_STRONG = 42
    JOINTS_IMPLAUSIBLE = 43
    SUPERVISION_LOST = 60
    SUPERVISION_REDUCED = 61
    SUPERVISION_STOP = 62
    SUPERVISION_CONTROLLED_STOP = 63
    CLOCK_JUMPED = 64
    FILTER_FAILED = 70
    CAMERAS_DISAGREE = 71
    TICK_OVERRUN = 72


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table.

    Attributes:
        cause: What happens. code: Error code that its reasons carry. target: State it demands.
        doc: One sentence. confirm: Ticks in a row it must be seen; bridges one late tick of this
        process. recover: Key of ``Recovery``, how long it must be gone before a state that needs
        no reset is left. once_moved: Counts only after motion has been let through; before, the
        gate is in INIT anyway.
    """

    cause: Cause
    code: ErrorCode
    target: State
    doc: str
    confirm: int = 1
    recover: str = "none"
    once_moved: bool = False


RULES: tuple[Rule, ...] = (
    Rule(
        Cause.INPUTS_MISSING,
        ErrorCode.INPUTS_MISSING,
        State.INIT,
        "joint states or tracks have not come yet, or went away before anything moved",
        recover="settle",
    ),
    Rule(Cause.PERSON_NEAR, ErrorCode.PERSON_NEAR, State.REDUCED, "a person is near"),
    Rule(
        Cause.PERSON_TOO_CLOSE,
        ErrorCode.PERSON_TOO_CLOSE,
        State.PROTECTIVE_STOP,
        "a person is within the stop distance",
        recover="resume",
    ),
    Rule(Cause.ZONE_SLOW, ErrorCode.ZONE_OCCUPIED, State.REDUCED, "somebody is in a slow zone"),
    Rule(
        Cause.ZONE_STOP,
        ErrorCode.ZONE_OCCUPIED,
        State.PROTECTIVE_STOP,
        "somebody is in a stop zone, or a robot link is led into one",
        recover="resume",
    ),
    Rule(
        Cause.ZONE_KEEP_OUT,
        ErrorCode.ZONE_OCCUPIED,
        State.PROTECTIVE_STOP,
        "the requested motion leads a robot link where it may not be",
        recover="resume",
    ),
    Rule(
        Cause.ZONE_LIMIT,
        ErrorCode.ZONE_OCCUPIED,
        State.REDUCED,
        "a zone limits how fast links may move",
    ),
    Rule(
        Cause.HAZARD_SLOW,
        ErrorCode.HAZARD_NEAR,
        State.REDUCED,
        "a hazard that asks for less speed is near",
    ),
    Rule(
        Cause.HAZARD_STOP,
        ErrorCode.HAZARD_NEAR,
        State.PROTECTIVE_STOP,
        "a hazard that asks for a stop is within its clearance of a robot link",
        recover="resume",
    ),
    Rule(
        Cause.FORECAST_ALARM,
        ErrorCode.COLLISION_FORECAST,
        State.REDUCED,
        "a forecast expects a person too close",
    ),
    Rule(
        Cause.FORECAST_STOP,
        ErrorCode.COLLISION_FORECAST,
        State.PROTECTIVE_STOP,
        "forecasts agree that a person will be too close, or one does and another is missing",
        recover="resume",
    ),
    Rule(
        Cause.FORECAST_MISSING,
        ErrorCode.FORECAST_STALE,
        State.REDUCED,
        "a voter of the forecast ensemble is silent",
    ),
    Rule(
        Cause.COMMAND_PAUSED,
        ErrorCode.COMMAND_SILENT,
        State.PROTECTIVE_STOP,
        "requested commands went silent",
        confirm=5,
    ),
    Rule(
        Cause.COMMAND_LOST,
        ErrorCode.COMMAND_SILENT,
        State.CONTROLLED_STOP,
        "requested commands stay silent",
        confirm=5,
        once_moved=True,
    ),
    Rule(
        Cause.JOINTS_PAUSED,
        ErrorCode.JOINT_STATE_STALE,
        State.PROTECTIVE_STOP,
        "joint states are late",
        confirm=5,
    ),
    Rule(
        Cause.JOINTS_LOST,
        ErrorCode.JOINT_STATE_STALE,
        State.FAULT,
        "joint states stay away",
        confirm=20,
        once_moved=True,
    ),
    Rule(
        Cause.JOINTS_JUMPED,
        ErrorCode.TRACKING_ERROR,
        State.PROTECTIVE_STOP,
        "measured positions leapt as no robot can: it was put elsewhere, or an encoder lies",
        recover="resume",
    ),
    Rule(
        Cause.TRACKS_PAUSED,
        ErrorCode.TRACKS_STALE,
        State.PROTECTIVE_STOP,
        "tracks are late: the gate does not see who comes",
        confirm=20,
    ),
    Rule(
        Cause.TRACKS_LOST,
        ErrorCode.TRACKS_STALE,
        State.CONTROLLED_STOP,
        "tracks stay away: the gate is blind",
        confirm=20,
        once_moved=True,
    ),
    Rule(
        Cause.TRACKING_ERROR,
        ErrorCode.TRACKING_ERROR,
        State.CONTROLLED_STOP,
        "a joint does not go where it is told",
    ),
    Rule(
        Cause.STOP_CATEGORY_1,
        ErrorCode.EMERGENCY_STOP_REQUESTED,
        State.CONTROLLED_STOP,
        "somebody asked for a stop of category 1",
    ),
    Rule(
        Cause.STOP_CATEGORY_0,
        ErrorCode.EMERGENCY_STOP_REQUESTED,
        State.EMERGENCY_STOP,
        "somebody asked for a stop of category 0",
    ),
    Rule(
        Cause.TWO_GATES,
        ErrorCode.TWO_GATES,
        State.FAULT,
        "another node writes safe commands",
    ),
    Rule(
        Cause.SUPERVISION_LOST,
        ErrorCode.SUPERVISION_SILENT,
        State.PROTECTIVE_STOP,
        "the watchdog is silent: nobody watches the gate, and the driver does not follow it",
        confirm=5,
        recover="resume",
    ),
    Rule(
        Cause.SUPERVISION_REDUCED,
        ErrorCode.TICK_OVERRUN,
        State.REDUCED,
        "the watchdog demands less speed; the reason carries its own code",
    ),
    Rule(
        Cause.SUPERVISION_STOP,
        ErrorCode.NODE_SILENT,
        State.PROTECTIVE_STOP,
        "the watchdog demands a stop, or gives the driver no permit; the reason carries its own "
        "code",
        recover="resume",
    ),
    Rule(
        Cause.SUPERVISION_CONTROLLED_STOP,
        ErrorCode.NODE_SILENT,
        State.CONTROLLED_STOP,
        "the watchdog demands a stop that somebody looks after; the reason carries its own code",
    ),
    Rule(
        Cause.CLOCK_JUMPED,
        ErrorCode.CLOCK_JUMPED,
        State.PROTECTIVE_STOP,
        "the system clock was set: ages of what was stamped before are wrong",
    ),
    Rule(
        Cause.FILTER_FAILED,
        ErrorCode.FILTER_FAILED,
        State.PROTECTIVE_STOP,
        "no velocity keeps every distance, or none was found in time",
        recover="resume",
    ),
    Rule(
        Cause.CAMERAS_DISAGREE,
        ErrorCode.CAMERAS_DISAGREE,
        State.REDUCED,
        "cameras do not agree on where a person is",
    ),
    Rule(
        Cause.TICK_OVERRUN,
        ErrorCode.TICK_OVERRUN,
        State.PROTECTIVE_STOP,
        "the gate's own loop stood still",
        recover="resume",
    ),
    Rule(
        Cause.FORCE_LIMIT,
        ErrorCode.FORCE_LIMIT,
        State.REDUCED,
        "the motion could press on a person harder than is permissible",
    ),
    Rule(
        Cause.CONTACT_LIGHT,
        ErrorCode.CONTACT_DETECTED,
        State.PROTECTIVE_STOP,
        "something touches the robot that should not",
        recover="resume",
    ),
    Rule(
        Cause.CONTACT_STRONG,
        ErrorCode.CONTACT_DETECTED,
        State.CONTROLLED_STOP,
        "something presses on the robot hard, or for long; the set-point yields",
    ),
    Rule(
        Cause.JOINTS_IMPLAUSIBLE,
        ErrorCode.JOINT_STATE_IMPLAUSIBLE,
        State.FAULT,
        "a joint's encoder is stuck, noisy, slips or is biased",
    ),
)
RULE_OF: Mapping[Cause, Rule] = {rule.cause: rule for rule in RULES}


@dataclass(frozen=True, slots=True)
class Transition:
    """One arrow of the picture: ``cause`` is ``None`` for the two ways back."""

    source: State
    target: State
    cause: Cause | None
    by_reset: bool = False


def transitions() -> Iterator[Transition]:
    """Every transition that the rules allow, in the order of the rules."""
    for rule in RULES:
        for source in State:
            if GRAVITY[source] < GRAVITY[rule.target]:
                # A cause that needs motion to have happened cannot meet the gate in INIT.
                if rule.once_moved and source == State.INIT:
                    continue
                yield Transition(source, rule.target, rule.cause)
    for source in State:
        if source in LATCHING:
            yield Transition(source, State.INIT, None, by_reset=True)
        elif source != State.NORMAL:
            yield Transition(source, State.NORMAL, None)


class StateMachine:
    """Where the gate is.

    Args:
        recovery: Seconds for each key used in ``Rule.recover``: "none", "settle", "resume".
    """

    def __init__(self, recovery: Mapping[str, float]) -> None:
        self._recovery = {rule.cause: recovery[rule.recover] for rule in RULES}
        self._counts: dict[Cause, int] = {}
        self._held: dict[Cause, tuple[float, Reason]] = {}
        self._latched: dict[Cause, Reason] = {}
        self._active: dict[Cause, Reason] = {}
        self.state = State.INIT
        self.moved = False

    @property
    def reset_required(self) -> bool:
        """Whether only a reset leaves this state."""
        return self.state in LATCHING

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the state is what it is, gravest first; empty in NORMAL."""
        causes = dict(self._latched)
        causes.update({cause: reason for cause, (_, reason) in self._held.items()})
        order = sorted(causes, key=lambda cause: -GRAVITY[RULE_OF[cause].target])
        return tuple(causes[cause] for cause in order)

    def step(self, active: Mapping[Cause, Reason], now: float) -> State:
        """One tick.

        Args:
            active: Causes seen in this tick, each with its reason.
            now: Time [s], of any clock that only goes forward.

        Returns:
            The state from now on.
        """
        if not active and not self._held:
            if not self._latched:
                self.state = State.NORMAL
            self._counts.clear()
            self._active = {}
            return self.state
        self._confirm(active, now)
        demanded = State.NORMAL
        for cause, (seen, _) in list(self._held.items()):
            if cause not in self._active and now - seen > self._recovery[cause]:
                del self._held[cause]
                continue
            if GRAVITY[RULE_OF[cause].target] > GRAVITY[demanded]:
                demanded = RULE_OF[cause].target
        for cause in self._latched:
            if GRAVITY[RULE_OF[cause].target] > GRAVITY[demanded]:
                demanded = RULE_OF[cause].target
        self.state = demanded
        return self.state

    def reset(self) -> Reason | None:
        """Leave a latched stop.

        Returns:
            Why that is refused, or ``None`` if the gate is on its way back (or needed no reset).
        """
        if not self._latched:
            return None
        lasting = [cause for cause in self._active if RULE_OF[cause].target in LATCHING]
        if lasting:
            texts = "; ".join(self._active[cause].text for cause in lasting)
            return Reason(
                ErrorCode.RESET_REFUSED,
                self._active[lasting[0]].subject,
                f"reset refused, the cause persists: {texts}",
                self._active[lasting[0]].value,
                self._active[lasting[0]].limit,
            )
        self._latched.clear()
        for cause in [cause for cause in self._held if RULE_OF[cause].target in LATCHING]:
            del self._held[cause]
        self.moved = False
        self.state = State.INIT
        return None

    def _confirm(self, active: Mapping[Cause, Reason], now: float) -> None:
        self._counts = {
            cause: self._counts.get(cause, 0) + 1
            for cause in active
            if self.moved or not RULE_OF[cause].once_moved
        }
        self._active = {
            cause: active[cause]
            for cause, count in self._counts.items()
            if count >= RULE_OF[cause].confirm
        }
        for cause, reason in self._active.items():
            self._held[cause] = (now, reason)
            if RULE_OF[cause].target in LATCHING and cause not in self._latched:
                self._latched[cause] = reason


def mermaid() -> str:
    """The table as a mermaid state diagram."""
    lines = ["stateDiagram-v2", "    direction LR", "    [*] --> INIT"]
    labels: dict[tuple[str, str], list[str]] = {}
    for rule in RULES:
        sources = [s for s in State if GRAVITY[s] < GRAVITY[rule.target]]
        if rule.once_moved:
            sources.remove(State.INIT)
        # One arrow per rule, from the freest state; that graver states lead on is said in the
        # text.
        labels.setdefault(
            (min(sources, key=GRAVITY.__getitem__).name, rule.target.name), []
        ).append(rule.cause.name)
    lines += [f"    {a} --> {b}: {', '.join(names)}" for (a, b), names in labels.items()]
    for state in State:
        if state in LATCHING:
            lines.append(f"    {state.name} --> INIT: reset")
        elif state not in (State.NORMAL,):
            lines.append(f"    {state.name} --> NORMAL: causes gone")
    return "\n".join(lines)


def table() -> str:
    """The rules as a Markdown table."""
    lines = [
        "| cause | leads to | code | seen for | gone for | needs a reset | what |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for rule in RULES:
        reset = "yes" if rule.target in LATCHING else "no"
        ticks = f"{rule.confirm} tick{'s' if rule.confirm > 1 else ''}"
        once = "; only once something has moved" if rule.once_moved else ""
        lines.append(
            f"| {rule.cause.name} | {rule.target.name} | {rule.code.value} {rule.code.name} | "
            f"{ticks} | {rule.recover} | {reset} | {rule.doc}{once} |"
        )
    return "\n".join(lines)
