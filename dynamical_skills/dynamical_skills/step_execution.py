"""Carries out one step of a plan: preconditions, motions one after the other, post-conditions.

It knows no ROS: what it sees and moves with is a ``Body``.
"""

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.plan import SkillStep
from dynamical_skills.plan_graph import TO_THE_HAND
from dynamical_skills.policies.policy import (
    Check,
    Memory,
    Observation,
    SeenObject,
    Skill,
    SkillError,
    Trajectory,
)

_SEEN = {"object_seen": ErrorCode.OBJECT_NOT_SEEN, "target_seen": ErrorCode.OBJECT_NOT_SEEN}

CheckCondition = Callable[[str, Observation, Mapping[str, Any], Memory], Check]
# Lets that many seconds pass; raises InterruptedExecutionError when the execution is told to end.
Wait = Callable[[float], None]


class InterruptedExecutionError(SkillError):
    """The execution was told to end: cancelled, pre-empted, out of time."""


class Body(Protocol):
    """The robot as an execution sees it; called from as many threads as steps run together."""

    def observe(self, *, after: float = 0.0) -> Observation:
        """What is seen now; waits a little for pictures taken at ``after`` [s] or later."""

    def play(self, trajectory: Trajectory, report: Callable[[float, bool, float], None]) -> None:
        """Move until it has settled; calls ``report(fraction, waiting, remaining)`` meanwhile.

        Motions played at the same time must move different joints; they are sent as one.

        Raises:
            SkillError: If the motion fails, is stopped or interrupted; also what ``report`` raises.
        """

    def brake(self) -> None:
        """Stop along the path and wait until the robot holds."""

    def pause(self, seconds: float) -> None:
        """Let time pass; raises ``InterruptedExecutionError`` as ``play`` does."""

    def now(self) -> float:
        """ROS time [s]."""

    @property
    def waited(self) -> float:
        """Time spent waiting for the gate so far [s]."""


