"""Zones, hazards and tracks go through messages and come out as they were."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynamical_interfaces.msg import Hazard as HazardMessage
from dynamical_interfaces.msg import HazardType, SafetyZone, Track, TrackArray
from dynamical_safety import conversions
from dynamical_safety.errors import HazardError
from dynamical_safety.hazards import KINDS, Hazard, HazardKind
from dynamical_safety.zones import Applies, Zone, ZoneType

NUMBERS = st.floats(-100.0, 100.0, width=32)
SHARES = st.floats(0.0, 1.0, width=32)


@given(
    st.sampled_from(list(ZoneType)),
    st.sampled_from(list(Applies)),
    st.lists(st.tuples(NUMBERS, NUMBERS), max_size=6),
    st.tuples(NUMBERS, NUMBERS, SHARES, SHARES),
)
def test_a_zone_is_the_same_after_a_message(
    kind: Any, whom: Any, polygon: Any, numbers: Any
) -> None:
    low, high, scale, limit = numbers
    zone = Zone("z", kind, tuple(polygon), low, high, scale, limit, whom)
    message = conversions.zone_to_msg(zone, SafetyZone())
    assert conversions.zone_from_msg(message) == zone


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS), st.tuples(SHARES, SHARES, SHARES, SHARES))
def test_a_hazard_is_the_same_after_a_message(place: Any, shares: Any) -> None:
    hazard = Hazard("h", "STAIRS", place, (1.0, 2.0, 3.0), shares[0], "slow", *shares[1:])
    message = conversions.hazard_to_msg(hazard, HazardMessage())
    assert conversions.hazard_from_msg(message) == hazard


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_the_same_after_a_message_and_says_that_it_is_built_in(name: str) -> None:
    message = conversions.hazard_kind_to_msg(name, KINDS[name], HazardType())
    assert message.built_in
    kind = conversions.hazard_kind_from_msg(message)
    assert kind.behaviour == KINDS[name].behaviour
    assert kind.clearance == pytest.approx(KINDS[name].clearance)
    own = conversions.hazard_kind_to_msg("OWN", HazardKind(0.5, "stop"), HazardType())
    assert not own.built_in
    own.behaviour = "run"
    with pytest.raises(HazardError, match=r"'OWN'.*'run'"):
        conversions.hazard_kind_from_msg(own)


def test_people_and_things_are_told_apart() -> None:
    message = TrackArray(
        tracks=[
            Track(id=1, class_id="person", motion=Track.MOTION_AGENT),
            Track(id=2, class_id="forklift", motion=Track.MOTION_AGENT),
            Track(id=3, class_id="stairs", motion=Track.MOTION_STATIC),
        ]
    )
    message.tracks[1].velocity.x = -1.0
    message.tracks[1].covariance = np.full(36, np.nan)
    tracks = conversions.tracks_from_msg(message)
    assert [person.id for person in tracks.people] == [1, 2]
    forklift, stairs = tracks.things
    assert (forklift.class_id, forklift.moves, stairs.moves) == ("forklift", True, False)
    assert forklift.deviation == 1.0
    assert forklift.velocity[0] == -1.0
