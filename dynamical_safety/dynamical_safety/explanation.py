"""Why the robot is slow or stopped, in plain words, and what would clear it.

Made from the state, the reasons that the gate gives for it, and the table of rules: nothing here
decides anything. Reasons carry codes; where several causes share one, the gravest that the state
allows is taken, so that a reset is rather announced once too often.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import GRAVITY, LATCHING, RULES, Cause, Rule, State

RESET = "dynamical safety reset"

STATES: Mapping[State, str] = {
    State.INIT: "The robot stands still under power and waits until all its inputs are there.",
    State.NORMAL: "Nothing holds the robot back: it may move at full speed.",
    State.REDUCED: "The robot may move, but more slowly.",
    State.PROTECTIVE_STOP: "The robot stands still under power. It goes on by itself.",
    State.CONTROLLED_STOP: "The robot has braked and holds under power until somebody resets it.",
    State.EMERGENCY_STOP: "The drives have no torque; the robot is limp until somebody resets it.",
    State.FAULT: "The gate cannot judge any more: the robot holds until somebody resets it.",
}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code or a cause means: a sentence, and what would clear it."""

    means: str
    clears: str


CODES: Mapping[ErrorCode, Meaning] = {
    ErrorCode.COMMAND_NOT_FINITE: Meaning(
        "A command held a number that is none (NaN or infinite) and was not used.",
        "whoever sends it must send numbers",
    ),
    ErrorCode.COMMAND_STALE: Meaning(
        "A command was too old, or stamped too far ahead, and was not used.",
        "the sender must keep up, and its clock must agree with this machine's",
    ),
    ErrorCode.COMMAND_OUT_OF_ORDER: Meaning(
        "A command came after a newer one and was not used.",
        "nothing need be done if it was one; if it goes on, look for a second sender",
    ),
    ErrorCode.COMMAND_UNKNOWN_JOINT: Meaning(
        "A command named a joint that this robot does not have, and was not used.",
        "the sender must use this robot's joint names in their order",
    ),
    ErrorCode.COMMAND_WRONG_SIZE: Meaning(
        "A command had too few or too many values and was not used.",
        "the sender must send one value for each joint",
    ),
    ErrorCode.POSITION_LIMIT: Meaning(
        "A command asked for more than a joint's range.",
        "ask for a position within the joint's limits",
    ),
    ErrorCode.VELOCITY_LIMIT: Meaning(
        "A command asked for more speed than a joint may have.", "ask for a slower motion"
    ),
    ErrorCode.ACCELERATION_LIMIT: Meaning(
        "A command asked for more acceleration than a joint may have.", "ask for a softer motion"
    ),
    ErrorCode.JERK_LIMIT: Meaning(
        "A command asked for a jerk that a joint may not have.", "ask for a smoother motion"
    ),
    ErrorCode.EFFORT_LIMIT: Meaning(
        "A command asked for more torque than a joint may have.", "ask for less torque"
    ),
    ErrorCode.POWER_LIMIT: Meaning(
        "A command asked for more power than a joint may have.",
        "ask for less torque or less speed",
    ),
    ErrorCode.PERSON_NEAR: Meaning(
        "A person is near, so the robot is slower the nearer they are.",
        "the person steps back beyond the slow distance",
    ),
    ErrorCode.PERSON_TOO_CLOSE: Meaning(
        "A person is closer than the robot could stop for.",
        "the person steps back beyond the stop distance and its margin",
    ),
    ErrorCode.TRACKS_STALE: Meaning(
        "The gate has not heard from perception for too long and does not see who comes.",
        "perception must run and its cameras must deliver; see: dynamical logs perception",
    ),
    ErrorCode.JOINT_STATE_STALE: Meaning(
        "The gate has not heard where the joints are for too long.",
        "the robot driver must run and speak; see: dynamical logs robot_driver",
    ),
    ErrorCode.FORECAST_STALE: Meaning(
        "There is no fresh forecast of where people go, so the robot is slower.",
        "the forecaster must run; see: dynamical logs safety_forecaster",
    ),
    ErrorCode.EMERGENCY_STOP_REQUESTED: Meaning(
        "Somebody asked for a stop.", "whoever asked must agree that it is over"
    ),
    ErrorCode.INPUTS_MISSING: Meaning(
        "Joint states or tracks have not come yet.",
        "the robot driver and perception must run; see: dynamical status",
    ),
    ErrorCode.RESET_REFUSED: Meaning(
        "A reset was refused because its cause persists.", "the cause must be cleared first"
    ),
    ErrorCode.ZONE_INVALID: Meaning(
        "A zone was refused because it is not well formed; the zones stayed as they were.",
        "put the zone right as the sentence says",
    ),
    ErrorCode.ZONE_OCCUPIED: Meaning(
        "Somebody is in a zone that has a rule for that.",
        "they leave the zone, or the zone is changed; see: dynamical safety zones",
    ),
    ErrorCode.TRACKING_ERROR: Meaning(
        "A joint does not do what it is told.",
        "free what blocks the joint, or see to its drive and encoder",
    ),
    ErrorCode.COMMAND_SILENT: Meaning(
        "Nobody tells the robot what to do: commands have stopped coming.",
        "control must run and send; see: dynamical logs control",
    ),
    ErrorCode.TWO_GATES: Meaning(
        "Another node sends commands that only this gate may send.", "end the other node"
    ),
    ErrorCode.COLLISION_FORECAST: Meaning(
        "A forecast expects a person too close soon.",
        "the person goes another way, or the robot's motion ends",
    ),
    ErrorCode.SELF_COLLISION: Meaning(
        "The motion would bring two parts of the robot together.",
        "ask for a motion that keeps them apart",
    ),
    ErrorCode.OBSTACLE_NEAR: Meaning(
        "The motion would bring a robot link too near to an obstacle.",
        "ask for a motion around it, or take the obstacle away",
    ),
    ErrorCode.FILTER_FAILED: Meaning(
        "No safe motion could be found near the one that is asked for, or not in time.",
        "ask for another motion; if it goes on, the machine has too little computing time left",
    ),
    ErrorCode.CONTACT_DETECTED: Meaning(
        "The robot has touched something that it was not meant to touch.",
        "see that nobody is caught, and take away what was touched",
    ),
    ErrorCode.FORCE_LIMIT: Meaning(
        "A contact now could hurt more than ISO/TS 15066 permits.",
        "the person steps back, or the motion becomes slower",
    ),
    ErrorCode.HAZARD_NEAR: Meaning(
        "The robot is near a hazard that asks for care.",
        "the hazard goes away or is removed; see: dynamical safety hazards",
    ),
    ErrorCode.HAZARD_INVALID: Meaning(
        "A hazard was refused because it is not well formed; the hazards stayed as they were.",
        "put the hazard right as the sentence says",
    ),
    ErrorCode.NODE_SILENT: Meaning(
        "A program on the way of the commands has gone silent.",
        "it must run again; see: dynamical status",
    ),
    ErrorCode.CLOCK_JUMPED: Meaning(
        "The machine's clock was set while the robot ran, so ages cannot be trusted.",
        "leave the clock alone; all inputs must come with fresh stamps again",
    ),
    ErrorCode.TICK_OVERRUN: Meaning(
        "The safety loop does not keep its time.",
        "take load off the machine; see: dynamical status",
    ),
    ErrorCode.JOINT_STATE_IMPLAUSIBLE: Meaning(
        "What a joint reports cannot be true.", "see to the encoder of the joint"
    ),
    ErrorCode.CAMERAS_DISAGREE: Meaning(
        "The cameras do not show the same world, or one shows a picture that does not change.",
        "clean, aim or restart the camera; see: dynamical logs perception",
    ),
    ErrorCode.RESOURCES_LOW: Meaning(
        "The machine is short of memory, or too hot.",
        "end what is not needed, or let the machine cool down",
    ),
    ErrorCode.GATE_STALLED: Meaning(
        "The safety gate did not speak for too long, so the driver held the robot.",
        "the gate must run on time again; see: dynamical logs safety_gate",
    ),
    ErrorCode.UNKNOWN_WRITER: Meaning(
        "A node that is not of this robot's graph writes what safety rests on.",
        "end that node; if it is meant to be there, name it in the watchdog's trusted_writers",
    ),
    ErrorCode.SUPERVISION_SILENT: Meaning(
        "The watchdog that watches the gate has gone silent.",
        "it must run again; see: dynamical logs safety_watchdog",
    ),
    ErrorCode.VERSION_CONFLICT: Meaning(
        "A change was refused because somebody else had changed the same meanwhile.",
        "look at what is in force now, and ask again",
    ),
}

