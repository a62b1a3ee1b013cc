"""Pictures of the simulated room: fast ones for the simulated cameras, pretty ones for people.

A sensor picture costs two passes: colour and depth are read from one, instance labels from
another. Shadows, reflections and multisampling are off in both; with a software renderer they cost
ten times the rest.
"""

from dataclasses import dataclass
from typing import Self

import mujoco
import numpy as np

from dynamical_control.simulation.assets import RobotModel
from dynamical_control.simulation.cameras import CameraMount
from dynamical_control.simulation.layout import (
    PARTNER,
    PERSON,
    ROBOT,
    Instance,
    Layout,
    Stand,
)
from dynamical_control.simulation.motors import ROOT
from dynamical_control.simulation.offscreen import OffscreenContext
from dynamical_control.simulation.person import PARTS
from dynamical_control.simulation.scene import build_scene

_MAX_GEOMS = 600
# Spread of the depth of an active stereo camera: 1.5 mm plus 1 mm at one metre, growing with the
# square.
_NOISE_FLOOR, _NOISE_GROWTH = 0.0015, 0.0010
_COSTLY = (
    mujoco.mjtRndFlag.mjRND_SHADOW,
    mujoco.mjtRndFlag.mjRND_REFLECTION,
    mujoco.mjtRndFlag.mjRND_SKYBOX,
    mujoco.mjtRndFlag.mjRND_FOG,
    mujoco.mjtRndFlag.mjRND_HAZE,
)


@dataclass(frozen=True, slots=True)
class SensorPicture:
    """What one camera sees at one moment; rows from the top.

    Attributes:
        color: Shape (height, width, 3), uint8, red green blue.
        depth: Shape (height, width), float32, along the optical axis [m]; +inf = beyond range.
        labels: Shape (height, width), uint16, see the label table; 0 = background.
    """

    color: np.ndarray
    depth: np.ndarray
    labels: np.ndarray


def set_state(
    model: mujoco.MjModel,
    data: mujoco.MjData,
    *,
    qpos: np.ndarray,
    mocap_pos: np.ndarray,
    mocap_quat: np.ndarray,
) -> None:
    """Pose everything as in a recorded state, ready to be drawn.

    Args:
        model: The scene.
        data: Changed in place.
        qpos: Shape (nq,).
        mocap_pos: Any shape of 3 values per scripted body [m].
        mocap_quat: Any shape of 4 values per scripted body, w x y z.
    """
    data.qpos[:] = qpos
    data.mocap_pos[:] = np.reshape(mocap_pos, (-1, 3))
    data.mocap_quat[:] = np.reshape(mocap_quat, (-1, 4))
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    mujoco.mj_camlight(model, data)


def geom_labels(model: mujoco.MjModel, instances: tuple[Instance, ...]) -> np.ndarray:
    """Label of every geom, shape (ngeom,), uint16; 0 where it belongs to no instance."""
    label_of = {instance.name: instance.label for instance in instances}
    root_names = {ROOT: ROBOT, f"{Stand.prefix}{ROOT}": PARTNER}
    root_names |= {part.name: PERSON for part in PARTS}
    labels = np.zeros(model.ngeom, dtype=np.uint16)
    for geom in range(model.ngeom):
        root = model.body(int(model.body_rootid[model.geom_bodyid[geom]])).name
        labels[geom] = label_of.get(root_names.get(root, root), 0)
    return labels


class _View:
    """A scene to draw, and what every kind of picture needs."""

    def __init__(self, model: mujoco.MjModel, *, width: int, height: int) -> None:
        self.model = model
        self.data = mujoco.MjData(model)
        self.context = OffscreenContext(model, width=width, height=height)
        self.scene = mujoco.MjvScene(model, maxgeom=_MAX_GEOMS)
        self.option = mujoco.MjvOption()
        self.option.geomgroup[:] = 0
        self.option.geomgroup[2] = 1  # what is meant for the eye
        self.option.sitegroup[:] = 0
        self.camera = mujoco.MjvCamera()
        self.camera.type = mujoco.mjtCamera.mjCAMERA_FIXED

    def aim(self, name: str) -> None:
        """Fill the scene as seen by a camera of the model, and get ready to draw it."""
        self.context.use()
        self.camera.fixedcamid = self.model.camera(name).id
        mujoco.mjv_updateScene(
            self.model,
            self.data,
            self.option,
            None,
            self.camera,
            mujoco.mjtCatBit.mjCAT_ALL.value,
            self.scene,
        )


