"""The motors of a second robot in a simulated world, reached over a socket as over a field bus.

The world runs in one process, each robot's driver in its own: what moves the second robot passed its
own gate and its own driver, as with the first. One datagram of doubles each way per tick.
Source: unix(7), datagram sockets keep messages whole and in order.
"""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamical_control.errors import RobotDriverError
from dynamical_control.robots.robot import JointReading, MotorCommand
from dynamical_control.simulation.motors import Motors

# A motor that hears nothing for this long holds where it is, as a real one's watchdog does [s].
SILENCE = 0.100
_LARGEST = 65536


@dataclass(frozen=True, slots=True)
class BusFormat:
    """Datagrams of a robot of n joints.

    A reading is stamp, n positions, n velocities, n efforts; a command is stiffness, damping, then the
    same three. An empty datagram asks for readings.
    """

    count: int

    def reading(self, reading: JointReading) -> bytes:
        """A reading as bytes."""
        return np.concatenate(
            ([reading.stamp], reading.position, reading.velocity, reading.effort)
        ).tobytes()

    def read(self, data: bytes) -> JointReading:
        """Bytes as a reading.

        Raises:
            RobotDriverError: If they are of another robot.
        """
        values = self._values(data, 1)
        position, velocity, effort = self._rows(values[1:])
        return JointReading(position, velocity, effort, float(values[0]))

    def command(self, command: MotorCommand) -> bytes:
        """A command as bytes."""
        effort = np.zeros(self.count) if command.effort is None else command.effort
        return np.concatenate(
            ([command.stiffness, command.damping], command.position, command.velocity, effort)
        ).tobytes()

    def commanded(self, data: bytes) -> MotorCommand:
        """Bytes as a command.

        Raises:
            RobotDriverError: If they are of another robot, or not finite.
        """
        values = self._values(data, 2)
        if not np.isfinite(values).all():
            raise RobotDriverError("a command on the motor bus holds values that are not finite")
        position, velocity, effort = self._rows(values[2:])
        return MotorCommand(position, velocity, effort, float(values[0]), float(values[1]))

    def _values(self, data: bytes, head: int) -> np.ndarray:
        wanted = 8 * (head + 3 * self.count)
        if len(data) != wanted:
            raise RobotDriverError(
                f"a datagram on the motor bus has {len(data)} bytes, want {wanted}"
            )
        return np.frombuffer(data)

    def _rows(self, values: np.ndarray) -> np.ndarray:
        return values.reshape(3, self.count)


class MotorBus:
    """The world's end: gives readings, takes commands, holds the robot when they stop coming.

    Args:
        path: Socket to listen on; one that is left over is replaced.
        motors: Of the robot.

    Raises:
        RobotDriverError: If it cannot listen there.
    """

    def __init__(self, path: Path, motors: Motors) -> None:
        self._path, self._motors, self._format = path, motors, BusFormat(motors.count)
        count = motors.count
        self._reading = JointReading(np.zeros(count), np.zeros(count), np.zeros(count), 0.0)
        self._peer: str | None = None
        self._heard = 0.0
        self._held = True
        self.refused = 0
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.bind(str(path))
            path.chmod(0o600)
        except OSError as error:
            raise RobotDriverError(f"the motor bus cannot listen on {path}: {error}") from error
        self._socket.settimeout(0.0)

    def take(self, now: float) -> None:
        """Hand the newest command to the motors; hold them if there has been none for long.

        Args:
            now: Monotonic time [s].
        """
        newest = None
        while True:
            try:
                data, peer = self._socket.recvfrom(_LARGEST)
            except BlockingIOError:
                break
            self._peer = peer or self._peer
            newest = data or newest
        if newest is not None:
            try:
                command = self._format.commanded(newest)
            except RobotDriverError:
                self.refused += 1
            else:
                self._heard, self._held = now, False
                self._motors.command(
                    command.position,
                    command.velocity,
                    command.effort,
                    stiffness=command.stiffness,
                    damping=command.damping,
                )
        if not self._held and now - self._heard > SILENCE:
            self._held = True
            self._motors.position(self._reading.position)
            self._motors.hold(self._reading.position)

    def give(self, stamp: float) -> None:
        """Send what the joints do now, ROS time ``stamp`` [s], to whoever drives them."""
        if self._peer is None:
            return
        reading = self._reading
        reading.stamp = stamp
        self._motors.position(reading.position)
        self._motors.velocity(reading.velocity)
        self._motors.effort(reading.effort)
        try:
            self._socket.sendto(self._format.reading(reading), self._peer)
        except BlockingIOError:
            pass  # it has not read the last ones yet: it gets the next
        except OSError:
            self._peer = None  # it is gone, and its commands stop by themselves

    def close(self) -> None:
        """Listen no more."""
        self._socket.close()
        self._path.unlink(missing_ok=True)


class MotorBusClient:
    """The driver's end.

    Args:
        path: Where the world listens.
        count: Joints of the robot.

    Raises:
        RobotDriverError: If there is no world.
    """

    def __init__(self, path: Path, count: int) -> None:
        self._format = BusFormat(count)
        self._own = path.with_name(f"{path.name}.{os.getpid()}")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            self._own.unlink(missing_ok=True)
            self._socket.bind(str(self._own))
            self._socket.connect(str(path))
        except OSError as error:
            self.close()
            raise RobotDriverError(
                f"no simulated world listens on {path}: {error}; start the robot that hosts it first"
            ) from error
        self._socket.settimeout(0.0)

    def ask(self) -> None:
        """Ask for readings."""
        self._send(b"")

    def newest(self) -> JointReading | None:
        """The newest reading since the last call, or ``None``."""
        data = None
        while True:
            try:
                data = self._socket.recv(_LARGEST)
            except BlockingIOError:
                return None if data is None else self._format.read(data)

    def send(self, command: MotorCommand) -> None:
        """Command the motors."""
        self._send(self._format.command(command))

    def _send(self, data: bytes) -> None:
        try:
            self._socket.send(data)
        except BlockingIOError:
            pass  # the world stands still; its silence is noticed by who reads
        except OSError as error:
            raise RobotDriverError(f"the simulated world is gone: {error}") from error

    def close(self) -> None:
        """Leave."""
        self._socket.close()
        self._own.unlink(missing_ok=True)
