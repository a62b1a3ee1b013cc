"""Where objects stand at the start of a run, drawn from a seed."""

import numpy as np

from dynamical_control.errors import SceneError
from dynamical_control.simulation.layout import Layout


def places(layout: Layout, *, seed: int) -> list[tuple[float, float, float]]:
    """Place and heading of every object, in the order of ``layout.objects``.

    Args:
        layout: Gives the area and the smallest distance along y.
        seed: 0 = the standard placement; any other number draws one, always the same for the same
            number.

    Returns:
        x [m], y [m], yaw [rad] of each.

    Raises:
        SceneError: If the seed is negative or the objects do not fit.
    """
    if seed < 0:
        raise SceneError(f"seed is {seed}; it must be 0 (standard placement) or positive")
    if seed == 0:
        return [(x, y, 0.0) for x, y in layout.standard_places]
    count = len(layout.objects)
    low, high = layout.object_y
    spare = (high - low) - (count - 1) * layout.lane
    if spare < 0.0:
        raise SceneError(
            f"{count} objects with {layout.lane} m between them do not fit in y {low}..{high} m"
        )
    rng = np.random.default_rng(seed)
    # Uniform over all placements that keep the lane: draw in the spare width, then spread apart.
    ordered = np.sort(rng.uniform(low, low + spare, count)) + layout.lane * np.arange(count)
    y = rng.permutation(ordered)
    x = rng.uniform(*layout.object_x, count)
    yaw = rng.uniform(-np.pi / 4, np.pi / 4, count)
    return [(float(a), float(b), float(c)) for a, b, c in zip(x, y, yaw, strict=True)]
