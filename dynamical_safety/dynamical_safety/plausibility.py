"""Whether joint states can be true: encoders that are stuck, slip, are noisy or biased.

Four residuals that are near zero for a robot whose sensors work, whatever it does or touches:

- *slip*: positions change by what the velocities say; what is left over, summed up with a memory
  of ``MEMORY``, is drift between the two;
- *noise*: the same residual's power;
- *freeze*: while the set-point travels, a measured position changes at all;
- *bias*: at rest a servo's distance from its set-point is what its effort, less the torque that
  holds the robot up, says: ``q - q_set = (g - tau) / kp``. An encoder that lies breaks it.

Source: analytical redundancy, as in Isermann, Fault-Diagnosis Systems, 2006, ch. 10 (parity
equations).
"""

import math
import re

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.limits import GateLimits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import Cause
from dynamical_safety.supervision import LEAP, Joints

MEMORY = 0.1  # of slip and noise [s]
LONG_GAP = 0.05  # samples farther apart are not compared [s]
LEAST_SPEED = 0.3  # below this common speed positions tell no time [rad/s]
SPIKE = 20.0  # a single residual counts for at most this many times the noise allowed
REST_SPEED = 0.02  # of a set-point that rests [rad/s]
REST_TIME = 0.5  # that measured joints have for coming to rest [s]
SATURATED = 0.9  # part of the effort limit from which effort explains nothing
AT_REST_SAMPLES = 10  # between two looks at the bias
FINGER_FACTOR = 4.0  # fingers are small and quick, and hit what they grasp


def elapsed(moved: np.ndarray, speeds: np.ndarray, period: float) -> float:
    """Time that has passed for the robot between two samples.

    Stamps say when a sample was read; a robot that was simulated meanwhile, or whose bus was late,
    has moved for another time. All joints together tell it: the time that fits their travel best.

    Args:
        moved: Shape (n,), change of position [rad].
        speeds: Shape (n,), sum of the velocities at both ends [rad/s].
        period: By the stamps [s].

    Returns:
        Between 0 and twice ``period``; ``period`` if the joints hardly move [s].
    """
    power = float(speeds @ speeds)
    if power < (2.0 * LEAST_SPEED) ** 2:
        return period
    return min(max(2.0 * float(moved @ speeds) / power, 0.0), 2.0 * period)


