"""Carries out a plan: preconditions, motion, post-conditions, one more try at a failed grasp.

It knows no ROS: what it sees and moves with is a ``Body``.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import SkillsError, UnknownSkillError
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.plan import SkillExecutionPlan, SkillStep
from dynamical_skills.policies.policy import (
    Check,
    Memory,
    Observation,
    SeenObject,
    Skill,
    SkillError,
    Trajectory,
)

# These have an object in the hand as their outcome; not needed if it is there already.
_TO_THE_HAND = ("reach", "grasp", "lift")
_GRASP_SEQUENCE = ("look_at", *_TO_THE_HAND)
# What a second try at a grasp can mend.
_MENDABLE = (
    ErrorCode.POSTCONDITION_FAILED,
    ErrorCode.PRECONDITION_FAILED,
    ErrorCode.MOTION_FAILED,
    ErrorCode.PLANNING_FAILED,
)
_SEEN = {"object_seen": ErrorCode.OBJECT_NOT_SEEN, "target_seen": ErrorCode.OBJECT_NOT_SEEN}

CheckCondition = Callable[[str, Observation, Mapping[str, Any], Memory], Check]


class InterruptedExecutionError(SkillError):
    """The execution was told to end: cancelled, pre-empted, out of time."""


class Body(Protocol):
    """The robot as an execution sees it."""

    def observe(self, *, after: float = 0.0) -> Observation:
        """What is seen now; waits a little for pictures taken at ``after`` [s] or later."""

    def play(self, trajectory: Trajectory, report: Callable[[float, bool, float], None]) -> None:
        """Move until it has settled; calls ``report(fraction, waiting, remaining)`` meanwhile.

        Raises:
            SkillError: If the motion fails, is stopped or interrupted.
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


