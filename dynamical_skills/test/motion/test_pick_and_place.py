"""Pick and place with friction alone, from poses as noisy as a camera's."""

import pytest

from dynamical_skills.policies.policy import Skill

from .harness import Room, pick_and_place

PERCEPTION_NOISE = 0.004


@pytest.mark.parametrize(
    ("seed", "class_id"),
    [(0, "cup"), (1, "cup"), (4, "cup"), (102, "cup"), (3, "bottle"), (203, "cube")],
)
def test_an_object_placed_at_random_ends_on_the_shelf(
    the_room: Room, skills: dict[str, Skill], seed: int, class_id: str
) -> None:
    the_room.noise = PERCEPTION_NOISE
    the_room.reset(seed)
    row = pick_and_place(the_room, skills, class_id)
    assert row["success"], row
    assert row["lift"] > 0.10
    assert row["placement_error"] < 0.02
