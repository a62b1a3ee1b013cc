"""Feed-forward torque within the limits of effort and of power.

Power is torque times measured speed, whichever way it flows: a joint that is pushed takes up no
more than it may give. Source of the idea: ISO 10218-1:2006, 5.10.5 (largest dynamic power).
"""

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.limits import ABSURD, GateLimits
from dynamical_safety.reasons import Reason

_SLOWEST = 1e-9  # below this speed power bounds nothing [rad/s]


class EffortLimiter:
    """Clips feed-forward torques; all arrays are made once.

    Args:
        limits: What the joints may do.
        reduced: What they may do in reduced mode; ``None`` = the same.
    """

    def __init__(self, limits: GateLimits, reduced: GateLimits | None = None) -> None:
        self._limits = limits
        self._reduced = limits if reduced is None else reduced
        self._bound, self._lowest = np.zeros(len(limits.names)), np.zeros(len(limits.names))

    def clip_effort(
        self,
        effort: np.ndarray,
        velocity: np.ndarray,
        *,
        out: np.ndarray,
        reduced: bool = False,
    ) -> None:
        """Bring torques within the limits.

        Args:
            effort: Shape (n,), torques asked for [N m]; one that is not finite becomes 0.
            velocity: Shape (n,), measured [rad/s]; where it is not finite, the torque becomes 0.
            out: Shape (n,), written; may be ``effort``.
            reduced: Whether the reduced limits hold.
        """
        limits = self._reduced if reduced else self._limits
        bound, lowest = self._bound, self._lowest
        unknown = None
        if not effort.dot(effort) + velocity.dot(velocity) < ABSURD:
            unknown = ~(np.isfinite(effort) & np.isfinite(velocity))
        np.abs(velocity, out=bound)
        np.maximum(bound, _SLOWEST, out=bound)
        np.divide(limits.power, bound, out=bound)
        np.minimum(bound, limits.effort, out=bound)
        np.negative(bound, out=lowest)
        np.minimum(effort, bound, out=out)
        np.maximum(out, lowest, out=out)
        if unknown is not None:
            np.copyto(out, 0.0, where=unknown)

    def excess(
        self, effort: np.ndarray, velocity: np.ndarray, *, reduced: bool = False
    ) -> Reason | None:
        """Which torque is beyond its limit, the worst first and effort before power; or ``None``.

        Args:
            effort: Shape (n,), torques asked for, finite [N m].
            velocity: Shape (n,), measured, finite [rad/s].
            reduced: Whether the reduced limits hold.
        """
        limits = self._reduced if reduced else self._limits
        for code, quantity, unit, values, bounds in (
            (ErrorCode.EFFORT_LIMIT, "effort", "N m", np.abs(effort), limits.effort),
            (ErrorCode.POWER_LIMIT, "power", "W", np.abs(effort * velocity), limits.power),
        ):
            over = values - bounds
            index = int(over.argmax())
            if over[index] > 1e-9:
                joint = limits.names[index]
                value, bound = float(values[index]), float(bounds[index])
                return Reason(
                    code,
                    joint,
                    f"joint {joint!r}: {quantity} {value:.3f} {unit} brought back to "
                    f"{bound:.3f} {unit}",
                    value,
                    bound,
                )
        return None
