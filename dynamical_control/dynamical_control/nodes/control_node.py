"""The 200 Hz control node: action chunks in, requested set-points out."""

from array import array
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamical_control.controller import BlendLimits, Controller, State
from dynamical_control.conversions import chunk_from_msg, seconds
from dynamical_control.interpolation import ChunkError
from dynamical_interfaces import graph, tiers
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.msg import ControlStatus, JointCommand, SafetyStatus
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import GraphNode, run

# In these states of the gate the robot stands or may be moved by hand: forget the plan, follow the robot.
_ANCHORING = (
    SafetyStatus.STATE_UNKNOWN,
    SafetyStatus.STATE_INIT,
    SafetyStatus.STATE_CONTROLLED_STOP,
    SafetyStatus.STATE_EMERGENCY_STOP,
    SafetyStatus.STATE_FAULT,
)
_STATUS_EVERY = 4  # ticks between status messages: 50 Hz


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlParameters:
    """Parameters of the control node."""

    robot_urdf: str = param("", "The robot's URDF file: joint order and limits")
    input_timeout: float = param(
        0.1, "Age at which joint states or safety status count as missing", unit="s", low=0.02
    )
    lag_limit: float = param(
        0.3,
        "How far an arm may be behind its command before the motion waits for it",
        unit="rad",
        low=0.05,
        high=3.0,
    )
    blend_velocity: float = param(
        1.0, "Largest joint speed added by a blend", unit="rad/s", low=0.1
    )
    blend_acceleration: float = param(
        8.0, "Largest joint acceleration of a blend or a stop", unit="rad/s^2", low=0.5
    )
    blend_jerk: float = param(
        120.0, "Largest joint jerk of a blend or a stop", unit="rad/s^3", low=5
    )


class ControlNode(GraphNode[ControlParameters]):
    """Executes action chunks with time alignment and jerk-limited blending."""

    def __init__(self) -> None:
        super().__init__(graph.CONTROL, ControlParameters)

    def configure(self) -> None:
        """Load the joint order, make endpoints."""
        p = self.parameters
        if not p.robot_urdf:
            raise ValueError("parameter 'robot_urdf' is empty; it must name the robot's URDF file")
        self._joints = load_urdf(Path(p.robot_urdf)).names
        self._arms = np.array(["hand" not in name for name in self._joints])
        self._controller = Controller(
            self._joints,
            BlendLimits(
                velocity=p.blend_velocity, acceleration=p.blend_acceleration, jerk=p.blend_jerk
            ),
        )
        self._measured: np.ndarray | None = None
        self._measured_at = self._safety_at = 0.0
        self._safety: SafetyStatus | None = None
        self._sequence = 0
        self._command = self.writer("requested_command")
        self._status = self.writer("control/status")
        self._joint_states = self.polled_reader("joint_states")
        self._safety_status = self.polled_reader("safety/status")
        self._chunks = self.polled_reader("action_chunk")
        self._message = JointCommand(
            source=self.get_name(),
            joint_names=list(self._joints),
            stiffness_scale=1.0,
            damping_scale=1.0,
        )
        self._loop = self.periodic(self.step, period=tiers.CONTROL.period, tier=tiers.CONTROL)

    def step(self, now: float, period: float) -> None:
        """One tick: take inputs, advance, publish."""
        self._take_inputs(now)
        chunks = self._chunks.take_all()
        missing = self._missing(now)
        if missing:
            self._controller.wait()
            self.diagnose("inputs", "warn", missing)
        else:
            self._advance(now, period, chunks)
        if self._loop.ticks % _STATUS_EVERY == 0:
            self._publish_status(now)

    def _take_inputs(self, now: float) -> None:
        joint_states = self._joint_states.take()
        if joint_states is not None and len(joint_states.position) == len(self._joints):
            self._measured = np.array(joint_states.position)
            self._measured_at = seconds(joint_states.header.stamp)
        status = self._safety_status.take()
        if status is not None:
            self._safety, self._safety_at = status, seconds(status.header.stamp)

    def _missing(self, now: float) -> str:
        limit = self.parameters.input_timeout
        for name, at in (("joint_states", self._measured_at), ("safety/status", self._safety_at)):
            if at == 0.0:
                return f"no {name} yet"
            if now - at > limit:
                return f"{name} silent for more than {limit:.2f} s; holding"
        return ""

    def _advance(self, now: float, period: float, chunks: list[object]) -> None:
        assert self._safety is not None
        assert self._measured is not None
        controller = self._controller
        if controller.state is State.WAITING:
            self.diagnose("inputs", "ok", "joint states and safety status are fresh")
        if not controller.anchored or self._safety.state in _ANCHORING:
            controller.anchor(self._measured, grip=~self._arms)
        if self._safety.state not in _ANCHORING:
            for chunk in chunks:
                try:
                    controller.accept(chunk_from_msg(chunk), now)
                except ChunkError as error:
                    self.diagnose("chunks", "warn", str(error))
        before = controller.state
        point = controller.step(
            now,
            period,
            allowed_scale=self._safety.speed_scale,
            held_back=self._tracking_error() > self.parameters.lag_limit,
        )
        if controller.state is State.STARVED and before is not State.STARVED:
            self.diagnose(
                "chunks", "warn", "chunks ran out before the final one; braked and holding"
            )
        elif controller.final_reached:
            self.diagnose("chunks", "ok", "last trajectory completed")
        self._sequence += 1
        message = self._message
        message.header.stamp = self.stamp(now)
        message.sequence = self._sequence
        message.trajectory_id = point.trajectory_id
        message.position = array("d", point.position)
        message.velocity = array("d", point.velocity)
        self._command.publish(message)

    def _tracking_error(self) -> float:
        """How far the measured robot is behind what was requested last, fingers left out [rad]."""
        if self._measured is None or not self._sequence:
            return 0.0
        wanted = np.frombuffer(self._message.position)
        return float(np.abs(wanted - self._measured)[self._arms].max())

    def _publish_status(self, now: float) -> None:
        controller = self._controller
        status = ControlStatus(
            state=int(controller.state),
            trajectory_id=controller.trajectory_id,
            elapsed=controller.elapsed,
            buffered=controller.buffered,
            speed_scale=controller.scale,
            tracking_error=self._tracking_error(),
            final_reached=controller.final_reached,
        )
        status.header.stamp = self.stamp(now)
        self._status.publish(status)


def main() -> None:
    """Run the node."""
    run(ControlNode)


if __name__ == "__main__":
    main()
