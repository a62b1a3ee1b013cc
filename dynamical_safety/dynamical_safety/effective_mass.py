"""Dynamics of the robot: its mass matrix, bias torques, and the mass a link has in a direction.

What a link brings into a collision is not its own mass but the reflected one: with the joint-space
inertia matrix M and the Jacobian J of the point of contact, ``m = 1 / (u^T J M^-1 J^T u)`` along
the unit vector u. Source: Khatib, Inertial properties in robotic manipulation, IJRR 14(1), 1995;
Kirschner et al., ISO/TS 15066 constrained collisions, ISR 2021. Where that cannot be had the
simplified ``M / 2 + m_L`` of ISO/TS 15066:2016, A.3.6 holds, which is larger.
"""

from pathlib import Path

import mujoco
import numpy as np

from dynamical_safety.errors import KinematicsError

# A direction in which a link cannot move has no finite mass; it cannot hit anything either.
HEAVIEST = 1e4  # [kg]


class RobotDynamics:
    """Mass matrix, bias torques and Jacobian rows of a robot whose base is held.

    All arrays over n are in robot joint order. The arrays that the properties give are the
    object's own: copy to keep.

    Args:
        mjcf: The robot alone, pelvis fixed in the world or with a free joint at its default pose.
        joint_names: Robot joint order.

    Attributes:
        stiffness: Shape (n,), position gain of the joints' servos [N m/rad].
        damping: Shape (n,), velocity gain of the servos [N m s/rad].
        effort: Shape (n,), largest torque of the drives [N m].
        links: Name of the link that each joint moves.
        simplified_mass: Half the mass of everything that moves [kg].

    Raises:
        KinematicsError: If the model cannot be read, lacks a joint or has no servo for one.
    """

    def __init__(self, mjcf: Path, joint_names: tuple[str, ...]) -> None:
        try:
            model = mujoco.MjModel.from_xml_path(str(mjcf))
        except (ValueError, OSError) as error:
            raise KinematicsError(f"robot model {mjcf} cannot be read: {error}") from error
        try:
            joints = np.array([model.joint(name).id for name in joint_names], dtype=int)
        except KeyError as error:
            raise KinematicsError(
                f"robot model {mjcf} lacks a joint of the URDF: {error}"
            ) from None
        self._model, self._data = model, mujoco.MjData(model)
        self._joints = joints
        self._qpos = model.jnt_qposadr[joints].astype(int)
        self._dof = model.jnt_dofadr[joints].astype(int)
        self._held = model.nv == len(joints) and bool((self._dof == np.arange(model.nv)).all())
        servo = {int(model.actuator_trnid[i, 0]): i for i in range(model.nu)}
        for joint, name in zip(joints, joint_names, strict=True):
            if int(joint) not in servo:
                raise KinematicsError(f"robot model {mjcf} has no servo for joint {name!r}")
        actuators = np.array([servo[int(joint)] for joint in joints])
        self.stiffness = -model.actuator_biasprm[actuators, 1]
        self.damping = -model.actuator_biasprm[actuators, 2]
        limited = model.jnt_actfrclimited[joints].astype(bool)
        self.effort = np.where(limited, model.jnt_actfrcrange[joints, 1], np.inf)
        bodies = model.jnt_bodyid[joints]
        self.links = tuple(model.body(int(body)).name for body in bodies)
        self._moves = self._ancestry(bodies)
        self._bodies = {model.body(i).name: i for i in range(model.nbody)}
        moving = self._moves.any(axis=1)
        self.simplified_mass = float(model.body_mass[moving].sum()) / 2.0
        self._full = np.zeros((model.nv, model.nv))
        self._velocity = np.zeros(model.nv)
        self._out = np.zeros(model.nv)

    def moved_by(self, links: tuple[str, ...]) -> np.ndarray:
        """Which joints move which links.

        Args:
            links: s link names.

        Returns:
            Shape (s, n), 1 or 0.

        Raises:
            KinematicsError: If the model has no such link.
        """
        for link in links:
            if link not in self._bodies:
                raise KinematicsError(f"the robot model has no link {link!r}")
        return self._moves[[self._bodies[link] for link in links]].astype(float)

    def place(self, position: np.ndarray) -> None:
        """Put the model at a joint position, shape (n,) [rad]; what follows holds there."""
        self._data.qpos[self._qpos] = position
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_comPos(self._model, self._data)

    def inertia(self) -> np.ndarray:
        """Joint-space inertia matrix M with the rotors' part, shape (n, n) [kg m^2]."""
        mujoco.mj_crb(self._model, self._data)
        mujoco.mj_fullM(self._model, self._data, self._full)
        return self._full if self._held else self._full[np.ix_(self._dof, self._dof)]

    def bias(self, velocity: np.ndarray) -> np.ndarray:
        """Torque of gravity, Coriolis and centrifugal forces, C qd + g.

        Args:
            velocity: Shape (n,) [rad/s].

        Returns:
            Shape (n,) [N m].
        """
        self._velocity[self._dof] = velocity
        self._data.qvel[:] = self._velocity
        mujoco.mj_comVel(self._model, self._data)
        mujoco.mj_rne(self._model, self._data, 0, self._out)
        return self._out if self._held else self._out[self._dof]

    def rows(self, points: np.ndarray, directions: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """Jacobian rows: the speed of points along directions is ``rows @ joint velocity``.

        Args:
            points: Shape (m, 3), points on links [m], frame odom.
            directions: Shape (m, 3), unit vectors.
            moves: Shape (m, n), which joints move the point, see :meth:`moved_by`.

        Returns:
            Shape (m, n) [m].
        """
        axes = self._data.xaxis[self._joints]
        anchors = self._data.xanchor[self._joints]
        # u . (a x (p - o)) = a . (p x u) - u . (a x o), which needs no array of shape (m, n, 3).
        result: np.ndarray = _cross(points, directions) @ axes.T
        result -= directions @ _cross(axes, anchors).T
        result *= moves
        return result

    def levers(self, points: np.ndarray, moves: np.ndarray) -> np.ndarray:
        """Largest speed of points for a speed of one joint, in any direction.

        Args:
            points: Shape (m, 3), points on links [m], frame odom.
            moves: Shape (m, n), which joints move the point.

        Returns:
            Shape (m, n) [m]: distance of each point from each joint's axis.
        """
        axes = self._data.xaxis[self._joints]
        anchors = self._data.xanchor[self._joints]
        # |p - o|^2 - ((p - o) . a)^2, multiplied out.
        along = points @ axes.T
        along -= np.einsum("nk,nk->n", anchors, axes)
        square = points @ (-2.0 * anchors.T)
        square += np.einsum("mk,mk->m", points, points)[:, None]
        square += np.einsum("nk,nk->n", anchors, anchors)
        along *= along
        square -= along
        np.maximum(square, 0.0, out=square)
        result: np.ndarray = np.sqrt(square, out=square)
        result *= moves
        return result

    def _ancestry(self, bodies: np.ndarray) -> np.ndarray:
        """Shape (nbody, n), whether a joint moves a body."""
        model = self._model
        moves = np.zeros((model.nbody, len(bodies)), dtype=bool)
        for body in range(1, model.nbody):
            moves[body] = moves[model.body_parentid[body]] | (bodies == body)
        return moves


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Cross products of rows, shape (m, 3); a third of the time of ``np.cross``."""
    result = np.empty_like(a)
    result[:, 0] = a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1]
    result[:, 1] = a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2]
    result[:, 2] = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return result


def effective_mass(
    rows: np.ndarray, inverse: np.ndarray, *, payload: float = 0.0, fallback: float = HEAVIEST
) -> np.ndarray:
    """Mass that points of the robot have along their directions.

    Args:
        rows: Shape (m, n), Jacobian rows [m], see :meth:`RobotDynamics.rows`.
        inverse: Shape (n, n), inverse of the inertia matrix [1/(kg m^2)].
        payload: What the robot may carry, added to every link [kg].
        fallback: Taken where the result is not a number [kg].

    Returns:
        Shape (m,) [kg], between ``payload`` and ``HEAVIEST``.
    """
    mobility = np.einsum("mn,mn->m", rows @ inverse, rows)
    mass = 1.0 / np.maximum(mobility, 1.0 / HEAVIEST)
    mass[~np.isfinite(mobility)] = fallback
    return np.minimum(mass + payload, HEAVIEST)
