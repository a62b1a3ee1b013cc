"""Hold out what a hand holds: to a person, until it is pulled; to a robot, until it has gripped."""

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.motion import grasps
from dynamical_skills.motion.kinematics import Pose
from dynamical_skills.policies.policy import (
    Memory,
    Observation,
    SeenObject,
    SkillError,
    Team,
    Trajectory,
)
from dynamical_skills.policies.primitives.primitive import (
    Primitive,
    find,
    held_side,
    named,
    number,
)
from dynamical_skills.teamwork.roles import asked

_HEIGHT = 1.02
_HEIGHT_FOR_ROBOTS = 0.98  # where both robots' arms are at ease, one hand above the other [m]
_DISTANCES = (0.42, 0.38, 0.34)
_HEADING_LIMIT = 0.7
_PULLED = 0.012  # the hand is this far from where it was sent: somebody pulls [m]
_PAUSE = 0.3  # between two looks whether the partner has come so far [s]
_ASIDE = np.array([-0.025, -0.075, 0.0])  # out of the open fingers, in the right hand's frame [m]
# How long it is held out if the parameter ``wait`` does not say [s].
_PERSONS_TIME, _PARTNERS_TIME = 3.0, 40.0
OFFERED, GRIPPED, RELEASED = "hand_over:offered", "receive:gripped", "hand_over:released"


class HandOver(Primitive):
    """Stretch the held object out towards a person, or straight ahead if none is seen.

    The hand opens when it is pulled from its place while waiting; else it keeps what it holds. In
    a task with other robots it is offered to the one that receives: the hand opens once that one
    says that it has gripped, draws back, and says so.
    """

    id = "hand_over"

    def run(
        self, first: Observation, parameters: Mapping[str, Any], memory: Memory
    ) -> Generator[Trajectory, Observation, None]:
        """See ``Skill.run``.

        Raises:
            SkillError: PRECONDITION_FAILED if nothing is held, OUT_OF_REACH, TIMEOUT if no other
                robot of the task grips what is held out.
        """
        team = memory.team
        wait = number(
            parameters, "wait", _PERSONS_TIME if team is None else _PARTNERS_TIME, 0.0, 120.0
        )
        side, held = held_side(self.kinematics, first, memory)
        self.avoid(first, memory)
        if team is not None:
            seen = yield self._offer(first, side, held, 0.0, _HEIGHT_FOR_ROBOTS)
            yield from self._to_partner(seen, side, memory, team, wait)
            return
        heading = self._heading(first, parameters, memory)
        seen = yield self._offer(first, side, held, heading, _HEIGHT)
        offered = self.kinematics.hand_pose(seen.joint_position, side).position
        for _ in range(int(np.ceil(wait / 0.5))):
            seen = yield self.planner.hold(seen.joint_position, side, 0.5, phase="offer")
            now = self.kinematics.hand_pose(seen.joint_position, side).position
            if float(np.linalg.norm(now - offered)) > _PULLED:
                memory.held.pop(side, None)
                memory.results["handed_over"] = True
                yield self.planner.fingers(seen.joint_position, side, 0.0, duration=0.5)
                return
        memory.results["handed_over"] = False

    def _to_partner(
        self, seen: Observation, side: str, memory: Memory, team: Team, wait: float
    ) -> Generator[Trajectory, Observation, None]:
        """Let go once the partner has gripped; keep it if that does not happen in time."""
        team.reach(OFFERED)
        team.reach(asked("receive"))
        end = seen.time + wait
        memory.results["handed_over"] = False
        while not team.met(GRIPPED):
            if seen.time > end:
                raise SkillError(
                    ErrorCode.TIMEOUT, f"no partner gripped what was held out for {wait:g} s"
                )
            seen = yield self.planner.hold(seen.joint_position, side, _PAUSE, phase="offer")
        memory.held.pop(side, None)
        opening = self.planner.fingers(seen.joint_position, side, 0.0)
        seen = yield replace(opening, settle=0.2)
        hand = self.kinematics.hand_pose(seen.joint_position, side)
        self.kinematics.set_obstacles(())
        yield self.planner.path(
            seen.joint_position,
            side,
            [hand.moved(hand.rotation @ grasps.mirrored(side, _ASIDE))],
            local=True,
            speed=0.5,
            phase="withdraw",
            what="the place beside the object",
        )
        memory.results["handed_over"] = True
        team.reach(RELEASED)

    def _heading(self, seen: Observation, parameters: Mapping[str, Any], memory: Memory) -> float:
        """Direction of whoever shall take it, in front of the robot [rad]."""
        if parameters.get("target"):
            place = find(seen, parameters, memory, key="target").position
        else:
            people = [other for other in seen.objects if other.class_id == "person"]
            if not people:
                return 0.0
            place = min(
                people, key=lambda other: float(np.linalg.norm(other.position[:2]))
            ).position
        return float(np.clip(np.arctan2(place[1], place[0]), -_HEADING_LIMIT, _HEADING_LIMIT))

    def _offer(
        self, seen: Observation, side: str, held: SeenObject, heading: float, height: float
    ) -> Trajectory:
        style = grasps.style_of(held)
        rotation = grasps.rotation_of(side, style, heading)
        centre = rotation @ grasps.centre_in_hand(side, style, held=True)
        failure: SkillError | None = None
        for distance in _DISTANCES:
            point = np.array([distance * np.cos(heading), distance * np.sin(heading), height])
            try:
                motion = self.planner.path(
                    seen.joint_position,
                    side,
                    [Pose(point - centre, rotation)],
                    speed=0.7,
                    phase="offer",
                    what=f"the place to hand over the {named(held)}",
                )
            except SkillError as error:
                failure = error
                continue
            return replace(motion, settle=0.2)
        assert failure is not None
        raise failure
