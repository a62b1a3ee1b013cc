"""The same skills in three places, each adapted to its own: table, shelf, post."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ament_index_python.packages import get_package_share_directory

from dynamical_control.simulation.workspaces import LAYOUTS, layout_of
from dynamical_skills.adaptation import LocationAdaptiveSkillManager, load_workspaces
from dynamical_skills.library.store import SkillStore
from dynamical_skills.motion.trajectories import MotionLimits, slowed, time_scaled
from dynamical_skills.policies.policy import Memory, Skill

from .harness import Room, pick_and_place

CUP = {"class_id": "cup", "color": "red"}


def adaptation(room: Room, workspace: str) -> dict[str, Any]:
    """What layer 6 adds to the parameters of a grasp in a workspace."""
    path = Path(get_package_share_directory("dynamical_bringup")) / "config" / "workspaces.yaml"
    places = load_workspaces(path, only=workspace)
    return LocationAdaptiveSkillManager(places).adapt(
        SkillStore(None).get("grasp"),
        {"object": CUP},
        places[workspace],
        seen=room.observe().objects,
        now=room.elapsed,
    )


def touches(room: Room, name: str) -> bool:
    """Whether anything touches a body of the room now."""
    model, body = room.model, room.model.body(name).id
    return any(
        body in (model.geom_bodyid[contact.geom1], model.geom_bodyid[contact.geom2])
        for contact in room.data.contact[: room.data.ncon]
    )


@pytest.mark.parametrize("workspace", sorted(LAYOUTS))
@pytest.mark.parametrize("seed", [0, 2])
def test_the_cup_ends_on_the_shelf_of_every_workspace(
    skills: dict[str, Skill], workspace: str, seed: int
) -> None:
    room = Room(noise=0.004, layout=layout_of(workspace), seed=seed)
    touched: list[bool] = []
    if room.layout.blocks:
        room.on_step = lambda room: touched.append(touches(room, room.layout.blocks[0].name))
    row = pick_and_place(room, skills, "cup", adaptation=adaptation(room, workspace))
    assert row["success"], row
    assert not any(touched)


def test_a_post_that_nobody_told_the_robot_of_is_run_into(skills: dict[str, Skill]) -> None:
    room = Room(noise=0.004, layout=layout_of("high_counter"), seed=0)
    touched: list[bool] = []
    room.on_step = lambda room: touched.append(touches(room, "post"))
    pick_and_place(room, skills, "cup")
    assert any(touched)


def test_a_place_that_asks_for_less_speed_gets_it(skills: dict[str, Skill], room: Room) -> None:
    seen = room.observe()
    usual = next(skills["look_at"].run(seen, {"object": CUP}, Memory()))
    slow = next(skills["look_at"].run(seen, {"object": CUP, "speed": 0.5}, Memory()))
    assert slow.duration == pytest.approx(2.0 * usual.duration, abs=2 * usual.period)


def test_a_slowed_motion_goes_the_same_way() -> None:
    names = ("waist_yaw_joint", "right_elbow_joint")
    knots = [[0.0, 0.0], [0.6, -0.4], [0.2, 0.3]]
    motion = time_scaled(np.array(knots), names, limits=MotionLimits())
    half = slowed(motion, 0.5)
    assert half.position[-1].tolist() == pytest.approx(knots[-1])
    assert abs(half.velocity).max() == pytest.approx(0.5 * abs(motion.velocity).max(), rel=0.05)
    assert slowed(motion, 1.0) is motion
