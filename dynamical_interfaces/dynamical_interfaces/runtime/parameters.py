"""Declares a node's parameters with descriptors, from its parameter dataclass alone."""

import dataclasses
import difflib
import math
from typing import Any, TypeVar, get_type_hints

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter

from dynamical_interfaces.parameters import ParameterError, describe, param

__all__ = ["ParameterError", "declare", "describe", "param"]

P = TypeVar("P")

# Declared by rclpy or by the node base, not by the dataclass.
_RESERVED = {"use_sim_time", "autostart", "start_type_description_service"}
_LISTS = {
    tuple[str, ...]: Parameter.Type.STRING_ARRAY,
    tuple[float, ...]: Parameter.Type.DOUBLE_ARRAY,
    tuple[int, ...]: Parameter.Type.INTEGER_ARRAY,
}


def declare(node: Node, parameter_class: type[P]) -> P:
    """Declare all fields of the dataclass on the node, apply overrides, and build the value.

    Raises:
        ParameterError: Naming the parameter, the value and what is allowed.
    """
    fields = {item.name: item for item in dataclasses.fields(parameter_class)}  # type: ignore[arg-type]
    _refuse_unknown(node, fields)
    hints = get_type_hints(parameter_class)
    values: dict[str, Any] = {}
    for name, item in fields.items():
        is_list = hints[name] in _LISTS
        default: Any = item.default
        if is_list:
            # An empty list says nothing of its type; one that is not set is empty.
            default = list(default) or _LISTS[hints[name]]
        try:
            value = node.declare_parameter(name, default, _descriptor(item, hints[name])).value
        except InvalidParameterTypeException as error:
            raise ParameterError(
                f"parameter {name!r} of node {node.get_name()!r}: {error}; write a "
                f"{getattr(hints[name], '__name__', hints[name])}"
                f"{' with a decimal point' if hints[name] is float else ''}"
            ) from error
        except InvalidParameterValueException as error:
            raise ParameterError(
                f"parameter {name!r} of node {node.get_name()!r}: {error}; allowed is "
                f"{item.metadata['low']} .. {item.metadata['high']} {item.metadata['unit']}"
            ) from error
        values[name] = tuple(value or ()) if is_list else value
    return parameter_class(**values)


def _refuse_unknown(node: Node, fields: dict[str, Any]) -> None:
    # rclpy ignores an override that matches no declared parameter, so a misspelt one would go unseen.
    for name in node._parameter_overrides:
        if name in fields or name in _RESERVED or name.startswith("qos_overrides."):
            continue
        nearest = difflib.get_close_matches(name, fields, n=1)
        hint = f"; did you mean {nearest[0]!r}?" if nearest else f"; known are {sorted(fields)}"
        raise ParameterError(f"node {node.get_name()!r} has no parameter {name!r}{hint}")


def _descriptor(item: Any, hint: Any) -> ParameterDescriptor:
    meta = item.metadata
    unit = f" [{meta['unit']}]" if meta["unit"] else ""
    descriptor = ParameterDescriptor(description=f"{meta['description']}{unit}", read_only=True)
    if math.isfinite(meta["low"]) or math.isfinite(meta["high"]):
        if hint is float:
            low = max(meta["low"], -1.7e308)
            high = min(meta["high"], 1.7e308)
            descriptor.floating_point_range = [FloatingPointRange(from_value=low, to_value=high)]
        elif hint is int:
            low = int(max(meta["low"], -(2**53)))
            high = int(min(meta["high"], 2**53))
            descriptor.integer_range = [IntegerRange(from_value=low, to_value=high, step=1)]
    return descriptor