@dataclass(slots=True, kw_only=True)
class Progress:
    """Where an execution is; changed in place, told to the listener at every change.

    Attributes:
        phase: ``planning``, ``checking``, ``waiting``, ``done``, or what the motion is doing.
        skill_id: Active skill, or ``""``.
        step: Active step, from 1; 0 = none yet.
        step_count: Steps in the plan.
        fraction: Share of the whole done, 0..1.
        remaining: Motion time left [s].
        trajectory: Active motion, or ``None``.
    """

    phase: str = "planning"
    skill_id: str = ""
    step: int = 0
    step_count: int = 0
    fraction: float = 0.0
    remaining: float = 0.0
    trajectory: Trajectory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an execution ended; ``code`` is ``NONE`` on success."""

    code: int = ErrorCode.NONE
    text: str = ""
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def success(self) -> bool:
        """Whether everything was done and seen to be so."""
        return self.code == ErrorCode.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionParameters:
    """Limits of an execution.

    Attributes:
        condition_wait: How long a condition may take to be seen [s].
        condition_period: Time between two looks [s].
        grasp_retries: Second tries at a failed grasp in one plan.
    """

    condition_wait: float = 1.5
    condition_period: float = 0.1
    grasp_retries: int = 1


class Execution:
    """One run of a plan.

    Args:
        plan: What to do.
        skills: Executable skills by id.
        descriptors: Looks a descriptor up; raises ``UnknownSkillError``.
        check: Evaluates a condition.
        body: The robot.
        memory: What the robot remembers from before; changed.
        listener: Called at every change.
        parameters: Limits.
    """

    def __init__(
        self,
        plan: SkillExecutionPlan,
        *,
        skills: Mapping[str, Skill],
        descriptors: Callable[[str], SkillDescriptor],
        check: CheckCondition,
        body: Body,
        memory: Memory,
        listener: Callable[[Progress], None],
        parameters: ExecutionParameters | None = None,
    ) -> None:
        self._plan = plan
        self._skills = skills
        self._descriptors = descriptors
        self._check = check
        self._body = body
        self._memory = memory
        self._listener = listener
        self._parameters = parameters or ExecutionParameters()
        self._progress = Progress(step_count=len(plan.steps))
        self._held_before: tuple[SeenObject, ...] = ()
        self._share, self._next_share = (
            0.0,
            0.5,
        )  # of the active step, before and after this motion

    def run(self) -> Outcome:
        """Carry out all steps; never raises for what can go wrong with robot or world."""
        self._memory.results.clear()
        try:
            self._run_steps()
        except (SkillError, SkillsError) as error:
            self._body.brake()
            return self._ended(error.code, error.text)
        except Exception as error:  # noqa: BLE001 - whatever a skill does wrong, the robot is braked
            self._body.brake()
            active = self._progress.skill_id
            return self._ended(
                ErrorCode.INTERNAL, f"skill {active!r} failed: {type(error).__name__}: {error}"
            )
        return self._ended(ErrorCode.NONE, "")

    def _ended(self, code: int, text: str) -> Outcome:
        self._tell(phase="done", trajectory=None, remaining=0.0)
        return Outcome(code=code, text=text, results=dict(self._memory.results))

    def _run_steps(self) -> None:
        self._forget_what_was_lost()
        retries = self._parameters.grasp_retries
        place = 0
        while place < len(self._plan.steps):
            step = self._plan.steps[place]
            try:
                self._run_step(place, step)
            except SkillError as error:
                again = self._start_of_grasp(place)
                mendable = error.code in _MENDABLE and not isinstance(
                    error, InterruptedExecutionError
                )
                if again is None or not mendable or retries == 0:
                    raise
                retries -= 1
                self._memory.held.clear()
                self._memory.results["grasp_retries"] = self._parameters.grasp_retries - retries
                self._memory.results["grasp_retry_reason"] = error.text
                self._body.brake()
                place = again
                continue
            place += 1

    def _forget_what_was_lost(self) -> None:
        """A hand that was emptied between two plans, by a stop or a person, is not taken for full."""
        memory = self._memory
        if memory.held and not self._check("object_held", self._body.observe(), {}, memory).holds:
            memory.held.clear()
        self._held_before = tuple(memory.held.values())

    def _start_of_grasp(self, place: int) -> int | None:
        """Where the sequence around a failed grasp or lift begins; ``None`` if it is none."""
        steps = self._plan.steps
        if steps[place].skill_ids[0] not in ("grasp", "lift"):
            return None
        thing = steps[place].location_params.get("object")
        while place > 0 and steps[place - 1].skill_ids[0] in _GRASP_SEQUENCE:
            if steps[place - 1].location_params.get("object") != thing:
                break
            place -= 1
        return place

    def _run_step(self, place: int, step: SkillStep) -> None:
        skill_id = step.skill_ids[0]
        self._tell(skill_id=skill_id, step=place + 1, phase="checking", trajectory=None)
        self._advance(place, 0.0)
        descriptor = self._descriptors(skill_id)
        skill = self._skills.get(skill_id)
        if skill is None:
            raise SkillError(
                ErrorCode.SKILL_UNKNOWN, UnknownSkillError(skill_id, self._skills).text
            )
        begin, waited = self._body.now(), self._body.waited
        seen = self._body.observe()
        if skill_id in _TO_THE_HAND and self._in_hand_already(step, seen, descriptor):
            self._memory.results.setdefault("skipped", []).append(step.step_id)
            return
        self._share, self._next_share = 0.0, 0.5
        for name in descriptor.preconditions:
            seen = self._await(name, seen, step, _SEEN.get(name, ErrorCode.PRECONDITION_FAILED))
        ended = begin
        motion, trajectory = self._begin(skill, seen, step)
        try:
            while trajectory is not None:
                self._play(place, trajectory)
                self._check_deadline(step, begin, waited)
                ended = self._body.now()
                # A skill that lets the motion settle wants to see what came of it.
                seen = self._body.observe(after=ended if trajectory.settle > 0.0 else 0.0)
                trajectory = _next(motion, seen)
        finally:
            motion.close()
        self._tell(phase="checking", trajectory=None)
        if descriptor.postconditions:
            seen = self._body.observe(after=ended)
        for name in descriptor.postconditions:
            seen = self._await(name, seen, step, ErrorCode.POSTCONDITION_FAILED)
        self._advance(place, 1.0)

    def _begin(
        self, skill: Skill, seen: Observation, step: SkillStep
    ) -> tuple[Generator[Trajectory, Observation, None], Trajectory | None]:
        """Start a skill; one that does not see its object gets a moment more to see it."""
        until = self._body.now() + self._parameters.condition_wait
        while True:
            motion = skill.run(seen, step.location_params, self._memory)
            try:
                return motion, _next(motion, None)
            except SkillError as error:
                unseen = error.code == ErrorCode.OBJECT_NOT_SEEN
                if not unseen or self._body.now() >= until:
                    raise
            self._body.pause(self._parameters.condition_period)
            seen = self._body.observe()

    def _play(self, place: int, trajectory: Trajectory) -> None:
        self._tell(phase=trajectory.phase, trajectory=trajectory)

        def report(fraction: float, waiting: bool, remaining: float) -> None:  # noqa: FBT001
            self._progress.phase = "waiting" if waiting else trajectory.phase
            self._progress.remaining = remaining
            span = self._next_share - self._share
            self._advance(place, self._share + fraction * span)

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
        self, name: str, seen: Observation, step: SkillStep, code: ErrorCode
    ) -> Observation:
        """Look until a condition holds; perception may need a moment to see what happened."""
        until = self._body.now() + self._parameters.condition_wait
        while True:
            outcome = self._check(name, seen, step.location_params, self._memory)
            if outcome.holds:
                return seen
            if self._body.now() >= until:
                raise SkillError(code, f"step {step.step_id} ({step.task}): {outcome.text}")
            self._body.pause(self._parameters.condition_period)
            seen = self._body.observe()

    def _in_hand_already(
        self, step: SkillStep, seen: Observation, descriptor: SkillDescriptor
    ) -> bool:
        """Whether the object was in the hand before the plan and is seen to be there still."""
        wanted = step.location_params.get("object") or {}
        if not self._memory.held or not any(_is_meant(held, wanted) for held in self._held_before):
            return False
        if not self._holds("object_in_hand", seen, step):
            # It was dropped, or taken away, while nobody looked.
            self._memory.held.clear()
            return False
        return descriptor.id != "lift" or all(
            self._holds(name, seen, step) for name in descriptor.postconditions
        )

    def _holds(self, name: str, seen: Observation, step: SkillStep) -> bool:
        return self._check(name, seen, step.location_params, self._memory).holds

    def _advance(self, place: int, share: float) -> None:
        fraction = (place + share) / max(1, len(self._plan.steps))
        self._progress.fraction = max(self._progress.fraction, fraction)
        self._listener(self._progress)

    def _tell(self, **changes: Any) -> None:
        for name, value in changes.items():
            setattr(self._progress, name, value)
        self._listener(self._progress)


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
