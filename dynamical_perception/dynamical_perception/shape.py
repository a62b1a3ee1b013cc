"""Size and centre of a thing in ``odom`` from the points that one or several cameras saw.

A camera sees one side only, so the mean of the points lies in front of the centre. Upright round
things are fitted with a circle whose radius has a prior, boxes with a rectangle; both use what is
known of the thing's size as soon as part of it is hidden.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_perception.catalogue import ObjectClass, Shape
from dynamical_perception.segments import Segment

_ITERATIONS = 8
_HUBER = 0.004  # residuals beyond this weigh less [m]
_NOISE = 0.003  # of one point against a surface, one standard deviation [m]
_FLOOR = 0.002  # what no number of points makes better [m]
_CAP = 0.008  # points this near to the top belong to it, not to the side [m]
_WHOLE = 0.12  # share of the contour that may be hidden in a view of the whole thing
_PERSON_DEPTH = 0.30  # a body is at least this thick [m]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """One estimate.

    Attributes:
        position: Shape (3,), centre of the axis-aligned box [m].
        size: Shape (3,), extent of the axis-aligned box [m].
        body: Shape (3,), extent along the thing's own axes [m].
        yaw: Its turn about z [rad], 0 where round or unknown.
        covariance: Shape (3, 3), of the position [m^2].
        whole: Whether all of it was seen, so that ``body`` was measured.
    """

    position: np.ndarray
    size: np.ndarray
    body: np.ndarray
    yaw: float
    covariance: np.ndarray
    whole: bool


def fit(
    kind: ObjectClass,
    views: Sequence[Segment],
    *,
    body: np.ndarray | None = None,
    yaw: float | None = None,
) -> Fit:
    """Fit a thing to its views.

    Args:
        kind: Prior knowledge of its class.
        views: At least one, all taken while the thing stood where it is.
        body: Extent measured earlier, shape (3,) [m]; ``None`` = only the class is known.
        yaw: Turn measured earlier [rad].
    """
    if kind.shape is Shape.PERSON:
        return _fit_person(kind, views, body)
    known = kind.prior_size if body is None else body
    whole = any(view.hidden < _WHOLE and not view.cut for view in views)
    z, height, z_deviation, upright = _vertical(views, known[2])
    if kind.shape is Shape.ROUND:
        spread = kind.spread * known[0] / 2 if body is None else 0.002
        center, width, covariance = _fit_round(
            kind, views, top=z + height / 2, height=height, width=known[0], spread=spread
        )
        extent = np.array([width, width, height])
        size, turn = extent, 0.0
    else:
        points = np.concatenate([view.points for view in views])
        center, extent, turn, covariance = _fit_box(
            views, points, z + height / 2, known, yaw, whole
        )
        extent = np.array([extent[0], extent[1], height])
        c, s = abs(np.cos(turn)), abs(np.sin(turn))
        size = np.array([extent[0] * c + extent[1] * s, extent[0] * s + extent[1] * c, height])
    full = np.zeros((3, 3))
    full[:2, :2] = covariance
    full[2, 2] = z_deviation**2
    return Fit(
        position=np.array([center[0], center[1], z]),
        size=size,
        body=extent,
        yaw=turn,
        covariance=full,
        whole=whole and upright,
    )


def top_height(view: Segment) -> float:
    """Height of the top of a thing in one view [m]: its upper face if the camera sees it."""
    z = view.points[:, 2]
    high = float(np.percentile(z, 99))
    if not view.from_above:
        return high + 0.5 * _footprint(view)
    band = z[z > high - 0.016]
    counts, edges = np.histogram(band, bins=8, range=(high - 0.016, high + 0.004))
    smooth = np.convolve(counts, (1, 1, 1), mode="same")
    peak = edges[int(smooth.argmax())] + 0.5 * (edges[1] - edges[0])
    face = band[np.abs(band - peak) < 0.005]
    # A face has many pixels at one height; a side has them spread evenly.
    if len(face) > 0.6 * len(band) and len(face) >= 6:
        return float(face.mean())
    return high


def _footprint(view: Segment) -> float:
    """Height of a pixel on an upright surface [m]."""
    ray = view.points.mean(axis=0) - view.eye
    flat = float(np.hypot(ray[0], ray[1]))
    return view.pixel * float(np.linalg.norm(ray)) / max(flat, 0.2 * float(np.linalg.norm(ray)))


def _agree(values: list[tuple[float, float]], *, highest: bool) -> tuple[float, float]:
    """One height from (value, deviation) of several views: the mean of those near the outermost.

    Hiding only ever makes a thing look smaller.
    """
    heights = np.array([value for value, _ in values])
    deviations = np.array([deviation for _, deviation in values])
    outermost = heights.max() if highest else heights.min()
    same = np.abs(heights - outermost) < 0.010
    weights = 1.0 / deviations[same] ** 2
    return float((heights[same] * weights).sum() / weights.sum()), float(weights.sum() ** -0.5)


def _vertical(views: Sequence[Segment], known: float) -> tuple[float, float, float, bool]:
    """Height of the centre, extent, deviation, and whether top and bottom were both seen."""
    tops, bottoms = [], []
    for view in views:
        deviation = _FLOOR + 0.5 * _footprint(view)
        if view.top_clear:
            tops.append((top_height(view), deviation))
        if view.bottom_clear:
            low = float(np.percentile(view.points[:, 2], 1)) - 0.5 * _footprint(view)
            bottoms.append((low, deviation))
    if tops and bottoms:
        top, top_deviation = _agree(tops, highest=True)
        bottom, _ = _agree(bottoms, highest=False)
        height = top - bottom
        if height > 0.8 * known:
            return (top + bottom) / 2, height, top_deviation, True
        bottoms = []  # the lower end that looked clear was hidden after all
    if tops:
        top, deviation = _agree(tops, highest=True)
        return top - known / 2, known, 1.5 * deviation, False
    if bottoms:
        bottom, deviation = _agree(bottoms, highest=False)
        return bottom + known / 2, known, 2.0 * deviation, False
    z = np.concatenate([view.points[:, 2] for view in views])
    return float(z.min() + z.max()) / 2, known, known / 4, False


def _weights(residual: np.ndarray) -> np.ndarray:
    size = np.abs(residual)
    return np.where(size < _HUBER, 1.0, _HUBER / np.maximum(size, 1e-12))


def _start(views: Sequence[Segment], half: float) -> np.ndarray:
    """First guess of the centre: the points' mean, moved away from each camera."""
    guesses = []
    for view in views:
        mean = view.points[:, :2].mean(axis=0)
        away = mean - view.eye[:2]
        guesses.append(mean + 0.6 * half * away / max(float(np.linalg.norm(away)), 1e-6))
    return np.mean(guesses, axis=0)  # type: ignore[no-any-return]


