"""What the constraint filter is told to keep away from."""

import numpy as np

from dynamical_safety.hazards import Sighting
from dynamical_safety.obstacle_map import TOP_DOUBT, ObstacleMap
from dynamical_safety.obstacles import ObstacleKind
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.people import People, Person
from dynamical_safety.zones import Zone, ZoneSet, ZoneType

PARAMETERS = SafetyGateParameters()
ZONE = Zone("cell", ZoneType.KEEP_OUT, ((1.0, 0.0), (2.0, 0.0), (2.0, 1.0), (1.0, 1.0)), 0.0, 2.0)


def thing(number: int, class_id: str, *, moves: bool) -> Sighting:
    return Sighting(
        id=number,
        class_id=class_id,
        centre=np.array([0.5, 0.0, 0.38]),
        size=np.array([0.6, 0.6, 0.76]),
        velocity=np.zeros(3),
        deviation=0.01,
        stamp=10.0,
        confidence=1.0,
        moves=moves,
    )


def nobody() -> People:
    return People(PARAMETERS)


def test_furniture_is_an_obstacle_up_to_what_is_not_known_of_its_top_and_a_cup_is_none() -> None:
    obstacles = ObstacleMap()
    obstacles.see([thing(1, "table", moves=False), thing(2, "cup", moves=True)])
    table = obstacles.table(nobody().boxes(10.0), ZoneSet(), ())
    assert table.names == ("table 1",)
    np.testing.assert_allclose(table.centre[0, 2] + table.half[0, 2], 0.76 - TOP_DOUBT)
    np.testing.assert_allclose(table.centre[0, 2] - table.half[0, 2], 0.0, atol=1e-9)


def test_furniture_that_is_hidden_for_a_while_stays_where_it_was() -> None:
    obstacles = ObstacleMap()
    obstacles.see([thing(1, "table", moves=False)])
    obstacles.see([])
    assert len(obstacles.table(nobody().boxes(10.0), ZoneSet(), ()).names) == 1


def test_zones_hazards_and_people_are_obstacles_each_of_its_kind() -> None:
    obstacles, people = ObstacleMap(), nobody()
    people.see(
        [Person(7, np.array([2.0, 0, 0.9]), np.array([0.4, 0.4, 1.8]), np.ones(3), 0, 10, 1)]
    )
    avoid = [("OVERHANG 1", np.zeros(3), np.ones(3), 0.2)]
    table = obstacles.table(people.boxes(10.0), ZoneSet((ZONE,)), avoid)
    assert table.names == ("OVERHANG 1", "cell", "person 7")
    assert table.kind.tolist() == [ObstacleKind.AVOID, ObstacleKind.ZONE, ObstacleKind.PERSON]
    np.testing.assert_allclose(table.velocity[2], [1.0, 1.0, 0.0])
    assert table.margin.tolist() == [0.2, 0.0, 0.0]


def test_a_zone_that_is_gone_and_a_hazard_that_is_over_are_obstacles_no_more() -> None:
    obstacles = ObstacleMap()
    avoid = [("OVERHANG 1", np.zeros(3), np.ones(3), 0.2)]
    obstacles.table(nobody().boxes(10.0), ZoneSet((ZONE,)), avoid)
    assert obstacles.table(nobody().boxes(10.0), ZoneSet(), ()).names == ()
