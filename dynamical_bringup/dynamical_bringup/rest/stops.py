"""Which requests make the robot stop: they pass where all others are refused."""

import re

_STOPS = re.compile(
    r"/api/(v1/)?safety/stop|/api/v1/skills/executions/[^/]+/cancel|/api/v1/plans/[^/]+/cancel"
)


def is_stop(method: str, path: str) -> bool:
    """Whether a request stops the robot, or cancels what it does."""
    return method == "POST" and _STOPS.fullmatch(path) is not None
