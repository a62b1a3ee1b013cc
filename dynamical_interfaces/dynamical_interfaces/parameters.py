"""Node parameters as one frozen dataclass per node; pure, so that the core takes the same value.

::

    @dataclass(frozen=True, slots=True, kw_only=True)
    class SeparationParameters:
        min_distance: float = param(0.3, "Distance kept to any person", unit="m", low=0.0, high=5.0)

The default stands there and nowhere else; YAML files hold only what differs on a robot.
``runtime.parameters.declare`` makes ROS parameters of it.
"""

import dataclasses
import math
from typing import Any, get_type_hints


class ParameterError(ValueError):
    """A parameter is unknown, of the wrong type or out of range; the sentence says which and why."""


def param(
    default: Any,
    description: str,
    *,
    unit: str = "",
    low: float = -math.inf,
    high: float = math.inf,
) -> Any:
    """Declare one parameter of a node.

    Args:
        default: The one default value; its type is the field's annotation.
        description: One sentence.
        unit: SI unit, shown after the description; empty = none.
        low: Smallest value allowed.
        high: Largest value allowed.
    """
    metadata = {"description": description, "unit": unit, "low": low, "high": high}
    return dataclasses.field(default=default, metadata=metadata)


def describe(parameter_class: type[Any]) -> list[dict[str, Any]]:
    """Name, type, default, unit, range and description of every parameter, for documentation."""
    hints = get_type_hints(parameter_class)
    return [
        {
            "name": item.name,
            "type": getattr(hints[item.name], "__name__", str(hints[item.name])),
            "default": item.default,
            **item.metadata,
        }
        for item in dataclasses.fields(parameter_class)
    ]
