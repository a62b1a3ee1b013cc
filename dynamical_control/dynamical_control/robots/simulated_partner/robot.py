"""The driver of the second robot in a simulated world: its motors are behind a bus."""

import threading
import time
from pathlib import Path

import numpy as np

from dynamical_control.errors import RobotDriverError
from dynamical_control.robots.robot import JointReading, MotorCommand, RobotDriver
from dynamical_control.robots.simulated.motor_bus import MotorBusClient
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces.joints import JointLimits, load_urdf

_CONNECT = 30.0  # the robot that hosts the world may come up later [s]
_SILENCE = 0.5  # a world that says nothing for this long is gone [s]


class SimulatedPartner(RobotDriver):
    """Reads and writes over the bus that the hosting driver offers.

    Args:
        bus: Its socket.
    """

    def __init__(self, bus: Path) -> None:
        self._bus = bus
        self._limits = load_urdf(ensure_robot_model().urdf)
        self._client: MotorBusClient | None = None
        self._reading: JointReading | None = None
        self._heard = 0.0

    @property
    def limits(self) -> JointLimits:
        """Joint names and limits from the robot's URDF."""
        return self._limits

    def connect(self) -> None:
        """Wait for the world, and for the first reading from it."""
        end, pause = time.monotonic() + _CONNECT, threading.Event()
        while True:
            try:
                if self._client is None:
                    self._client = MotorBusClient(self._bus, len(self._limits.names))
                self._client.ask()
                pause.wait(0.05)
                if (reading := self._client.newest()) is not None:
                    self._reading, self._heard = reading, time.monotonic()
                    return
                if time.monotonic() > end:
                    raise RobotDriverError(f"the simulated world behind {self._bus} is silent")
            except RobotDriverError:
                self.disconnect()
                if time.monotonic() > end:
                    raise
                pause.wait(0.2)

    def disconnect(self) -> None:
        """Leave; the motors hold where they are."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def read(self) -> JointReading:
        """Newest measurement."""
        client, now = self._connected(), time.monotonic()
        fresh = client.newest()
        if fresh is not None:
            self._reading, self._heard = fresh, now
        elif now - self._heard > _SILENCE:
            raise RobotDriverError(
                f"the simulated world behind {self._bus} has been silent for "
                f"{now - self._heard:.1f} s"
            )
        assert self._reading is not None
        return self._reading

    def write(self, command: MotorCommand) -> None:
        """Hand a command to the motors."""
        self._connected().send(command)

    def stop(self) -> None:
        """Take drive torque away; the joints only brake."""
        zero = np.zeros(len(self._limits.names))
        self.write(MotorCommand(zero, zero, zero, stiffness=0.0, damping=1.0))

    def _connected(self) -> MotorBusClient:
        if self._client is None:
            raise RobotDriverError("the simulated partner is not connected; call connect() first")
        return self._client
