"""Errors of this package: each carries the graph's error code and a sentence.

::

    SkillsError
      GoalError              empty, too long, not understood
      UnknownSkillError      not in the library
      UnknownRobotError      not on this graph, or none fits
      UnknownWorkspaceError  not in the workspace file
      NoSkillFitsError       the router abstains
      DescriptorError        a descriptor is not valid
      ParameterError         a parameter of a goal or a step is not valid
      PlanError              a plan that is not there, or cannot be carried on
      CoordinationError      a role or a mode that is not offered

A running skill raises ``policies.policy.SkillError``, which has the same two fields.
"""

from collections.abc import Iterable

from dynamical_interfaces.errors import ErrorCode

GOAL_LIMIT = 2000  # characters


class SkillsError(Exception):
    """Base: ``code`` of ``dynamical_interfaces.errors`` and ``text``, one sentence."""

    def __init__(self, code: ErrorCode, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


class GoalError(SkillsError):
    """The goal is empty, too long or cannot be understood."""

    @classmethod
    def empty(cls) -> "GoalError":
        """Neither words nor skills were given."""
        return cls(
            ErrorCode.GOAL_EMPTY, "the goal is empty: give goal, task_description or skill_ids"
        )

    @classmethod
    def too_long(cls, length: int) -> "GoalError":
        """More than ``GOAL_LIMIT`` characters."""
        return cls(
            ErrorCode.GOAL_TOO_LONG,
            f"the goal has {length} characters, at most {GOAL_LIMIT} are read",
        )


class UnknownSkillError(SkillsError):
    """The library, or this robot, has no such skill."""

    def __init__(self, skill_id: str, known: Iterable[str]) -> None:
        super().__init__(
            ErrorCode.SKILL_UNKNOWN,
            f"there is no skill {skill_id[:80]!r}; known: {', '.join(sorted(known))}",
        )


class UnknownRobotError(SkillsError):
    """No such robot, or no robot that fits."""

    def __init__(self, text: str) -> None:
        super().__init__(ErrorCode.ROBOT_UNKNOWN, text)


class UnknownWorkspaceError(SkillsError):
    """The workspace file has no such workspace."""

    def __init__(self, workspace_id: str, known: Iterable[str]) -> None:
        listed = ", ".join(sorted(known)) or "none (no workspace file is loaded)"
        super().__init__(
            ErrorCode.WORKSPACE_UNKNOWN,
            f"there is no workspace {workspace_id[:80]!r}; known: {listed}",
        )


class NoSkillFitsError(SkillsError):
    """The router abstains rather than guess."""

    def __init__(self, text: str) -> None:
        super().__init__(ErrorCode.NO_SKILL_FITS, text)


class DescriptorError(SkillsError):
    """A skill descriptor is not valid."""

    def __init__(self, text: str) -> None:
        super().__init__(ErrorCode.SKILL_INVALID, text)


class ParameterError(SkillsError):
    """A parameter of a goal or a step is not valid."""

    def __init__(self, text: str) -> None:
        super().__init__(ErrorCode.PARAMETER_INVALID, text)


class PlanError(SkillsError):
    """A plan that is not known here, or cannot be carried on."""


class CoordinationError(SkillsError):
    """A role or a mode that this robot does not offer, or robots that do not find together."""
