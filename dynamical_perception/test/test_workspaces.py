"""workspaces.yaml: what is right is read, what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest

from dynamical_perception.errors import WorkspaceError
from dynamical_perception.workspaces import read_workspaces


def write(folder: Path, text: str) -> Path:
    path = folder / "workspaces.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_workspace_is_read_and_holds_what_lies_within(tmp_path: Path):
    text = "workspaces: [{id: cell, speed: 1.0, bounds: {min: [0, 0, 0], max: [1, 2, 3]}}]"
    (cell,) = read_workspaces(write(tmp_path, text))
    assert cell.id == "cell"
    assert cell.contains(np.array([0.5, 1.5, 2.5]))
    assert not cell.contains(np.array([1.5, 1.5, 2.5]))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("workspaces: {", "is not YAML"),
        ("3", "must hold a list 'workspaces"),
        ("workspaces: [{name: x}]", "every workspace needs an 'id'"),
        ("workspaces: [{id: cell}]", "workspace 'cell': bounds must be"),
        (
            "workspaces: [{id: cell, bounds: {min: [0, 0], max: [1, 1]}}]",
            "workspace 'cell': bounds",
        ),
        (
            "workspaces: [{id: cell, bounds: {min: [0, 0, 2], max: [1, 1, 1]}}]",
            "with min below max",
        ),
    ],
)
def test_a_mistake_is_named_with_file_and_workspace(tmp_path: Path, text: str, sentence: str):
    with pytest.raises(WorkspaceError, match=sentence) as caught:
        read_workspaces(write(tmp_path, text))
    assert str(tmp_path / "workspaces.yaml") in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path):
    with pytest.raises(WorkspaceError, match=r"absent.yaml: cannot be read"):
        read_workspaces(tmp_path / "absent.yaml")
