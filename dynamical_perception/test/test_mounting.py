"""cameras.yaml: what is right is read, what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest

from dynamical_perception.cameras.mounting import read_mountings
from dynamical_perception.errors import MountingError

GOOD = "{parent: odom, position: [1, 2, 3], quaternion: [1, 0, 0, 0]}"


def write(folder: Path, text: str) -> Path:
    path = folder / "cameras.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_mounting_is_read(tmp_path: Path):
    mountings = read_mountings(write(tmp_path, f"cameras: {{left: {GOOD}}}"))
    assert mountings["left"].fixed
    np.testing.assert_allclose(mountings["left"].pose.translation, (1, 2, 3))
    np.testing.assert_allclose(mountings["left"].pose.rotation, np.eye(3))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("cameras: [", r"cameras.yaml: is not YAML"),
        ("{}", r"must hold a mapping 'cameras"),
        ("cameras: {left: 3}", r"camera 'left': must be a mapping"),
        (
            "cameras: {left: {position: [0, 0, 0], quaternion: [1, 0, 0, 0]}}",
            r"camera 'left', field 'parent': must name a link or 'odom', got None",
        ),
        (
            "cameras: {left: {parent: odom, position: [0, 0], quaternion: [1, 0, 0, 0]}}",
            r"camera 'left', field 'position': must be 3 finite numbers, got \[0, 0\]",
        ),
        (
            "cameras: {left: {parent: odom, position: [0, 0, .nan], quaternion: [1, 0, 0, 0]}}",
            r"field 'position': must be 3 finite numbers",
        ),
        (
            "cameras: {left: {parent: odom, position: [1250, 0, 0], quaternion: [1, 0, 0, 0]}}",
            r"field 'position': .* the unit is metre",
        ),
        (
            "cameras: {left: {parent: odom, position: [0, 0, 0], quaternion: [1, 1, 0, 0]}}",
            r"field 'quaternion': must be a unit quaternion .* its length is 1.4142",
        ),
        (
            "cameras: {left: {parent: odom, yaw: 1}}",
            r"field 'yaw': unknown; known are",
        ),
        (f"cameras: {{left: {GOOD}}}", r"camera 'right': is missing"),
        (
            f"cameras: {{left: {GOOD}, right: {GOOD}, attic: {GOOD}}}",
            r"camera 'attic': is not in the graph",
        ),
    ],
)
def test_a_mistake_is_named_with_file_camera_and_field(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(MountingError, match=sentence) as caught:
        read_mountings(write(tmp_path, text), known=("left", "right"))
    assert str(tmp_path / "cameras.yaml") in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(MountingError, match=r"absent.yaml: cannot be read: No such file"):
        read_mountings(tmp_path / "absent.yaml")
