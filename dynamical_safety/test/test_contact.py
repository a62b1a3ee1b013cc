"""Contact that nobody asked for, felt in the joints of the simulated robot."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest
import yaml

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.joint_recordings import (
    CUP_MASS,
    FAST,
    SAMPLE_STEPS,
    MotionRecorder,
)
from dynamical_control.simulation.world import World
from dynamical_safety.contact import ContactMonitor, MomentumObserver, load_thresholds
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.errors import DataError
from dynamical_safety.state_machine import RULE_OF, Cause, State
from dynamical_safety.supervision import Joints
from dynamical_safety.training.contact_thresholds import identify, mirrored

PERIOD = 0.002


class Bench:
    """The simulated robot holding its posture, and a monitor that listens."""

    def __init__(self, robot: Any, **changes: Any) -> None:
        self.names = robot.urdf.names
        self.world = World(ensure_robot_model())
        self.monitor = ContactMonitor(
            RobotDynamics(robot.mjcf_path, self.names),
            self.names,
            thresholds=load_thresholds(self.names),
            parameters=replace(robot.parameters, **changes),
        )
        self.time = 1000.0
        self.run(0.3)

    def sample(self) -> Joints:
        motors, count = self.world.motors, len(self.names)
        arrays = np.zeros((3, count))
        motors.position(arrays[0])
        motors.velocity(arrays[1])
        motors.effort(arrays[2])
        return Joints(self.time, *arrays)

    def run(self, seconds: float, *, until_felt: bool = False) -> float:
        """Let time pass; returns how long it took until a contact was felt, or inf."""
        for step in range(round(seconds / PERIOD)):
            self.world.step(SAMPLE_STEPS)
            self.time += PERIOD
            self.monitor.take(self.sample())
            if until_felt and self.monitor.contact is not None:
                return (step + 1) * PERIOD
        return float("inf")

    def push(self, link: str, force: tuple[float, float, float]) -> None:
        self.world.data.xfrc_applied[self.world.model.body(link).id, :3] = force


@pytest.mark.parametrize(
    ("link", "force"),
    [
        ("right_wrist_yaw_link", (-40.0, 0.0, 0.0)),
        ("left_wrist_yaw_link", (0.0, 0.0, -30.0)),
        ("right_elbow_link", (0.0, 40.0, 0.0)),
        ("left_shoulder_yaw_link", (-60.0, 0.0, 0.0)),
        ("torso_link", (-70.0, 0.0, 0.0)),
    ],
)
def test_a_push_below_what_a_person_bears_is_felt_within_50_ms(
    robot: Any, link: str, force: tuple[float, float, float]
) -> None:
    bench = Bench(robot)
    assert bench.monitor.contact is None
    bench.push(link, force)
    assert bench.run(0.2, until_felt=True) <= 0.05
    causes: dict[Cause, Any] = {}
    bench.monitor.add_causes(causes)
    ((cause, reason),) = causes.items()
    assert cause in (Cause.CONTACT_LIGHT, Cause.CONTACT_STRONG)
    assert reason.value > reason.limit


def test_the_link_that_is_touched_is_named(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("left_elbow_link", (0.0, 0.0, 60.0))
    bench.run(0.1)
    contact = bench.monitor.contact
    assert contact is not None
    assert contact.link.startswith("left_")
    bench = Bench(robot)
    bench.push("torso_link", (-90.0, 0.0, 0.0))
    bench.run(0.1)
    contact = bench.monitor.contact
    assert contact is not None
    assert contact.joint.startswith("waist")
    assert contact.link in ("waist_yaw_link", "waist_roll_link", "torso_link")


def test_a_light_contact_ends_when_it_is_over(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("right_wrist_yaw_link", (0.0, 0.0, -30.0))
    bench.run(0.1)
    assert bench.monitor.contact is not None
    assert not bench.monitor.yielding
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 0.0))
    bench.run(0.3)
    assert bench.monitor.contact is None


def test_a_strong_contact_asks_for_a_stop_that_yields(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("right_elbow_link", (0.0, 0.0, -150.0))
    bench.run(0.1)
    contact = bench.monitor.contact
    assert contact is not None
    assert contact.cause == Cause.CONTACT_STRONG
    assert RULE_OF[contact.cause].target == State.CONTROLLED_STOP
    assert bench.monitor.yielding


def test_what_a_robot_is_known_to_lean_on_is_no_contact_but_more_of_it_is(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 60.0))
    bench.run(0.2)
    assert bench.monitor.contact is not None
    bench.monitor.bear()
    bench.run(0.3)
    assert bench.monitor.contact is None
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 100.0))
    assert bench.run(0.2, until_felt=True) <= 0.05


def test_what_no_longer_presses_is_no_longer_borne(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 60.0))
    bench.run(0.2)
    bench.monitor.bear()
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 0.0))
    bench.run(0.3)
    assert bench.monitor.contact is None
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 60.0))
    assert bench.run(0.2, until_felt=True) <= 0.05


def test_whoever_is_pressed_for_long_is_let_go(robot: Any) -> None:
    bench = Bench(robot, contact_pressed=0.3)
    bench.push("right_wrist_yaw_link", (0.0, 0.0, -30.0))
    bench.run(0.2)
    assert bench.monitor.contact is not None
    assert not bench.monitor.contact.strong
    bench.run(0.3)
    assert bench.monitor.contact.strong


def test_free_motion_at_full_speed_with_a_cup_feels_no_contact(robot: Any) -> None:
    names = robot.urdf.names
    for held in (0.0, CUP_MASS):
        # Another seed than that of the thresholds.
        samples = MotionRecorder(seed=77).record(6.0, speed=FAST, held=held)
        monitor = ContactMonitor(
            RobotDynamics(robot.mjcf_path, names),
            names,
            thresholds=load_thresholds(names),
            parameters=robot.parameters,
        )
        assert np.abs(samples[:, 1]).max() > 1.7
        for index, sample in enumerate(samples):
            monitor.take(Joints(1000.0 + index * PERIOD, *sample))
            assert monitor.contact is None, monitor.contact


def test_late_and_uneven_samples_feel_no_contact(robot: Any) -> None:
    names, rng = robot.urdf.names, np.random.default_rng(3)
    samples = MotionRecorder(seed=78).record(4.0, speed=FAST)
    monitor = ContactMonitor(
        RobotDynamics(robot.mjcf_path, names),
        names,
        thresholds=load_thresholds(names),
        parameters=robot.parameters,
    )
    # The robot is half as fast as the clock, and samples are read when it pleases.
    for index in np.flatnonzero(rng.random(len(samples)) < 0.7):
        stamp = 1000.0 + 2 * index * PERIOD + rng.uniform(0.0, PERIOD)
        monitor.take(Joints(stamp, *samples[index]))
        assert monitor.contact is None, monitor.contact


def test_the_residual_is_the_external_torque(robot: Any) -> None:
    names = robot.urdf.names
    bench = Bench(robot)
    force = np.array([0.0, 0.0, -20.0])
    bench.push("right_elbow_link", (0.0, 0.0, -20.0))
    bench.run(0.5)
    world = bench.world
    jacobian = np.zeros((3, world.model.nv))
    body = world.model.body("right_elbow_link").id
    mujoco.mj_jacBodyCom(world.model, world.data, jacobian, None, body)
    dofs = [int(world.model.joint(name).dofadr[0]) for name in names]
    # Dry friction of 0.3 N m hides in it.
    assert bench.monitor.observer.residual == pytest.approx(force @ jacobian[:, dofs], abs=0.35)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_samples_that_are_not_numbers_are_left_out(robot: Any, broken: float) -> None:
    bench = Bench(robot)
    before = bench.monitor.observer.residual.copy()
    for field in ("position", "velocity", "effort"):
        sample = bench.sample()
        bench.time += PERIOD
        getattr(sample, field)[5] = broken
        assert not bench.monitor.take(replace(sample, stamp=bench.time))
    assert not bench.monitor.take(replace(bench.sample(), effort=np.zeros(3)))
    assert (bench.monitor.observer.residual == before).all()


def test_a_pause_of_samples_starts_the_observer_anew(robot: Any) -> None:
    bench = Bench(robot)
    bench.push("right_wrist_yaw_link", (0.0, 0.0, -30.0))
    bench.run(0.1)
    assert bench.monitor.contact is not None
    bench.push("right_wrist_yaw_link", (0.0, 0.0, 0.0))
    bench.time += 1.0
    bench.world.step(500)
    bench.run(0.1)
    assert bench.monitor.contact is None


def test_a_robot_that_is_put_elsewhere_feels_no_contact(robot: Any) -> None:
    bench = Bench(robot)
    for _ in range(3):
        bench.world.motors.place(bench.world.start_posture + 0.3)
        bench.world.motors.hold(bench.world.start_posture + 0.3)
        bench.run(0.1)
        bench.world.reset(seed=0)
        bench.run(0.05)
        assert bench.monitor.contact is None


def test_fingers_are_not_watched_and_all_other_joints_are(robot: Any) -> None:
    thresholds = load_thresholds(robot.urdf.names)
    for name, threshold in zip(robot.urdf.names, thresholds, strict=True):
        assert np.isfinite(threshold) == ("_hand_" not in name)
    with pytest.raises(DataError, match="no threshold for any of the 2 joints"):
        load_thresholds(("a_joint", "b_joint"))


def test_the_shipped_thresholds_are_those_of_the_script(robot: Any) -> None:
    # A shorter recording with another seed comes out near the shipped table, and not above it.
    recorder = MotionRecorder(seed=5)
    recordings = {
        "cup": recorder.record(4.0, speed=FAST, held=CUP_MASS),
        "work": recorder.record(4.0, speed=0.5, held=CUP_MASS, disturb=recorder.press),
    }
    names = robot.urdf.names
    largest, fresh = identify(recordings, names, period=PERIOD, mjcf=robot.mjcf_path)
    shipped = dict(zip(names, load_thresholds(names), strict=True))
    assert max(largest["cup"].values()) < max(largest["work"].values())
    for name, threshold in fresh.items():
        assert 0.4 * shipped[name] <= threshold <= 1.15 * shipped[name], name
        assert shipped[name] == shipped[mirrored(name)]
    path = Path(__file__).parents[1] / "dynamical_safety/data/contact_thresholds_unitree_g1.yaml"
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert document["gain_per_s"] == robot.parameters.contact_gain


def test_a_higher_gain_feels_sooner(robot: Any) -> None:
    times = []
    for gain in (10.0, 60.0):
        bench = Bench(robot, contact_gain=gain)
        bench.push("right_wrist_yaw_link", (0.0, 0.0, -40.0))
        times.append(bench.run(0.5, until_felt=True))
    assert times[1] < times[0]


def test_no_gain_and_no_gap_makes_the_observer_swing(robot: Any) -> None:
    observer = MomentumObserver(RobotDynamics(robot.mjcf_path, robot.urdf.names), 250.0)
    count = len(robot.urdf.names)
    effort = np.full(count, 5.0)
    zero = np.zeros(count)
    values = [observer.update(zero, zero, effort, period=0.05).copy() for _ in range(50)]
    assert np.isfinite(values).all()
    assert np.allclose(values[-1], -(effort - observer.free_torque), rtol=1e-6)
