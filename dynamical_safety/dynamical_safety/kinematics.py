"""Where the robot's links are: spheres that cover them, placed by MuJoCo's forward kinematics.

Each collision shape is wrapped in a capsule along its longest axis, and the capsule covered by
spheres, so that "distance to a link" becomes one vectorised expression. The spheres are sites of a
slimmed model, which makes MuJoCo place them in C.
"""

from dataclasses import dataclass
from pathlib import Path

import mujoco
import numpy as np

from dynamical_safety.errors import KinematicsError


@dataclass(frozen=True, slots=True)
class LinkSpheres:
    """Spheres that cover the links. Frame: odom.

    Attributes:
        links: Link name of each of the s spheres.
        radius: Shape (s,) [m].
    """

    links: tuple[str, ...]
    radius: np.ndarray


class RobotKinematics:
    """Forward kinematics of the sphere model.

    Args:
        mjcf: The robot alone, pelvis fixed in the world or with a free joint at its default pose.
        joint_names: Robot joint order.

    Raises:
        KinematicsError: If the model cannot be read or lacks a joint.
    """

    def __init__(self, mjcf: Path, joint_names: tuple[str, ...]) -> None:
        try:
            spec = mujoco.MjSpec.from_file(str(mjcf))
            full = spec.compile()
        except (ValueError, OSError) as error:
            raise KinematicsError(f"robot model {mjcf} cannot be read: {error}") from error
        links: list[str] = []
        radii: list[float] = []
        for geom in range(full.ngeom):
            if not (full.geom_contype[geom] or full.geom_conaffinity[geom]):
                continue
            link = full.body(full.geom_bodyid[geom]).name
            start, end, radius = _capsule(full, geom)
            for centre, size in _cover(start, end, radius):
                spec.body(link).add_site(
                    name=f"cover_{len(links)}", pos=centre.tolist(), size=[size, size, size]
                )
                links.append(link)
                radii.append(size)
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._sites = np.array([self._model.site(f"cover_{i}").id for i in range(len(links))])
        try:
            self._addresses = np.array([self._model.joint(n).qposadr[0] for n in joint_names])
        except KeyError as error:
            raise KinematicsError(
                f"robot model {mjcf} lacks a joint of the URDF: {error}"
            ) from None
        self.spheres = LinkSpheres(tuple(links), np.array(radii))

    def centres(self, position: np.ndarray) -> np.ndarray:
        """Sphere centres at a joint position.

        Args:
            position: Shape (n,) in robot joint order [rad].

        Returns:
            Shape (s, 3) [m], frame odom.
        """
        self._data.qpos[self._addresses] = position
        mujoco.mj_kinematics(self._model, self._data)
        return self._data.site_xpos[self._sites]


def _capsule(model: mujoco.MjModel, geom: int) -> tuple[np.ndarray, np.ndarray, float]:
    """Capsule around one geom, in its body's frame: segment start, end [m], radius [m]."""
    points = _points(model, geom)
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, model.geom_quat[geom])
    points = points @ rotation.reshape(3, 3).T + model.geom_pos[geom]
    centre = (points.max(axis=0) + points.min(axis=0)) / 2
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    axis = axes[0]
    along = (points - centre) @ axis
    across = np.linalg.norm(points - centre - np.outer(along, axis), axis=1)
    radius = float(across.max())
    # The caps may begin one radius inside, as long as every point stays covered.
    inset = np.sqrt(np.maximum(radius**2 - across**2, 0.0))
    high = max(float((along - inset).max()), 0.0)
    low = min(float((along + inset).min()), 0.0)
    return centre + low * axis, centre + high * axis, radius


def _points(model: mujoco.MjModel, geom: int) -> np.ndarray:
    """Points whose hull holds the geom, in the geom's frame [m]."""
    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        mesh = model.geom_dataid[geom]
        first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
        return np.array(model.mesh_vert[first : first + count], dtype=float)
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        half = np.full(3, size[0])
    elif kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        half = np.array([size[0], size[0], size[0] + size[1]])
    elif kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        half = np.array([size[0], size[0], size[1]])
    else:
        half = np.array(size)
    corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
    return corners * half


def _cover(start: np.ndarray, end: np.ndarray, radius: float) -> list[tuple[np.ndarray, float]]:
    """Spheres (centre, radius) [m] that cover a capsule, at most 12 % larger than it."""
    length = float(np.linalg.norm(end - start))
    count = 1 + int(np.ceil(length / radius)) if radius > 0 else 1
    spacing = length / (count - 1) if count > 1 else 0.0
    size = float(np.hypot(radius, spacing / 2))
    return [(start + (end - start) * t, size) for t in np.linspace(0.0, 1.0, count)]
