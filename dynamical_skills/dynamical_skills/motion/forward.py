"""Where the hands are for given joints, beside whatever is being planned."""

import threading

import mujoco
import numpy as np

from dynamical_skills.motion import model
from dynamical_skills.motion.kinematics import Kinematics


class HandPositions:
    """Forward kinematics with a state of its own; thread-safe.

    Args:
        kinematics: Its model is read, its state is left alone.
    """

    def __init__(self, kinematics: Kinematics) -> None:
        self._kinematics = kinematics
        self._data = mujoco.MjData(kinematics.planning.model)
        self._lock = threading.Lock()

    def of(self, joints: np.ndarray, side: str) -> np.ndarray:
        """Position of a hand frame in ``odom`` for all joints, shape (3,) [m]."""
        return self.pose_of(joints, side)[0]

    def pose_of(self, joints: np.ndarray, side: str) -> tuple[np.ndarray, np.ndarray]:
        """Position (3,) [m] and rotation (3, 3) of a hand frame in ``odom`` for all joints."""
        with self._lock:
            self._data.qpos[:] = self._kinematics.reduced(joints)
            mujoco.mj_kinematics(self._kinematics.planning.model, self._data)
            hand = self._data.body(model.hand_body(side))
            return np.array(hand.xpos), np.array(hand.xmat).reshape(3, 3)
