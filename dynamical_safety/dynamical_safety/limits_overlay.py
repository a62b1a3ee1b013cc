"""Tighter joint limits of one robot or one site, from a YAML file.

::

    limits:
      ".*_wrist_.*": {acceleration: 15.0, jerk: 1500.0}    # a regular expression
      right_elbow_joint: {upper: 1.9, margin: 0.02}        # or a joint's name
    reduced:
      ".*_shoulder_.*": {velocity: 0.5}

Keys match whole joint names. Where several match a joint, the tightest value holds, whatever their
order. An overlay only tightens what the URDF and the parameters say; it cannot loosen it. Units:
[rad], [rad/s], [rad/s^2], [rad/s^3], [N m], [W].
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from dynamical_safety.errors import OverlayError

# Unit, and smallest value that is allowed, of every field.
FIELDS: Mapping[str, tuple[str, float]] = {
    "lower": ("rad", -math.inf),
    "upper": ("rad", -math.inf),
    "margin": ("rad", 0.0),
    "velocity": ("rad/s", 0.0),
    "acceleration": ("rad/s^2", 0.0),
    "jerk": ("rad/s^3", 0.0),
    "effort": ("N m", 0.0),
    "power": ("W", 0.0),
}
REDUCED_FIELDS = ("velocity", "acceleration", "jerk", "effort", "power")
# A joint without any of these could not move at all; it would also have no stop.
POSITIVE = frozenset({"velocity", "acceleration", "jerk"})
LARGER_IS_TIGHTER = frozenset({"lower", "margin"})
BLOCKS: Mapping[str, tuple[str, ...]] = {"limits": tuple(FIELDS), "reduced": REDUCED_FIELDS}


@dataclass(frozen=True, slots=True)
class LimitsOverlay:
    """Limits by the name of their field; arrays of shape (n,), NaN = not given.

    Attributes:
        limits: Of normal work; any of ``FIELDS``.
        reduced: Of the state REDUCED; any of ``REDUCED_FIELDS``.
    """

    limits: Mapping[str, np.ndarray]
    reduced: Mapping[str, np.ndarray]


def read_limits_overlay(path: Path, names: tuple[str, ...]) -> LimitsOverlay:
    """Read an overlay for the joints of a robot.

    Args:
        path: The file.
        names: Joint names of the robot.

    Raises:
        OverlayError: With file, line and what would be right.
    """
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise OverlayError(path, 0, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise OverlayError(path, 0, f"is not text in UTF-8: {error.reason}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = 0 if mark is None else mark.line + 1
        raise OverlayError(path, line, f"is not YAML: {' '.join(str(error).split())}") from error
    blocks: dict[str, dict[str, np.ndarray]] = {block: {} for block in BLOCKS}
    if root is None:
        raise OverlayError(path, 0, f"is empty, want blocks {_listed(BLOCKS)}")
    reader = _Reader(path, names)
    for block, _, content in reader.pairs(root, "file", known=tuple(BLOCKS)):
        for pattern, key, fields in reader.pairs(content, f"block {block!r}"):
            joints = reader.joints(pattern, key)
            what = f"joint {pattern!r}"
            for field, _, value in reader.pairs(fields, what, known=BLOCKS[block]):
                number = reader.number(value, f"{what}: {field}", field)
                values = blocks[block].setdefault(field, np.full(len(names), np.nan))
                tighter = np.fmax if field in LARGER_IS_TIGHTER else np.fmin
                values[joints] = tighter(values[joints], number)
    return LimitsOverlay(blocks["limits"], blocks["reduced"])


@dataclass(frozen=True, slots=True)
class _Reader:
    """Takes YAML nodes apart; each error says in which line."""

    path: Path
    names: tuple[str, ...]

    def pairs(
        self, node: yaml.Node, what: str, *, known: tuple[str, ...] | None = None
    ) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Key, its node and its value's node of every entry of a mapping."""
        if not isinstance(node, yaml.MappingNode):
            raise self._error(node, f"{what} must be a mapping 'key: value'")
        seen: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if not name:
                raise self._error(key, f"{what}: a key must be a name")
            if known is not None and name not in known:
                raise self._error(key, f"{what}: {name!r} is unknown, want {_listed(known)}")
            if name in seen:
                raise self._error(key, f"{what}: {name!r} stands twice")
            seen.add(name)
            yield name, key, value

    def joints(self, pattern: str, node: yaml.Node) -> np.ndarray:
        """Indices of the joints that a key names."""
        if pattern in self.names:
            return np.array([self.names.index(pattern)])
        try:
            expression = re.compile(pattern)
        except re.error as error:
            raise self._error(
                node, f"joint {pattern!r} is neither a name nor a regular expression: {error}"
            ) from error
        matching = [i for i, name in enumerate(self.names) if expression.fullmatch(name)]
        if not matching:
            raise self._error(node, f"joint {pattern!r}: the robot has no such joint")
        return np.array(matching)

    def number(self, node: yaml.Node, what: str, field: str) -> float:
        """A finite number that is allowed for a field."""
        unit, low = FIELDS[field]
        text = str(node.value) if isinstance(node, yaml.ScalarNode) else "a collection"
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number):
            raise self._error(node, f"{what} is {text!r}, want a number in {unit}")
        if number < low or (field in POSITIVE and number == 0.0):
            sign = ">" if field in POSITIVE else ">="
            raise self._error(node, f"{what} is {number:g} {unit}, want {sign} {low:g} {unit}")
        return number

    def _error(self, node: yaml.Node, problem: str) -> OverlayError:
        return OverlayError(self.path, node.start_mark.line + 1, problem)


def _listed(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return " or ".join(repr(name) for name in names)
