"""Encoders that lie, in the joint states of the simulated robot."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.joint_recordings import FAST, MotionRecorder
from dynamical_control.simulation.world import World
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.contact import MomentumObserver
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.plausibility import JointPlausibility, elapsed
from dynamical_safety.reasons import Reason
from dynamical_safety.supervision import Joints

PERIOD = 0.002
JOINT = "right_elbow_joint"
Fault = Callable[[int, np.ndarray], None]


@pytest.fixture(scope="module")
def motion() -> np.ndarray:
    """Fast motions of arms and waist, shape (samples, 3, n)."""
    return MotionRecorder(seed=9).record(4.0, speed=FAST)


@pytest.fixture(scope="module")
def dynamics(robot: Any) -> RobotDynamics:
    return RobotDynamics(robot.mjcf_path, robot.urdf.names)


def judge(
    robot: Any, dynamics: RobotDynamics, motion: np.ndarray, fault: Fault | None = None
) -> tuple[Reason | None, int]:
    """First reason and the sample in which it was found."""
    monitor = JointPlausibility(robot.limits, dynamics, robot.parameters)
    for index, sample in enumerate(motion):
        # The servos of the simulated robot are stiff: the set-point is where the robot is.
        set_point, set_velocity = sample[0].copy(), sample[1].copy()
        told = sample.copy()
        if fault is not None:
            fault(index, told)
        monitor.take(
            Joints(1000.0 + index * PERIOD, *told),
            set_point=set_point,
            set_velocity=set_velocity,
            stiffness_scale=1.0,
        )
        if monitor.reason is not None:
            return monitor.reason, index
    return None, len(motion)


def test_a_robot_that_moves_fast_is_plausible(
    robot: Any, dynamics: RobotDynamics, motion: np.ndarray
) -> None:
    assert judge(robot, dynamics, motion)[0] is None


def test_small_noise_is_borne(robot: Any, dynamics: RobotDynamics, motion: np.ndarray) -> None:
    rng = np.random.default_rng(1)

    def shake(_: int, told: np.ndarray) -> None:
        told[0] += rng.normal(0.0, 0.0003, told.shape[1])
        told[1] += rng.normal(0.0, 0.02, told.shape[1])

    assert judge(robot, dynamics, motion, shake)[0] is None


def test_uneven_sampling_is_borne(robot: Any, dynamics: RobotDynamics, motion: np.ndarray) -> None:
    rng = np.random.default_rng(2)
    monitor = JointPlausibility(robot.limits, dynamics, robot.parameters)
    for index in np.flatnonzero(rng.random(len(motion)) < 0.6):
        sample = motion[index]
        monitor.take(
            Joints(1000.0 + index * PERIOD + rng.uniform(0, 0.8) * PERIOD, *sample),
            set_point=sample[0].copy(),
            set_velocity=sample[1].copy(),
            stiffness_scale=1.0,
        )
        assert monitor.reason is None, monitor.reason


@pytest.mark.parametrize("kind", ["stuck", "noisy", "slipping", "jumping"])
def test_an_encoder_that_lies_is_found_and_named(
    robot: Any, dynamics: RobotDynamics, motion: np.ndarray, kind: str
) -> None:
    joint, rng, start = robot.urdf.names.index(JOINT), np.random.default_rng(4), 500
    held = motion[start, 0, joint]

    def lie(index: int, told: np.ndarray) -> None:
        if index < start:
            return
        if kind == "stuck":
            told[0, joint] = held
        elif kind == "noisy":
            told[0, joint] += rng.normal(0.0, 0.01)
        elif kind == "slipping":
            told[0, joint] += 0.4 * PERIOD * (index - start)
        else:
            told[0, joint] += 0.08

    reason, index = judge(robot, dynamics, motion, lie)
    assert reason is not None
    assert reason.subject == JOINT
    assert reason.code == ErrorCode.JOINT_STATE_IMPLAUSIBLE
    assert reason.value > reason.limit
    assert (index - start) * PERIOD <= 0.6


def test_a_leap_is_left_to_the_monitor_of_leaps(
    robot: Any, dynamics: RobotDynamics, motion: np.ndarray
) -> None:
    def leap(index: int, told: np.ndarray) -> None:
        if index > 400:
            told[0] += 0.5

    assert judge(robot, dynamics, motion[:800], leap)[0] is None


class Still:
    """The simulated robot holding its posture, listened to with its servos' efforts."""

    def __init__(self, robot: Any, dynamics: RobotDynamics) -> None:
        self.names = robot.urdf.names
        self.world = World(ensure_robot_model())
        self.monitor = JointPlausibility(robot.limits, dynamics, robot.parameters)
        self.observer = MomentumObserver(dynamics, robot.parameters.contact_gain)
        self.time = 1000.0

    def run(self, seconds: float, *, bias: float = 0.0, sag: float = 0.0) -> Reason | None:
        joint = self.names.index(JOINT)
        set_point = self.world.start_posture.copy()
        self.world.data.qfrc_applied[int(self.world.model.joint(JOINT).dofadr[0])] = sag
        for _ in range(round(seconds / PERIOD)):
            self.world.step(2)
            self.time += PERIOD
            told = np.zeros((3, len(self.names)))
            self.world.motors.position(told[0])
            self.world.motors.velocity(told[1])
            self.world.motors.effort(told[2])
            self.observer.update(told[0], told[1], told[2], period=PERIOD)
            told[0, joint] += bias
            self.monitor.take(
                Joints(self.time, *told),
                set_point=set_point,
                set_velocity=np.zeros(len(self.names)),
                stiffness_scale=1.0,
                free_torque=self.observer.free_torque,
            )
            if self.monitor.reason is not None:
                break
        return self.monitor.reason


def test_a_robot_at_rest_is_plausible_even_if_it_is_pushed(
    robot: Any, dynamics: RobotDynamics
) -> None:
    # 12 N m bend a servo of 500 N m/rad by 0.024 rad; its effort says so.
    assert Still(robot, dynamics).run(1.5, sag=-12.0) is None


def test_a_biased_encoder_is_found_at_rest(robot: Any, dynamics: RobotDynamics) -> None:
    # Biased from the first sample on: nothing leaps.
    reason = Still(robot, dynamics).run(1.5, bias=0.06)
    assert reason is not None
    assert reason.subject == JOINT
    assert "biased" in reason.text
    assert reason.value == pytest.approx(0.06, abs=0.01)


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_samples_that_are_not_numbers_are_left_out(
    robot: Any, dynamics: RobotDynamics, motion: np.ndarray, broken: float
) -> None:
    def spoil(index: int, told: np.ndarray) -> None:
        if index % 10 == 0:
            told[index // 10 % 3, 7] = broken

    assert judge(robot, dynamics, motion[:500], spoil)[0] is None


@given(st.floats(0.0, 0.02), st.floats(1e-4, 0.02), st.floats(0.5, 5.0))
def test_joints_tell_the_time_between_stamps(true: float, stamped: float, speed: float) -> None:
    speeds = np.array([speed, -0.3 * speed, 0.0])
    found = elapsed(speeds * true, 2.0 * speeds, stamped)
    assert found == pytest.approx(min(true, 2.0 * stamped), abs=1e-12)
    assert elapsed(speeds * 0.0, speeds * 0.0, stamped) == stamped
