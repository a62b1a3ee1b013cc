"""Every measure of the simulated room, in one place.

Frame: odom (x forward, y left, z up, floor at z = 0).
"""

import math
from dataclasses import dataclass, field
from typing import ClassVar

from dynamical_control.simulation.cameras import HEAD, CameraMount

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """One movable object; all are stood on their base.

    Attributes:
        name: Instance name.
        class_id: What it is.
        radius: Of a round object, or half the edge of a cube [m].
        height: [m].
        mass: [kg].
        rgba: Colour, each 0..1.
    """

    name: str
    class_id: str
    radius: float
    height: float
    mass: float
    rgba: tuple[float, float, float, float]


RED_CUP = ObjectShape("red_cup", "cup", 0.033, 0.100, 0.150, (0.80, 0.07, 0.07, 1.0))
BLUE_CUBE = ObjectShape("blue_cube", "cube", 0.025, 0.050, 0.100, (0.08, 0.22, 0.78, 1.0))
GREEN_BOTTLE = ObjectShape("green_bottle", "bottle", 0.030, 0.180, 0.200, (0.06, 0.52, 0.20, 1.0))


# A travel mug: tall enough for two hands, one above the other.
RED_MUG = ObjectShape("red_cup", "cup", 0.033, 0.200, 0.150, (0.80, 0.07, 0.07, 1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """Where another robot of the same kind stands.

    Attributes:
        x: Of its pelvis [m].
        y: [m].
        yaw: Heading, 0 = as the first robot's [rad].
        prefix: Begins the names of its bodies, joints and cameras in the simulated world.
    """

    prefix: ClassVar[str] = "partner_"
    x: float
    y: float
    yaw: float

    def quaternion(self) -> tuple[float, float, float, float]:
        """Its heading, w x y z."""
        return (math.cos(self.yaw / 2.0), 0.0, 0.0, math.sin(self.yaw / 2.0))

    def seen_from(self, point: tuple[float, float, float]) -> tuple[float, float, float]:
        """A point of the first robot's ``odom`` in this one's [m]."""
        x, y = point[0] - self.x, point[1] - self.y
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        return (cos * x + sin * y, -sin * x + cos * y, point[2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fixed box in the way, such as a post: no perception names it, the site's data does.

    Attributes:
        name: Its name.
        low: Least x, y, z [m].
        high: Greatest x, y, z [m].
    """

    name: str
    low: tuple[float, float, float]
    high: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The room around the robot, whose pelvis is held at (0, 0, 0.793) facing +x.

    Both arms reach all of ``object_x`` x ``object_y`` and the shelf's board with the waist's help.

    Attributes:
        table_x: Extent of the table top along x [m].
        table_y: Along y [m].
        table_top: Height of its surface [m].
        table_thickness: [m].
        shelf_x: Extent of the shelf's board along x [m].
        shelf_y: Along y [m].
        shelf_top: Height of the board's upper surface [m].
        shelf_thickness: [m].
        object_x: Where object centres may be put, along x [m].
        object_y: Along y [m].
        lane: Smallest distance of two objects along y [m]: no object stands in the way to another.
        objects: What lies on the table.
        standard_places: x, y of each object for seed 0 [m].
        cameras: Fixed cameras of the room.
        head_camera: Camera on the robot's torso link; mounted in the robot's model.
        demo_camera: View for pictures and videos; no sensor.
        partner: Where a second robot stands, or ``None``.
        blocks: Fixed things in the way.
    """

    table_x: Span = (0.20, 0.86)
    table_y: Span = (-0.30, 0.30)
    table_top: float = 0.760
    table_thickness: float = 0.030
    shelf_x: Span = (0.12, 0.38)
    shelf_y: Span = (0.33, 0.53)
    shelf_top: float = 0.860
    shelf_thickness: float = 0.024
    object_x: Span = (0.25, 0.45)
    object_y: Span = (-0.20, 0.20)
    lane: float = 0.12
    objects: tuple[ObjectShape, ...] = (RED_CUP, BLUE_CUBE, GREEN_BOTTLE)
    standard_places: tuple[Span, ...] = ((0.36, -0.12), (0.32, 0.15), (0.43, 0.02))
    cameras: tuple[CameraMount, ...] = field(
        default=(
            CameraMount("room_left", "odom", (1.25, 1.20, 1.60), (0.42, 0.10, 0.80), fovy=54.0),
            CameraMount("room_right", "odom", (1.25, -1.20, 1.60), (0.42, 0.02, 0.80), fovy=54.0),
        )
    )
    head_camera: CameraMount = field(default=HEAD)
    demo_camera: CameraMount = field(
        default=CameraMount(
            "demo",
            "odom",
            (1.52, -1.02, 1.56),
            (0.20, 0.11, 0.88),
            fovy=42.0,
            width=640,
            height=480,
        )
    )
    partner: Stand | None = None
    blocks: tuple[Block, ...] = ()


# Two robots face each other across a narrow table; what one holds out the other can take.
TWO_ROBOTS = Layout(
    table_x=(0.20, 0.52),
    object_x=(0.25, 0.40),
    objects=(RED_MUG, BLUE_CUBE),
    standard_places=((0.34, -0.10), (0.32, 0.15)),
    partner=Stand(x=0.90, y=0.0, yaw=math.pi),
)


def sensor_cameras(layout: Layout) -> tuple[CameraMount, ...]:
    """All cameras that perception sees, the head first."""
    return (layout.head_camera, *layout.cameras)


START_POSTURE = {
    "left_shoulder_roll_joint": 0.3,
    "right_shoulder_roll_joint": -0.3,
    "left_elbow_joint": -0.4,
    "right_elbow_joint": -0.4,
    "left_hand_thumb_1_joint": -0.7,
    "right_hand_thumb_1_joint": 0.7,
}
"""Joint angles at start and after a reset [rad]; joints not named are at 0. Hands are open."""

TABLE, SHELF, PERSON, ROBOT, PARTNER = "table", "shelf", "person", "robot", "partner"


@dataclass(frozen=True, slots=True)
class Instance:
    """What one number in a label picture means."""

    label: int
    name: str
    class_id: str


def instances(layout: Layout, *, of_partner: bool = False) -> tuple[Instance, ...]:
    """The label table as one robot is told it: 0 is background, its own body has a label too.

    Both robots have a label in every picture. Each is told of its own alone: perception follows
    things and people, and the other robot is neither.

    Args:
        layout: Measures of the room.
        of_partner: The table of the second robot instead of the first's.
    """
    names = [(TABLE, TABLE), (SHELF, SHELF)]
    names += [(shape.name, shape.class_id) for shape in layout.objects]
    names += [(PERSON, PERSON), (ROBOT, ROBOT), (PARTNER, ROBOT)]
    other = ROBOT if of_partner else PARTNER
    return tuple(
        Instance(i + 1, name, class_id)
        for i, (name, class_id) in enumerate(names)
        if name != other
    )


def drawn_instances(layout: Layout) -> tuple[Instance, ...]:
    """What has a label in the pictures, both robots among it."""
    known = instances(layout)
    return (*known, *(i for i in instances(layout, of_partner=True) if i not in known))
