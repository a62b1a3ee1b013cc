"""The simulated robot: the driver interface in front of a simulated world that runs in real time.

The world advances when it is read, by the time that has passed. Everything beyond the driver
interface (the state of the room, reset, the person) is for simulations alone.
"""

import threading
import time
from dataclasses import dataclass

import numpy as np

from dynamical_control.errors import RobotDriverError
from dynamical_control.robots.robot import JointReading, MotorCommand, RobotDriver
from dynamical_control.robots.simulated.config import SimulatedRobotConfig
from dynamical_control.robots.simulated.motor_bus import MotorBus
from dynamical_control.robots.simulated.pace import RealTimePace
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.world import ObjectPose, World
from dynamical_interfaces.joints import JointLimits, load_urdf


@dataclass(frozen=True, slots=True)
class RoomState:
    """Snapshot of the simulation for rendering and grading.

    Attributes:
        stamp: Wall time it stands for [s].
        time: Simulated time [s].
        qpos: MuJoCo positions, shape (nq,).
        mocap_pos: Shape (3 * bodies,) [m].
        mocap_quat: Shape (4 * bodies,), w x y z.
        human_distance: Exact distance person - robot [m]; +inf = absent.
        objects: Exact object poses.
    """

    stamp: float
    time: float
    qpos: np.ndarray
    mocap_pos: np.ndarray
    mocap_quat: np.ndarray
    human_distance: float
    objects: tuple[ObjectPose, ...]


class SimulatedRobot(RobotDriver):
    """MuJoCo behind the driver interface; calls may come from several threads.

    Args:
        config: Settings; the standard ones by default.
    """

    def __init__(self, config: SimulatedRobotConfig | None = None) -> None:
        self.config = SimulatedRobotConfig() if config is None else config
        files = ensure_robot_model()
        self._limits = load_urdf(files.urdf)
        self._world = World(files, self.config.layout)
        if self._world.joint_names != self._limits.names:
            raise RobotDriverError(f"joints of {files.mjcf} and {files.urdf} are not the same")
        self._world.reset(seed=self.config.seed)
        self.pace = RealTimePace(
            timestep=self._world.timestep,
            largest_debt=self.config.largest_debt,
            window=self.config.factor_window,
        )
        self._bus: MotorBus | None = None
        if self.config.partner_bus is not None:
            if self._world.partner is None:
                raise RobotDriverError(
                    f"a motor bus at {self.config.partner_bus} needs a layout with a partner"
                )
            self._bus = MotorBus(self.config.partner_bus, self._world.partner)
        self._lock = threading.Lock()
        self._connected = False
        count = len(self._limits.names)
        self._reading = JointReading(np.zeros(count), np.zeros(count), np.zeros(count), 0.0)

    @property
    def limits(self) -> JointLimits:
        """Joint names and limits from the robot's URDF."""
        return self._limits

    def connect(self) -> None:
        """Let simulated time run from the first reading on."""
        self.pace.restart()
        self._connected = True

    def disconnect(self) -> None:
        """Stop the clock of the simulation."""
        self._connected = False
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def read(self) -> JointReading:
        """Advance the world to now and read its joints."""
        self._require_connection()
        with self._lock:
            now = time.monotonic()
            steps = self.pace.due(now)
            if self._bus is not None:
                self._bus.take(now)
            if steps:
                self._world.step(steps)
            if self._bus is not None:
                self._bus.give(time.time())
            reading, motors = self._reading, self._world.motors
            motors.position(reading.position)
            motors.velocity(reading.velocity)
            motors.effort(reading.effort)
        reading.stamp = time.time()
        return reading

    def write(self, command: MotorCommand) -> None:
        """Hand a command to the simulated motor controllers."""
        self._require_connection()
        with self._lock:
            self._world.motors.command(
                command.position,
                command.velocity,
                command.effort,
                stiffness=command.stiffness,
                damping=command.damping,
            )

    def stop(self) -> None:
        """Take drive torque away; the joints only brake."""
        with self._lock:
            zero = np.zeros(len(self._limits.names))
            self._world.motors.command(zero, zero, None, stiffness=0.0, damping=1.0)

    # --- for simulations alone
    # ---------------------------------------------------------------------
    def reset(self, *, seed: int, reset_robot: bool) -> None:
        """Put the room back, see ``World.reset``."""
        with self._lock:
            self._world.reset(seed=seed, reset_robot=reset_robot)

    def move_person(
        self, waypoints: list[tuple[float, float]], *, speed: float, dwell: float
    ) -> None:
        """Let the person walk, see ``Person.walk``."""
        with self._lock:
            world = self._world
            world.person.walk(waypoints, speed=speed, dwell=dwell, now=world.time)

    @property
    def start_posture(self) -> np.ndarray:
        """Joint positions after a reset of the robot, shape (n,) [rad]."""
        return self._world.start_posture

    def room_state(self) -> RoomState:
        """Snapshot of the whole simulation."""
        with self._lock:
            world = self._world
            return RoomState(
                stamp=time.time(),
                time=world.time,
                qpos=world.data.qpos.copy(),
                mocap_pos=world.data.mocap_pos.ravel(),
                mocap_quat=world.data.mocap_quat.ravel(),
                human_distance=world.human_distance(),
                objects=tuple(world.object_poses()),
            )

    def _require_connection(self) -> None:
        if not self._connected:
            raise RobotDriverError("the simulated robot is not connected; call connect() first")
