"""The README's tables are true: states as in the code, every named test exists."""

import ast
import re
from pathlib import Path

import pytest

from dynamical_safety.state_machine import mermaid, table

TEST = Path(__file__).parent
README = (TEST.parent / "README.md").read_text()
ROWS = re.findall(r"^\| (SAF-\d+) \| (.+?) \| `(.+?)::(.+?)` \|$", README, re.MULTILINE)


def test_the_states_in_the_readme_are_those_of_the_code() -> None:
    assert f"```mermaid\n{mermaid()}\n```\n\n{table()}\n" in README


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_requirement_names_a_test_that_exists(row: tuple[str, str, str, str]) -> None:
    tree = ast.parse((TEST / row[2]).read_text())
    assert row[3] in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_requirements_are_numbered_without_gaps() -> None:
    numbers = [int(row[0][4:]) for row in ROWS]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == README.count("| SAF-")
