"""The simulated rooms are what ``workspaces.yaml`` says of them, under the same names."""

from pathlib import Path

import pytest
from ament_index_python.packages import get_package_share_directory

from dynamical_control.errors import SceneError
from dynamical_control.simulation.workspaces import LAYOUTS, layout_of
from dynamical_skills.workspaces import load_workspaces

FILE = Path(get_package_share_directory("dynamical_bringup")) / "config" / "workspaces.yaml"


@pytest.mark.parametrize("name", sorted(LAYOUTS))
def test_a_simulated_room_has_the_heights_and_fixed_things_of_its_workspace(name):
    layout, workspace = layout_of(name), load_workspaces(FILE, only=name)[name]
    assert workspace.table_height == layout.table_top
    assert workspace.shelf_heights == (layout.shelf_top,)
    assert [(item.name, item.minimum, item.maximum) for item in workspace.obstacles] == [
        (block.name, block.low, block.high) for block in layout.blocks
    ]


def test_a_room_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(SceneError, match="no simulated workspace 'attic'; known: lab_table"):
        layout_of("attic")
