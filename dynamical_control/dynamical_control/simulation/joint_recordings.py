"""Records what joint states look like in normal work: motions of arms and waist, a cup in the hand.

::

    python -m dynamical_control.simulation.joint_recordings out/joint_recordings.npz --seed 1

The file feeds ``dynamical_safety.training.contact_thresholds``. Each of its recordings is one array
of shape (samples, 3, n): position [rad], velocity [rad/s] and effort [N m] every 2 ms, as the
robot driver publishes them. The recordings are

- ``free``: arms and waist move between random postures as fast as the gate lets them;
- ``cup``: the same with a cup fixed in either hand;
- ``work``: slow motions, while now one and now the other hand presses with the force of work.

Furniture and the robot's own body are not in the way: what the joints feel is known.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mujoco
import numpy as np

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.world import World

SAMPLE_STEPS = 2  # physics steps in a sample: 500 Hz
CUP_MASS = 0.2  # [kg]
WORK_FORCE = 8.0  # with which a hand presses in its work: grasping, putting down [N]
FINGERS = (0.15, 0.0, 0.0)  # where, in the frame of the hand's link [m]
FAST, SLOW = 2.0, 0.5  # [rad/s]; the fast one is the gate's limit of arm joints
SPREAD = 0.7  # of the postures, around that at the start [rad]
_MOVING = ("shoulder", "elbow", "wrist", "waist")
_HANDS = ("left_wrist_yaw_link", "right_wrist_yaw_link")
_PUSH_TIME = 0.4  # [s]


class MotionRecorder:
    """Random motions of one simulated robot, recorded.

    Args:
        seed: Of postures and forces.
    """

    def __init__(self, seed: int) -> None:
        self.world = World(ensure_robot_model())
        model = self.world.model
        model.opt.disableflags |= int(mujoco.mjtDisableBit.mjDSBL_CONTACT)
        self._rng = np.random.default_rng(seed)
        self._hands = [model.body(name).id for name in _HANDS]
        self._masses = model.body_mass[self._hands].copy()
        moving = [any(part in name for part in _MOVING) for name in self.world.joint_names]
        self._moving = np.flatnonzero(moving)
        joints = [model.joint(name) for name in self.world.joint_names]
        self._lower = np.array([joint.range[0] for joint in joints]) + 0.05
        self._upper = np.array([joint.range[1] for joint in joints]) - 0.05

    def record(
        self,
        duration: float,
        *,
        speed: float,
        held: float = 0.0,
        disturb: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Move and record.

        Args:
            duration: [s].
            speed: Largest joint speed [rad/s].
            held: Mass in each hand [kg].
            disturb: Called with the time [s] before each sample.

        Returns:
            Shape (samples, 3, n).
        """
        world, model = self.world, self.world.model
        world.reset(seed=0)
        model.body_mass[self._hands] = self._masses + held
        mujoco.mj_setConst(model, mujoco.MjData(model))
        period = SAMPLE_STEPS * world.timestep
        samples = np.empty((round(duration / period), 3, len(world.joint_names)))
        start, end = world.start_posture, world.start_posture
        began, length = 0.0, 0.0
        for index, sample in enumerate(samples):
            time = index * period
            if time >= began + length:
                start, end, began = end, self._posture(), time
                # 15/8: peak over mean speed of a minimum-jerk motion.
                length = max(0.3, 1.875 * float(np.abs(end - start).max()) / speed)
            part, rate = _minimum_jerk((time - began) / length)
            world.motors.command(
                start + (end - start) * part,
                (end - start) * (rate / length),
                None,
                stiffness=1.0,
                damping=1.0,
            )
            if disturb is not None:
                disturb(time)
            world.step(SAMPLE_STEPS)
            world.motors.position(sample[0])
            world.motors.velocity(sample[1])
            world.motors.effort(sample[2])
        world.data.xfrc_applied[:] = 0.0
        model.body_mass[self._hands] = self._masses
        mujoco.mj_setConst(model, mujoco.MjData(model))
        return samples

    def press(self, time: float) -> None:
        """Press with one hand, in another direction now and then."""
        if time % _PUSH_TIME < SAMPLE_STEPS * self.world.timestep:
            direction = self._rng.normal(size=3)
            force = WORK_FORCE * direction / np.linalg.norm(direction)
            for hand, share in zip(self._hands, self._rng.permutation([0.0, 1.0]), strict=True):
                self.push(hand, share * force)

    def push(self, body: int, force: np.ndarray) -> None:
        """Push a hand at its fingers from now on: force [N], frame odom."""
        data = self.world.data
        arm = data.xmat[body].reshape(3, 3) @ np.array(FINGERS)
        arm += data.xpos[body] - data.xipos[body]
        data.xfrc_applied[body] = [*force, *np.cross(arm, force)]

    def _posture(self) -> np.ndarray:
        posture = self.world.start_posture.copy()
        posture[self._moving] += self._rng.uniform(-SPREAD, SPREAD, len(self._moving))
        return np.clip(posture, self._lower, self._upper)


def _minimum_jerk(part: float) -> tuple[float, float]:
    """Progress 0..1 and its rate at a part of the time. Source: Flash and Hogan 1985."""
    s = min(max(part, 0.0), 1.0)
    return s**3 * (10.0 - 15.0 * s + 6.0 * s * s), 30.0 * s * s * (1.0 - s) ** 2


def main() -> None:
    """Record all kinds of work into one file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("file", type=Path, help="where to write, .npz")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--duration", type=float, default=120.0, help="of each recording [s]")
    arguments = parser.parse_args()
    recorder = MotionRecorder(arguments.seed)
    duration = arguments.duration
    arrays: dict[str, Any] = {
        "free": recorder.record(duration, speed=FAST),
        "cup": recorder.record(duration, speed=FAST, held=CUP_MASS),
        "work": recorder.record(duration, speed=SLOW, held=CUP_MASS, disturb=recorder.press),
    }
    arguments.file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        arguments.file,
        joint_names=np.array(recorder.world.joint_names),
        period=SAMPLE_STEPS * recorder.world.timestep,
        seed=arguments.seed,
        **arrays,
    )


if __name__ == "__main__":
    main()
