"""The simulated workspaces by name, as ``config/workspaces.yaml`` of the bring-up describes them."""

from collections.abc import Mapping

from dynamical_control.errors import SceneError
from dynamical_control.simulation.layout import BLUE_CUBE, RED_CUP, Block, Layout

LAB_TABLE = "lab_table"

LAYOUTS: Mapping[str, Layout] = {
    LAB_TABLE: Layout(),
    # A lower table, and a low shelf to the right of the robot.
    "low_bench": Layout(table_top=0.700, shelf_y=(-0.53, -0.33), shelf_top=0.800),
    # A high table with a post on it, to the right of where the cup stands, and a high shelf.
    # No bottle: it would stand as high as the hands rest.
    "high_counter": Layout(
        table_top=0.820,
        shelf_top=0.950,
        object_y=(-0.16, 0.20),
        objects=(RED_CUP, BLUE_CUBE),
        standard_places=((0.36, -0.12), (0.32, 0.15)),
        blocks=(Block(name="post", low=(0.34, -0.30, 0.0), high=(0.40, -0.25, 1.02)),),
    ),
}


def layout_of(workspace: str) -> Layout:
    """The measures of a workspace.

    Raises:
        SceneError: If there is none of that name.
    """
    if workspace not in LAYOUTS:
        raise SceneError(
            f"there is no simulated workspace {workspace[:80]!r}; known: {', '.join(LAYOUTS)}"
        )
    return LAYOUTS[workspace]
