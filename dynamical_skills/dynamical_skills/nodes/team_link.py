"""The topic ``/coordination`` for the skill server: parts of this robot in tasks of several robots."""

import time
from collections.abc import Callable
from typing import Any

from dynamical_skills.body import Interruption, JointReading
from dynamical_skills.coordination import CoordinationMetadata
from dynamical_skills.errors import ParameterError
from dynamical_skills.goal import Goal
from dynamical_skills.motion.forward import HandPositions
from dynamical_skills.motion.model import SIDES, WAIST_JOINTS, arm_joints
from dynamical_skills.policies.policy import Memory
from dynamical_skills.teamwork.participation import Participation
from dynamical_skills.teamwork.party import Party
from dynamical_skills.teamwork.terms import needs_others, terms_of
from dynamical_skills.teamwork.word import Bearing, Word
from dynamical_skills.teamwork_conversions import word_from_msg, word_to_msg

PERIOD = 0.1
_MIRRORED = (*WAIST_JOINTS, *arm_joints("left"), *arm_joints("right"))


class TeamLink:
    """Makes this robot's part in a task, and keeps it in touch with the others.

    Args:
        node: The skill server.
        robot_id: This robot.
        memory: Gets the team while there is one.
        hands: Where the hands are.
    """

    def __init__(self, node: Any, robot_id: str, *, memory: Memory, hands: HandPositions) -> None:
        self._node, self._robot_id, self._memory, self._hands = node, robot_id, memory, hands
        self._writer = node.writer("/coordination")
        node.reader("/coordination", self._hear)
        node.create_timer(PERIOD, self._beat, callback_group=node._group)
        self._parts: dict[str, Participation] = {}

    def join(
        self,
        goal: Goal,
        skills: list[CoordinationMetadata],
        *,
        steps: int,
        execution_id: str,
        interruption: Interruption,
        measured: Callable[[], JointReading | None],
        report: Callable[[str], None],
    ) -> Participation | None:
        """This robot's part in the task of a goal; ``None`` for a goal that concerns nobody else.

        Raises:
            SkillsError: If the goal's parameters or its role are not valid.
        """
        if not needs_others(goal.role, goal.coordination_id):
            return None
        terms = terms_of(goal.role, goal.parameters, skills)
        own = Word(
            coordination_id=goal.coordination_id,
            robot_id=self._robot_id,
            execution_id=execution_id,
            joined=self._node.now(),
            role=goal.role,
            sync_mode=terms.sync_mode,
            min_robots=terms.min_robots,
            max_robots=terms.max_robots,
        )
        part = Participation(
            Party(own, now=time.monotonic(), parameters=terms.times),
            clock=time.monotonic,
            say=self._say,
            end=interruption.set,
            steps=steps,
            ask=terms.ask if goal.role == "leader" else (),
            bearing=lambda: self._bearing(measured()),
            report=report,
        )
        self._parts[execution_id] = part
        self._memory.team = part
        part.beat()
        return part

    def leave(self, execution_id: str, code: int, text: str) -> None:
        """The execution of that id is over."""
        part = self._parts.pop(execution_id, None)
        if part is not None:
            part.leave(code, text)
            if self._memory.team is part:
                self._memory.team = None

    def _hear(self, message: Any) -> None:
        if message.robot_id == self._robot_id:
            return
        try:
            word = word_from_msg(message)
        except ParameterError as error:
            self._node.diagnose("coordination", "warn", error.text, code=int(error.code))
            return
        for part in tuple(self._parts.values()):
            part.hear(word)

    def _beat(self) -> None:
        for part in tuple(self._parts.values()):
            part.beat()

    def _say(self, word: Word) -> None:
        self._writer.publish(
            word_to_msg(word, stamp=self._node.stamp(self._node.now()), time=self._node.stamp)
        )

    def _bearing(self, joints: JointReading | None) -> Bearing | None:
        if joints is None:
            return None
        index = {name: place for place, name in enumerate(joints.names)}
        side = self._memory.side if self._memory.side in SIDES else "right"
        position, rotation = self._hands.pose_of(joints.position, side)
        return Bearing(
            joints={name: float(joints.position[index[name]]) for name in _MIRRORED},
            hand=side,
            position=position,
            rotation=rotation,
        )
