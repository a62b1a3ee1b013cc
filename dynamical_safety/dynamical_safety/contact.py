"""Contact that nobody asked for, from joint position, velocity and effort: no skin, no camera.

The generalised momentum p = M qd of a robot that touches nothing changes by
``tau + C^T qd - g`` alone. The observer integrates that, and the residual

    r = K (p - integral(tau + C^T qd - g + r))

follows the external torque with time constant 1/K, without measured acceleration. Source: De Luca
and Mattone, Sensorless robot collision detection and hybrid force/motion control, ICRA 2005;
Haddadin, De Luca and Albu-Schaeffer, Robot collisions: a survey on detection, isolation, and
identification, IEEE T-RO 33(6), 2017, whose isolation rule names the link: a contact lies at or
beyond the most distal joint that feels it.
"""

import math
from dataclasses import dataclass
from importlib import resources

import numpy as np
import yaml

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.errors import DataError
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.plausibility import elapsed
from dynamical_safety.reasons import Reason
from dynamical_safety.state_machine import Cause
from dynamical_safety.supervision import LEAP, Joints

# The observer runs on every second sample, with the mean effort of both: 250 Hz at 500 Hz joint
# states.
SAMPLES = 2
# Samples farther apart tell nothing about the time between: the observer starts anew [s].
LONG_GAP = 0.05
# Contact ends below this part of the threshold, so that it does not flicker.
RELEASE = 0.6
# Looks in a row that must agree: one spike is no contact.
CONFIRM = 2


THRESHOLDS = "contact_thresholds_unitree_g1.yaml"


def load_thresholds(names: tuple[str, ...]) -> np.ndarray:
    """The package's thresholds, found by ``training.contact_thresholds``.

    Args:
        names: Joint names, robot joint order.

    Returns:
        Shape (n,) [N m]; inf for joints that are not watched.

    Raises:
        DataError: If the table has none of the joints, or a threshold that is not positive.
    """
    text = resources.files("dynamical_safety").joinpath("data", THRESHOLDS).read_text("utf-8")
    table = yaml.safe_load(text)["thresholds"]
    if not set(names) & set(table):
        raise DataError(THRESHOLDS, f"has no threshold for any of the {len(names)} joints")
    thresholds = np.array([float(table.get(name, math.inf)) for name in names])
    for index in np.flatnonzero(~(thresholds > 0.0)):
        raise DataError(names[index], f"has contact threshold {thresholds[index]} N m, want > 0")
    return thresholds


class MomentumObserver:
    """External torque on every joint.

    Args:
        dynamics: The robot's model. Placed by every update.
        gain: K [1/s].

    Attributes:
        residual: Shape (n,), external torque [N m]. Written in place by every update.
        free_torque: Shape (n,), torque that holds the robot against gravity in the present motion
            (C qd + g) [N m].
    """

    def __init__(self, dynamics: RobotDynamics, gain: float) -> None:
        count = len(dynamics.links)
        self._dynamics = dynamics
        self._gain = gain
        self.residual = np.zeros(count)
        self.free_torque = np.zeros(count)
        self._velocity = np.zeros(count)
        self._started = False

    def restart(self) -> None:
        """Forget the past; the next update is the first."""
        self._started = False
        self.residual[:] = 0.0

    def update(
        self, position: np.ndarray, velocity: np.ndarray, effort: np.ndarray, *, period: float
    ) -> np.ndarray:
        """One step.

        Args:
            position: Shape (n,), now [rad].
            velocity: Shape (n,), now [rad/s].
            effort: Shape (n,), mean torque of the drives since the last step [N m].
            period: Time since the last step [s].

        Returns:
            Shape (n,), the residual [N m].
        """
        dynamics, residual = self._dynamics, self.residual
        dynamics.place(position)
        inertia = dynamics.inertia()
        self.free_torque[:] = dynamics.bias(velocity)
        if self._started:
            # d(M qd) - (dM) qd = M d(qd), and C^T qd - g = (dM/dt) qd - (C qd + g): what is left
            # of the momentum's change needs one matrix product.
            change = inertia @ (velocity - self._velocity)
            expected = (effort - self.free_torque) * period
            # Implicit in r, so that no gain and no gap can make it oscillate.
            share = self._gain * period
            residual += self._gain * (change - expected)
            residual /= 1.0 + share
        self._velocity[:] = velocity
        self._started = True
        return residual


@dataclass(frozen=True, slots=True)
class Contact:
    """Something touches the robot.

    Attributes:
        joint: Joint that feels it most, for its threshold.
        link: The contact is on this link or beyond it.
        torque: External torque on ``joint`` [N m].
        limit: Its threshold [N m].
        strong: Whether the contact is hard, or has lasted so long that somebody may be held.
    """

    joint: str
    link: str
    torque: float
    limit: float
    strong: bool

    @property
    def cause(self) -> Cause:
        """What it asks for: a stop of category 2, or of category 1 with a set-point that yields."""
        return Cause.CONTACT_STRONG if self.strong else Cause.CONTACT_LIGHT

    @property
    def reason(self) -> Reason:
        """The same for a person."""
        kind = "strong" if self.strong else "light"
        return Reason(
            ErrorCode.CONTACT_DETECTED,
            self.link,
            f"{kind} contact at link {self.link!r} or beyond: joint {self.joint!r} feels "
            f"{self.torque:.1f} N m from outside, {self.limit:.1f} N m are normal work",
            abs(self.torque),
            self.limit,
        )


