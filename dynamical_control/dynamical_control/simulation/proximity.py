"""Exact distance between the person and the robot, for grading a run: safety never sees it."""

import math

import mujoco
import numpy as np

from dynamical_control.simulation.person import PARTS


class Proximity:
    """Nearest distance of the person's shapes to the robot's collision shapes."""

    def __init__(self, model: mujoco.MjModel, *, robot_root: str = "pelvis") -> None:
        self._model = model
        parts = {model.body(part.name).id for part in PARTS}
        root = model.body(robot_root).id
        bodies = model.geom_bodyid
        self._person = np.array([g for g in range(model.ngeom) if int(bodies[g]) in parts])
        self._robot = np.array(
            [
                g
                for g in range(model.ngeom)
                if model.body_rootid[bodies[g]] == root and model.geom_contype[g] != 0
            ]
        )
        radius = model.geom_rbound
        self._reach = radius[self._person][:, None] + radius[self._robot][None, :]
        self._segment = np.zeros(6)

    def distance(self, data: mujoco.MjData) -> float:
        """Distance now [m]; negative where they would overlap.

        Pairs are tried in the order of what their bounding spheres allow, until no pair can be
        nearer.
        """
        centres_a, centres_b = data.geom_xpos[self._person], data.geom_xpos[self._robot]
        gap = np.linalg.norm(centres_a[:, None] - centres_b[None, :], axis=2) - self._reach
        best = math.inf
        for index in np.argsort(gap, axis=None):
            i, j = divmod(int(index), gap.shape[1])
            if gap[i, j] >= best:
                break
            limit = min(best, 100.0)
            found = mujoco.mj_geomDistance(
                self._model, data, int(self._person[i]), int(self._robot[j]), limit, self._segment
            )
            best = min(best, float(found))
        return best
