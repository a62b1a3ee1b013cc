"""The second robot of a simulated world: real physics here, its driver over a real socket."""

import threading
import time

import numpy as np
import pytest

from dynamical_control.errors import RobotDriverError
from dynamical_control.robots.robot import MotorCommand
from dynamical_control.robots.simulated.config import SimulatedRobotConfig
from dynamical_control.robots.simulated.motor_bus import SILENCE, MotorBusClient
from dynamical_control.robots.simulated.robot import SimulatedRobot
from dynamical_control.robots.simulated_partner.robot import SimulatedPartner
from dynamical_control.simulation.layout import TWO_ROBOTS


@pytest.fixture
def world(tmp_path):
    """A world with two robots that runs by itself, and the socket of the second."""
    bus = tmp_path / "partner.bus"
    robot = SimulatedRobot(SimulatedRobotConfig(layout=TWO_ROBOTS, partner_bus=bus))
    over, pause = threading.Event(), threading.Event()

    def run():
        while not over.is_set():
            robot.read()
            pause.wait(0.002)

    with robot:
        thread = threading.Thread(target=run)
        thread.start()
        yield bus
        over.set()
        thread.join()


def moved(partner, joint, by):
    """A command to one joint."""
    position = partner.read().position.copy()
    position[partner.limits.index(joint)] += by
    zero = np.zeros(len(position))
    return MotorCommand(position, zero, zero)


def follow(partner, command, seconds):
    end, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < end:
        partner.write(command)
        pause.wait(0.005)
        partner.read()
    return partner.read()


def test_the_second_robot_goes_where_its_own_driver_says(world):
    with SimulatedPartner(world) as partner:
        index = partner.limits.index("left_elbow_joint")
        command = moved(partner, "left_elbow_joint", 0.2)
        reading = follow(partner, command, 1.0)
        assert reading.position[index] == pytest.approx(command.position[index], abs=0.02)
        assert reading.stamp == pytest.approx(time.time(), abs=2.0)


def test_a_driver_that_falls_silent_leaves_the_robot_held_where_it_is(world):
    with SimulatedPartner(world) as partner:
        command = moved(partner, "left_elbow_joint", 0.6)
        index = partner.limits.index("left_elbow_joint")
        follow(partner, command, 0.15)
    threading.Event().wait(SILENCE + 0.5)
    with SimulatedPartner(world) as partner:
        first = partner.read().position[index]
        threading.Event().wait(0.3)
        assert partner.read().position[index] == pytest.approx(first, abs=0.005)
        assert partner.read().velocity[index] == pytest.approx(0.0, abs=0.02)


def test_a_command_that_is_none_is_not_followed(world):
    with SimulatedPartner(world) as partner:
        before = partner.read().position.copy()
        wild = np.full(len(before), np.nan)
        reading = follow(partner, MotorCommand(wild, wild, wild), 0.2)
        assert np.abs(reading.position - before).max() < 0.01


def test_without_a_world_there_is_a_sentence_that_says_so(tmp_path):
    with pytest.raises(RobotDriverError, match="no simulated world listens on"):
        MotorBusClient(tmp_path / "nobody.bus", 43)


def test_a_bus_needs_a_second_robot(tmp_path):
    with pytest.raises(RobotDriverError, match="needs a layout with a partner"):
        SimulatedRobot(SimulatedRobotConfig(partner_bus=tmp_path / "x.bus"))
