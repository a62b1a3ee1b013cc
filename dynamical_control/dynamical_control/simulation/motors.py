"""The simulated robot's motor controllers: one law per joint, as real joint modules run it.

    torque = stiffness * kp * (q_wanted - q) + damping * kd * (v_wanted - v) + gravity +
    feed-forward

The gains are the model's. Gravity and Coriolis torques are compensated, as a humanoid's own low
level does; without it a position servo of this stiffness sags by centimetres at the hand. The
model limits the sum to each joint's ``actuatorfrcrange``.
"""

import mujoco
import numpy as np

from dynamical_control.errors import RobotModelError

ROOT = "pelvis"  # the robot's outermost body


class Motors:
    """Drives all actuated joints of a model; arrays are in robot joint order.

    Args:
        model: Its position servos are changed, in place, into servos that take a torque and a
            target.
        data: State they act on.
        prefix: Begins the names of this robot's joints; robots of another prefix are left alone.

    Raises:
        RobotModelError: If a hinge joint has no position servo.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, *, prefix: str = "") -> None:
        hinges = np.array(
            [
                joint
                for joint in np.flatnonzero(model.jnt_type == mujoco.mjtJoint.mjJNT_HINGE)
                if _prefix_of(model, int(joint)) == prefix
            ],
            dtype=int,
        )
        self.names = tuple(model.joint(int(joint)).name.removeprefix(prefix) for joint in hinges)
        self._model, self._data = model, data
        actuator_of = {int(model.actuator_trnid[i, 0]): i for i in range(model.nu)}
        missing = [model.joint(int(j)).name for j in hinges if int(j) not in actuator_of]
        if missing:
            raise RobotModelError(f"joints {missing} have no actuator in the model")
        self._actuators = np.array([actuator_of[int(joint)] for joint in hinges])
        self._qpos = model.jnt_qposadr[hinges].astype(int)
        self._dof = model.jnt_dofadr[hinges].astype(int)
        self._kp = -model.actuator_biasprm[self._actuators, 1].copy()
        self._kd = -model.actuator_biasprm[self._actuators, 2].copy()
        # force = ctrl - kp q - kd v, so that ctrl carries target and torque alike.
        model.actuator_gainprm[self._actuators, 0] = 1.0
        model.actuator_ctrllimited[self._actuators] = 0
        self._scales = (1.0, 1.0)
        self._wanted = np.zeros(len(hinges))
        self._wanted_velocity = np.zeros(len(hinges))
        self._feed_forward = np.zeros(len(hinges))
        self._target = np.zeros(len(hinges))

    @property
    def count(self) -> int:
        """Number of joints."""
        return len(self.names)

    def hold(self, position: np.ndarray) -> None:
        """Stand still at a position, shape (n,) [rad], at nominal stiffness."""
        self.command(position, np.zeros(self.count), None, stiffness=1.0, damping=1.0)

    def command(
        self,
        position: np.ndarray,
        velocity: np.ndarray,
        effort: np.ndarray | None,
        *,
        stiffness: float,
        damping: float,
    ) -> None:
        """Set what the joints shall do until told otherwise.

        Args:
            position: Shape (n,) [rad].
            velocity: Shape (n,) [rad/s].
            effort: Feed-forward torque, shape (n,) [N m]; ``None`` = 0.
            stiffness: Factor on the position gain, 0..1; at 0 gravity is no longer compensated
                either, since the drives are without torque and only brake.
            damping: Factor on the velocity gain.
        """
        self._wanted[:] = position
        self._wanted_velocity[:] = velocity
        self._feed_forward[:] = 0.0 if effort is None else effort
        if (stiffness, damping) != self._scales:
            self._scales = (stiffness, damping)
            self._model.actuator_biasprm[self._actuators, 1] = -stiffness * self._kp
            self._model.actuator_biasprm[self._actuators, 2] = -damping * self._kd
        np.multiply(self._wanted, stiffness * self._kp, out=self._target)
        self._target += damping * self._kd * self._wanted_velocity
        if stiffness > 0.0:
            self._target += self._feed_forward

    def apply(self) -> None:
        """Write the controls for the next physics steps."""
        torque = self._target
        if self._scales[0] > 0.0:
            torque = torque + self._data.qfrc_bias[self._dof]
        self._data.ctrl[self._actuators] = torque

    def place(self, position: np.ndarray) -> None:
        """Put the joints at a position, at rest, shape (n,) [rad]."""
        self._data.qpos[self._qpos] = position
        self._data.qvel[self._dof] = 0.0

    def position(self, out: np.ndarray) -> None:
        """Read joint positions [rad] into ``out``."""
        np.take(self._data.qpos, self._qpos, out=out)

    def velocity(self, out: np.ndarray) -> None:
        """Read joint velocities [rad/s] into ``out``."""
        np.take(self._data.qvel, self._dof, out=out)

    def effort(self, out: np.ndarray) -> None:
        """Read motor torques [N m] into ``out``."""
        np.take(self._data.qfrc_actuator, self._dof, out=out)


def _prefix_of(model: mujoco.MjModel, joint: int) -> str:
    """What the names of the robot that a joint belongs to begin with."""
    root = int(model.body_rootid[model.jnt_bodyid[joint]])
    return str(model.body(root).name).removesuffix(ROOT)
