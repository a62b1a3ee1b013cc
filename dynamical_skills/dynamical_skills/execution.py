"""Carries out a plan: its steps in the order they depend on each other, side by side where they can be.

A step begins when those it depends on are done, when no running step has one of its joints, and when
fewer than ``MOST_REALTIME`` real-time skills run. What fails is mended if it can be: a failed grasp is
tried once more from looking at the object, another skill that promises the same takes the failed
one's place; else the robot is braked and the plan ends with the reason, and may be carried on later.

It knows no ROS: what it sees and moves with is a ``Body``.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import SkillsError, UnknownSkillError
from dynamical_skills.joint_claims import JointClaims
from dynamical_skills.library.skill import SkillDescriptor
from dynamical_skills.ownership import Ownership, ownership
from dynamical_skills.plan import (
    DONE,
    ExecutionTier,
    PlanStatus,
    SkillExecutionPlan,
    SkillStep,
    StepStatus,
)
from dynamical_skills.plan_graph import begun_again, grasp_around, has_branches
from dynamical_skills.policies.blend import BlendedSkill
from dynamical_skills.policies.policy import Memory, Skill, SkillError, Trajectory
from dynamical_skills.progress import Outcome as Outcome
from dynamical_skills.progress import Progress as Progress
from dynamical_skills.step_execution import (
    Body,
    CheckCondition,
    ConditionPatience,
    StepExecution,
    Wait,
)
from dynamical_skills.step_execution import InterruptedExecutionError as InterruptedExecutionError

MOST_REALTIME = 4  # real-time skills of one robot at the same time
_REALTIME_TIERS = (ExecutionTier.REALTIME, ExecutionTier.CONTROL)
# What another try at a grasp can mend, and what another skill can.
_MENDABLE = (
    ErrorCode.POSTCONDITION_FAILED,
    ErrorCode.PRECONDITION_FAILED,
    ErrorCode.MOTION_FAILED,
    ErrorCode.PLANNING_FAILED,
)
_REPLACEABLE = (ErrorCode.POSTCONDITION_FAILED, ErrorCode.PLANNING_FAILED, ErrorCode.OUT_OF_REACH)
# Kept by many skills that are not each other's stead: whoever asked for a wave wants no bow.
_SAY_LITTLE = frozenset({"gesture_made"})
_WAIT = 0.02


class StepHooks(Protocol):
    """Where a plan meets the plans of other robots.

    Both are called on the thread that carries out the step, so they may block; while they do, they
    must let time pass with ``wait`` alone, so that cancel, pre-emption and time-out reach them. A
    ``SkillError`` they raise ends the plan with its code and sentence, the robot braked. Steps that
    run together call them from different threads.
    """

    def before_step(self, step: SkillStep, wait: Wait) -> None:
        """Before the step's preconditions are looked at; nothing of the step has moved yet.

        Called again when the step is begun again: another try, or a resumed plan.
        """

    def after_step(self, step: SkillStep, wait: Wait) -> None:
        """After the step's post-conditions were seen to hold; dependent steps wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionParameters:
    """Limits of an execution.

    Attributes:
        patience: With conditions.
        grasp_retries: Second tries at a failed grasp in one plan.
    """

    patience: ConditionPatience = field(default_factory=ConditionPatience)
    grasp_retries: int = 1


