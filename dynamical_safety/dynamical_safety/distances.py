"""Distances of many segments to segments and to upright boxes at once, with the line between them.

Every function takes m pairs and returns, for each, the distance [m], negative where a segment is
inside a box; a point on the shortest line between the two [m]; and the unit vector along it from
the second of the pair to the first. Moving the first along that vector by a small step makes the
distance grow by the step.
"""

import numpy as np

_TINY = 1e-12
_HUGE = 1e30

Gaps = tuple[np.ndarray, np.ndarray, np.ndarray]


def _dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product: np.ndarray = np.einsum("mk,mk->m", a, b)
    return product


def _within(values: np.ndarray) -> np.ndarray:
    """The values brought to 0..1; two ufuncs cost half of ``np.clip``."""
    np.maximum(values, 0.0, out=values)
    return np.minimum(values, 1.0, out=values)


def segment_gaps(
    start: np.ndarray, along: np.ndarray, other_start: np.ndarray, other_along: np.ndarray
) -> Gaps:
    """Distance between two segments. Source: Ericson 2005, "Real-Time Collision Detection", 5.1.9.

    Args:
        start: Shape (m, 3), one end of each first segment [m].
        along: Shape (m, 3), from there to its other end [m].
        other_start: Shape (m, 3), of each second segment [m].
        other_along: Shape (m, 3) [m].
    """
    between = start - other_start
    a = np.maximum(_dot(along, along), _TINY)
    e = np.maximum(_dot(other_along, other_along), _TINY)
    b, c, f = _dot(along, other_along), _dot(along, between), _dot(other_along, between)
    # Of parallel segments any point will do: s = 0 there.
    parallel = a * e - b * b
    s = (b * f - c * e) / np.maximum(parallel, _TINY * a * e)
    _within(s)
    t = _within((b * s + f) / e)
    # Once more, as t may have met its end.
    s = _within((b * t - c) / a)
    first = start + s[:, None] * along
    offset = first - (other_start + t[:, None] * other_along)
    distance = np.sqrt(_dot(offset, offset))
    crossing = distance < 1e-9
    if crossing.any():
        offset[crossing] = _across(along[crossing], other_along[crossing])
    normal = offset / np.maximum(distance, 1e-9)[:, None]
    normal[crossing] = offset[crossing]
    return distance, first, normal


def _across(along: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Unit vectors across both segments, for those that meet and leave no other direction."""
    normal = np.cross(along, other)
    size = np.linalg.norm(normal, axis=1, keepdims=True)
    return np.where(size > 1e-9, normal / np.maximum(size, 1e-9), (0.0, 0.0, 1.0))


def box_gaps(start: np.ndarray, along: np.ndarray, centre: np.ndarray, half: np.ndarray) -> Gaps:
    """Distance between a segment and an upright box.

    The squared distance of a point on the segment is convex and its derivative is linear between
    the points where the segment passes a face's plane, so that its root is found in one step.
    Inside a box, the depth is that of the shortest way out of one face for the whole segment.

    Args:
        start: Shape (m, 3), one end of each segment [m].
        along: Shape (m, 3), from there to its other end [m].
        centre: Shape (m, 3) of each box [m].
        half: Shape (m, 3), half its extent [m].
    """
    offset = start - centre
    # Pairs last: NumPy's inner loops then run over the pairs and not over three axes.
    begin, step, reach = offset.T.copy(), along.T.copy(), half.T.copy()
    slope = np.where(np.abs(step) > _TINY, step, _TINY)
    times = np.empty((8, len(start)))
    times[0:3] = (-reach - begin) / slope
    times[3:6] = (reach - begin) / slope
    times[6], times[7] = 0.0, 1.0
    _within(times)
    # How far outside each face, signed, at all eight points; then the derivative there.
    places = times * step[:, None] + begin[:, None]
    clipped = np.maximum(places, -reach[:, None])
    np.minimum(clipped, reach[:, None], out=clipped)
    places -= clipped
    places *= step[:, None]
    rate = places[0] + places[1] + places[2]
    falling, rising = rate <= 0.0, rate >= 0.0
    low = np.where(falling, times, 0.0).max(axis=0)
    high = np.where(rising, times, 1.0).min(axis=0)
    low_rate = np.where(falling, rate, -_HUGE).max(axis=0)
    high_rate = np.where(rising, rate, _HUGE).min(axis=0)
    t = low - low_rate / np.maximum(high_rate - low_rate, _TINY) * (high - low)
    # All falling or all rising: the nearest point is an end.
    t = np.where(high_rate == _HUGE, 1.0, np.where(low_rate == -_HUGE, 0.0, t))
    place = offset + t[:, None] * along
    out = place - np.minimum(np.maximum(place, -half), half)
    distance = np.sqrt(_dot(out, out))
    normal = out / np.maximum(distance, _TINY)[:, None]
    inside = distance < 1e-9
    if inside.any():
        which = np.flatnonzero(inside)
        distance[which], place[which], normal[which] = _way_out(
            offset[which], along[which], half[which]
        )
    return distance, centre + place, normal


def _way_out(offset: np.ndarray, along: np.ndarray, half: np.ndarray) -> Gaps:
    """For segments that reach into a box: minus the shortest way out through one face."""
    ends = np.stack([offset, offset + along])
    up, down = half - ends.min(axis=0), half + ends.max(axis=0)
    depth = np.concatenate([up, down], axis=1)
    face = depth.argmin(axis=1)
    axis, rows = face % 3, np.arange(len(offset))
    sign = np.where(face < 3, 1.0, -1.0)
    normal = np.zeros_like(offset)
    normal[rows, axis] = sign
    deepest = (sign * ends[:, rows, axis]).argmin(axis=0)
    return -depth[rows, face], ends[deepest, rows], normal
