"""Supervision of the inputs: how old they are, and whether joint states can be true."""

import math
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.limits import GateLimits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import RULE_OF, Cause

FAR_AHEAD = 1.0  # a stamp so far ahead of now cannot be trusted [s]
# A leap is more than the joints can do between two samples, with room for noise and for being
# pushed.
LEAP = 0.1  # [rad]
LEAP_SPEED = 4.0  # times the speed limit
LONG_GAP = 0.1  # samples farther apart are compared by the command jump limit alone [s]
ERROR_SAMPLES = (
    5  # samples between two looks at the tracking error, which is borne for long anyway
)
SHRINKS = 1e-3  # error that is less by this at the next look is on its way to none [rad]
SAMPLES_TO_BELIEVE = 10  # in a row, before positions after a leap are believed


def age(now: float, stamp: float) -> float:
    """Age of a stamp [s]; one that lies far ahead is as old as can be."""
    value = now - stamp
    return math.inf if value < -FAR_AHEAD else value


def late(cause: Cause, what: str, *, value: float, limit: float) -> Reason:
    """Reason for an input that is too old [s]."""
    text = "never came" if value == math.inf else f"are {value * 1e3:.0f} ms old"
    return Reason(
        RULE_OF[cause].code, what, f"{what} {text}, limit is {limit * 1e3:.0f} ms", value, limit
    )


class InputAges:
    """Says what is wrong with the ages of the inputs.

    Args:
        parameters: Ages that are borne.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        self._parameters = parameters

    def add_causes(
        self,
        causes: dict[Cause, Reason],
        *,
        joints: float,
        tracks: float,
        silence: float,
        moved: bool,
    ) -> None:
        """Add what is wrong now to ``causes``.

        Args:
            causes: Added to.
            joints: Age of the joint states [s]; inf = never came.
            tracks: Age of the tracks [s].
            silence: Age of the newest admitted command [s]; -inf = none is awaited.
            moved: Whether motion has been let through. As long as nothing has moved, a lost input
                means waiting, not a stop that wants a reset.
        """
        own = self._parameters
        if joints > own.joints_loss:
            cause = Cause.JOINTS_LOST if moved else Cause.INPUTS_MISSING
            causes[cause] = late(cause, "joint states", value=joints, limit=own.joints_loss)
        if tracks > own.tracks_loss:
            cause = Cause.TRACKS_LOST if moved else Cause.INPUTS_MISSING
            causes[cause] = late(cause, "tracks", value=tracks, limit=own.tracks_loss)
        looked_at = [
            (Cause.COMMAND_PAUSED, "requested commands", silence, own.command_pause),
            (Cause.COMMAND_LOST, "requested commands", silence, own.command_loss),
        ]
        if Cause.INPUTS_MISSING not in causes:
            looked_at += [
                (Cause.TRACKS_PAUSED, "tracks", tracks, own.tracks_pause),
                (Cause.JOINTS_PAUSED, "joint states", joints, own.joints_pause),
            ]
        for cause, what, value, limit in looked_at:
            if value > limit:
                causes[cause] = late(cause, what, value=value, limit=limit)


@dataclass(frozen=True, slots=True)
class Joints:
    """One set of joint states, as it came.

    Attributes:
        stamp: When it was measured, ROS time [s].
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) [N m].
    """

    stamp: float
    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray


class JointsMonitor:
    """Keeps the newest believable joint states and says what is wrong with them.

    Args:
        limits: The robot's joints.
        parameters: Tracking error and how long it is borne.

    Attributes:
        position: Shape (n,), newest measured position [rad].
        velocity: Shape (n,), newest measured velocity [rad/s].
        stamp: Of the newest joint states, ROS time [s]; -inf = none yet.
    """

    def __init__(self, limits: GateLimits, parameters: SafetyGateParameters) -> None:
        self._limits = limits
        self._parameters = parameters
        self.position = np.zeros(len(limits.names))
        self.velocity = np.zeros(len(limits.names))
        self.stamp = -math.inf
        self._leap: Reason | None = None
        self._samples_since_leap = 0
        self._samples = 0
        self._error: Reason | None = None
        self._error_since = math.inf

    @property
    def known(self) -> bool:
        """Whether joint states have ever come."""
        return self.stamp != -math.inf

    @property
    def blocked(self) -> bool:
        """Whether a joint is too far from its set-point now."""
        return self._error is not None

    def take(self, joints: Joints, *, set_point: np.ndarray, time: float) -> bool:
        """Take in one sample.

        Args:
            joints: The sample.
            set_point: Shape (n,), present set-point [rad].
            time: The gate's own time [s].

        Returns:
            Whether it was used. One of wrong size, not finite or out of order is as good as none.
        """
        if (
            len(joints.position) != len(self._limits.names)
            or not np.isfinite(joints.position).all()
            or joints.stamp <= self.stamp
        ):
            return False
        if self.known:
            self._look_for_leap(joints)
        self.position[:] = joints.position
        if len(joints.velocity) == len(self.velocity) and np.isfinite(joints.velocity).all():
            self.velocity[:] = joints.velocity
        self.stamp = joints.stamp
        self._samples += 1
        if self._samples % ERROR_SAMPLES == 0:
            self._look_at_error(set_point, time)
        return True

    def forgive(self) -> None:
        """Begin anew after a reset: the set-point has been put where the robot is."""
        self._error, self._error_since = None, math.inf

    def add_causes(self, causes: dict[Cause, Reason], time: float) -> None:
        """Add what is wrong now to ``causes``."""
        if self._leap is not None:
            causes[Cause.JOINTS_JUMPED] = self._leap
        if (
            self._error is not None
            and time - self._error_since > self._parameters.tracking_error_time
        ):
            causes[Cause.TRACKING_ERROR] = self._error

    def _look_for_leap(self, joints: Joints) -> None:
        gap = joints.stamp - self.stamp
        bound = (
            self._limits.jump
            if gap > LONG_GAP
            else LEAP + LEAP_SPEED * gap * self._limits.velocity
        )
        moved = np.abs(joints.position - self.position)
        excess = moved - bound
        index = int(excess.argmax())
        if excess[index] > 0.0:
            name = self._limits.names[index]
            value, limit = float(moved[index]), float(bound[index])
            self._leap = Reason(
                ErrorCode.TRACKING_ERROR,
                name,
                f"joint {name!r} leapt by {value:.3f} rad in {gap * 1e3:.1f} ms, {limit:.3f} rad "
                "are possible",
                value,
                limit,
            )
            self._samples_since_leap = 0
        elif self._leap is not None:
            self._samples_since_leap += 1
            if self._samples_since_leap >= SAMPLES_TO_BELIEVE:
                self._leap = None

    def _look_at_error(self, set_point: np.ndarray, time: float) -> None:
        error = np.abs(set_point - self.position)
        excess = error - self._limits.tracking_error
        index = int(excess.argmax())
        if excess[index] <= 0.0:
            self._error, self._error_since = None, math.inf
            return
        name = self._limits.names[index]
        value, limit = float(error[index]), float(self._limits.tracking_error[index])
        if self._error is not None and value < self._error.value - SHRINKS:
            self._error_since = time  # a joint that is on its way is not blocked
        self._error = Reason(
            ErrorCode.TRACKING_ERROR,
            name,
            f"joint {name!r} is {value:.3f} rad from its set-point, {limit:.3f} rad are borne",
            value,
            limit,
        )
        self._error_since = min(self._error_since, time)
