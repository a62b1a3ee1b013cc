"""What rules a skill out however well it fits, each with its reason."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from dynamical_skills.errors import ParameterError
from dynamical_skills.library.skill import SKILL_TYPES, SkillDescriptor


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingConstraints:
    """Masks over the library; the default rules nothing out but deprecated skills.

    Attributes:
        required_types: Skill types allowed; empty = all.
        capabilities: What the robot has; ``None`` = everything.
        unmet: Names of preconditions known not to hold now, e.g. ``"object_in_hand"``.
        unavailable: Skills that cannot be had now, with the reason.
        min_confidence: Score below which the best skill is refused, 0..1; the router's own limit
            holds as well.

    Raises:
        ParameterError: If a type does not exist or the confidence is not within 0..1.
    """

    required_types: tuple[str, ...] = ()
    capabilities: Collection[str] | None = None
    unmet: Collection[str] = ()
    unavailable: Mapping[str, str] = field(default_factory=dict)
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        unknown = [name for name in self.required_types if name not in SKILL_TYPES]
        if unknown:
            raise ParameterError(
                f"skill type {unknown[0][:40]!r} is not one of {', '.join(SKILL_TYPES)}"
            )
        if not 0.0 <= self.min_confidence <= 1.0:
            raise ParameterError(f"min_confidence is {self.min_confidence}, must be 0 to 1")

    def against(self, skill: SkillDescriptor) -> str:
        """Why a skill is out; ``""`` = nothing against it."""
        if skill.status == "deprecated":
            return "it is deprecated"
        if self.required_types and skill.skill_type not in self.required_types:
            return f"its type is {skill.skill_type}, asked for: {', '.join(self.required_types)}"
        if self.capabilities is not None:
            lacking = [
                name for name in skill.required_capabilities if name not in self.capabilities
            ]
            if lacking:
                return f"the robot has no {lacking[0]}"
        unmet = [name for name in skill.preconditions if name in self.unmet]
        if unmet:
            return f"its precondition {unmet[0]} does not hold"
        return self.unavailable.get(skill.id, "")
