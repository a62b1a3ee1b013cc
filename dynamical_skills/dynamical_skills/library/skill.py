"""The descriptor of a skill: what it is, what it needs and what it promises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from dynamical_skills.coordination import CoordinationMetadata
from dynamical_skills.errors import DescriptorError
from dynamical_skills.ownership import WORDS

SKILL_TYPES = ("manipulation", "navigation", "perception", "coordination", "locomotion")
STATUSES = ("draft", "validated", "deployed", "deprecated")
PARAMETER_TYPES = ("track", "place", "side", "float", "floats", "string", "bool")
_ID = re.compile(r"^[a-z][a-z0-9_]{0,63}$")
_VERSION = re.compile(r"^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$")
_LONGEST_TEXT = 500
_MOST_EXAMPLES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillParameter:
    """One parameter of a skill; ``default`` as text, ``""`` = none."""

    name: str
    type: str
    description: str
    unit: str = ""
    default: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillDescriptor:
    """What a skill is.

    Attributes:
        id: Unique, e.g. ``"grasp"``.
        version: ``major.minor.patch``.
        description: One sentence.
        examples: Sentences that should lead to it; the router learns from them.
        skill_type: One of ``SKILL_TYPES``.
        status: One of ``STATUSES``.
        parameters: What can be told to it.
        preconditions: Names of conditions that must hold before it starts.
        postconditions: Names of conditions checked before success is claimed.
        required_capabilities: Of the robot: ``"arm"``, ``"hand"``, ``"head"``, ``"waist"``.
        joint_groups: Joints it moves, in the words of ``ownership.WORDS``; empty = all.
        estimated_duration: Expected duration [s].
        coordination: Its part in work of several robots.

    Raises:
        DescriptorError: If a field is not valid; names skill, field, value and what is allowed.
    """

    id: str
    version: str
    description: str
    examples: tuple[str, ...]
    skill_type: str
    estimated_duration: float
    status: str = "deployed"
    parameters: tuple[SkillParameter, ...] = ()
    preconditions: tuple[str, ...] = ()
    postconditions: tuple[str, ...] = ()
    required_capabilities: tuple[str, ...] = ()
    joint_groups: tuple[str, ...] = ()
    coordination: CoordinationMetadata = field(default_factory=CoordinationMetadata)

    def __post_init__(self) -> None:
        if not _ID.match(self.id):
            raise DescriptorError(
                f"skill id {self.id[:80]!r} must be lower-case letters, digits and underscores, "
                "at most 64, and begin with a letter"
            )
        if not _VERSION.match(self.version):
            self._refuse("version", self.version, "numbers as in '1.0.0'")
        if not self.description.strip() or len(self.description) > _LONGEST_TEXT:
            self._refuse("description", self.description, f"one sentence up to {_LONGEST_TEXT}")
        if not 1 <= len(self.examples) <= _MOST_EXAMPLES:
            self._refuse("examples", len(self.examples), f"1 to {_MOST_EXAMPLES} sentences")
        for example in self.examples:
            if not example.strip() or len(example) > _LONGEST_TEXT:
                self._refuse("examples", example, f"sentences up to {_LONGEST_TEXT} characters")
        if self.skill_type not in SKILL_TYPES:
            self._refuse("skill_type", self.skill_type, f"one of {', '.join(SKILL_TYPES)}")
        if self.status not in STATUSES:
            self._refuse("status", self.status, f"one of {', '.join(STATUSES)}")
        for parameter in self.parameters:
            if parameter.type not in PARAMETER_TYPES:
                allowed = f"one of {', '.join(PARAMETER_TYPES)}"
                self._refuse(f"parameters.{parameter.name}.type", parameter.type, allowed)
        wrong = [word for word in self.joint_groups if word not in WORDS]
        if wrong:
            self._refuse("joint_groups", wrong[0], f"of {', '.join(WORDS)}")
        if not 0.0 < self.estimated_duration <= 3600.0:
            self._refuse("estimated_duration", self.estimated_duration, "over 0 s, up to 3600 s")

    @property
    def release(self) -> tuple[int, ...]:
        """The version as numbers that compare."""
        return tuple(int(part) for part in self.version.split("."))

    def _refuse(self, name: str, value: object, allowed: str) -> None:
        raise DescriptorError(
            f"skill {self.id!r}: {name} is {str(value)[:80]!r}, must be {allowed}"
        )


_NAMES = {item.name for item in fields(SkillDescriptor)}
_LISTS = ("examples", "preconditions", "postconditions", "required_capabilities", "joint_groups")


def descriptor_from_dict(source: Mapping[str, Any]) -> SkillDescriptor:
    """A descriptor from plain YAML or JSON data.

    Raises:
        DescriptorError: If a field is unknown, missing, of the wrong type or not valid.
    """
    skill_id = str(source.get("id", ""))
    unknown = sorted(set(source) - _NAMES)
    if unknown:
        raise DescriptorError(
            f"skill {skill_id!r}: unknown field {unknown[0]!r}; known: {sorted(_NAMES)}"
        )
    values: dict[str, Any] = dict(source)
    try:
        for name in _LISTS:
            if isinstance(values.get(name), str):
                raise TypeError(f"{name} must be a list, not a text")
            values[name] = tuple(str(item) for item in values.get(name, ()))
        values["parameters"] = tuple(
            SkillParameter(**item) for item in values.get("parameters", ())
        )
        coordination = dict(values.get("coordination", {}))
        if "supported_roles" in coordination:
            coordination["supported_roles"] = tuple(coordination["supported_roles"])
        values["coordination"] = CoordinationMetadata(**coordination)
        values["estimated_duration"] = float(values.get("estimated_duration", 0.0))
        return SkillDescriptor(**values)
    except (TypeError, ValueError) as error:
        raise DescriptorError(f"skill {skill_id!r}: {error}") from error


def descriptor_to_dict(descriptor: SkillDescriptor) -> dict[str, Any]:
    """Plain data that ``descriptor_from_dict`` reads back."""
    result = {name: getattr(descriptor, name) for name in sorted(_NAMES)}
    for name in _LISTS:
        result[name] = list(result[name])
    result["parameters"] = [
        {item.name: getattr(parameter, item.name) for item in fields(SkillParameter)}
        for parameter in descriptor.parameters
    ]
    coordination = {
        item.name: getattr(descriptor.coordination, item.name)
        for item in fields(CoordinationMetadata)
    }
    coordination["supported_roles"] = list(coordination["supported_roles"])
    result["coordination"] = coordination
    return result
