"""Physics of the room: the robot holds and follows, objects stand, the person comes near."""

import math

import numpy as np
import pytest

from dynamical_control.simulation.world import World


@pytest.fixture(scope="module")
def world(robot_model):
    return World(robot_model)


def positions(world):
    values = np.zeros(world.motors.count)
    world.motors.position(values)
    return values


def run(world, seconds):
    for _ in range(round(seconds / 0.002)):
        world.step(2)


def test_the_robot_holds_its_start_posture_against_gravity(world):
    world.reset(seed=0)
    run(world, 1.0)
    assert np.abs(positions(world) - world.start_posture).max() < 1e-3


def test_objects_stand_where_the_seed_put_them(world):
    for seed in (0, 3, 4):
        world.reset(seed=seed)
        before = world.object_poses()
        run(world, 1.0)
        for old, new in zip(before, world.object_poses(), strict=True):
            np.testing.assert_allclose(new.position, old.position, atol=1.5e-3)
            assert new.quaternion[1] == pytest.approx(0.0, abs=2e-3)


def test_a_reset_with_the_same_seed_gives_the_same_world(world):
    outcomes = []
    for _ in range(2):
        world.reset(seed=11)
        run(world, 0.1)
        outcomes.append([pose.position for pose in world.object_poses()])
    np.testing.assert_allclose(outcomes[0], outcomes[1], atol=1e-12)


def test_a_reset_may_leave_the_robot_where_it_is(world):
    world.reset(seed=0)
    moved = world.start_posture.copy()
    moved[world.joint_names.index("waist_yaw_joint")] = 0.2
    world.motors.hold(moved)
    run(world, 1.0)
    world.reset(seed=5, reset_robot=False)
    assert positions(world)[world.joint_names.index("waist_yaw_joint")] == pytest.approx(
        0.2, abs=0.01
    )
    world.reset(seed=5)
    np.testing.assert_allclose(positions(world), world.start_posture, atol=1e-9)


def test_the_motors_follow_a_moving_target(world):
    world.reset(seed=0)
    elbow = world.joint_names.index("right_elbow_joint")
    target, speed = world.start_posture.copy(), np.zeros(world.motors.count)
    worst = 0.0
    for tick in range(1000):
        phase = 2.0 * 0.002 * tick
        target[elbow] = world.start_posture[elbow] + 0.2 * (1.0 - math.cos(phase))
        speed[elbow] = 0.4 * math.sin(phase)
        world.motors.command(target, speed, None, stiffness=1.0, damping=1.0)
        world.step(2)
        worst = max(worst, abs(positions(world)[elbow] - target[elbow]))
    assert worst < 0.01


def test_motor_torque_stays_within_the_joint_limits(world):
    world.reset(seed=0)
    far = world.start_posture + 1.0
    world.motors.hold(far)
    effort = np.zeros(world.motors.count)
    limit = world.model.jnt_actfrcrange[:, 1]
    limit = limit[[world.model.joint(name).id for name in world.joint_names]]
    for _ in range(50):
        world.step(2)
        world.motors.effort(effort)
        assert (np.abs(effort) <= limit + 1e-9).all()


def test_without_drive_torque_the_arm_sinks_slowly_instead_of_falling(world):
    world.reset(seed=0)
    zero = np.zeros(world.motors.count)
    hand = world.model.body("right_wrist_yaw_link").id
    run(world, 0.2)
    before = world.data.xpos[hand, 2]
    world.motors.command(zero, zero, None, stiffness=0.0, damping=1.0)
    run(world, 0.5)
    sunk = before - world.data.xpos[hand, 2]
    assert 0.005 < sunk < 0.30


def test_the_distance_to_the_person_is_exact(world):
    world.reset(seed=0)
    assert world.human_distance() == math.inf
    world.person.walk([(3.0, 0.0), (1.5, 0.0)], speed=1.0, dwell=0.0, now=world.time)
    run(world, 0.1)
    far = world.human_distance()
    run(world, 1.0)
    near = world.human_distance()
    assert far - near == pytest.approx(1.0, abs=0.35)
    run(world, 1.0)
    assert 0.5 < world.human_distance() < 1.3
    world.person.walk([], speed=1.0, dwell=0.0, now=world.time)
    assert world.human_distance() == math.inf


def test_nothing_is_welded_to_anything(world):
    assert world.model.neq == 0
