"""The robot as capsules placed by MuJoCo: where they are, what moves them, what lies inside them."""

import re
from pathlib import Path

import mujoco
import numpy as np

from dynamical_safety.capsules import robot_capsules
from dynamical_safety.errors import KinematicsError
from dynamical_safety.parameters import SafetyGateParameters

# Farther apart than this, shapes are not measured against each other [m].
_BEYOND = 1.0


class CapsuleRobot:
    """One robot whose capsules follow its joints.

    The pelvis is fixed in the world. Legs carry the robot and are nobody's to move aside; all
    other joints are free. Of those, the ones that move both hands are the trunk, the others limbs.

    Args:
        mjcf: The robot alone.
        joint_names: Robot joint order.
        parameters: Which joints are fingers and legs.

    Attributes:
        capsules: The c capsules.
        moves: Shape (c, n), whether a joint moves a capsule.
        free: Shape (n,), whether a joint may be filtered.
        limb_joints: Shape (n,), whether it belongs to an arm or hand.
        limb: Shape (c,), whether a capsule belongs to an arm or hand.
        hand: Shape (c,), whether it belongs to a palm or finger.
        size: Shape (c,), radius of the sphere around each [m].
        start: Shape (c, 3), one end of each segment now, frame odom [m].
        along: Shape (c, 3), from there to its other end [m].
        middle: Shape (c, 3) [m].

    Raises:
        KinematicsError: If the model cannot be read, or lacks a joint, or has one that does not
            turn.
    """

    def __init__(
        self, mjcf: Path, *, joint_names: tuple[str, ...], parameters: SafetyGateParameters
    ) -> None:
        try:
            spec = mujoco.MjSpec.from_file(str(mjcf))
            # A box without contacts, which takes the place of any obstacle that is measured.
            spec.worldbody.add_geom(
                name="obstacle",
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=[1.0, 1.0, 1.0],
                contype=0,
                conaffinity=0,
            )
            shapes = spec.compile()
        except (ValueError, OSError) as error:
            raise KinematicsError(f"robot model {mjcf} cannot be read: {error}") from error
        self._joints = _joint_ids(shapes, joint_names, mjcf)
        self.capsules = robot_capsules(shapes)
        # MuJoCo places the ends of the segments in C, as sites.
        ends = list(zip(self.capsules.start, self.capsules.end, strict=True))
        for index, (link, places) in enumerate(zip(self.capsules.links, ends, strict=True)):
            for end, place in enumerate(places):
                spec.body(link).add_site(name=f"end_{index}_{end}", pos=place.tolist())
        self._model = spec.compile()
        self._data = mujoco.MjData(self._model)
        self._sites = np.array(
            [self._model.site(f"end_{i}_{end}").id for i in range(len(ends)) for end in (0, 1)]
        )
        self._box = self._model.geom("obstacle").id
        self._ends = np.zeros(6)
        self._addresses = self._model.jnt_qposadr[self._joints]
        moved = _moved_by(self._model, self._joints)
        self.moves = moved[self.capsules.body]
        length = np.linalg.norm(self.capsules.end - self.capsules.start, axis=1)
        self.size = length / 2.0 + self.capsules.radius
        self._sort_links(joint_names, moved, parameters)
        self.place(self._model.qpos0[self._addresses])

    def _sort_links(
        self, joint_names: tuple[str, ...], moved: np.ndarray, parameters: SafetyGateParameters
    ) -> None:
        fingers = _matching(parameters.finger_pattern, joint_names)
        self.free = ~_matching(parameters.leg_pattern, joint_names)
        finger_bodies = self._model.jnt_bodyid[self._joints[fingers]]
        carriers = self._model.body_parentid[finger_bodies]
        palms = np.setdiff1d(carriers, finger_bodies)
        trunk = moved[palms].sum(axis=0) > 1
        self.limb_joints = self.free & ~trunk
        self.limb = (self.moves & self.limb_joints).any(axis=1)
        self.hand = np.isin(self.capsules.body, np.concatenate([palms, finger_bodies]))

    def place(self, position: np.ndarray) -> None:
        """Move all capsules to a joint position, shape (n,) [rad]."""
        self._data.qpos[self._addresses] = position
        mujoco.mj_kinematics(self._model, self._data)
        ends = self._data.site_xpos[self._sites].reshape(-1, 2, 3)
        self.start = ends[:, 0]
        self.along = ends[:, 1] - ends[:, 0]
        self.middle = self.start + 0.5 * self.along

    def screws(self) -> np.ndarray:
        """Shape (6, n): each joint's axis [1] and the velocity it gives to the origin [m]."""
        axis, anchor = self._data.xaxis[self._joints].T, self._data.xanchor[self._joints].T
        return np.concatenate([axis, cross(anchor, axis)])

    def adjacent(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Whether the links of capsules, shape (m,) each, are joined by one joint or the same."""
        a, b = self.capsules.body[first], self.capsules.body[second]
        parent = self._model.body_parentid
        joined: np.ndarray = (a == b) | (parent[a] == b) | (parent[b] == a)
        return joined

    def shape_gap(self, geom: int, other: int) -> tuple[float, np.ndarray]:
        """Distance of two shapes [m] and the nearest points, shape (6,), first one first."""
        gap = mujoco.mj_geomDistance(self._model, self._data, geom, other, _BEYOND, self._ends)
        return gap, self._ends

    def box_gap(self, geom: int, centre: np.ndarray, half: np.ndarray) -> tuple[float, np.ndarray]:
        """The same for a shape and an upright box given by centre and half extent [m]."""
        self._data.geom_xpos[self._box] = centre
        self._model.geom_size[self._box] = half
        self._model.geom_rbound[self._box] = float(half.sum())
        return self.shape_gap(geom, self._box)


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products of columns, shape (3, m)."""
    return np.stack(
        [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
    )


def _matching(pattern: str, names: tuple[str, ...]) -> np.ndarray:
    return np.array([bool(re.search(pattern, name)) for name in names])


def _joint_ids(model: mujoco.MjModel, names: tuple[str, ...], mjcf: Path) -> np.ndarray:
    joints = []
    for name in names:
        try:
            joint = model.joint(name)
        except KeyError as error:
            raise KinematicsError(
                f"robot model {mjcf} lacks a joint of the URDF: {error}"
            ) from None
        if joint.type[0] != mujoco.mjtJoint.mjJNT_HINGE:
            raise KinematicsError(
                f"robot model {mjcf}: joint {name!r} does not turn; barriers want hinges only"
            )
        joints.append(joint.id)
    return np.array(joints, dtype=int)


def _moved_by(model: mujoco.MjModel, joints: np.ndarray) -> np.ndarray:
    """Shape (bodies, n): whether a joint moves a body."""
    moved = np.zeros((model.nbody, len(joints)), dtype=bool)
    for body in range(1, model.nbody):
        moved[body] = moved[model.body_parentid[body]]
        moved[body, model.jnt_bodyid[joints] == body] = True
    return moved