class SensorRenderer:
    """Colour, depth and labels of the cameras; belongs to the thread that made it.

    Args:
        model: The scene; its quality settings are lowered in place.
        instances: What has a label.
        prefix: Begins the names of the cameras on the robot whose pictures these are.
        width: Largest picture [pixel].
        height: Largest picture [pixel].
        seed: Of the depth noise.

    Raises:
        RenderingError: If there is no off-screen OpenGL.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        instances: tuple[Instance, ...],
        *,
        prefix: str = "",
        width: int = 320,
        height: int = 240,
        seed: int = 0,
    ) -> None:
        model.vis.quality.offsamples = 0
        model.vis.quality.shadowsize = 0
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        self._view = _View(model, width=width, height=height)
        self._geom_labels = geom_labels(model, instances)
        self._prefix = prefix
        self._random = np.random.default_rng(seed)
        self._tables: dict[str, tuple[int, np.ndarray]] = {}
        extent = model.stat.extent
        self._near = float(model.vis.map.znear * extent)
        self._far = float(model.vis.map.zfar * extent)

    @property
    def backend(self) -> str:
        """Name of the OpenGL back end in use."""
        return self._view.context.backend

    def set_state(
        self, *, qpos: np.ndarray, mocap_pos: np.ndarray, mocap_quat: np.ndarray
    ) -> None:
        """Pose the scene, see ``set_state``."""
        view = self._view
        set_state(view.model, view.data, qpos=qpos, mocap_pos=mocap_pos, mocap_quat=mocap_quat)

    def picture(self, mount: CameraMount) -> SensorPicture:
        """Picture of one camera of the present state."""
        view, shape = self._view, (mount.height, mount.width)
        view.aim(mount.name if mount.parent == "odom" else f"{self._prefix}{mount.name}")
        flags = view.scene.flags
        for flag in _COSTLY:
            flags[flag] = 0
        rectangle = mujoco.MjrRect(0, 0, mount.width, mount.height)
        color = np.empty((*shape, 3), dtype=np.uint8)
        depth = np.empty(shape, dtype=np.float32)
        mujoco.mjr_render(rectangle, view.scene, view.context.drawing)
        mujoco.mjr_readPixels(color, depth, rectangle, view.context.drawing)
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 1
        flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 1
        codes = np.empty((*shape, 3), dtype=np.uint8)
        mujoco.mjr_render(rectangle, view.scene, view.context.drawing)
        mujoco.mjr_readPixels(codes, None, rectangle, view.context.drawing)
        flags[mujoco.mjtRndFlag.mjRND_SEGMENT] = 0
        flags[mujoco.mjtRndFlag.mjRND_IDCOLOR] = 0
        # A colour is the number of a geom in the scene plus one, lowest byte first; there are <
        # 65536.
        number = codes[::-1, :, 0].astype(np.uint16)
        number += codes[::-1, :, 1].astype(np.uint16) << 8
        return SensorPicture(
            color=np.ascontiguousarray(color[::-1]),
            depth=self._noisy(self._metric(depth[::-1])),
            labels=self._label_table(mount.name)[number],
        )

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._view.context.close()

    def _label_table(self, camera: str) -> np.ndarray:
        """Number in the scene -> label; kept while the scene holds as many geoms."""
        scene = self._view.scene
        known = self._tables.get(camera)
        if known is not None and known[0] == scene.ngeom:
            return known[1]
        table = np.zeros(_MAX_GEOMS + 2, dtype=np.uint16)
        for geom in scene.geoms[: scene.ngeom]:
            if geom.objtype == mujoco.mjtObj.mjOBJ_GEOM and geom.segid >= 0:
                table[geom.segid + 1] = self._geom_labels[geom.objid]
        self._tables[camera] = (scene.ngeom, table)
        return table

    def _metric(self, buffer: np.ndarray) -> np.ndarray:
        """Depth buffer (1 = near, 0 = far) -> [m] along the optical axis; +inf = nothing."""
        near, far = self._near, self._far
        depth = (near * far) / (near + buffer * (far - near))
        depth[buffer <= 0.0] = np.inf
        return np.asarray(depth, dtype=np.float32)

    def _noisy(self, depth: np.ndarray) -> np.ndarray:
        noise = self._random.standard_normal(depth.shape, dtype=np.float32)
        finite = np.isfinite(depth)
        noise *= np.where(finite, _NOISE_FLOOR + _NOISE_GROWTH * np.square(depth), 0.0)
        return np.asarray(depth + noise, dtype=np.float32)


class MovieRenderer:
    """Pretty pictures of recorded states, with shadows; slow, belongs to the thread that made it.

    A context manager: it gives the OpenGL context back at its end.

    Args:
        robot: The robot's model files.
        layout: Measures of the room; the standard one by default.
        width: [pixel].
        height: [pixel].

    Raises:
        RenderingError: If there is no off-screen OpenGL.
    """

    def __init__(
        self,
        robot: RobotModel,
        layout: Layout | None = None,
        *,
        width: int = 640,
        height: int = 480,
    ) -> None:
        model = build_scene(robot.mjcf, layout)
        model.vis.quality.offsamples = 4
        model.vis.quality.shadowsize = 4096
        model.vis.global_.offwidth, model.vis.global_.offheight = width, height
        self._view = _View(model, width=width, height=height)
        self._rectangle = mujoco.MjrRect(0, 0, width, height)
        self._shape = (height, width, 3)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def frame(
        self,
        qpos: np.ndarray,
        mocap_pos: np.ndarray,
        mocap_quat: np.ndarray,
        *,
        camera: str = "demo",
    ) -> np.ndarray:
        """Colour picture of a state, shape (height, width, 3), uint8, rows from the top.

        Args:
            qpos: MuJoCo positions, shape (nq,).
            mocap_pos: 3 values per scripted body, any shape [m].
            mocap_quat: 4 values per scripted body, any shape, w x y z.
            camera: Any camera of the scene.
        """
        view = self._view
        set_state(view.model, view.data, qpos=qpos, mocap_pos=mocap_pos, mocap_quat=mocap_quat)
        view.aim(camera)
        color = np.empty(self._shape, dtype=np.uint8)
        mujoco.mjr_render(self._rectangle, view.scene, view.context.drawing)
        mujoco.mjr_readPixels(color, None, self._rectangle, view.context.drawing)
        return np.ascontiguousarray(color[::-1])

    def close(self) -> None:
        """Give the OpenGL context back."""
        self._view.context.close()
