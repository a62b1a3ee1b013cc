"""The way back from where the robot was held to where the safety gate has got meanwhile.

While the driver held the robot, the gate's set-point may have gone on. Following it at once would be
a leap that no limit has seen. So the set-point goes there at the gate's own speed or a slow one,
whichever is more, and begins from standstill.
"""

from dataclasses import dataclass

import numpy as np

from dynamical_control.robots.robot import MotorCommand

ARRIVED = 1e-3  # from the gate's set-point, that counts as being there [rad]
LONGEST_TICK = 0.02  # a late tick moves no farther than this [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumptionLimits:
    """How fast the way back is.

    Attributes:
        speed: Of each joint, if the gate's own command is not faster [rad/s].
        acceleration: From standstill [rad/s^2].
    """

    speed: float = 0.5
    acceleration: float = 5.0


class Resumption:
    """Leads a set-point back to the gate's.

    Args:
        joints: Number of joints.
        limits: How fast.

    Attributes:
        active: Whether the set-point is still on its way.
    """

    def __init__(self, joints: int, limits: ResumptionLimits | None = None) -> None:
        self.active = False
        self._limits = ResumptionLimits() if limits is None else limits
        self._position = np.zeros(joints)
        self._velocity = np.zeros(joints)
        self._begun = 0.0
        self._last = 0.0

    def begin(self, position: np.ndarray, clock: float) -> None:
        """Start from a place at standstill.

        Args:
            position: Shape (n,), where the robot was held [rad].
            clock: Monotonic time [s].
        """
        self._position[:] = position
        self._velocity[:] = 0.0
        self._begun = self._last = clock
        self.active = True

    def step(self, command: MotorCommand, clock: float) -> MotorCommand:
        """Set-point of this tick.

        Args:
            command: What the gate says.
            clock: Monotonic time [s].

        Returns:
            The gate's command once the set-point is there, or as soon as it asks for no stiffness.
        """
        tick = min(max(clock - self._last, 0.0), LONGEST_TICK)
        self._last = clock
        left = command.position - self._position
        if command.stiffness == 0.0 or np.abs(left).max() <= ARRIVED:
            self.active = False
            return command
        if tick > 0.0:
            speed = np.maximum(np.abs(command.velocity), self._limits.speed)
            np.minimum(speed, self._limits.acceleration * (clock - self._begun), out=speed)
            step = np.clip(left, -speed * tick, speed * tick)
            self._position += step
            np.divide(step, tick, out=self._velocity)
        return MotorCommand(
            self._position, self._velocity, command.effort, command.stiffness, command.damping
        )
