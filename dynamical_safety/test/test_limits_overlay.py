"""Files that tighten joint limits: read as meant, refused with the line that is wrong."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dynamical_safety.errors import LimitsError, OverlayError
from dynamical_safety.limits import gate_limits
from dynamical_safety.limits_overlay import LimitsOverlay, read_limits_overlay

NAMES = ("left_elbow_joint", "left_wrist_roll_joint", "right_elbow_joint")
SHIPPED = Path(__file__).parents[2] / "dynamical_bringup/config/robots/unitree_g1.yaml"


def _read(folder: Path, text: str, names: tuple[str, ...] = NAMES) -> LimitsOverlay:
    path = folder / "overlay.yaml"
    path.write_text(text, encoding="utf-8")
    return read_limits_overlay(path, names)


def test_names_and_patterns_give_values_and_the_tightest_holds(tmp_path: Path) -> None:
    overlay = _read(
        tmp_path,
        "limits:\n"
        "  left_elbow_joint: {velocity: 1.0, margin: 0.01}\n"
        "  '.*_elbow_joint': {velocity: 1.5, margin: 0.02, lower: -0.5}\n"
        "reduced:\n"
        "  '.*': {power: 10}\n",
    )
    np.testing.assert_array_equal(overlay.limits["velocity"], [1.0, np.nan, 1.5])
    np.testing.assert_array_equal(overlay.limits["margin"], [0.02, np.nan, 0.02])
    np.testing.assert_array_equal(overlay.limits["lower"], [-0.5, np.nan, -0.5])
    np.testing.assert_array_equal(overlay.reduced["power"], [10.0, 10.0, 10.0])
    assert set(overlay.limits) == {"velocity", "margin", "lower"}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("", 0, "empty"),
        ("limits: [", 1, "not YAML"),
        ("- limits\n", 1, "file must be a mapping"),
        ("limit: {}\n", 1, "'limit' is unknown, want 'limits' or 'reduced'"),
        ("limits:\n  left_hip_joint: {jerk: 1}\n", 2, "'left_hip_joint': the robot has no such"),
        ("limits:\n  'elbow': {jerk: 1}\n", 2, "'elbow': the robot has no such joint"),
        ("limits:\n  '(': {jerk: 1}\n", 2, "neither a name nor a regular expression"),
        ("limits:\n  '.*':\n    speed: 1\n", 3, "'speed' is unknown, want 'lower'"),
        ("reduced:\n  '.*':\n    upper: 1\n", 3, "'upper' is unknown, want 'velocity'"),
        ("limits:\n  '.*':\n    power: -1\n", 3, "power is -1 W, want >= 0 W"),
        ("limits:\n  '.*':\n    jerk: 0\n", 3, "jerk is 0 rad/s^3, want > 0 rad/s^3"),
        ("limits:\n  '.*':\n    jerk: .nan\n", 3, "want a number in rad/s^3"),
        ("limits:\n  '.*':\n    jerk: .inf\n", 3, "want a number in rad/s^3"),
        ("limits:\n  '.*':\n    jerk: fast\n", 3, "jerk is 'fast', want a number in rad/s^3"),
        ("limits:\n  '.*':\n    jerk: [1]\n", 3, "jerk is 'a collection', want a number"),
        ("limits:\n  '.*':\n    jerk: 1\n    jerk: 2\n", 4, "'jerk' stands twice"),
        ("limits:\n  '.*': 3\n", 2, "joint '.*' must be a mapping"),
    ],
)
def test_a_malformed_overlay_is_refused_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    with pytest.raises(OverlayError) as caught:
        _read(tmp_path, text)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert str(tmp_path / "overlay.yaml") in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OverlayError, match=r"nowhere\.yaml: cannot be read"):
        read_limits_overlay(tmp_path / "nowhere.yaml", NAMES)
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OverlayError, match=r"binary\.yaml: is not text"):
        read_limits_overlay(tmp_path / "binary.yaml", NAMES)


def test_an_overlay_only_ever_tightens(robot: Any, tmp_path: Path) -> None:
    loose = _read(
        tmp_path,
        "limits:\n  '.*': {lower: -9, upper: 9, velocity: 99, acceleration: 9999, jerk: 9999999,"
        " effort: 999, power: 9999, margin: 0}\n"
        "reduced:\n  '.*': {velocity: 99, acceleration: 9999, jerk: 9999999, power: 9999}\n",
        robot.urdf.names,
    )
    plain, laid = robot.limits, gate_limits(robot.urdf, robot.parameters, loose)
    careful = laid.reduced(robot.parameters, loose)
    expected = plain.reduced(robot.parameters)
    for field in ("lower", "upper", "velocity", "acceleration", "jerk", "effort", "power"):
        np.testing.assert_array_equal(getattr(laid, field), getattr(plain, field))
        np.testing.assert_array_equal(getattr(careful, field), getattr(expected, field))


def test_an_overlay_that_leaves_no_range_is_refused_with_the_joints_name(
    robot: Any, tmp_path: Path
) -> None:
    overlay = _read(
        tmp_path, "limits:\n  right_elbow_joint: {lower: 1.0, upper: 0.9}\n", robot.urdf.names
    )
    with pytest.raises(LimitsError, match=r"'right_elbow_joint': upper minus lower position"):
        gate_limits(robot.urdf, robot.parameters, overlay)


def test_the_robots_own_overlay_is_well_formed_and_tightens_it(robot: Any) -> None:
    overlay = read_limits_overlay(SHIPPED, robot.urdf.names)
    limits = gate_limits(robot.urdf, robot.parameters, overlay)
    assert limits.velocity[limits.names.index("waist_yaw_joint")] < 2.0
    careful = limits.reduced(robot.parameters, overlay)
    for field in ("velocity", "acceleration", "jerk", "effort", "power"):
        assert (getattr(limits, field) <= getattr(robot.limits, field)).all()
        assert (getattr(careful, field) <= getattr(limits, field)).all()
