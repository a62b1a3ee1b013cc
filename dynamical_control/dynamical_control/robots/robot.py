"""What every robot driver offers.

A new robot is a new folder beside this file and one line in ``ROBOTS``.
All arrays are in robot joint order, which is the order of the URDF. Drivers are context managers::

    with make_robot("simulated") as robot:
        reading = robot.read()
"""

import importlib
from abc import ABC, abstractmethod
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import numpy as np

from dynamical_control.errors import RobotDriverError
from dynamical_interfaces.joints import JointLimits

# Name -> "module:class", resolved when asked for, so that no robot's libraries load without need.
ROBOTS = {
    "simulated": "dynamical_control.robots.simulated.robot:SimulatedRobot",
    "simulated_partner": "dynamical_control.robots.simulated_partner.robot:SimulatedPartner",
}


@dataclass(slots=True)
class JointReading:
    """What the joints did at one moment; the next reading changes the arrays.

    Attributes:
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) [N m].
        stamp: When it was measured, ROS time [s].
    """

    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stamp: float


@dataclass(frozen=True, slots=True)
class MotorCommand:
    """What the joints shall do.

    Attributes:
        position: Shape (n,) [rad].
        velocity: Feed-forward, shape (n,) [rad/s].
        effort: Feed-forward torque on top of the robot's own gravity compensation, shape (n,) [N
            m].
        stiffness: Factor on the position gains, 0..1; 0 = drive torque off, the joints only brake.
        damping: Factor on the velocity gains.
    """

    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stiffness: float = 1.0
    damping: float = 1.0


class RobotDriver(ABC):
    """One robot's joints."""

    @property
    @abstractmethod
    def limits(self) -> JointLimits:
        """Joint names and limits from the robot's URDF."""

    @abstractmethod
    def connect(self) -> None:
        """Reach the robot and hold it where it is.

        Raises:
            RobotDriverError: With what was tried and what answered.
        """

    @abstractmethod
    def disconnect(self) -> None:
        """Leave the robot at rest; safe to call twice."""

    @abstractmethod
    def read(self) -> JointReading:
        """Newest measurement.

        Raises:
            RobotDriverError: If the robot is not connected or does not answer.
        """

    @abstractmethod
    def write(self, command: MotorCommand) -> None:
        """Hand a command to the motor controllers; they follow it until the next.

        Raises:
            RobotDriverError: If the robot is not connected or refuses.
        """

    @abstractmethod
    def stop(self) -> None:
        """Take drive torque away; the joints only brake (stop category 0)."""

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()


def make_robot(name: str, *arguments: object) -> RobotDriver:
    """The driver of a robot by name.

    Args:
        name: One of ``ROBOTS``.
        arguments: What the driver's class takes.

    Raises:
        RobotDriverError: If there is no such robot.
    """
    if name not in ROBOTS:
        raise RobotDriverError(f"there is no robot {name!r}; known are {sorted(ROBOTS)}")
    module, _, class_name = ROBOTS[name].partition(":")
    driver = getattr(importlib.import_module(module), class_name)(*arguments)
    if not isinstance(driver, RobotDriver):
        raise RobotDriverError(f"{ROBOTS[name]} is not a RobotDriver")
    return driver