def _covariance(normal: np.ndarray, count: int) -> np.ndarray:
    # Pixels next to each other err alike, so that not each one counts as a measurement of its own.
    shared = max(count / 40.0, 1.0)
    return np.linalg.inv(normal / (_NOISE**2 * shared))[:2, :2] + _FLOOR**2 * np.eye(2)


def _fit_round(
    kind: ObjectClass,
    views: Sequence[Segment],
    *,
    top: float,
    height: float,
    width: float,
    spread: float,
) -> tuple[np.ndarray, float, np.ndarray]:
    """Centre (2,), greatest width and covariance (2, 2) of an upright body of revolution.

    Its side is a cone: radius ``r + k s`` at height ``s`` in -1/2 .. 1/2. Only points that face
        their camera lie on the outside; those of an inner wall do not.
    """
    points = np.concatenate([view.points for view in views])
    eyes = np.concatenate([np.broadcast_to(view.eye[:2], (len(view.points), 2)) for view in views])
    xy = points[:, :2]
    s = np.clip((points[:, 2] - top) / height + 0.5, -0.5, 0.5)
    side = (points[:, 2] < top - _CAP) & (s < kind.shoulder - 0.5)
    radius = width / 2
    state = np.array([*_start(views, radius), radius, 0.0])
    share = max(len(points) / 40.0, 1.0)
    prior = np.array([0.0, 0.0, (_NOISE / spread) ** 2, (_NOISE / (0.15 * radius)) ** 2]) * share
    expected = np.array([0.0, 0.0, radius, 0.0])
    normal = np.eye(4)
    for _ in range(_ITERATIONS):
        offset = xy - state[:2]
        distance = np.maximum(np.hypot(offset[:, 0], offset[:, 1]), 1e-9)
        residual = distance - state[2] - state[3] * s
        facing = ((eyes - xy) * offset).sum(axis=1) > 0
        # Points of the top may lie anywhere inside; outside they pull like those of the side.
        used = (side & facing & (distance > 0.6 * radius)) | (residual > 0)
        weight = _weights(residual) * used
        jacobian = np.column_stack((-offset / distance[:, None], -np.ones(len(xy)), -s))
        weighted = jacobian * weight[:, None]
        normal = weighted.T @ jacobian + np.diag(prior + 1e-3)
        step = np.linalg.solve(normal, weighted.T @ residual + prior * (state - expected))
        state -= np.clip(step, -0.03, 0.03)
        if np.abs(step).max() < 1e-5:
            break
    widest = 2.0 * (state[2] + 0.5 * max(abs(state[3]) * (kind.shoulder >= 1.0), 0.0))
    return (
        state[:2],
        float(np.clip(widest, 0.4 * width, 2.0 * width)),
        _covariance(normal, len(xy)),
    )


