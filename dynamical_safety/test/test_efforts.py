"""Feed-forward torque stays within effort and power, whatever is asked and measured."""

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.efforts import EffortLimiter
from dynamical_safety.limits import gate_limits

anything = st.one_of(st.floats(-200.0, 200.0), st.floats(width=32))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(anything, anything), min_size=43, max_size=43), st.booleans())
def test_whatever_is_asked_and_measured_torque_stays_within_effort_and_power(
    robot: Any, pairs: Any, reduced: bool
) -> None:
    limits, careful = robot.limits, robot.limits.reduced(robot.parameters)
    effort, velocity = np.array(pairs).T.copy()
    out = np.zeros(43)
    EffortLimiter(limits, careful).clip_effort(effort, velocity, out=out, reduced=reduced)
    held = careful if reduced else limits
    assert np.isfinite(out).all()
    assert (np.abs(out) <= held.effort).all()
    known = np.isfinite(velocity)
    assert (np.abs(out[known] * velocity[known]) <= held.power[known] * (1 + 1e-9)).all()
    assert (out[~known] == 0.0).all()
    assert (out[~np.isfinite(effort)] == 0.0).all()


def test_torque_within_the_limits_is_not_changed(robot: Any) -> None:
    effort, velocity = 0.3 * robot.limits.effort, np.full(43, 0.5)
    EffortLimiter(robot.limits).clip_effort(effort, velocity, out=effort)
    np.testing.assert_array_equal(effort, 0.3 * robot.limits.effort)


def test_the_worst_excess_is_named_effort_before_power(robot: Any) -> None:
    parameters = replace(robot.parameters, feed_forward_share=1.0)
    limits = gate_limits(robot.urdf, parameters)
    limiter, elbow = EffortLimiter(limits), limits.names.index("right_elbow_joint")
    effort, velocity = np.zeros(43), np.zeros(43)
    assert limiter.excess(effort, velocity) is None
    effort[elbow], velocity[elbow] = 24.0, -4.0
    reason: Any = limiter.excess(effort, velocity)
    assert (reason.code, reason.subject) == (ErrorCode.POWER_LIMIT, "right_elbow_joint")
    assert (reason.value, reason.limit) == (96.0, robot.limits.power[elbow])
    effort[elbow] = 26.0
    reason = limiter.excess(effort, velocity)
    assert (reason.code, reason.value, reason.limit) == (ErrorCode.EFFORT_LIMIT, 26.0, 25.0)


def test_a_command_adds_a_small_part_of_the_motors_torque_at_most(robot: Any) -> None:
    np.testing.assert_allclose(
        robot.limits.effort, robot.parameters.feed_forward_share * robot.urdf.effort
    )
