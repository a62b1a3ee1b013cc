"""Every measure of the simulated room, in one place.

Frame: odom (x forward, y left, z up, floor at z = 0).
"""

from dataclasses import dataclass, field

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

TABLE, SHELF, PERSON, ROBOT = "table", "shelf", "person", "robot"


@dataclass(frozen=True, slots=True)
class Instance:
    """What one number in a label picture means."""

    label: int
    name: str
    class_id: str


def instances(layout: Layout) -> tuple[Instance, ...]:
    """The label table: 0 is background, the robot's own body has a label too."""
    names = [(TABLE, TABLE), (SHELF, SHELF)]
    names += [(shape.name, shape.class_id) for shape in layout.objects]
    names += [(PERSON, PERSON), (ROBOT, ROBOT)]
    return tuple(Instance(i + 1, name, class_id) for i, (name, class_id) in enumerate(names))
