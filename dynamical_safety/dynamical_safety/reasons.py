"""Why the gate did what it did: one value, the same in the pure code and on the graph."""

import math
from dataclasses import dataclass

from dynamical_interfaces.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, as in ``SafetyReason.msg``.

    Attributes:
        code: 2xx error code.
        subject: The joint, track, input, zone or caller concerned.
        value: The offending value, in the unit of ``limit``; NaN = none that can be named.
        limit: What it was held against; NaN = none.
        text: One sentence for a person.
    """

    code: ErrorCode
    subject: str
    text: str
    value: float = math.nan
    limit: float = math.nan
