"""Lets tests import what they share: the simulated room and recorded pictures."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("MUJOCO_GL", "egl")
sys.path.insert(0, str(Path(__file__).parent))

from perception_room import Room


@pytest.fixture(scope="session")
def room() -> Iterator[Room]:
    """One simulated room for all tests; each resets it."""
    result = Room()
    yield result
    result.close()
