"""Explanations: every cause and code has a text, and the right rule is named."""

import math
from typing import Any

import numpy as np
import pytest

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.explanation import CODES, RESET, STATES, explain, meaning
from dynamical_safety.people import Person
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import LATCHING, RULE_OF, RULES, Cause, State
from dynamical_safety.world import Motion, Tracks, World
from dynamical_safety.zones import Applies, Zone, ZoneSet, ZoneType

RECOVERY = {"none": 0.0, "settle": 0.3, "resume": 0.5}
SAFETY = [code for code in ErrorCode if 200 <= code < 300]


@pytest.mark.parametrize("code", SAFETY, ids=lambda code: code.name)
def test_every_code_has_a_text(code: ErrorCode) -> None:
    said = CODES[code]
    assert said.means.endswith(".")
    assert said.clears
    assert not said.clears.endswith(".")


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.name)
def test_every_cause_is_explained_with_how_its_state_is_left(cause: Cause) -> None:
    rule = RULE_OF[cause]
    said = explain(rule.target, [Reason(rule.code, "thing", "text", 0.0, 1.0)], recovery=RECOVERY)
    assert said.summary.startswith(STATES[rule.target])
    (point,) = said.points
    assert point.means
    assert point.clears
    if point.cause == cause.name:
        assert point.needs_reset == (rule.target in LATCHING)
        assert (RESET in point.recovery) == (rule.target in LATCHING)
    assert meaning(rule, rule.code).means


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.cause.name)
def test_a_reset_is_announced_exactly_where_the_state_needs_one(rule: Any) -> None:
    said = explain(rule.target, [Reason(rule.code, "thing", "text")], recovery=RECOVERY)
    assert (RESET in said.next_step) == (rule.target in LATCHING)


def test_the_seconds_until_it_goes_on_are_said() -> None:
    reason = Reason(ErrorCode.PERSON_TOO_CLOSE, "hand", "text", 0.4, 0.45)
    (point,) = explain(State.PROTECTIVE_STOP, [reason], recovery=RECOVERY).points
    assert "gone for 0.5 s" in point.recovery
    assert point.figures == "0.4, limit 0.45"
    near = Reason(ErrorCode.PERSON_NEAR, "hand", "text", math.nan, math.nan)
    said = explain(State.REDUCED, [near], recovery=RECOVERY, speed_scale=0.42)
    assert "42%" in said.summary
    assert "as soon as it is gone" in said.points[0].recovery
    assert said.points[0].figures == ""


def test_two_reasons_of_one_code_are_told_apart() -> None:
    reasons = [
        Reason(ErrorCode.COMMAND_SILENT, "commands", "lost", 1.2, 1.0),
        Reason(ErrorCode.COMMAND_SILENT, "commands", "paused", 1.2, 0.1),
    ]
    said = explain(State.CONTROLLED_STOP, reasons, recovery=RECOVERY)
    assert [point.cause for point in said.points] == ["COMMAND_LOST", "COMMAND_PAUSED"]
    assert [point.needs_reset for point in said.points] == [True, False]


def test_zone_reasons_of_the_gate_are_explained_by_the_cause_they_came_from(robot: Any) -> None:
    square = ((3.0, -1.0), (4.0, -1.0), (4.0, 1.0), (3.0, 1.0))
    world = World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())
    rest = np.zeros(43)
    world.take_tracks(
        Tracks(1.0, (Person(1, np.array([3.5, 0, 0.9]), np.ones(3), np.zeros(3), 0, 1.0, 1),))
    )
    for kind in (ZoneType.STOP, ZoneType.SLOW, ZoneType.LIMIT):
        zone = Zone("z", kind, square, 0.0, 2.0, 0.5, 0.3, Applies.PEOPLE)
        assert world.place_zones([zone], position=None) is None
        causes = world.survey(Motion(rest, rest, rest, None), 1.0).causes
        for cause, reason in causes.items():
            if reason.code == ErrorCode.ZONE_OCCUPIED:
                state = RULE_OF[cause].target
                (point,) = explain(state, [reason], recovery=RECOVERY).points
                assert point.cause == cause.name


def test_a_free_robot_needs_nothing() -> None:
    said = explain(State.NORMAL, [], recovery=RECOVERY)
    assert (said.points, said.next_step) == ((), "Nothing need be done.")
    assert "40%" in explain(State.NORMAL, [], recovery=RECOVERY, speed_scale=0.4).summary
    gone = explain(State.PROTECTIVE_STOP, [], recovery=RECOVERY)
    assert "gone already" in gone.next_step
