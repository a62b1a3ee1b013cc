"""Many upright prisms at once: which points are how deep inside which of them.

Boxes around the prisms sort out what is far. For a convex prism of few edges, half-planes tell
what is inside and what is out of reach; only the pairs of point and prism that remain cost a pass
over all edges. Frame: odom.
"""

from collections.abc import Sequence

import numpy as np

from dynamical_safety.polygons import Polygon

# A polygon of more edges is looked at edge by edge only.
_MOST_HALF_PLANES = 8


class Prisms:
    """Floor polygons, each with a height range.

    Args:
        polygons: One for each of the k prisms; vertices x, y [m].
        low: Lower end of each [m].
        high: Upper end of each [m].
    """

    def __init__(
        self, polygons: Sequence[Polygon], *, low: Sequence[float], high: Sequence[float]
    ) -> None:
        self.count = len(polygons)
        arrays = [np.array(polygon, dtype=float) for polygon in polygons]
        self._edges = np.array([len(polygon) for polygon in polygons], dtype=int)
        self._first = np.concatenate([[0], np.cumsum(self._edges)])[:-1].astype(int)
        self._start = np.concatenate([np.zeros((0, 2)), *arrays])
        ends = [np.roll(polygon, -1, axis=0) for polygon in arrays]
        end = np.concatenate([np.zeros((0, 2)), *ends])
        self._edge = end - self._start
        self._end_y = end[:, 1]
        self._length2 = np.maximum(np.einsum("ek,ek->e", self._edge, self._edge), 1e-18)
        rise = self._edge[:, 1]
        self._slope = self._edge[:, 0] / np.where(rise == 0.0, 1.0, rise)
        self._simple = np.array([_is_simple(polygon) for polygon in arrays], dtype=bool)
        # Half-planes of each simple polygon, the first repeated where there are fewer than most.
        self._normal = np.zeros((self.count, _MOST_HALF_PLANES, 2))
        self._offset = np.zeros((self.count, _MOST_HALF_PLANES, 1))
        for index in np.flatnonzero(self._simple):
            normal, offset = _half_planes(arrays[index])
            self._normal[index], self._offset[index, :, 0] = normal, offset
        heights = np.array([low, high], dtype=float).reshape(2, -1)
        plan_low = [polygon.min(axis=0) for polygon in arrays]
        plan_high = [polygon.max(axis=0) for polygon in arrays]
        self.low = np.column_stack([np.array(plan_low).reshape(-1, 2), heights[0]])
        self.high = np.column_stack([np.array(plan_high).reshape(-1, 2), heights[1]])

    def near(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Indices of the prisms whose boxes meet a box; a box that is NaN meets all.

        Args:
            low: Shape (3,), lower corner of the box [m].
            high: Shape (3,), upper corner [m].
        """
        apart = (self.low > high) | (self.high < low)
        return np.flatnonzero(~apart.any(axis=1))

    def depth(self, points: np.ndarray, reach: np.ndarray, among: np.ndarray) -> np.ndarray:
        """How deep spheres are in prisms: their radius less the distance of their centre.

        Args:
            points: Shape (p, 3), centres [m].
            reach: Shape (p,), radii [m].
            among: Shape (a,), indices of prisms.

        Returns:
            Shape (a, p) [m]; 0 = not inside.
        """
        simple = self._simple[among]
        z = points[:, 2].copy()
        past = np.maximum(self.low[among, 2, None] - z, z - self.high[among, 2, None])
        if simple.any():
            # At most the distance, and where it is negative exactly the way out.
            side = self._normal[among].reshape(-1, 2) @ points[:, :2].T
            side = side.reshape(len(among), _MOST_HALF_PLANES, -1)
            side -= self._offset[among]
            np.maximum(past, side.max(axis=1), out=past)
        if not simple.all():
            rest = np.flatnonzero(~simple)
            low, high = points - reach[:, None], points + reach[:, None]
            past[rest] = np.where(self.meeting(low, high, among[rest]), past[rest], np.inf)
        depth = np.maximum(reach - past, 0.0)
        within = depth > 0.0
        within &= (past > 0.0) | ~simple[:, None]
        which, point = np.nonzero(within)
        if which.size:
            exact = reach[point] - self.outside(points[point], among[which])
            depth[which, point] = np.maximum(exact, 0.0)
        return depth

    def plan_distance(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Signed distance on the floor of each point to its own polygon; negative inside.

        Args:
            points: Shape (p, 2) [m].
            which: Shape (p,), index of the polygon for each point.

        Returns:
            Shape (p,) [m].
        """
        counts = self._edges[which]
        begin = np.concatenate([[0], np.cumsum(counts)])
        # Every point is repeated for each edge of its polygon.
        edge = np.arange(begin[-1]) + np.repeat(self._first[which] - begin[:-1], counts)
        x, y = np.repeat(points[:, 0], counts), np.repeat(points[:, 1], counts)
        dx, dy = x - self._start[edge, 0], y - self._start[edge, 1]
        ex, ey = self._edge[edge, 0], self._edge[edge, 1]
        along = (dx * ex + dy * ey) / self._length2[edge]
        np.maximum(along, 0.0, out=along)
        np.minimum(along, 1.0, out=along)
        fx, fy = dx - along * ex, dy - along * ey
        distance = np.sqrt(np.minimum.reduceat(fx * fx + fy * fy, begin[:-1]))
        # A ray along +x crosses the boundary an odd number of times from inside.
        crosses = (dy < 0.0) != (self._end_y[edge] > y)
        crosses &= dx < dy * self._slope[edge]
        inside = np.logical_xor.reduceat(crosses, begin[:-1])
        return np.where(inside, -distance, distance)

    def outside(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Distance of each point to its own prism; inside, minus the way out.

        Args:
            points: Shape (p, 3) [m].
            which: Shape (p,), index of the prism for each point.

        Returns:
            Shape (p,) [m].
        """
        plan = self.plan_distance(points, which)
        vertical = self._vertical(points, which)
        apart = np.hypot(np.maximum(plan, 0.0), np.maximum(vertical, 0.0))
        return np.where((plan <= 0.0) & (vertical <= 0.0), np.maximum(plan, vertical), apart)

    def beyond(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """How far each point is past the nearest wall of its own prism; inside, minus the room.

        Args:
            points: Shape (p, 3) [m].
            which: Shape (p,), index of the prism for each point.

        Returns:
            Shape (p,) [m].
        """
        return np.maximum(self.plan_distance(points, which), self._vertical(points, which))

    def beyond_box(self, points: np.ndarray) -> np.ndarray:
        """At most :meth:`beyond`, for all prisms, from the boxes around them. Shape (k, p) [m]."""
        past = np.full((self.count, len(points)), -np.inf)
        for axis in range(3):
            np.maximum(past, self.low[:, axis, None] - points[:, axis], out=past)
            np.maximum(past, points[:, axis] - self.high[:, axis, None], out=past)
        return past

    def meeting(self, low: np.ndarray, high: np.ndarray, among: np.ndarray) -> np.ndarray:
        """Which of s boxes meet the boxes around which prisms; a box that is NaN meets all.

        Args:
            low: Shape (s, 3) [m].
            high: Shape (s, 3) [m].
            among: Shape (a,), indices of prisms.

        Returns:
            Shape (a, s), bool.
        """
        apart = np.zeros((len(among), len(low)), dtype=bool)
        for axis in range(3):
            apart |= self.low[among, axis, None] > high[:, axis]
            apart |= self.high[among, axis, None] < low[:, axis]
        return ~apart

    def _vertical(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        z = points[:, 2]
        return np.maximum(self.low[which, 2] - z, z - self.high[which, 2])


def _is_simple(polygon: np.ndarray) -> bool:
    """Whether a polygon has few corners, none that points inwards, and no edge without length."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    following = np.roll(edge, -1, axis=0)
    turn = edge[:, 0] * following[:, 1] - edge[:, 1] * following[:, 0]
    convex = (turn >= 0.0).all() or (turn <= 0.0).all()
    return bool(len(polygon) <= _MOST_HALF_PLANES and edge.any(axis=1).all() and convex)


def _half_planes(polygon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outward normals, shape (h, 2), and offsets, shape (h,), of a convex polygon."""
    edge = np.roll(polygon, -1, axis=0) - polygon
    following = np.roll(edge, -1, axis=0)
    turn = np.sign((edge[:, 0] * following[:, 1] - edge[:, 1] * following[:, 0]).sum())
    normal = np.column_stack([edge[:, 1], -edge[:, 0]]) * turn
    normal /= np.linalg.norm(edge, axis=1)[:, None]
    offset = np.einsum("ek,ek->e", normal, polygon)
    fill = np.arange(_MOST_HALF_PLANES) % len(polygon)
    return normal[fill], offset[fill]