class ContactMonitor:
    """Decides from the residual whether somebody is touched.

    Args:
        dynamics: The robot's model, for this monitor alone (it is placed by every look).
        names: Joint names, robot joint order.
        thresholds: Shape (n,), residual that normal work does not reach [N m]; inf = not looked at.
        parameters: Gain, what counts as strong, how long a light contact may last.

    Attributes:
        contact: What touches the robot now; ``None`` = nothing.
        borne: Shape (n,), external torque that the robot is known to lean on [N m].
    """

    def __init__(
        self,
        dynamics: RobotDynamics,
        names: tuple[str, ...],
        *,
        thresholds: np.ndarray,
        parameters: SafetyGateParameters,
    ) -> None:
        self._names, self._links = names, dynamics.links
        self._parameters = parameters
        self._thresholds = thresholds
        self.observer = MomentumObserver(dynamics, parameters.contact_gain)
        self.contact: Contact | None = None
        self.borne = np.zeros(len(names))
        self._effort, self._position, self._velocity = (np.zeros(len(names)) for _ in range(3))
        self._samples = 0
        self._stamp = -math.inf
        self._last = -math.inf
        self._above = 0
        self._since = math.inf

    def restart(self) -> None:
        """Begin anew, after a reset or a jump of the robot."""
        self.observer.restart()
        self.contact = None
        self.borne[:] = 0.0
        self._effort[:] = 0.0
        self._samples, self._stamp, self._last = 0, -math.inf, -math.inf
        self._above, self._since = 0, math.inf

    def bear(self) -> None:
        """What presses now is known: a limp robot leans on whatever it sank onto.

        Only what comes on top of it counts from now on; as it grows less, so does what is borne.
        """
        np.copyto(self.borne, self.observer.residual)
        self.contact, self._above, self._since = None, 0, math.inf

    def take(self, joints: Joints) -> bool:
        """Take in one sample; every second one is looked at.

        Args:
            joints: The sample. One that is not finite, not complete or not newer is left out.

        Returns:
            Whether the observer made a step.
        """
        count = len(self._names)
        if not len(joints.position) == len(joints.velocity) == len(joints.effort) == count:
            return False
        gap = joints.stamp - self._last
        # A sum is finite exactly if all of its terms are, or their overflow is no less wrong.
        total = joints.position.sum() + joints.velocity.sum() + joints.effort.sum()
        if not (gap > 0.0 and math.isfinite(total)):
            return False
        self._last = joints.stamp
        if gap > LONG_GAP:
            self.observer.restart()
            self._effort[:] = 0.0
            self._begin(joints)
            self.observer.update(joints.position, joints.velocity, joints.effort, period=0.0)
            return True
        self._effort += joints.effort
        self._samples += 1
        if self._samples < SAMPLES:
            return False
        self._effort /= self._samples
        moved = joints.position - self._position
        speeds = joints.velocity + self._velocity
        stamped = joints.stamp - self._stamp
        if np.abs(moved - (0.5 * stamped) * speeds).max() > LEAP:
            # The robot was put elsewhere, or leaps: that tells nothing about forces.
            self.restart()
            return False
        period = elapsed(moved, speeds, stamped)
        residual = self.observer.update(
            joints.position, joints.velocity, self._effort, period=period
        )
        self._effort[:] = 0.0
        self._begin(joints)
        self._judge(residual, joints.stamp)
        return True

    def add_causes(self, causes: dict[Cause, Reason]) -> None:
        """Add what is felt now to ``causes``."""
        if self.contact is not None:
            causes[self.contact.cause] = self.contact.reason

    @property
    def yielding(self) -> bool:
        """Whether the set-point should go to where the robot is pushed, rather than hold."""
        return self.contact is not None and self.contact.strong

    def _begin(self, joints: Joints) -> None:
        self._position[:] = joints.position
        self._velocity[:] = joints.velocity
        self._samples, self._stamp = 0, joints.stamp

    def _judge(self, residual: np.ndarray, stamp: float) -> None:
        same = np.copysign(1.0, self.borne) * residual
        np.copysign(np.clip(same, 0.0, np.abs(self.borne)), self.borne, out=self.borne)
        ratio = np.abs(residual - self.borne) / self._thresholds
        worst = int(ratio.argmax())
        value = float(ratio[worst])
        if value <= (RELEASE if self.contact is not None else 1.0):
            self.contact, self._above, self._since = None, 0, math.inf
            return
        self._above += 1
        if self._above < CONFIRM:
            return
        self._since = min(self._since, stamp)
        strong = (
            (self.contact is not None and self.contact.strong)
            or value >= self._parameters.contact_strong
            or stamp - self._since > self._parameters.contact_pressed
        )
        felt = np.flatnonzero(ratio > RELEASE)
        self.contact = Contact(
            self._names[worst],
            self._links[int(felt[-1]) if len(felt) else worst],
            float(residual[worst] - self.borne[worst]),
            float(self._thresholds[worst]),
            strong,
        )
