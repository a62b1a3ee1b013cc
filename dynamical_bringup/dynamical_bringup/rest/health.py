"""Health of the platform from what the nodes report: pure, one table for /health and all who ask.

A platform is *unhealthy* when it cannot work (a node is missing, silent or in error, or the gate
is unknown, silent or in fault), *degraded* when it works with a warning or waits for a person (a
stop that needs a reset), else *healthy*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OK, WARN, ERROR, STALE = 0, 1, 2, 3
_LEVEL_NAMES = {OK: "ok", WARN: "warn", ERROR: "error", STALE: "stale"}
# A node reports once a second; two may be lost on a loaded machine before we say so.
REPORT_LIMIT = 3.5
SAFETY_LIMIT = 1.0


@dataclass(frozen=True, slots=True)
class Report:
    """What one node said last: entries ``name -> (level, message)`` and when, ROS time [s]."""

    stamp: float
    entries: Mapping[str, tuple[int, str]]


@dataclass(frozen=True, slots=True)
class Safety:
    """What the gate said last."""

    stamp: float
    state: str
    reset_required: bool
    reasons: tuple[str, ...]


def component(
    name: str, *, report: Report | None, present: bool, now: float, uptime: float
) -> dict[str, Any]:
    """Health of one node.

    Args:
        name: Node name.
        report: Its newest report; ``None`` = never reported.
        present: The graph shows the node.
        now: ROS time [s].
        uptime: Time since the bridge started [s]; a node that never reported gets that long.
    """
    see_log = f"see: dynamical logs {name}"
    age = None if report is None else max(0.0, now - report.stamp)
    silent = age > REPORT_LIMIT if age is not None else uptime > REPORT_LIMIT
    if not present and (report is None or silent):
        level, reason = "missing", "the node is not running"
        advice = f"start the platform (dynamical up), or {see_log}"
    elif report is None or silent:
        said = "never" if age is None else f"{age:.1f} s ago"
        level = "stale"
        reason = f"the node is there but reported {said}"
        advice = f"it may be starting or hanging; {see_log}"
    else:
        worst = max(report.entries.values(), default=(OK, ""), key=lambda entry: entry[0])
        level = _LEVEL_NAMES.get(worst[0], "error")
        reason = worst[1]
        advice = "" if level == "ok" else see_log
    entries = {} if report is None else {key: text for key, (_, text) in report.entries.items()}
    return {
        "name": name,
        "level": level,
        "message": reason,
        "age_s": age,
        "advice": advice,
        "entries": entries,
    }


def summarize(
    components: Sequence[Mapping[str, Any]], *, safety: Safety | None, now: float
) -> dict[str, Any]:
    """Status, reasons and advice of the whole platform."""
    unhealthy: list[str] = []
    degraded: list[str] = []
    advice: list[str] = []
    for entry in components:
        if entry["level"] == "ok":
            continue
        told = degraded if entry["level"] == "warn" else unhealthy
        told.append(f"{entry['name']}: {entry['message']}")
        if entry["advice"]:
            advice.append(f"{entry['name']}: {entry['advice']}")
    if safety is None:
        unhealthy.append("safety_gate: no status has come")
    elif now - safety.stamp > SAFETY_LIMIT:
        unhealthy.append(f"safety_gate: the newest status is {now - safety.stamp:.1f} s old")
    elif safety.state in ("UNKNOWN", "INIT", "FAULT"):
        unhealthy.append(f"safety_gate: {safety.state}: {'; '.join(safety.reasons)}")
    elif safety.reset_required:
        degraded.append(f"safety_gate: {safety.state}: {'; '.join(safety.reasons)}")
    if safety is not None and safety.reset_required:
        advice.append(
            "when the robot's surroundings are clear: dynamical reset (POST /api/v1/safety/reset)"
        )
    status = "unhealthy" if unhealthy else "degraded" if degraded else "healthy"
    return {
        "status": status,
        "reasons": unhealthy + degraded,
        "advice": advice,
        "safety_state": "UNKNOWN" if safety is None else safety.state,
        "safety_age_s": None if safety is None else max(0.0, now - safety.stamp),
    }
