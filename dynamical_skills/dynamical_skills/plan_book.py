"""The plans that a robot has begun: how far each is, and which can be carried on."""

import threading
from collections import OrderedDict
from dataclasses import replace

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import PlanError
from dynamical_skills.plan import DONE, PlanStatus, SkillExecutionPlan

_KEPT = 200
_LISTED = 20


class PlanBook:
    """The newest plans of one robot, kept as long as its skill server runs; thread-safe.

    Args:
        kept: How many; of more, the one that was changed longest ago is forgotten.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._plans: OrderedDict[str, SkillExecutionPlan] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, plan: SkillExecutionPlan) -> None:
        """Note how far a plan is."""
        with self._lock:
            self._plans[plan.plan_id] = plan
            self._plans.move_to_end(plan.plan_id)
            while len(self._plans) > self._kept:
                self._plans.popitem(last=False)

    def get(self, plan_id: str) -> SkillExecutionPlan:
        """The plan as it is now.

        Raises:
            PlanError: PLAN_UNKNOWN.
        """
        with self._lock:
            plan = self._plans.get(plan_id)
        if plan is None:
            raise PlanError(
                ErrorCode.PLAN_UNKNOWN,
                f"there is no plan {plan_id[:80]!r} here; the last {self._kept} are kept "
                "as long as the skill server runs",
            )
        return plan

    def newest(self, *, status: str = "", limit: int = 0) -> tuple[SkillExecutionPlan, ...]:
        """Plans, the one changed last first.

        Args:
            status: Only these; ``""`` = all.
            limit: At most so many; 0 = 20.

        Raises:
            PlanError: PARAMETER_INVALID if there is no such status.
        """
        if status and status not in list(PlanStatus):
            raise PlanError(
                ErrorCode.PARAMETER_INVALID,
                f"status is {status[:40]!r}; allowed: {', '.join(PlanStatus)}",
            )
        with self._lock:
            plans = [plan for plan in self._plans.values() if not status or plan.status == status]
        return tuple(reversed(plans))[: limit or _LISTED]

    def carried_on(self, plan_id: str, execution_id: str) -> SkillExecutionPlan:
        """A plan that has ended before its end, for another execution; noted as running at once.

        Raises:
            PlanError: PLAN_UNKNOWN, or PLAN_NOT_RESUMABLE if it runs or is completed.
        """
        plan = self.get(plan_id)
        if plan.status is PlanStatus.RUNNING:
            raise PlanError(
                ErrorCode.PLAN_NOT_RESUMABLE,
                f"plan {plan_id!r} is running in execution {plan.execution_id!r}",
            )
        if all(step.status in DONE for step in plan.steps):
            raise PlanError(
                ErrorCode.PLAN_NOT_RESUMABLE,
                f"plan {plan_id!r} is completed: nothing is left of it",
            )
        plan = replace(
            plan,
            status=PlanStatus.RUNNING,
            execution_id=execution_id,
            error_code=ErrorCode.NONE,
            error_message="",
        )
        self.put(plan)
        return plan
