"""Parameters of skills as they come from outside: JSON, checked against the descriptor."""

import json
import math
from collections.abc import Mapping
from typing import Any

from dynamical_skills.errors import ParameterError
from dynamical_skills.grounding import Grounding
from dynamical_skills.library.skill import SkillDescriptor, SkillParameter

_LONGEST = 20_000  # characters
_SIDES = ("left", "right", "auto", "")


def parse_parameters(text: str) -> dict[str, Any]:
    """The JSON object in ``text``; ``{}`` for an empty one.

    Raises:
        ParameterError: If it is too long or no JSON object.
    """
    if not text.strip():
        return {}
    if len(text) > _LONGEST:
        raise ParameterError(
            f"parameters have {len(text)} characters, at most {_LONGEST} are read"
        )
    try:
        data = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ParameterError(f"parameters are not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ParameterError(f"parameters must be a JSON object, not {type(data).__name__}")
    return data


def check_parameters(
    skill: SkillDescriptor, given: Mapping[str, Any], grounding: Grounding
) -> dict[str, Any]:
    """The parameters with words for things resolved ("the red cup").

    What the descriptor does not name is kept: it may be meant for another step of the same goal.

    Raises:
        ParameterError: If a value is wrong; names skill, parameter, value and what is right.
    """
    result = dict(given)
    for parameter in skill.parameters:
        if parameter.name in result:
            result[parameter.name] = _value(skill, parameter, result[parameter.name], grounding)
    return result


def _value(
    skill: SkillDescriptor, parameter: SkillParameter, value: Any, grounding: Grounding
) -> Any:
    def wrong(right: str) -> ParameterError:
        return ParameterError(
            f"skill {skill.id!r}: parameter {parameter.name!r} is {str(value)[:80]!r}, "
            f"must be {right}"
        )

    match parameter.type:
        case "track" | "place":
            if isinstance(value, str):
                reference = grounding.resolve(value)
                if reference is None:
                    raise wrong("a thing this robot knows, e.g. 'the red cup'")
                return reference.as_parameter()
            if not isinstance(value, Mapping):
                raise wrong("a name or an object with class_id, color, id or position")
            if "position" in value and not _is_numbers(value["position"], 3):
                raise wrong("an object whose position is three numbers [m]")
        case "float":
            if not _is_number(value):
                raise wrong(f"a number {f'[{parameter.unit}]' if parameter.unit else ''}".strip())
        case "floats":
            if not _is_numbers(value, None):
                raise wrong("a list of numbers")
        case "side":
            if value not in _SIDES:
                raise wrong("'left', 'right' or 'auto'")
            return "" if value == "auto" else value
        case "bool":
            if not isinstance(value, bool):
                raise wrong("true or false")
        case _:
            if not isinstance(value, str):
                raise wrong("a text")
    return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_numbers(value: Any, count: int | None) -> bool:
    return (
        isinstance(value, list)
        and (count is None or len(value) == count)
        and all(_is_number(item) for item in value)
    )