# Where several causes share a code and mean different things.
CAUSES: Mapping[Cause, Meaning] = {
    Cause.ZONE_SLOW: Meaning(
        "Somebody is in a zone that slows the robot.",
        "they leave the zone, or the zone is changed; see: dynamical safety zones",
    ),
    Cause.ZONE_STOP: Meaning(
        "Somebody is in a zone that stops the robot, or a link would go into one.",
        "they leave the zone, the motion leads elsewhere, or the zone is changed",
    ),
    Cause.ZONE_KEEP_OUT: Meaning(
        "The motion would bring a robot link where a zone forbids it to be.",
        "ask for a motion that stays out, or change the zone; see: dynamical safety zones",
    ),
    Cause.ZONE_LIMIT: Meaning(
        "Somebody is in a zone that limits how fast the robot's links may move.",
        "they leave the zone, or the zone is changed; see: dynamical safety zones",
    ),
    Cause.HAZARD_SLOW: Meaning(
        "The robot is near a hazard that slows it.",
        "the hazard goes away or is removed; see: dynamical safety hazards",
    ),
    Cause.HAZARD_STOP: Meaning(
        "A hazard that stops the robot is within its clearance.",
        "the hazard goes away or is removed; see: dynamical safety hazards",
    ),
    Cause.COMMAND_PAUSED: Meaning(
        "Nobody tells the robot what to do: commands have stopped coming.",
        "control sends again; see: dynamical logs control",
    ),
    Cause.COMMAND_LOST: Meaning(
        "Nobody has told the robot what to do for so long that its task is over.",
        "control must run and send; see: dynamical logs control",
    ),
    Cause.JOINTS_JUMPED: Meaning(
        "Joints were measured where no robot can get to so quickly.",
        "the robot is left where it is; if it was not moved by hand, see to the encoder",
    ),
    Cause.TRACKING_ERROR: Meaning(
        "A joint does not go where it is told.",
        "free what blocks the joint, or see to its drive",
    ),
    Cause.STOP_CATEGORY_0: Meaning(
        "Somebody asked for an emergency stop that takes the torque away.",
        "whoever asked agrees that it is over, and nobody touches the robot",
    ),
    Cause.STOP_CATEGORY_1: Meaning(
        "Somebody asked for a stop.", "whoever asked agrees that it is over"
    ),
}