class Surroundings(Protocol):
    """What a step needs of the plan it is part of."""

    def planning(self) -> AbstractContextManager[None]:
        """This step's turn to plan and to judge: one does at a time, each with its own obstacles."""

    def admitted(self, trajectory: Trajectory) -> Trajectory:
        """The motion as it may be played now; waits for joints that another step has.

        Raises:
            SkillError: If it has to wait for a step that waits for it.
        """

    def tell(
        self,
        phase: str,
        *,
        share: float = 0.0,
        remaining: float = 0.0,
        trajectory: Trajectory | None = None,
    ) -> None:
        """Say how far the step is; raises when the plan is to end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionPatience:
    """How conditions are waited for.

    Attributes:
        wait: How long a condition may take to be seen [s].
        period: Time between two looks [s].
    """

    wait: float = 1.5
    period: float = 0.1


class StepExecution:
    """One try at one step with one skill.

    Args:
        step: What to do.
        skill: What carries it out.
        descriptors: Of that skill, or of every skill of a blend.
        check: Evaluates a condition.
        body: The robot.
        memory: What the robot remembers; changed.
        surroundings: The plan.
        held_before: What was in a hand when the plan began.
        patience: With conditions.
    """

    def __init__(
        self,
        step: SkillStep,
        *,
        skill: Skill,
        descriptors: tuple[SkillDescriptor, ...],
        check: CheckCondition,
        body: Body,
        memory: Memory,
        surroundings: Surroundings,
        held_before: tuple[SeenObject, ...],
        patience: ConditionPatience,
    ) -> None:
        self._step = step
        self._skill = skill
        self._before = [
            (name, step.parameters_of(descriptor.id))
            for descriptor in descriptors
            for name in descriptor.preconditions
        ]
        self._after = [
            (name, step.parameters_of(descriptor.id))
            for descriptor in descriptors
            for name in descriptor.postconditions
        ]
        self._check = check
        self._body = body
        self._memory = memory
        self._plan = surroundings
        self._held_before = held_before
        self._patience = patience
        # Shares of the step before and after the motion that is played.
        self._share, self._next_share = 0.0, 0.5

    def run(self) -> bool:
        """Carry it out; ``False`` if there was nothing to do.

        Raises:
            SkillError: If a condition does not hold, or the motion is impossible, fails or is ended.
        """
        step, body = self._step, self._body
        self._plan.tell("checking")
        begin, waited = body.now(), body.waited
        seen = body.observe()
        if self._skill.id in TO_THE_HAND and self._in_hand_already(seen):
            return False
        for name, parameters in self._before:
            code = _SEEN.get(name, ErrorCode.PRECONDITION_FAILED)
            seen = self._await(name, parameters, seen, code)
        ended = begin
        motion, trajectory = self._begin(seen)
        try:
            while trajectory is not None:
                trajectory = self._plan.admitted(trajectory)
                self._play(trajectory)
                self._check_deadline(step, begin, waited)
                ended = body.now()
                # A skill that lets the motion settle wants to see what came of it.
                seen = body.observe(after=ended if trajectory.settle > 0.0 else 0.0)
                with self._plan.planning():
                    trajectory = _next(motion, seen)
        finally:
            motion.close()
        self._plan.tell("checking", share=self._share)
        if self._after:
            seen = body.observe(after=ended)
        for name, parameters in self._after:
            seen = self._await(name, parameters, seen, ErrorCode.POSTCONDITION_FAILED)
        return True

    def _begin(
        self, seen: Observation
    ) -> tuple[Generator[Trajectory, Observation, None], Trajectory | None]:
        """Start the skill; one that does not see its object gets a moment more to see it."""
        until = self._body.now() + self._patience.wait
        while True:
            motion = self._skill.run(seen, self._step.location_params, self._memory)
            try:
                with self._plan.planning():
                    return motion, _next(motion, None)
            except SkillError as error:
                unseen = error.code == ErrorCode.OBJECT_NOT_SEEN
                if not unseen or self._body.now() >= until:
                    raise
            self._body.pause(self._patience.period)
            seen = self._body.observe()

    def _play(self, trajectory: Trajectory) -> None:
        self._plan.tell(trajectory.phase, share=self._share, trajectory=trajectory)

        def report(fraction: float, waiting: bool, remaining: float) -> None:  # noqa: FBT001
            span = self._next_share - self._share
            self._plan.tell(
                "waiting" if waiting else trajectory.phase,
                share=self._share + fraction * span,
                remaining=remaining,
                trajectory=trajectory,
            )

        self._body.play(trajectory, report)
        # How many motions a skill has is not known: each takes half of what is left of the step.
        self._share, self._next_share = self._next_share, (1.0 + self._next_share) / 2.0

    def _check_deadline(self, step: SkillStep, begin: float, waited: float) -> None:
        spent = self._body.now() - begin - (self._body.waited - waited)
        if step.deadline_ms > 0.0 and spent * 1000.0 > step.deadline_ms:
            raise SkillError(
                ErrorCode.TIMEOUT,
                f"step {step.step_id} ({step.task}) took {spent:.1f} s, "
                f"its deadline is {step.deadline_ms / 1000.0:.1f} s",
            )

    def _await(
        self, name: str, parameters: Mapping[str, Any], seen: Observation, code: ErrorCode
    ) -> Observation:
        """Look until a condition holds; perception may need a moment to see what happened."""
        step = self._step
        until = self._body.now() + self._patience.wait
        while True:
            outcome = self._judge(name, parameters, seen)
            if outcome.holds:
                return seen
            if self._body.now() >= until:
                raise SkillError(code, f"step {step.step_id} ({step.task}): {outcome.text}")
            self._body.pause(self._patience.period)
            seen = self._body.observe()

    def _judge(self, name: str, parameters: Mapping[str, Any], seen: Observation) -> Check:
        with self._plan.planning():
            return self._check(name, seen, parameters, self._memory)

    def _in_hand_already(self, seen: Observation) -> bool:
        """Whether the object was in the hand before the plan and is seen to be there still."""
        wanted = self._step.location_params.get("object") or {}
        if not self._memory.held or not any(_is_meant(held, wanted) for held in self._held_before):
            return False
        if not self._judge("object_in_hand", self._step.location_params, seen).holds:
            # It was dropped, or taken away, while nobody looked.
            self._memory.held.clear()
            return False
        return self._skill.id != "lift" or all(
            self._judge(name, parameters, seen).holds for name, parameters in self._after
        )


def _next(
    motion: Generator[Trajectory, Observation, None], seen: Observation | None
) -> Trajectory | None:
    """The skill's next motion, or ``None`` when it has ended."""
    try:
        return next(motion) if seen is None else motion.send(seen)
    except StopIteration:
        return None


def _is_meant(held: SeenObject, wanted: Mapping[str, Any]) -> bool:
    """Whether a held object is the one a step speaks of."""
    if not wanted:
        return True
    return all(
        wanted.get(name) in (None, "", getattr(held, name)) for name in ("class_id", "color", "id")
    ) and bool(wanted.get("class_id") or wanted.get("color") or wanted.get("id"))