def _fit_box(
    views: Sequence[Segment],
    points: np.ndarray,
    top: float,
    known: np.ndarray,
    yaw: float | None,
    whole: bool,  # noqa: FBT001 - internal
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Centre (2,), extent (2,), turn and covariance (2, 2) of an upright cuboid."""
    xy = points[:, :2]
    if whole:
        center, extent, turn = smallest_rectangle(xy)
        deviation = _FLOOR + 0.4 * min(view.pixel for view in views)
        return center, extent, turn, deviation**2 * np.eye(2)
    turn = 0.0 if yaw is None else yaw
    c, s = np.cos(turn), np.sin(turn)
    axes = np.array([[c, s], [-s, c]])
    half = known[:2] / 2
    side = points[:, 2] < top - _CAP
    state = _start(views, float(half.min()))
    normal = np.eye(2)
    for _ in range(_ITERATIONS):
        local = (xy - state) @ axes.T
        over = np.abs(local) - half
        outside = np.maximum(over, 0.0)
        distance = np.hypot(outside[:, 0], outside[:, 1])
        residual = distance + np.minimum(over.max(axis=1), 0.0)
        inner = np.eye(2)[over.argmax(axis=1)]
        direction = np.where(
            (distance > 0)[:, None], outside / np.maximum(distance, 1e-9)[:, None], inner
        )
        weight = _weights(residual) * (side | (residual > 0))
        jacobian = -(direction * np.sign(local)) @ axes
        weighted = jacobian * weight[:, None]
        normal = weighted.T @ jacobian + 1e-3 * np.eye(2)
        step = np.linalg.solve(normal, weighted.T @ residual)
        state = state - np.clip(step, -0.02, 0.02)
    return state, known[:2], turn, _covariance(normal, len(xy))


def smallest_rectangle(xy: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre (2,), extent (2,) [m] and turn [rad] of the rectangle of least area.

    The turn is in [-45, 45) degrees. The outermost 2 % of the points on each side are noise.
    """
    angles = np.deg2rad(np.arange(-45.0, 45.0, 3.0))
    best = _rectangle(xy, angles)
    fine = angles[best[0]] + np.deg2rad(np.arange(-2.5, 2.6, 0.5))
    i, low, high = _rectangle(xy, fine)
    turn = float(fine[i])
    c, s = np.cos(turn), np.sin(turn)
    center = np.array([[c, -s], [s, c]]) @ ((low + high) / 2)
    return center, high - low, turn


def _rectangle(xy: np.ndarray, angles: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    c, s = np.cos(angles), np.sin(angles)
    along = np.stack((xy @ np.stack((c, s)), xy @ np.stack((-s, c))))  # (2, n, angles)
    along.partition((k := len(xy) // 50, len(xy) - 1 - k), axis=1)
    low, high = along[:, k], along[:, len(xy) - 1 - k]
    i = int(np.prod(high - low, axis=0).argmin())
    return i, low[:, i], high[:, i]


def _fit_person(kind: ObjectClass, views: Sequence[Segment], body: np.ndarray | None) -> Fit:
    """A person's box always reaches down to the floor, whether the feet are seen or not."""
    points = np.concatenate([view.points for view in views])
    low, high = np.percentile(points, (1, 99), axis=0)
    low[2] = min(low[2], 0.0)
    tall = any(view.top_clear for view in views)
    if not tall:
        high[2] = max(high[2], kind.size[2] if body is None else body[2])
    eyes = np.array([view.eye[:2] for view in views])
    away = ((low + high)[:2] / 2 - eyes).mean(axis=0)
    length = float(np.linalg.norm(away))
    if length > 1e-6:
        # What a camera cannot see of the body lies behind what it sees.
        along = points[:, :2] @ (away / length)
        lacking = max(_PERSON_DEPTH - float(np.ptp(np.percentile(along, (1, 99)))), 0.0)
        reach = lacking * away / length
        low[:2] += np.minimum(reach, 0.0)
        high[:2] += np.maximum(reach, 0.0)
    size = high - low
    # A view that ends at the border of the picture may show a limb alone.
    deviation = 0.15 if all(view.cut for view in views) and len(views) == 1 else 0.06
    return Fit(
        position=(low + high) / 2,
        size=size,
        body=size,
        yaw=0.0,
        covariance=deviation**2 * np.eye(3),
        whole=tall and not any(view.cut for view in views),
    )