class JointPlausibility:
    """Judges the measured joint states by each other and by what was commanded.

    Args:
        limits: The robot's joints.
        dynamics: Its servos: stiffness and effort limits; it is not placed.
        parameters: What is borne.

    Attributes:
        reason: What is wrong; ``None`` = nothing. Found again or gone at every sample.
    """

    def __init__(
        self, limits: GateLimits, dynamics: RobotDynamics, parameters: SafetyGateParameters
    ) -> None:
        count = len(limits.names)
        self._names = limits.names
        self._parameters = parameters
        fingers = np.array([bool(re.search(parameters.finger_pattern, n)) for n in limits.names])
        factor = np.where(fingers, FINGER_FACTOR, 1.0)
        self._stiffness = dynamics.stiffness
        self._strong = SATURATED * dynamics.effort
        # A difference of two positions has twice the variance of one.
        self._noise_limit = 2.0 * (parameters.plausible_noise * factor) ** 2
        self._spike = SPIKE * self._noise_limit
        self._slip_limit = parameters.plausible_slip * factor
        self._bias_limit = np.where(fingers, np.inf, parameters.plausible_bias)
        self._position, self._velocity, self._set_point = (np.zeros(count) for _ in range(3))
        self._slip, self._noise, self._frozen = (np.zeros(count) for _ in range(3))
        self._residual, self._speeds, self._moved = (np.zeros(count) for _ in range(3))
        self._stamp = -math.inf
        self._resting = 0.0
        self._samples = 0
        self._bias: Reason | None = None
        self.reason: Reason | None = None

    def restart(self) -> None:
        """Begin anew, after a reset or a jump of the robot."""
        for values in (self._slip, self._noise, self._frozen):
            values[:] = 0.0
        self._stamp, self._resting, self._bias, self.reason = -math.inf, 0.0, None, None

    def take(
        self,
        joints: Joints,
        *,
        set_point: np.ndarray,
        set_velocity: np.ndarray,
        stiffness_scale: float,
        free_torque: np.ndarray | None = None,
    ) -> None:
        """Take in one sample.

        Args:
            joints: The sample. One that is not finite, not complete or not newer is left out.
            set_point: Shape (n,), what the joints follow now [rad].
            set_velocity: Shape (n,), its velocity [rad/s].
            stiffness_scale: That of the servos, 0..1.
            free_torque: Shape (n,), torque that holds the robot up (``MomentumObserver``) [N m];
                ``None`` = not known, bias is not looked at.
        """
        count = len(self._names)
        if not len(joints.position) == len(joints.velocity) == len(joints.effort) == count:
            return
        gap = joints.stamp - self._stamp
        total = joints.position.sum() + joints.velocity.sum() + joints.effort.sum()
        if not (gap > 0.0 and math.isfinite(total)):
            return
        if gap <= LONG_GAP:
            self._compare(joints, set_point, gap)
            resting = np.maximum.reduce(np.abs(set_velocity)) < REST_SPEED
            self._resting = self._resting + gap if resting else 0.0
            self._samples += 1
            if self._samples % AT_REST_SAMPLES == 0:
                known = free_torque is not None and stiffness_scale > 0.0
                self._bias = None
                if known and self._resting > REST_TIME:
                    self._look_for_bias(joints, set_point, free_torque, stiffness_scale)
            self.reason = self._judge()
        self._position[:] = joints.position
        self._velocity[:] = joints.velocity
        self._set_point[:] = set_point
        self._stamp = joints.stamp

    def add_causes(self, causes: dict[Cause, Reason]) -> None:
        """Add what is wrong now to ``causes``."""
        if self.reason is not None:
            causes[Cause.JOINTS_IMPLAUSIBLE] = self.reason

    def _compare(self, joints: Joints, set_point: np.ndarray, gap: float) -> None:
        residual, speeds, moved = self._residual, self._speeds, self._moved
        np.subtract(joints.position, self._position, out=moved)
        np.add(joints.velocity, self._velocity, out=speeds)
        time = elapsed(moved, speeds, gap)
        np.multiply(speeds, -0.5 * time, out=residual)
        residual += moved
        keep = math.exp(-gap / MEMORY)
        self._slip *= keep
        self._slip += residual
        np.multiply(residual, residual, out=residual)
        if np.maximum.reduce(residual) > LEAP * LEAP:
            # The robot was put elsewhere, or leaps: that is JointsMonitor's to judge.
            self.restart()
            return
        np.minimum(residual, self._spike, out=residual)
        self._noise *= keep
        residual *= 1.0 - keep
        self._noise += residual
        # Travel of the set-point since the joint last changed at all.
        np.subtract(set_point, self._set_point, out=speeds)
        np.abs(speeds, out=speeds)
        self._frozen += speeds
        self._frozen *= moved == 0.0

    def _look_for_bias(
        self,
        joints: Joints,
        set_point: np.ndarray,
        free_torque: np.ndarray | None,
        stiffness_scale: float,
    ) -> None:
        assert free_torque is not None
        excess = free_torque - joints.effort
        excess /= self._stiffness * stiffness_scale
        bias = joints.position - set_point - excess
        part = np.abs(bias) / self._bias_limit
        part[np.abs(joints.effort) >= self._strong] = 0.0
        worst = int(part.argmax())
        if part[worst] <= 1.0:
            return
        name, value = self._names[worst], float(bias[worst])
        limit = float(self._bias_limit[worst])
        self._bias = Reason(
            ErrorCode.JOINT_STATE_IMPLAUSIBLE,
            name,
            f"joint {name!r} reads {value:+.3f} rad from where its effort says it is, "
            f"{limit:.3f} rad are borne: its encoder is biased",
            abs(value),
            limit,
        )

    def _judge(self) -> Reason | None:
        frozen = int(self._frozen.argmax())
        if self._frozen[frozen] > self._parameters.plausible_freeze:
            return self._reason(
                frozen,
                "has not changed while its set-point travelled {value:.3f} rad, {limit:.3f} rad "
                "are borne: its encoder is stuck",
                float(self._frozen[frozen]),
                self._parameters.plausible_freeze,
            )
        noise = self._noise / self._noise_limit
        loud = int(noise.argmax())
        if noise[loud] > 1.0:
            return self._reason(
                loud,
                "is noisy: {value:.4f} rad, {limit:.4f} rad are borne",
                math.sqrt(float(self._noise[loud]) / 2.0),
                math.sqrt(float(self._noise_limit[loud]) / 2.0),
            )
        slip = np.abs(self._slip) / self._slip_limit
        off = int(slip.argmax())
        if slip[off] > 1.0:
            return self._reason(
                off,
                "and its velocity have parted by {value:.3f} rad, {limit:.3f} rad are borne",
                abs(float(self._slip[off])),
                float(self._slip_limit[off]),
            )
        return self._bias

    def _reason(self, index: int, text: str, value: float, limit: float) -> Reason:
        name = self._names[index]
        said = text.format(value=value, limit=limit)
        return Reason(
            ErrorCode.JOINT_STATE_IMPLAUSIBLE,
            name,
            f"the measured position of joint {name!r} {said}",
            value,
            limit,
        )
