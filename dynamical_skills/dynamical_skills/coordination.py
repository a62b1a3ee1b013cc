"""Roles of robots that work together, and what a skill says about its part in it."""

from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import CoordinationError

ROLES = ("leader", "follower", "observer", "independent", "assistant")
SYNC_MODES = ("none", "loose", "strict", "realtime")
MODES = ("autonomous", "direct", "blended", "sequential")
DEFAULT_ROLE = "independent"
DEFAULT_MODE = "autonomous"


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinationMetadata:
    """How a skill takes part in work of several robots.

    Attributes:
        supported_roles: Roles in which it can be carried out.
        requires_leader: It needs a robot in the role leader.
        sync_mode: One of ``SYNC_MODES``.
        min_robots: Smallest number of robots.
        max_robots: Largest number of robots.

    Raises:
        ValueError: If a value is not one of those allowed.
    """

    supported_roles: tuple[str, ...] = ("independent", "leader", "follower", "assistant")
    requires_leader: bool = False
    sync_mode: str = "none"
    min_robots: int = 1
    max_robots: int = 1

    def __post_init__(self) -> None:
        wrong = [role for role in self.supported_roles if role not in ROLES]
        if wrong or not self.supported_roles:
            raise ValueError(f"supported_roles is {self.supported_roles}; allowed: {ROLES}")
        if self.sync_mode not in SYNC_MODES:
            raise ValueError(f"sync_mode is {self.sync_mode!r}; allowed: {SYNC_MODES}")
        if not 1 <= self.min_robots <= self.max_robots:
            raise ValueError(
                f"min_robots {self.min_robots} and max_robots {self.max_robots} must be 1 or "
                "more, in this order"
            )


def check_role(role: str) -> str:
    """The role, ``DEFAULT_ROLE`` for an empty one.

    Raises:
        CoordinationError: If there is no such role.
    """
    role = role or DEFAULT_ROLE
    if role not in ROLES:
        raise CoordinationError(
            ErrorCode.ROLE_UNSUPPORTED,
            f"there is no role {role[:40]!r}; allowed: {', '.join(ROLES)}",
        )
    return role


def check_mode(mode: str) -> str:
    """The mode, ``DEFAULT_MODE`` for an empty one.

    Raises:
        CoordinationError: If there is no such mode.
    """
    mode = mode or DEFAULT_MODE
    if mode not in MODES:
        raise CoordinationError(
            ErrorCode.MODE_UNSUPPORTED,
            f"there is no mode {mode[:40]!r}; allowed: {', '.join(MODES)}",
        )
    return mode


def check_supported(skill_id: str, coordination: CoordinationMetadata, role: str) -> None:
    """Refuse a skill in a role it cannot be carried out in.

    Raises:
        CoordinationError: Naming skill, role and the roles it supports.
    """
    if role not in coordination.supported_roles:
        raise CoordinationError(
            ErrorCode.ROLE_UNSUPPORTED,
            f"skill {skill_id!r} cannot be carried out in the role {role!r}; it supports: "
            f"{', '.join(coordination.supported_roles)}",
        )