@dataclass(frozen=True, slots=True)
class Point:
    """One reason, explained.

    Attributes:
        reason: As the gate gives it.
        cause: Name of the cause in the table of rules; empty = a code without a state of its own.
        means: What it means, in a sentence.
        figures: The offending value and its limit, in words; empty = none.
        clears: What would clear it.
        recovery: Whether the robot goes on by itself and when, or what a reset checks first.
        needs_reset: Whether only a reset leaves the state that it asks for.
    """

    reason: Reason
    cause: str
    means: str
    figures: str
    clears: str
    recovery: str
    needs_reset: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why the robot does what it does.

    Attributes:
        state: State of the gate.
        summary: The state in a sentence or two.
        points: One for each reason, gravest first.
        next_step: What to do now, in a sentence.
    """

    state: State
    summary: str
    points: tuple[Point, ...]
    next_step: str


def explain(
    state: State,
    reasons: Sequence[Reason],
    *,
    recovery: Mapping[str, float],
    speed_scale: float = 1.0,
) -> Explanation:
    """Explain a state.

    Args:
        state: State of the gate.
        reasons: Its reasons, gravest first.
        recovery: Seconds for each key used in ``Rule.recover``.
        speed_scale: 0..1 that is allowed now.
    """
    summary = STATES[state]
    if state == State.REDUCED or (state == State.NORMAL and speed_scale < 0.995):
        summary += f" Its speed is {speed_scale:.0%} of full speed now."
    used: set[Cause] = set()
    points = []
    for reason in reasons:
        rule = rule_of(reason, state, used)
        if rule is not None:
            used.add(rule.cause)
        points.append(_point(reason, rule, recovery))
    return Explanation(state, summary, tuple(points), _next_step(state, points))


def rule_of(reason: Reason, state: State, used: set[Cause]) -> Rule | None:
    """The rule that a reason comes from, as far as its code, the state and its values tell."""
    rules = [
        rule
        for rule in RULES
        if rule.code == reason.code
        and GRAVITY[rule.target] <= GRAVITY[state]
        and rule.cause not in used
        and _fits(rule.cause, reason)
    ]
    return max(rules, key=lambda rule: GRAVITY[rule.target], default=None)


def meaning(rule: Rule | None, code: ErrorCode) -> Meaning:
    """What a cause means, or else its code; a rule without a text is told by its own sentence."""
    if rule is not None and rule.cause in CAUSES:
        return CAUSES[rule.cause]
    return CODES.get(code, Meaning("The gate gives a reason unknown here.", "see the sentence"))


def recovery_sentence(rule: Rule, recovery: Mapping[str, float], *, clears: str) -> str:
    """How a state that a rule asks for is left."""
    if rule.target in LATCHING:
        return (
            f"Only a reset leaves this ({RESET}). It is refused while this or any other cause of "
            f"such a stop lasts; it checks first: {clears}."
        )
    wait = recovery.get(rule.recover, 0.0)
    after = f" once it has been gone for {wait:g} s" if wait > 0.0 else " as soon as it is gone"
    rise = ", and the speed rises from zero" if rule.target != State.REDUCED else ""
    return f"The robot goes on by itself{after}{rise}."


def _fits(cause: Cause, reason: Reason) -> bool:
    """Tell the causes of ZONE_OCCUPIED apart by the values that their reasons carry."""
    if cause == Cause.ZONE_LIMIT:
        return math.isnan(reason.value)
    if cause == Cause.ZONE_KEEP_OUT:
        return reason.limit == 0.0
    if cause == Cause.ZONE_SLOW:
        return reason.limit == 1.0
    if cause == Cause.ZONE_STOP:
        return reason.limit == 1.0 and reason.value == 0.0
    return True


def _point(reason: Reason, rule: Rule | None, recovery: Mapping[str, float]) -> Point:
    said = meaning(rule, reason.code)
    sentence = "" if rule is None else recovery_sentence(rule, recovery, clears=said.clears)
    return Point(
        reason,
        "" if rule is None else rule.cause.name,
        said.means,
        _figures(reason),
        said.clears,
        sentence,
        rule is not None and rule.target in LATCHING,
    )


def _figures(reason: Reason) -> str:
    if math.isnan(reason.value):
        return "" if math.isnan(reason.limit) else f"limit {reason.limit:.3g}"
    if math.isnan(reason.limit):
        return f"{reason.value:.3g}"
    return f"{reason.value:.3g}, limit {reason.limit:.3g}"


def _next_step(state: State, points: Sequence[Point]) -> str:
    if state == State.NORMAL:
        return "Nothing need be done."
    if state in LATCHING:
        first = next((point.clears for point in points if point.needs_reset), "")
        return (f"First: {first}. " if first else "") + f"Then: {RESET}."
    if not points:
        return "Wait a moment: the cause is gone already."
    return f"To go on: {points[0].clears}."