class Execution:
    """One run of a plan; steps that are done already are left out.

    Args:
        plan: What to do.
        skills: Executable skills by id.
        descriptors: Looks a descriptor up; raises ``UnknownSkillError``.
        check: Evaluates a condition.
        body: The robot.
        memory: What the robot remembers from before; changed.
        listener: Called at every change.
        hooks: Called around each step, or ``None``.
        on_plan: Called with the plan whenever a step's status changes.
        planning: Given a step's number, that step's turn to plan.
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
        hooks: StepHooks | None = None,
        on_plan: Callable[[SkillExecutionPlan], None] = lambda _plan: None,
        planning: Callable[[int], AbstractContextManager[None]] = lambda _step: nullcontext(),
        parameters: ExecutionParameters | None = None,
    ) -> None:
        self._skills = skills
        self._descriptors = descriptors
        self._check = check
        self._body = body
        self._memory = memory
        self._listener = listener
        self._hooks = hooks
        self._on_plan = on_plan
        self._planning = planning
        self._parameters = parameters or ExecutionParameters()
        self._plan = plan
        self._steps = list(begun_again(plan.steps))
        self._progress = Progress(step_count=len(plan.steps))
        self._retries = self._parameters.grasp_retries
        self._sides: dict[int, str] = {}  # arm each step has chosen, for those that follow it
        self._shares: dict[int, float] = {}
        self._claims = JointClaims()  # whoever has joints runs
        self._failure: SkillError | SkillsError | None = None
        self._changed = threading.Condition(threading.RLock())
        self._abreast = has_branches(plan.steps)

    @property
    def plan(self) -> SkillExecutionPlan:
        """The plan with the status of every step."""
        return replace(self._plan, steps=tuple(self._steps))

    def run(self) -> Outcome:
        """Carry out all steps; never raises for what can go wrong with robot or world."""
        self._memory.results.clear()
        try:
            self._forget_what_was_lost()
            self._plan = replace(self._plan, status=PlanStatus.RUNNING)
            self._on_plan(self.plan)
            self._run_steps()
        except (SkillError, SkillsError) as error:
            self._fail(error)
        if self._failure is None:
            return self._ended(ErrorCode.NONE, "")
        return self._ended(self._failure.code, self._failure.text)

    def _ended(self, code: int, text: str) -> Outcome:
        status = PlanStatus.FAILED if code else PlanStatus.COMPLETED
        if code in (ErrorCode.CANCELLED, ErrorCode.PREEMPTED):
            status = PlanStatus.CANCELLED
        self._plan = replace(self._plan, status=status, error_code=int(code), error_message=text)
        self._on_plan(self.plan)
        self._progress.phase, self._progress.trajectory = "done", None
        self._progress.remaining = 0.0
        self._listener(self._progress)
        return Outcome(code=code, text=text, results=dict(self._memory.results))

    def _run_steps(self) -> None:
        """Begin steps as they become ready; a step that is alone is carried out on this thread."""
        while True:
            with self._changed:
                ready = [] if self._failure is not None else self._ready()
                if not ready and not self._claims.holders:
                    return
                for place in ready:
                    self._claims.take(place, self._owned(place).groups)
                alone = ready[0] if len(self._claims.holders) == len(ready) == 1 else None
                if not ready:
                    self._changed.wait()
            if alone is not None:
                self._carry_out(alone)
                continue
            for place in ready:
                threading.Thread(
                    target=self._carry_out, args=(place,), name=f"step {place + 1}", daemon=True
                ).start()

    def _ready(self) -> list[int]:
        """Places of the steps that may begin now, in the plan's order."""
        done = {step.step_id for step in self._steps if step.status in DONE}
        taken = self._claims.taken
        realtime = sum(
            self._steps[place].tier in _REALTIME_TIERS for place in self._claims.holders
        )
        ready = []
        for place, step in enumerate(self._steps):
            if step.status is not StepStatus.PENDING or not done.issuperset(step.depends_on):
                continue
            groups = self._owned(place).groups
            counts = step.tier in _REALTIME_TIERS
            if (
                place in self._claims.holders
                or groups & taken
                or (counts and realtime >= MOST_REALTIME)
            ):
                continue
            ready.append(place)
            taken |= groups
            realtime += counts
        return ready

    def _owned(self, place: int) -> Ownership:
        return ownership(self._steps[place].joint_groups)

    # --- one step -------------------------------------------------------------------------------
    def _carry_out(self, place: int) -> None:
        """One step from its beginning to its end, whatever that is."""
        step = self._steps[place]
        try:
            self._set(place, StepStatus.RUNNING)
            if self._hooks is not None:
                self._hooks.before_step(step, self._body.pause)
            done = self._with_alternatives(place)
            if self._hooks is not None:
                self._hooks.after_step(step, self._body.pause)
            self._shares[place] = 1.0
            self._tell_step(place, "checking", share=1.0)
            if not done:
                self._memory.results.setdefault("skipped", []).append(step.step_id)
            self._set(place, StepStatus.COMPLETED if done else StepStatus.SKIPPED)
        except (SkillError, SkillsError) as error:
            if not self._begin_grasp_again(place, error):
                self._end_step(place, error)
        except Exception as error:  # noqa: BLE001 - whatever a skill does wrong, the robot is braked
            skill_id = "+".join(step.skill_ids if step.blended else step.skill_ids[:1])
            text = f"skill {skill_id!r} failed: {type(error).__name__}: {error}"
            self._end_step(place, SkillError(ErrorCode.INTERNAL, text))
        finally:
            with self._changed:
                self._claims.release(place)
                self._changed.notify_all()

    def _end_step(self, place: int, error: SkillError | SkillsError) -> None:
        ended = isinstance(error, InterruptedExecutionError)
        status = StepStatus.CANCELLED if ended else StepStatus.FAILED
        self._fail(error)
        self._set(place, status, error.text)

    def _fail(self, error: SkillError | SkillsError) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._changed.notify_all()
        self._body.brake()

    def _with_alternatives(self, place: int) -> bool:
        """Carry out a step with its first skill, else with another one that promises the same."""
        step = self._steps[place]
        if step.blended:
            return self._attempt(place, step.skill_ids)
        first = self._descriptors(step.skill_ids[0])
        try:
            return self._attempt(place, step.skill_ids[:1])
        except SkillError as error:
            failure = error
        for skill_id in step.skill_ids[1:]:
            if failure.code not in _REPLACEABLE or grasp_around(self._steps, place) is not None:
                break
            other = self._descriptors(skill_id)
            promised = set(first.postconditions) & set(other.postconditions)
            if not promised - _SAY_LITTLE:
                continue
            self._memory.results.setdefault("alternatives", []).append(
                {"step": step.step_id, "skill": skill_id, "because": failure.text}
            )
            try:
                return self._attempt(place, (skill_id,))
            except SkillError as error:
                failure = error
        raise failure

    def _attempt(self, place: int, skill_ids: Sequence[str]) -> bool:
        step = self._steps[place]
        memory = replace(self._memory, side=self._side_before(place))
        descriptors = tuple(self._descriptors(skill_id) for skill_id in skill_ids)
        for skill_id in skill_ids:
            if skill_id not in self._skills:
                raise SkillError(
                    ErrorCode.SKILL_UNKNOWN, UnknownSkillError(skill_id, self._skills).text
                )
        skills = [self._skills[skill_id] for skill_id in skill_ids]
        owned = [ownership(each.joint_groups, step.location_params) for each in descriptors]
        skill = skills[0] if not step.blended else BlendedSkill(skills, step.weights, owned)
        try:
            return StepExecution(
                step,
                skill=skill,
                descriptors=descriptors,
                check=self._check,
                body=self._body,
                memory=memory,
                surroundings=_StepInPlan(self, place, skill.id),
                held_before=self._held_before,
                patience=self._parameters.patience,
            ).run()
        finally:
            self._sides[step.step_id] = self._memory.side = memory.side

    def _side_before(self, place: int) -> str:
        """The arm chosen by the steps this one follows; else by whoever chose one last."""
        before = [self._sides.get(number, "") for number in self._steps[place].depends_on]
        return next((side for side in before if side), self._memory.side)

    # --- mending --------------------------------------------------------------------------------
    def _forget_what_was_lost(self) -> None:
        """A hand that was emptied between two plans, by a stop or a person, is not taken for full."""
        memory = self._memory
        if memory.held and not self._check("object_held", self._body.observe(), {}, memory).holds:
            memory.held.clear()
        self._held_before = tuple(memory.held.values())

    def _begin_grasp_again(self, place: int, error: SkillError | SkillsError) -> bool:
        """Whether a failed grasp or lift gets one more try, from looking at the object."""
        again = grasp_around(self._steps, place)
        with self._changed:
            if again is None or not _is_mendable(error) or not self._retries or self._failure:
                return False
            self._retries -= 1
            used = self._parameters.grasp_retries - self._retries
            others = len(self._claims.holders) > 1
        self._memory.held.clear()
        self._memory.results["grasp_retries"] = used
        self._memory.results["grasp_retry_reason"] = error.text
        if not others:
            self._body.brake()
        for number in again:
            self._set(number, StepStatus.PENDING)
        return True

    # --- joints ---------------------------------------------------------------------------------
    def admitted(self, place: int, trajectory: Trajectory) -> Trajectory:
        """See ``step_execution.Surroundings``."""
        if not self._abreast:
            return trajectory
        own = self._owned(place).groups
        while True:
            with self._changed:
                share, missing = self._claims.share_of(place, own, trajectory)
                if not missing:
                    return share
                if self._claims.stuck:
                    raise SkillError(
                        ErrorCode.JOINTS_CONTENDED,
                        f"step {self._steps[place].step_id} ({self._steps[place].task}) has to "
                        f"move {', '.join(sorted(missing))}, which a step that waits for it has",
                    )
                self._changed.wait(_WAIT)
            self.check_going()
            self._body.pause(0.0)

    # --- telling --------------------------------------------------------------------------------
    def planning(self, place: int) -> AbstractContextManager[None]:
        """See ``step_execution.Surroundings``."""
        return self._planning(self._steps[place].step_id)

    def check_going(self) -> None:
        """Raise if the plan is to end, as another step has failed."""
        failure = self._failure
        if failure is not None:
            raise InterruptedExecutionError(
                int(failure.code), f"ended, as another step failed: {failure.text}"
            )

    def tell(self, place: int, skill_id: str, phase: str, **facts: Any) -> None:
        """See ``step_execution.Surroundings``."""
        self.check_going()
        self._tell_step(place, phase, skill_id=skill_id, **facts)

    def _tell_step(
        self,
        place: int,
        phase: str,
        *,
        skill_id: str = "",
        share: float = 0.0,
        remaining: float = 0.0,
        trajectory: Trajectory | None = None,
    ) -> None:
        with self._changed:
            seen = self._progress
            seen.phase, seen.step = phase, place + 1
            seen.skill_id = skill_id or seen.skill_id
            seen.remaining, seen.trajectory = remaining, trajectory
            self._shares[place] = max(share, self._shares.get(place, 0.0))
            done = sum(
                1.0 if step.status in DONE else self._shares.get(number, 0.0)
                for number, step in enumerate(self._steps)
            )
            seen.fraction = max(seen.fraction, done / max(1, len(self._steps)))
            self._listener(seen)

    def _set(self, place: int, status: StepStatus, text: str = "") -> None:
        with self._changed:
            self._steps[place] = replace(self._steps[place], status=status, status_text=text)
            self._on_plan(self.plan)


@dataclass(frozen=True, slots=True)
class _StepInPlan:
    """A step's view of the plan it is part of."""

    execution: Execution
    place: int
    skill_id: str

    def planning(self) -> AbstractContextManager[None]:
        return self.execution.planning(self.place)

    def admitted(self, trajectory: Trajectory) -> Trajectory:
        return self.execution.admitted(self.place, trajectory)

    def tell(self, phase: str, **facts: Any) -> None:
        self.execution.tell(self.place, self.skill_id, phase, **facts)


def _is_mendable(error: SkillError | SkillsError) -> bool:
    return error.code in _MENDABLE and not isinstance(error, InterruptedExecutionError)
