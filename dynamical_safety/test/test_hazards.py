"""Hazards: people are some, the nearer the graver; kinds are data."""

from typing import Any

import numpy as np
import pytest

from dynamical_safety.hazards import KINDS, HazardKind, people_hazards
from dynamical_safety.people import People, Person


def test_every_kind_of_the_seed_is_there() -> None:
    assert set(KINDS) == {
        "OVERHANG",
        "SLIPPERY_FLOOR",
        "STAIRS",
        "UNEVEN_GROUND",
        "PERSON",
        "FORKLIFT",
        "UNKNOWN",
    }


def test_a_custom_kind_is_checked() -> None:
    assert HazardKind(0.3, "avoid", clearance=0.1).speed_factor == 1.0
    with pytest.raises(ValueError, match="behaviour is 'run'"):
        HazardKind(0.3, "run")
    with pytest.raises(ValueError, match="severity is 2"):
        HazardKind(2.0, "stop")
    with pytest.raises(ValueError, match="clearance is -1"):
        HazardKind(0.5, "stop", clearance=-1.0)


def test_a_person_is_the_graver_a_hazard_the_nearer(robot: Any) -> None:
    memory = People(robot.parameters)
    memory.see(
        Person(key, np.array([x, 0, 0.9]), np.full(3, 0.4), np.zeros(3), 0.0, 5.0, 0.9)
        for key, x in ((1, 1.0), (2, 2.0), (3, 4.0))
    )
    boxes = memory.boxes(5.0)
    near, middle, far = people_hazards(boxes, np.array([0.3, 0.7, 3.0]), robot.parameters)
    assert near.severity > middle.severity > far.severity
    assert (near.behaviour, middle.behaviour, far.behaviour) == ("stop", "slow", "inform")
    assert near.id == "person_1"
    assert near.hazard_type == "PERSON"
