"""Hazards: kinds are data, placed ones are checked, people are some, near ones act."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety import hazard_store
from dynamical_safety.errors import HazardError
from dynamical_safety.hazard_rules import HazardMonitor
from dynamical_safety.hazards import (
    BEHAVIOURS,
    KINDS,
    Hazard,
    HazardKind,
    HazardSet,
    Sighting,
    by_severity,
    kind_name,
    people_hazards,
)
from dynamical_safety.people import People, Person
from dynamical_safety.state_machine import Cause
from dynamical_safety.world import Motion, World
from dynamical_safety.zones import ZoneSet


def hazard(**changes: Any) -> Hazard:
    fields: dict[str, Any] = {
        "id": "h1",
        "hazard_type": "FORKLIFT",
        "position": (2.0, 0.0, 1.0),
        "size": (1.0, 1.0, 2.0),
        "severity": 0.5,
        "behaviour": "",
        "speed_factor": 1.0,
        "clearance": 0.0,
        "confidence": 1.0,
    }
    return Hazard(**{**fields, **changes})


def placed(*hazards: Hazard) -> HazardSet:
    return HazardSet().edited(put=hazards)


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
    with pytest.raises(ValueError, match="clearance is nan"):
        HazardKind(0.5, "stop", clearance=math.nan)


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


def test_a_placed_hazard_asks_for_what_its_kind_asks_for() -> None:
    one = placed(hazard()).placed[0]
    assert (one.behaviour, one.clearance, one.severity) == ("stop", 1.5, 1.0)
    own = placed(hazard(behaviour="slow", speed_factor=0.7, clearance=2.0)).placed[0]
    assert (own.behaviour, own.speed_factor, own.clearance) == ("slow", 0.7, 2.0)
    graver = placed(hazard(hazard_type="UNKNOWN", severity=0.9)).placed[0]
    assert graver.behaviour == "stop"


@given(st.floats(0.0, 1.0), st.sampled_from(["", *BEHAVIOURS]), st.floats(0.0, 1.0))
def test_a_kind_nobody_has_defined_is_never_merely_shown(
    severity: float, behaviour: str, factor: float
) -> None:
    unheard = hazard(
        hazard_type="LAVA", severity=severity, behaviour=behaviour, speed_factor=factor
    )
    one = placed(unheard).placed[0]
    least = by_severity(severity)
    assert BEHAVIOURS.index(one.behaviour) >= BEHAVIOURS.index(least.behaviour)
    assert BEHAVIOURS.index(least.behaviour) >= BEHAVIOURS.index("slow")
    assert one.clearance >= least.clearance > 0.0
    assert one.speed_factor <= max(least.speed_factor, 0.0) or one.behaviour == "stop"


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_a_graver_hazard_asks_for_no_less_care(a: float, b: float) -> None:
    low, high = by_severity(min(a, b)), by_severity(max(a, b))
    assert BEHAVIOURS.index(high.behaviour) >= BEHAVIOURS.index(low.behaviour)
    assert by_severity(math.nan).behaviour == "stop"


BAD = [
    ({"id": ""}, "id of 0 characters"),
    ({"id": "person_3"}, "gate gives"),
    ({"hazard_type": "fork lift"}, "type 'fork lift'"),
    ({"position": (math.nan, 0.0, 0.0)}, "is at"),
    ({"position": (1e9, 0.0, 0.0)}, "is at"),
    ({"size": (-1.0, 0.0, 0.0)}, "size"),
    ({"size": (math.inf, 0.0, 0.0)}, "size"),
    ({"severity": 2.0}, "severity 2"),
    ({"severity": math.nan}, "severity nan"),
    ({"confidence": math.nan}, "confidence nan"),
    ({"behaviour": "run"}, "'run'"),
    ({"behaviour": "slow", "speed_factor": -1.0}, "speed_factor is -1"),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD)
def test_a_malformed_hazard_is_refused_and_named(changes: Any, sentence: str) -> None:
    with pytest.raises(HazardError, match=sentence) as caught:
        placed(hazard(**changes))
    assert caught.value.subject == changes.get("id", "h1")


def test_kinds_are_added_replaced_and_removed_but_not_the_built_in_ones() -> None:
    wet = HazardKind(0.6, "slow", speed_factor=0.4, clearance=0.3)
    hazards = HazardSet().edited(put_kinds={"WET_PAINT": wet})
    assert hazards.kinds["WET_PAINT"] == wet
    used = hazards.edited(put=[hazard(hazard_type="WET_PAINT")])
    assert used.placed[0].speed_factor == 0.4
    with pytest.raises(HazardError, match="'h1' is of that kind"):
        used.edited(remove_kinds=["WET_PAINT"])
    assert "WET_PAINT" not in used.edited(remove_kinds=["WET_PAINT"], remove=["h1"]).kinds
    with pytest.raises(HazardError, match="built-in"):
        hazards.edited(remove_kinds=["FORKLIFT"])
    with pytest.raises(HazardError, match="built-in"):
        hazards.edited(put_kinds={"FORKLIFT": wet})
    with pytest.raises(HazardError, match="no kind here"):
        hazards.edited(remove_kinds=["LAVA"])
    with pytest.raises(HazardError, match="is not placed"):
        hazards.edited(remove=["h9"])
    with pytest.raises(HazardError, match="not a name"):
        hazards.edited(put_kinds={"wet paint": wet})
    assert (hazards.version, used.version) == (1, 2)


def test_a_class_of_perception_names_its_kind() -> None:
    assert kind_name("forklift") == "FORKLIFT"
    assert kind_name("wet floor") == "SLIPPERY_FLOOR"
    assert kind_name("pallet-truck") == "FORKLIFT"
    assert kind_name("cup") not in KINDS


def assess(robot: Any, hazards: HazardSet, *things: Sighting, now: float = 1.0) -> Any:
    monitor = HazardMonitor(robot.parameters, hazards)
    monitor.see(things)
    return monitor.assess(robot.kinematics.centres(np.zeros(43)), robot.kinematics.spheres, now)


def test_a_hazard_that_stops_does_so_within_its_clearance_of_any_link(robot: Any) -> None:
    found = assess(robot, placed(hazard(position=(2.3, 0.0, 1.0))))
    reason = found.causes[Cause.HAZARD_STOP]
    assert found.speed_scale == 0.0
    assert (reason.code, reason.subject) == (ErrorCode.HAZARD_NEAR, "h1")
    assert reason.value < reason.limit == pytest.approx(1.6)
    assert "hand" in reason.text
    assert not assess(robot, placed(hazard(position=(2.7, 0.0, 1.0)))).causes


def test_hazards_that_slow_act_near_and_the_slowest_counts(robot: Any) -> None:
    spill = hazard(hazard_type="SLIPPERY_FLOOR", position=(0.0, 0.0, 0.0), size=(1.0, 1.0, 0.0))
    uneven = hazard(
        id="h2",
        hazard_type="UNEVEN_GROUND",
        position=(0.0, 0.0, 0.0),
        behaviour="slow",
        speed_factor=0.2,
        severity=0.4,
    )
    found = assess(robot, placed(spill))
    assert (found.speed_scale, list(found.causes)) == (0.5, [Cause.HAZARD_SLOW])
    both = assess(robot, placed(spill, uneven))
    assert both.speed_scale == 0.2
    assert both.causes[Cause.HAZARD_SLOW].subject == "h2"
    away = hazard(hazard_type="SLIPPERY_FLOOR", position=(3.0, 0.0, 0.0), size=(1.0, 1.0, 0.0))
    assert assess(robot, placed(away)).speed_scale == 1.0


def test_hazards_to_avoid_are_boxes_and_hazards_to_inform_of_do_nothing(robot: Any) -> None:
    beam = hazard(hazard_type="OVERHANG", position=(0.5, 0.0, 1.3), size=(0.4, 2.0, 0.2))
    note = hazard(id="h2", hazard_type="UNKNOWN", position=(0.0, 0.0, 1.0), severity=0.1)
    hazards = placed(beam, note)
    assert not assess(robot, hazards).causes
    ((name, centre, half, clearance),) = HazardMonitor(robot.parameters, hazards).avoid_boxes(0.0)
    assert name == "h1"
    np.testing.assert_allclose(centre, (0.5, 0.0, 1.3))
    np.testing.assert_allclose(half, (0.2, 1.0, 0.1))
    assert clearance == pytest.approx(0.2 + robot.parameters.hazard_margin)


def sighting(x: float, **changes: Any) -> Sighting:
    fields: dict[str, Any] = {
        "id": 7,
        "class_id": "forklift",
        "centre": np.array([x, 0.0, 1.0]),
        "size": np.array([1.0, 1.0, 2.0]),
        "velocity": np.zeros(3),
        "deviation": 0.0,
        "stamp": 1.0,
        "confidence": 0.9,
    }
    return Sighting(**{**fields, **changes})


def test_a_forklift_that_is_seen_stops_the_robot_and_a_cup_does_not(robot: Any) -> None:
    found = assess(robot, HazardSet(), sighting(2.0))
    assert found.causes[Cause.HAZARD_STOP].subject == "track_7"
    assert not assess(robot, HazardSet(), sighting(0.5, class_id="cup")).causes
    site = HazardSet().edited(put_kinds={"GLASS_CART": HazardKind(0.7, "stop", clearance=1.0)})
    assert assess(robot, site, sighting(1.5, class_id="glass cart")).causes


@given(
    st.floats(1.0, 8.0),
    st.floats(-3.0, 0.0),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
    st.floats(0, 0.5),
)
def test_an_older_or_less_certain_sighting_never_allows_more(
    robot: Any, x: float, speed: float, unsure: float, more: float, older: float
) -> None:
    velocity = np.array([speed, 0.0, 0.0])
    seen = sighting(x, velocity=velocity, deviation=unsure)
    before = assess(robot, HazardSet(), seen, now=1.0)
    less_sure = sighting(x, velocity=velocity, deviation=unsure + more)
    assert assess(robot, HazardSet(), less_sure, now=1.0).speed_scale <= before.speed_scale
    assert assess(robot, HazardSet(), seen, now=1.0 + older).speed_scale <= before.speed_scale


def test_a_hazard_that_comes_stops_earlier_and_one_no_longer_seen_is_believed_in(
    robot: Any,
) -> None:
    assert not assess(robot, HazardSet(), sighting(2.75)).causes
    coming = sighting(2.75, velocity=np.array([-2.0, 0.0, 0.0]))
    assert assess(robot, HazardSet(), coming).causes
    memory = robot.parameters.hazard_memory
    assert assess(robot, HazardSet(), sighting(2.0), now=1.0 + 0.9 * memory).causes
    assert not assess(robot, HazardSet(), sighting(2.0), now=1.1 + memory).causes


def test_a_sighting_that_is_no_number_stops_the_robot(robot: Any) -> None:
    assert assess(robot, HazardSet(), sighting(math.nan)).speed_scale == 0.0
    assert assess(robot, HazardSet(), sighting(9.0, deviation=math.inf)).speed_scale == 0.0


def test_hazards_survive_a_restart_and_a_damaged_file_is_refused(tmp_path: Path) -> None:
    assert hazard_store.load(tmp_path).version == 0
    kind = HazardKind(0.7, "stop", clearance=1.0)
    hazards = HazardSet().edited(put_kinds={"GLASS": kind}, put=[hazard(hazard_type="GLASS")])
    hazard_store.save(tmp_path, hazards)
    again = hazard_store.load(tmp_path)
    assert (again.custom, again.placed, again.version) == (hazards.custom, hazards.placed, 1)
    path = tmp_path / hazard_store.FILE_NAME
    content = json.loads(path.read_text())
    for damage in ("{ not json", "[]", json.dumps({**content, "placed": [{"id": "x"}]})):
        path.write_text(damage)
        with pytest.raises(HazardError, match=r"hazards\.json"):
            hazard_store.load(tmp_path)


def test_hazards_reach_the_survey_and_an_older_change_is_refused(robot: Any) -> None:
    world = World(robot.kinematics, parameters=robot.parameters, zones=ZoneSet())
    rest = np.zeros(43)
    fresh = world.hazard_monitor.hazards.edited(put=[hazard()])
    late = world.hazard_monitor.hazards.edited(put=[hazard(id="late")])
    assert world.adopt_hazards(fresh) is None
    found = world.survey(Motion(rest, rest, rest, None), 1.0)
    assert Cause.HAZARD_STOP in found.causes
    assert found.speed_scale == 0.0
    assert world.adopt_hazards(late).code == ErrorCode.VERSION_CONFLICT
    assert [item.id for item in world.hazards(rest, 1.0)] == ["h1"]
