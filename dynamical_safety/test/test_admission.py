"""What is refused, with which code and which sentence."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.admission import Admission, Request

NOW = 1000.0


def sane(robot: Any, **changes: Any) -> Request:
    count = len(robot.urdf.names)
    request = Request(
        NOW, 5, 7, "control", robot.urdf.names, np.zeros(count), np.zeros(count), np.empty(0), 1, 1
    )
    return replace(request, **changes)


def judged(robot: Any, request: Request, now: float = NOW) -> Any:
    admission = Admission(robot.limits, robot.parameters)
    return admission.judge(request, set_point=np.zeros(len(robot.urdf.names)), now=now)


def spoilt(robot: Any, value: float, index: int = 20) -> np.ndarray:
    values = np.zeros(len(robot.urdf.names))
    values[index] = value
    return values


def test_a_sane_command_is_admitted(robot: Any) -> None:
    assert judged(robot, sane(robot)) is None


@pytest.mark.parametrize("field", ["position", "velocity", "effort"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_number_that_is_not_finite_is_refused(robot: Any, field: str, value: float) -> None:
    reason = judged(robot, sane(robot, **{field: spoilt(robot, value)}))
    assert reason.code == ErrorCode.COMMAND_NOT_FINITE
    assert reason.subject == robot.urdf.names[20]
    assert field in reason.text


def test_infinities_that_cancel_are_refused(robot: Any) -> None:
    values = spoilt(robot, np.inf)
    values[21] = -np.inf
    assert judged(robot, sane(robot, position=values)).code == ErrorCode.COMMAND_NOT_FINITE


def test_a_stale_command_is_refused(robot: Any) -> None:
    reason = judged(robot, sane(robot), now=NOW + 0.051)
    assert reason.code == ErrorCode.COMMAND_STALE
    assert reason.value == pytest.approx(0.051)
    assert reason.limit == 0.050


def test_a_command_from_the_future_is_refused(robot: Any) -> None:
    assert judged(robot, sane(robot), now=NOW - 0.1).code == ErrorCode.COMMAND_STALE


def test_a_command_out_of_order_is_refused_and_a_restarted_publisher_is_not(robot: Any) -> None:
    admission = Admission(robot.limits, robot.parameters)
    zero = np.zeros(len(robot.urdf.names))
    assert admission.judge(sane(robot), set_point=zero, now=NOW) is None
    again = admission.judge(sane(robot), set_point=zero, now=NOW + 0.001)
    assert again.code == ErrorCode.COMMAND_OUT_OF_ORDER
    later = sane(robot, sequence=1, stamp=NOW + 1.0)
    assert admission.judge(later, set_point=zero, now=NOW + 1.0) is None


def test_an_unknown_joint_is_refused_by_name(robot: Any) -> None:
    names = ("tail_joint", *robot.urdf.names[1:])
    reason = judged(robot, sane(robot, names=names))
    assert reason.code == ErrorCode.COMMAND_UNKNOWN_JOINT
    assert reason.subject == "tail_joint"


def test_joints_in_another_order_are_refused(robot: Any) -> None:
    names = tuple(reversed(robot.urdf.names))
    assert judged(robot, sane(robot, names=names)).code == ErrorCode.COMMAND_WRONG_SIZE


@pytest.mark.parametrize("field", ["position", "velocity", "effort"])
def test_a_wrong_number_of_values_is_refused(robot: Any, field: str) -> None:
    reason = judged(robot, sane(robot, **{field: np.zeros(3)}))
    assert reason.code == ErrorCode.COMMAND_WRONG_SIZE
    assert reason.subject == field


def test_a_jump_that_cannot_be_meant_is_refused(robot: Any) -> None:
    reason = judged(robot, sane(robot, position=spoilt(robot, 0.6)))
    assert reason.code == ErrorCode.POSITION_LIMIT
    assert reason.value == pytest.approx(0.6)
    assert reason.limit == 0.5


def test_an_absurd_speed_is_refused(robot: Any) -> None:
    reason = judged(robot, sane(robot, velocity=spoilt(robot, 1e6)))
    assert reason.code == ErrorCode.VELOCITY_LIMIT


@pytest.mark.parametrize("changes", [{"stiffness_scale": 1.1}, {"damping_scale": -0.1}])
def test_bad_gain_scales_are_refused(robot: Any, changes: Any) -> None:
    assert judged(robot, sane(robot, **changes)).subject == next(iter(changes))


def test_what_is_a_little_too_much_is_admitted_and_named(robot: Any) -> None:
    admission = Admission(robot.limits, robot.parameters)
    reason = admission.excess(sane(robot, velocity=spoilt(robot, 3.0)))
    assert reason.code == ErrorCode.VELOCITY_LIMIT
    assert "2.000 rad/s" in reason.text
    over = float(robot.limits.upper[20]) + 0.1
    reason = admission.excess(sane(robot, position=spoilt(robot, over)))
    assert reason.code == ErrorCode.POSITION_LIMIT
    assert admission.excess(sane(robot)) is None


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(st.floats(width=64), min_size=43, max_size=43),
    scale=st.floats(),
    age=st.floats(-10, 10),
)
def test_what_is_admitted_is_finite_fresh_and_near(
    robot: Any, values: Any, scale: float, age: float
) -> None:
    request = sane(robot, position=np.array(values), stiffness_scale=scale)
    if judged(robot, request, now=NOW + age) is None:
        assert np.isfinite(request.position).all()
        assert (np.abs(request.position) <= robot.limits.jump).all()
        assert age <= 0.050
        assert 0.0 <= scale <= 1.0
