"""The executions that the bridge remembers: bounded, in memory.

Pure: no ROS, no HTTP. Times are ROS time [s] given by the caller.
"""

import asyncio
import math
import uuid
from collections import Counter, OrderedDict, deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

PENDING, RUNNING, COMPLETED = "pending", "running", "completed"
FAILED, TIMEOUT, CANCELLED = "failed", "timeout", "cancelled"


@dataclass(slots=True, kw_only=True)
class Execution:
    """One goal on its way, followed through feedback and result.

    Attributes:
        id: Ours; it is the action goal's UUID as well.
        started: When it was asked for [s].
        last_news: When the robot last said anything about it [s].
        patience: How long it may be silent before it has begun [s].
        first_action: Set once the first actions passed the gate, or it ended.
        ended: Set at the end.
        server: Identifies the run of the skill server that took the goal.
        revision: Grows with all that becomes known of it.
        news: Set at the next change; a new one takes its place then.
    """

    robot_id: str
    skill_id: str
    goal: str
    started: float
    request_id: str = ""
    role: str = "independent"
    coordination_id: str = ""
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = PENDING
    success: bool = False
    end_time: float | None = None
    first_action_time: float | None = None
    last_news: float = 0.0
    patience: float = 180.0
    error: str = ""
    error_code: int = 0
    safety_status: str = "OK"
    actions: list[dict[str, Any]] = field(default_factory=list)
    skill_ids_used: list[str] = field(default_factory=list)
    blend_weights: list[float] = field(default_factory=list)
    progress: dict[str, Any] = field(default_factory=dict)
    result_data: dict[str, Any] = field(default_factory=dict)
    server: frozenset[bytes] = frozenset()
    first_action: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    revision: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_over(self) -> bool:
        """Whether it has come to its end."""
        return self.end_time is not None

    def touch(self) -> None:
        """Something of it has changed: let those who follow it know."""
        self.revision += 1
        told, self.news = self.news, asyncio.Event()
        told.set()

    def set_first_action(self, now: float) -> None:
        """The first actions have passed the gate."""
        if self.first_action_time is None:
            self.first_action_time = now
        self.first_action.set()

    def finish(self, status: str, *, now: float, error: str = "", error_code: int = 0) -> None:
        """Write down the end; only the first end counts."""
        if self.is_over:
            return
        self.status, self.success = status, status == COMPLETED
        self.error, self.error_code = error, error_code
        self.end_time = now
        self.first_action.set()
        self.ended.set()
        self.touch()


def iso(seconds: float) -> str:
    """ISO 8601 in UTC, with the offset spelled ``+00:00``."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


class ExecutionStore:
    """The newest executions by id; the oldest that are over make room.

    Args:
        capacity: Number kept.
    """

    def __init__(self, capacity: int = 1000) -> None:
        self._capacity = capacity
        self._executions: OrderedDict[str, Execution] = OrderedDict()
        self._aliases: dict[str, str] = {}
        self._latencies: deque[float] = deque(maxlen=1000)
        self._totals: deque[float] = deque(maxlen=1000)
        self._by_status: Counter[str] = Counter()
        self._by_skill: Counter[str] = Counter()
        self._asked = 0

    def __len__(self) -> int:
        return len(self._executions)

    def add(self, execution: Execution) -> None:
        """Remember a new one."""
        self._asked += 1
        self._executions[execution.id] = execution
        excess = len(self._executions) - self._capacity
        if excess > 0:
            over = [key for key, known in self._executions.items() if known.is_over]
            for key in over[:excess]:
                del self._executions[key]
                self._aliases = {name: to for name, to in self._aliases.items() if to != key}

    def alias(self, name: str, execution: Execution) -> None:
        """Let it be found by another id too: the skill server's own, or the request's."""
        if name and name != execution.id:
            self._aliases[name] = execution.id

    def find(self, execution_id: str) -> Execution | None:
        """The execution of that id, ours or the skill server's."""
        return self._executions.get(self._aliases.get(execution_id, execution_id))

    def active(self) -> list[Execution]:
        """Those that are not over, oldest first."""
        return [execution for execution in self._executions.values() if not execution.is_over]

    def newest(
        self,
        *,
        statuses: Collection[str] = (),
        skill_id: str = "",
        coordination_id: str = "",
        robot_id: str = "",
    ) -> list[Execution]:
        """Those that fit, newest first; an empty filter fits all."""
        return [
            execution
            for execution in reversed(self._executions.values())
            if (not statuses or execution.status in statuses)
            and (not skill_id or skill_id in (execution.skill_id, *execution.skill_ids_used))
            and (not coordination_id or execution.coordination_id == coordination_id)
            and (not robot_id or execution.robot_id == robot_id)
        ]

    def count_end(self, execution: Execution) -> None:
        """Take an ended execution into the statistics."""
        self._by_status[execution.status] += 1
        self._by_skill.update(execution.skill_ids_used)
        if execution.end_time is not None:
            self._totals.append(1e3 * (execution.end_time - execution.started))

    def count_first_action(self, execution: Execution) -> None:
        """Take the time to the first action into the statistics."""
        if execution.first_action_time is not None:
            self._latencies.append(1e3 * (execution.first_action_time - execution.started))

    def stats(self, *, uptime: float) -> dict[str, Any]:
        """Counts and times [ms] since start."""
        done = self._by_status[COMPLETED]
        ended = sum(self._by_status.values())
        cancelled = self._by_status[CANCELLED]
        return {
            "total_invocations": self._asked,
            "successful_invocations": done,
            "failed_invocations": ended - done - cancelled,
            "cancelled_invocations": cancelled,
            "active_invocations": len(self.active()),
            "success_rate": done / ended if ended else 0.0,
            "time_to_first_action_ms": {
                "p50": quantile(self._latencies, 0.50),
                "p99": quantile(self._latencies, 0.99),
            },
            "avg_total_time_ms": sum(self._totals) / len(self._totals) if self._totals else None,
            "by_skill": dict(self._by_skill),
            "uptime_s": uptime,
        }


def quantile(values: Iterable[float], share: float) -> float | None:
    """The value below which that share of the values lies; ``None`` of nothing."""
    ordered = sorted(values)
    if not ordered:
        return None
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]
