"""The simulated room as cameras see it: pictures with depth noise, and the truth to grade by."""

from collections.abc import Iterator

import mujoco
import numpy as np

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.cameras import HEAD, CameraMount
from dynamical_control.simulation.layout import ROBOT, Layout, instances
from dynamical_control.simulation.world import World
from dynamical_perception.cameras.camera import CameraModel
from dynamical_perception.cameras.mounting import Mounting
from dynamical_perception.kinematics import JointSample, RobotKinematics
from dynamical_perception.perception import Perception, Pictures
from dynamical_perception.segments import Instance
from dynamical_perception.transforms import Transform

DEPTH_NOISE = 0.002  # [m]
LAYOUT = Layout()
MOUNTS: tuple[CameraMount, ...] = (HEAD, *LAYOUT.cameras)
TABLE = {item.label: Instance(item.name, item.class_id) for item in instances(LAYOUT)}


def mountings() -> dict[str, Mounting]:
    return {
        mount.name: Mounting(
            mount.name,
            mount.parent,
            Transform(mount.optical_rotation(), np.array(mount.position)),
        )
        for mount in MOUNTS
    }


def camera_model(mount: CameraMount) -> CameraModel:
    return CameraModel.from_matrix(mount.name, (mount.width, mount.height), mount.intrinsics())


class Room:
    """A simulated world with a renderer."""

    def __init__(self) -> None:
        self.robot = ensure_robot_model()
        self.world = World(self.robot, LAYOUT)
        model = self.world.model
        model.stat.extent = 1.0  # near plane at 0.02 m: the robot's arms are not cut away
        self._renderer = mujoco.Renderer(model, HEAD.height, HEAD.width)
        self._rng = np.random.default_rng(7)
        label_of = {item.name: item.label for item in instances(LAYOUT)}
        self._geom_label = np.zeros(model.ngeom + 1, np.uint16)
        for geom in range(model.ngeom):
            name = model.body(int(model.geom_bodyid[geom])).name
            if model.geom_bodyid[geom] == 0:
                continue
            known = label_of.get("person" if name.startswith("person") else name)
            self._geom_label[geom] = label_of[ROBOT] if known is None else known

    def close(self) -> None:
        self._renderer.close()

    def perception(self) -> Perception:
        result = Perception(
            "thor_001", kinematics=RobotKinematics(self.robot.mjcf), mountings=mountings()
        )
        result.set_labels(TABLE)
        return result

    def joints(self, stamp: float) -> tuple[tuple[str, ...], JointSample]:
        data, model = self.world.data, self.world.model
        names = self.world.joint_names
        position = np.array([data.qpos[model.joint(name).qposadr[0]] for name in names])
        return names, JointSample(stamp, position, np.zeros(len(names)))

    def pictures(self, mount: CameraMount, stamp: float) -> Pictures:
        renderer, data = self._renderer, self.world.data
        mujoco.mj_forward(self.world.model, data)
        renderer.update_scene(data, camera=mount.name)
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        renderer.scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        color = renderer.render().copy()
        renderer.enable_depth_rendering()
        depth = renderer.render().copy()
        renderer.disable_depth_rendering()
        renderer.enable_segmentation_rendering()
        geoms = renderer.render()[:, :, 0].copy()
        renderer.disable_segmentation_rendering()
        depth = depth + self._rng.normal(0.0, DEPTH_NOISE, depth.shape).astype(np.float32)
        return Pictures(
            model=camera_model(mount),
            stamp=stamp,
            color=color,
            depth=depth,
            labels=self._geom_label[geoms],
        )

    def look(self, perception: Perception, stamp: float, mounts: tuple[CameraMount, ...]) -> None:
        perception.add_joints(*self.joints(stamp))
        for mount in mounts:
            problem = perception.process(self.pictures(mount, stamp))
            assert problem == "", problem

    def truth(self, name: str) -> np.ndarray:
        return np.array(self.world.data.body(name).xpos)

    def put(self, name: str, position: np.ndarray, quaternion: np.ndarray | None = None) -> None:
        address = int(self.world.model.joint(name).qposadr[0])
        self.world.data.qpos[address : address + 3] = position
        if quaternion is not None:
            self.world.data.qpos[address + 3 : address + 7] = quaternion
        mujoco.mj_forward(self.world.model, self.world.data)


def times(start: float, period: float, count: int) -> Iterator[float]:
    return (start + i * period for i in range(count))
