"""Node ``robot_driver``: takes sealed commands to the motors, publishes joint states."""

import time
from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sensor_msgs.msg import JointState

from dynamical_control.command_guard import CommandGuard, GuardLimits, Phase, Verdict
from dynamical_control.conversions import sealed_command_from_msg, sealed_permit_from_msg
from dynamical_control.nodes.simulation_endpoints import SimulationEndpoints
from dynamical_control.permit_guard import PermitGuard, PermitVerdict
from dynamical_control.resumption import ResumptionLimits
from dynamical_control.robots.robot import ROBOTS, RobotDriver, make_robot
from dynamical_control.robots.simulated.config import SimulatedRobotConfig
from dynamical_control.robots.simulated.robot import SimulatedRobot
from dynamical_control.simulation.layout import TWO_ROBOTS
from dynamical_control.simulation.workspaces import LAB_TABLE, LAYOUTS, layout_of
from dynamical_interfaces import graph, seal, tiers
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.runtime.node import NANOSECONDS, GraphNode, run
from dynamical_interfaces.runtime.parameters import param

HELD = (Phase.STOPPED, Phase.FORBIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotDriverParameters:
    """Parameters of the driver node."""

    robot: str = param("simulated", f"Robot driver, one of {', '.join(ROBOTS)}")
    rate: float = param(500.0, "Joint states per second", unit="Hz", low=100.0, high=1000.0)
    state_rate: float = param(
        50.0, "Simulation states per second, simulated robot only", unit="Hz", low=1.0, high=100.0
    )
    seed: int = param(0, "Placement of the objects at start, 0 = the standard one", low=0)
    workspace: str = param(
        LAB_TABLE, f"Simulated workspace, one of {', '.join(LAYOUTS)}; simulated robot only"
    )
    partner_bus: str = param(
        "",
        "Socket between the simulated world and the driver of its second robot: 'simulated' hosts "
        "a world with two robots there, 'simulated_partner' is the second; empty = one robot",
    )
    hold_after: float = param(
        0.020,
        "Silence of the gate after which the position is held",
        unit="s",
        low=0.005,
        high=0.1,
    )
    stop_after: float = param(
        0.100, "Silence of the gate after which the robot stands", unit="s", low=0.02, high=1.0
    )
    max_age: float = param(0.020, "Largest age of a safe command", unit="s", low=0.002, high=0.1)
    require_permit: bool = param(
        True,
        "Follow the gate only with the watchdog's leave; false only where there is no watchdog",
    )
    permit_max_age: float = param(
        0.050, "Age at which a permit is worth nothing", unit="s", low=0.01, high=0.5
    )
    return_speed: float = param(
        0.5,
        "Speed of joints back to the gate's set-point after they were held, if it is not faster",
        unit="rad/s",
        low=0.01,
        high=5.0,
    )


class RobotDriverNode(GraphNode[RobotDriverParameters]):
    """Moves data between the graph and one robot; judgement is ``CommandGuard``'s."""

    def __init__(self) -> None:
        super().__init__(graph.ROBOT_DRIVER, RobotDriverParameters)

    def configure(self) -> None:
        """Make the driver and all endpoints."""
        parameters = self.parameters
        if parameters.stop_after <= parameters.hold_after:
            raise ValueError(
                f"stop_after is {parameters.stop_after} s; it must be more than hold_after "
                f"({parameters.hold_after} s)"
            )
        key = seal.read_key()
        self.robot = self._make_robot()
        names = self.robot.limits.names
        self.permits: PermitGuard | None = None
        if parameters.require_permit:
            self.permits = PermitGuard(key, max_age=parameters.permit_max_age)
        self.guard = CommandGuard(
            key,
            names,
            limits=GuardLimits(
                hold_after=parameters.hold_after,
                stop_after=parameters.stop_after,
                max_age=parameters.max_age,
                resumption=ResumptionLimits(speed=parameters.return_speed),
            ),
            permits=self.permits,
        )
        self._permits = self.polled_reader("safety/permit")
        self._commands = self.polled_reader("safe_command")
        self._states = self.writer("joint_states")
        self._make_message(names)
        self._phase, self._holds = Phase.WAITING, 0
        self._every = max(1, round(parameters.rate / parameters.state_rate))
        self._room: SimulationEndpoints | None = None
        if isinstance(self.robot, SimulatedRobot):
            self._room = SimulationEndpoints(self, self.robot, on_placed=self._place)
        self.periodic(self.step, period=1.0 / parameters.rate, tier=tiers.CONTROL)
        self._report_commands()

    def activate(self) -> None:
        """Reach the robot."""
        self.robot.connect()
        self._tick = 0

    def deactivate(self) -> None:
        """Leave the robot at rest."""
        self.robot.disconnect()

    def step(self, now: float, period: float) -> None:
        """One tick: newest command to the motors, newest measurement to the graph."""
        clock = time.monotonic()
        if self._tick == 0:
            self.guard.place(self.robot.read().position, clock)
        if self.permits is not None and (permit := self._permits.take()) is not None:
            self.permits.receive(sealed_permit_from_msg(permit), ros_time=now, clock=clock)
        message = self._commands.take()
        if message is not None:
            command = sealed_command_from_msg(message)
            self.guard.receive(command, ros_time=now, clock=clock)
        self.robot.write(self.guard.output(clock))
        reading = self.robot.read()
        self._position[:] = reading.position
        self._velocity[:] = reading.velocity
        self._effort[:] = reading.effort
        nanoseconds = int(reading.stamp * NANOSECONDS)
        stamp = self._message.header.stamp
        stamp.sec, stamp.nanosec = divmod(nanoseconds, NANOSECONDS)
        self._states.publish(self._message)
        phase = self.guard.phase(clock)
        if phase is not self._phase:
            self._change(phase)
        self._tick += 1
        if self._room is not None and self._tick % self._every == 0:
            self._room.publish()

    def add_timing(self, message: Any) -> None:
        """Add the real-time factor, and report on commands at the same pace."""
        if self._room is not None:
            message.real_time_factor = self._room.report_pace()
        self._report_commands()

    def _make_robot(self) -> RobotDriver:
        bus = Path(self.parameters.partner_bus) if self.parameters.partner_bus else None
        if self.parameters.robot == "simulated":
            layout = layout_of(self.parameters.workspace) if bus is None else TWO_ROBOTS
            return SimulatedRobot(
                SimulatedRobotConfig(seed=self.parameters.seed, layout=layout, partner_bus=bus)
            )
        if self.parameters.robot == "simulated_partner":
            if bus is None:
                raise ValueError(
                    "parameter 'partner_bus' is empty; robot 'simulated_partner' needs the socket "
                    "of the driver that hosts the world"
                )
            return make_robot(self.parameters.robot, bus)
        return make_robot(self.parameters.robot)

    def _make_message(self, names: tuple[str, ...]) -> None:
        # Made once: the message's own arrays are written through NumPy views, never replaced.
        self._message = JointState()
        self._message.name = list(names)
        views = []
        for field in ("position", "velocity", "effort"):
            setattr(self._message, field, array("d", bytes(8 * len(names))))
            views.append(np.frombuffer(getattr(self._message, field), dtype=np.float64))
        self._position, self._velocity, self._effort = views

    def _place(self, position: np.ndarray) -> None:
        self.guard.place(position, time.monotonic())

    def _change(self, phase: Phase) -> None:
        before, self._phase = self._phase, phase
        self._holds += phase is Phase.HOLDING
        # A short hold may come and go many times a second: it is counted, not told one by one.
        if before in HELD or phase in HELD:
            self._report_commands()

    def _report_commands(self) -> None:
        counts = self.guard.counts
        values = {verdict.name.lower(): count for verdict, count in counts.items()}
        if counts[Verdict.NOT_AUTHENTIC]:
            self.diagnose(
                "authenticity",
                "error",
                f"{counts[Verdict.NOT_AUTHENTIC]} commands on safe_command were not the safety "
                "gate's; the robot did not follow them",
                code=int(ErrorCode.COMMAND_NOT_AUTHENTIC),
            )
        level = "warn" if self._phase in HELD else "ok"
        self.diagnose("commands", level, self._phase.value, holds=self._holds, **values)
        self._report_permits()

    def _report_permits(self) -> None:
        if self.permits is None:
            self.diagnose("permit", "warn", "not required: the safety gate is not watched")
            return
        counts = self.permits.counts
        refusal = self.permits.refusal(time.monotonic())
        self.diagnose(
            "permit",
            "ok" if refusal is None else "warn",
            refusal or "the watchdog permits to follow the safety gate",
            **{verdict.name.lower(): count for verdict, count in counts.items()},
        )
        if counts[PermitVerdict.NOT_AUTHENTIC]:
            self.diagnose(
                "permit authenticity",
                "error",
                f"{counts[PermitVerdict.NOT_AUTHENTIC]} permits on safety/permit were not the "
                "watchdog's; the robot took no notice of them",
                code=int(ErrorCode.COMMAND_NOT_AUTHENTIC),
            )


def main() -> None:
    """Run the node."""
    run(RobotDriverNode)


if __name__ == "__main__":
    main()
