"""The robot's streams for the skill server: polled readers behind plain values."""

from collections.abc import Sequence
from typing import Any

from dynamical_skills.body import JointReading, TrackReading
from dynamical_skills.conversions import (
    chunk_to_msg,
    control_from_msg,
    joints_from_msg,
    safety_from_msg,
    tracks_from_msg,
)
from dynamical_skills.robot_state import ControlView, SafetyView
from dynamical_skills.streaming import ActionChunk


class RobotLinks:
    """See ``body.Links``; used by one execution at a time.

    Args:
        node: The skill server.
        joint_order: Robot joint order.
    """

    def __init__(self, node: Any, joint_order: Sequence[str]) -> None:
        self._node = node
        self._order = tuple(joint_order)
        self._joints = node.polled_reader("joint_states")
        self._tracks = node.polled_reader("tracks")
        self._control = node.polled_reader("control/status")
        self._safety = node.polled_reader("safety/status")
        self._chunks = node.writer("action_chunk")
        self._observed = 0.0
        self.skill_id = ""
        self.execution_id = ""

    def joints(self) -> JointReading | None:
        """See ``body.Links``."""
        message = self._joints.take()
        return None if message is None else joints_from_msg(message, self._order)

    def tracks(self) -> TrackReading | None:
        """See ``body.Links``."""
        message = self._tracks.take()
        if message is None:
            return None
        reading = tracks_from_msg(message)
        self._observed = reading.stamp
        return reading

    def control(self) -> ControlView | None:
        """See ``body.Links``."""
        message = self._control.take()
        return None if message is None else control_from_msg(message)

    def safety(self) -> SafetyView | None:
        """See ``body.Links``."""
        message = self._safety.take()
        return None if message is None else safety_from_msg(message)

    def send(self, chunk: ActionChunk) -> None:
        """See ``body.Links``; marked with the active skill and execution."""
        self._chunks.publish(
            chunk_to_msg(
                chunk,
                skill_id=self.skill_id or "none",
                execution_id=self.execution_id,
                now=self._node.now(),
                observed=self._observed,
            )
        )
