"""How fast the robot's links move for speeds of the joints.

Sphere centres stand for the links; finite differences of their places are exact to a few
micrometres per second and cost two calls of the kinematics.
"""

import numpy as np

from dynamical_safety.kinematics import RobotKinematics

# Step of the finite difference [s]: far above rounding, far below any curvature.
_STEP = 1e-4


class LinkSpeeds:
    """Speeds of the links of one robot.

    Args:
        kinematics: Its kinematic model.
    """

    def __init__(self, kinematics: RobotKinematics) -> None:
        self._kinematics = kinematics

    def fastest(self, position: np.ndarray, velocity: np.ndarray) -> tuple[float, str]:
        """Largest speed of any link [m/s], and that link; about 20 us.

        Args:
            position: Shape (n,) [rad].
            velocity: Shape (n,) [rad/s].
        """
        before = self._kinematics.centres(position)
        moved = self._kinematics.centres(position + velocity * _STEP) - before
        squared = np.einsum("sk,sk->s", moved, moved)
        index = int(squared.argmax())
        return float(np.sqrt(squared[index])) / _STEP, self._kinematics.spheres.links[index]

    def held(self, position: np.ndarray, velocity: np.ndarray, limit: float) -> np.ndarray:
        """The joint velocity, slowed along its path so that no link is faster than the limit.

        Args:
            position: Shape (n,) [rad].
            velocity: Shape (n,) [rad/s].
            limit: Largest link speed [m/s]; inf = none.
        """
        if not limit < np.inf:
            return velocity
        fastest, _ = self.fastest(position, velocity)
        if fastest <= limit:
            return velocity
        return velocity * (limit / fastest) if fastest < np.inf else np.zeros_like(velocity)
