"""Leave to follow the safety gate: given by the watchdog, worth nothing after 50 ms.

The gate seals its commands itself, so a gate that hangs in a loop or has lost its senses could go on
sealing. The watchdog, another process, looks at the gate and gives leave 200 times a second. A permit
counts if its seal is right, it is fresh, and its sequence grows; the newest one alone decides.
"""

import math
from dataclasses import dataclass
from enum import Enum

from dynamical_interfaces import seal


@dataclass(frozen=True, slots=True)
class SealedPermit:
    """A permit as it came in, nothing believed yet.

    Attributes:
        sequence: Grows from message to message.
        stamp_ns: ROS time [ns].
        permitted: Whether the driver may follow the gate.
        reason: Why not.
        tag: 16 bytes, see ``dynamical_interfaces.seal``.
    """

    sequence: int
    stamp_ns: int
    permitted: bool
    reason: str
    tag: bytes


class PermitVerdict(Enum):
    """What became of a permit."""

    ACCEPTED = "accepted"
    NOT_AUTHENTIC = "authentication tag is wrong"
    REPLAYED = "sequence is not newer than the last one"
    STALE = "stamp is too old or lies ahead"


class PermitGuard:
    """Judges permits and says whether the gate may be followed now.

    Two clocks are arguments, as in ``command_guard``: ``ros_time`` [s] is compared with stamps,
    ``clock`` [s] is monotonic.

    Args:
        key: Secret shared with the watchdog.
        max_age: Age at which a permit is worth nothing [s].
    """

    def __init__(self, key: bytes, *, max_age: float = 0.050) -> None:
        self.max_age = max_age
        self.counts = dict.fromkeys(PermitVerdict, 0)
        self._key = key
        self._given = -math.inf
        self._permitted = False
        self._reason = ""
        self._sequence = -1
        self._stamp_ns = -1

    def receive(self, permit: SealedPermit, *, ros_time: float, clock: float) -> PermitVerdict:
        """Judge one permit and take it if it is good."""
        age = ros_time - permit.stamp_ns * 1e-9
        verdict = self._judge(permit, age=age, clock=clock)
        self.counts[verdict] += 1
        if verdict is PermitVerdict.ACCEPTED:
            self._sequence, self._stamp_ns = permit.sequence, permit.stamp_ns
            self._permitted, self._reason = permit.permitted, permit.reason
            self._given = clock - max(0.0, age)
        return verdict

    def refusal(self, clock: float) -> str | None:
        """Why the gate may not be followed now, or ``None`` if it may."""
        age = clock - self._given
        if age <= self.max_age:
            if self._permitted:
                return None
            return f"the watchdog permits no motion: {self._reason or 'no reason given'}"
        if age == math.inf:
            return "the watchdog has not given a permit yet"
        return f"the watchdog's newest permit is {age * 1e3:.0f} ms old"

    def _judge(self, permit: SealedPermit, *, age: float, clock: float) -> PermitVerdict:
        expected = seal.permit_tag(
            self._key,
            sequence=permit.sequence,
            stamp_ns=permit.stamp_ns,
            permitted=permit.permitted,
            reason=permit.reason,
        )
        if not seal.matches(expected, permit.tag):
            return PermitVerdict.NOT_AUTHENTIC
        # A restarted watchdog that counts from a lower number is heard once the robot is held.
        restarted = clock - self._given > self.max_age and permit.stamp_ns > self._stamp_ns
        if permit.sequence <= self._sequence and not restarted:
            return PermitVerdict.REPLAYED
        return PermitVerdict.ACCEPTED if abs(age) <= self.max_age else PermitVerdict.STALE
