"""On which terms a goal takes part in a task: from its parameters, else from its skills."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.coordination import SYNC_MODES, CoordinationMetadata
from dynamical_skills.errors import CoordinationError, ParameterError
from dynamical_skills.teamwork.party import MEMBERS, PartyParameters
from dynamical_skills.teamwork.word import ANY_NUMBER

_LONGEST_GATHERING = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How a robot takes part.

    Attributes:
        sync_mode: One of ``coordination.SYNC_MODES``.
        min_robots: Fewer do not begin.
        max_robots: More are refused.
        ask: Skills that a leader asks its assistants for when it begins.
        times: Limits.
    """

    sync_mode: str
    min_robots: int
    max_robots: int
    ask: tuple[str, ...] = ()
    times: PartyParameters = field(default_factory=PartyParameters)


def needs_others(role: str, coordination_id: str) -> bool:
    """Whether a goal is part of a task of several robots.

    Raises:
        CoordinationError: COORDINATION_INVALID for a role that makes no sense alone.
    """
    if not coordination_id and role in ("follower", "assistant", "observer"):
        raise CoordinationError(
            ErrorCode.COORDINATION_INVALID,
            f"role {role!r} needs a coordination_id: it says whose {role} this robot is",
        )
    return bool(coordination_id)


def terms_of(role: str, given: Mapping[str, Any], skills: Iterable[CoordinationMetadata]) -> Terms:
    """The terms of one goal.

    Args:
        role: One of ``coordination.ROLES``.
        given: Parameters of the goal: any of ``sync_mode``, ``min_robots``, ``max_robots``,
            ``gather_within`` [s] and ``ask`` are looked at.
        skills: What the skills of its plan say; those of sync mode ``none`` have no say.

    Raises:
        ParameterError: Naming parameter, value and what is right.
    """
    concerned = [skill for skill in skills if skill.sync_mode != "none"]
    strictest = max((SYNC_MODES.index(skill.sync_mode) for skill in concerned), default=1)
    sync_mode = given.get("sync_mode") or SYNC_MODES[strictest]
    if sync_mode not in SYNC_MODES:
        raise ParameterError(
            f"parameter 'sync_mode' is {str(sync_mode)[:40]!r}, must be one of "
            f"{', '.join(SYNC_MODES)}"
        )
    alone = 2 if role in MEMBERS or role == "observer" else 1
    least = max([alone, *(skill.min_robots for skill in concerned)])
    most = min([ANY_NUMBER, *(skill.max_robots for skill in concerned)])
    least = _count(given, "min_robots", least)
    most = _count(given, "max_robots", max(most, least))
    if most < least:
        raise ParameterError(
            f"parameter 'max_robots' is {most}, must be at least min_robots, which is {least}"
        )
    ask = given.get("ask") or []
    if not isinstance(ask, list) or any(not isinstance(name, str) for name in ask):
        raise ParameterError(f"parameter 'ask' is {str(ask)[:80]!r}, must be a list of skill ids")
    return Terms(
        sync_mode=sync_mode,
        min_robots=least,
        max_robots=most,
        ask=tuple(ask),
        times=PartyParameters(gather_within=_seconds(given)),
    )


def _count(given: Mapping[str, Any], name: str, default: int) -> int:
    value = given.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= ANY_NUMBER:
        raise ParameterError(
            f"parameter {name!r} is {str(value)[:40]!r}, must be a whole number from 1 to "
            f"{ANY_NUMBER}"
        )
    return value


def _seconds(given: Mapping[str, Any]) -> float:
    default = PartyParameters().gather_within
    value = given.get("gather_within", default)
    right = isinstance(value, int | float) and not isinstance(value, bool)
    if not right or not 0.0 < value <= _LONGEST_GATHERING:
        raise ParameterError(
            f"parameter 'gather_within' is {str(value)[:40]!r}, must be above 0 and at most "
            f"{_LONGEST_GATHERING:g} s"
        )
    return float(value)
