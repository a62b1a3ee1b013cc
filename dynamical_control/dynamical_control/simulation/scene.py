"""The simulated room around the robot: floor, light, furniture, objects, person, cameras.

Friction, mass and contact are physical and nothing is ever welded. Shapes for the eye are in geom
group 2, shapes for contact alone in group 3.
"""

from pathlib import Path

import mujoco

from dynamical_control.simulation import lathe
from dynamical_control.simulation.cameras import CameraMount
from dynamical_control.simulation.layout import SHELF, TABLE, Layout, ObjectShape, Stand
from dynamical_control.simulation.person import ABSENT, PARTS

TIMESTEP = 0.001
# Dry pottery and plastic on rubber and wood: sliding, torsional and rolling friction.
_FRICTION = (1.2, 0.02, 0.001)
_SIGHT_GROUP, _CONTACT_GROUP = 2, 3
_OAK = (0.72, 0.55, 0.38, 1.0)
_STEEL = (0.24, 0.25, 0.27, 1.0)
_WALL = (0.93, 0.96, 0.98, 1.0)
_BOARD = (0.90, 0.88, 0.84, 1.0)


def build_scene(robot: Path, layout: Layout | None = None) -> mujoco.MjModel:
    """Compile the whole simulated world.

    Args:
        robot: ``robot.xml`` of the robot model.
        layout: Measures of the room; the standard one by default.

    Returns:
        The model; bodies are named as the instances, cameras as in ``Layout``.
    """
    layout = Layout() if layout is None else layout
    spec = mujoco.MjSpec.from_file(str(robot))
    spec.modelname = "dynamical_room"
    _options(spec)
    if layout.partner is not None:
        _partner(spec, robot, layout.partner)
    _room(spec)
    _table(spec, layout)
    _shelf(spec, layout)
    for block in layout.blocks:
        _box(spec.worldbody.add_body(name=block.name), block.low, block.high, "steel")
    for shape in layout.objects:
        _object(spec, shape)
    _person(spec)
    for mount in (*layout.cameras, layout.demo_camera):
        add_camera(spec.worldbody, mount)
    return spec.compile()


def _partner(spec: mujoco.MjSpec, robot: Path, stand: Stand) -> None:
    """A second robot, its names marked; the two collide with each other as with anything else."""
    frame = spec.worldbody.add_frame(pos=(stand.x, stand.y, 0.0), quat=stand.quaternion())
    spec.attach(mujoco.MjSpec.from_file(str(robot)), frame=frame, prefix=stand.prefix)


def add_camera(body: mujoco.MjsBody, mount: CameraMount) -> None:
    """Mount a camera on a body."""
    body.add_camera(
        name=mount.name, pos=mount.position, quat=mount.mujoco_quaternion(), fovy=mount.fovy
    )


def _options(spec: mujoco.MjSpec) -> None:
    option = spec.option
    option.timestep = TIMESTEP
    option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    # With a pyramidal cone and impratio 1 a held cup creeps out of the fingers.
    option.cone = mujoco.mjtCone.mjCONE_ELLIPTIC
    option.impratio = 10
    visual = spec.visual
    visual.global_.offwidth, visual.global_.offheight = 1920, 1440
    visual.quality.shadowsize = 4096
    visual.quality.offsamples = 0
    visual.quality.numslices, visual.quality.numstacks = 16, 8
    visual.map.znear, visual.map.zfar = 0.02, 12.0
    visual.map.shadowclip = 2.5
    # Clipping planes are multiples of the extent, which would follow the size of the floor: fix
    # it.
    spec.stat.extent = 1.0
    spec.stat.center = (0.3, 0.0, 0.8)
    visual.headlight.ambient = (0.42, 0.42, 0.43)
    visual.headlight.diffuse = (0.20, 0.20, 0.20)
    visual.headlight.specular = (0.05, 0.05, 0.05)


def _room(spec: mujoco.MjSpec) -> None:
    spec.add_texture(
        name="sky",
        type=mujoco.mjtTexture.mjTEXTURE_SKYBOX,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_GRADIENT,
        rgb1=(0.93, 0.94, 0.96),
        rgb2=(0.62, 0.68, 0.76),
        width=64,
        height=64,
    )
    spec.add_texture(
        name="floor",
        type=mujoco.mjtTexture.mjTEXTURE_2D,
        builtin=mujoco.mjtBuiltin.mjBUILTIN_CHECKER,
        mark=mujoco.mjtMark.mjMARK_EDGE,
        rgb1=(0.86, 0.84, 0.80),
        rgb2=(0.84, 0.82, 0.78),
        markrgb=(0.76, 0.74, 0.70),
        width=128,
        height=128,
    )
    floor = spec.add_material(name="floor", texrepeat=(2, 2), texuniform=True, reflectance=0.05)
    floor.textures[mujoco.mjtTextureRole.mjTEXROLE_RGB] = "floor"
    spec.worldbody.add_geom(
        name="floor",
        type=mujoco.mjtGeom.mjGEOM_PLANE,
        size=(12.0, 12.0, 0.1),
        material="floor",
        group=_SIGHT_GROUP,
    )
    # A wall behind the robot, out of everyone's reach: pictures have a background.
    spec.worldbody.add_geom(
        name="wall",
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=(-1.85, 0.0, 2.5),
        size=(0.05, 12.0, 2.5),
        rgba=_WALL,
        contype=0,
        conaffinity=0,
        group=_SIGHT_GROUP,
    )
    spec.worldbody.add_light(
        name="sun",
        type=mujoco.mjtLightType.mjLIGHT_DIRECTIONAL,
        pos=(1.5, -1.5, 4.0),
        dir=(-0.45, 0.50, -1.0),
        diffuse=(0.55, 0.54, 0.51),
        specular=(0.25, 0.25, 0.25),
        ambient=(0.0, 0.0, 0.0),
        castshadow=True,
    )
    for name, rgba, shine in (
        ("oak", _OAK, 0.15),
        ("steel", _STEEL, 0.5),
        ("board", _BOARD, 0.2),
        ("glaze", (1.0, 1.0, 1.0, 1.0), 0.7),
    ):
        spec.add_material(name=name, rgba=rgba, specular=shine, shininess=shine)


def _box(
    body: mujoco.MjsBody, low: tuple[float, ...], high: tuple[float, ...], material: str
) -> None:
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_BOX,
        pos=[(a + b) / 2.0 for a, b in zip(low, high, strict=True)],
        size=[(b - a) / 2.0 for a, b in zip(low, high, strict=True)],
        material=material,
        friction=_FRICTION,
        group=_SIGHT_GROUP,
    )


def _table(spec: mujoco.MjSpec, layout: Layout) -> None:
    body = spec.worldbody.add_body(name=TABLE)
    (x0, x1), (y0, y1) = layout.table_x, layout.table_y
    under = layout.table_top - layout.table_thickness
    _box(body, (x0, y0, under), (x1, y1, layout.table_top), "oak")
    leg, inset = 0.045, 0.03
    for x in (x0 + inset, x1 - inset - leg):
        for y in (y0 + inset, y1 - inset - leg):
            _box(body, (x, y, 0.0), (x + leg, y + leg, under), "steel")


def _shelf(spec: mujoco.MjSpec, layout: Layout) -> None:
    body = spec.worldbody.add_body(name=SHELF)
    (x0, x1), (y0, y1) = layout.shelf_x, layout.shelf_y
    under = layout.shelf_top - layout.shelf_thickness
    _box(body, (x0, y0, under), (x1, y1, layout.shelf_top), "board")
    _box(body, (x0 + 0.02, y0 + 0.02, 0.36), (x1 - 0.02, y1 - 0.02, 0.38), "board")
    foot = 0.024
    for x in (x0, x1 - foot):
        for y in (y0, y1 - foot):
            _box(body, (x, y, 0.0), (x + foot, y + foot, under), "steel")


def _object(spec: mujoco.MjSpec, shape: ObjectShape) -> None:
    body = spec.worldbody.add_body(name=shape.name)
    body.add_freejoint(name=shape.name)
    half = shape.height / 2.0
    if shape.class_id == "cube":
        body.add_geom(
            name=shape.name,
            type=mujoco.mjtGeom.mjGEOM_BOX,
            size=(shape.radius, shape.radius, half),
            material="glaze",
            rgba=shape.rgba,
            mass=shape.mass,
            friction=_FRICTION,
            condim=4,
            group=_SIGHT_GROUP,
        )
        return
    cup = shape.class_id == "cup"
    profile = (lathe.cup_profile if cup else lathe.bottle_profile)(shape.radius, shape.height)
    vertices, faces = lathe.turned(profile)
    spec.add_mesh(
        name=shape.name,
        uservert=vertices.ravel(),
        userface=faces.ravel(),
        inertia=mujoco.mjtMeshInertia.mjMESH_INERTIA_SHELL,
    )
    body.add_geom(
        type=mujoco.mjtGeom.mjGEOM_MESH,
        meshname=shape.name,
        material="glaze",
        rgba=shape.rgba,
        mass=0.0,
        contype=0,
        conaffinity=0,
        group=_SIGHT_GROUP,
    )
    # The bottle's neck is thin: contact ends where its shoulder does.
    top = half if cup else 0.30 * half
    body.add_geom(
        name=shape.name,
        type=mujoco.mjtGeom.mjGEOM_CYLINDER,
        pos=(0.0, 0.0, (top - half) / 2.0),
        size=(shape.radius, (top + half) / 2.0, 0.0),
        mass=shape.mass,
        friction=_FRICTION,
        condim=4,
        group=_CONTACT_GROUP,
    )
    if not cup:
        body.add_geom(
            name=f"{shape.name}_neck",
            type=mujoco.mjtGeom.mjGEOM_CYLINDER,
            pos=(0.0, 0.0, (top + half) / 2.0),
            size=(0.48 * shape.radius, (half - top) / 2.0, 0.0),
            mass=0.01,
            friction=_FRICTION,
            condim=4,
            group=_CONTACT_GROUP,
        )


def _person(spec: mujoco.MjSpec) -> None:
    for part in PARTS:
        body = spec.worldbody.add_body(name=part.name, mocap=True, pos=ABSENT)
        for capsule in part.capsules:
            body.add_geom(
                type=mujoco.mjtGeom.mjGEOM_CAPSULE,
                fromto=[*capsule.start, *capsule.end],
                size=(capsule.radius, 0.0, 0.0),
                rgba=capsule.rgba,
                contype=0,
                conaffinity=0,
                group=_SIGHT_GROUP,
            )
