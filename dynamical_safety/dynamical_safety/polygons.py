"""Floor polygons: what is wrong with one, how far points are from one, how to fill one in.

A polygon is a closed loop of vertices x, y [m] in order, the first not repeated at the end.
"""

import numpy as np

Vertex = tuple[float, float]
Polygon = tuple[Vertex, ...]


def area(polygon: Polygon) -> float:
    """Signed area [m^2]; positive if the vertices run anticlockwise."""
    following = polygon[1:] + polygon[:1]
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(polygon, following, strict=True)) / 2


def self_intersection(polygon: Polygon) -> tuple[int, int] | None:
    """Indices of the first two edges that meet without being neighbours, or ``None``."""
    start = np.array(polygon, dtype=float)
    count = len(start)
    end = np.roll(start, -1, axis=0)
    # On which side of each edge (row) the ends of every other edge (column) lie.
    of_start = _sides(start, end, start)
    of_end = _sides(start, end, end)
    meets = (of_start * of_end < 0.0) & (of_start.T * of_end.T < 0.0)
    touches = (of_start == 0.0) & _between(start, end, start)
    touches |= (of_end == 0.0) & _between(start, end, end)
    meets |= touches | touches.T
    first, second = np.triu_indices(count, k=2)
    found = np.flatnonzero(meets[first, second] & ~((first == 0) & (second == count - 1)))
    return (int(first[found[0]]), int(second[found[0]])) if found.size else None


def polygon_distance(points: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Signed distance of points to a polygon; negative inside.

    Args:
        points: Shape (s, 2) [m].
        polygon: Shape (e, 2) [m].

    Returns:
        Shape (s,) [m].
    """
    start, end = polygon, np.roll(polygon, -1, axis=0)
    edge = end - start
    offset = points[:, None, :] - start[None, :, :]
    along = np.einsum("sek,ek->se", offset, edge) / np.maximum(
        np.einsum("ek,ek->e", edge, edge), 1e-18
    )
    foot = offset - np.clip(along, 0.0, 1.0)[:, :, None] * edge
    distance = np.sqrt(np.einsum("sek,sek->se", foot, foot).min(axis=1))
    # A ray along +x crosses the boundary an odd number of times from inside.
    y = points[:, 1:2]
    straddles = (start[None, :, 1] > y) != (end[None, :, 1] > y)
    slope = edge[:, 0] / np.where(edge[:, 1] == 0.0, 1.0, edge[:, 1])
    crosses = points[:, 0:1] < start[None, :, 0] + (y - start[None, :, 1]) * slope
    inside = (straddles & crosses).sum(axis=1) % 2 == 1
    return np.where(inside, -distance, distance)


def triangles(polygon: Polygon) -> list[tuple[Vertex, Vertex, Vertex]]:
    """A simple polygon cut into triangles that fill it, by cutting off one ear after the other."""
    left = list(polygon) if area(polygon) > 0.0 else list(reversed(polygon))
    cut: list[tuple[Vertex, Vertex, Vertex]] = []
    while len(left) > 3:
        ear = next((i for i in range(len(left)) if _is_ear(left, i)), 0)
        cut.append((left[ear - 1], left[ear], left[(ear + 1) % len(left)]))
        del left[ear]
    cut.append((left[0], left[1], left[2]))
    return cut


def _is_ear(polygon: list[Vertex], index: int) -> bool:
    a, b, c = polygon[index - 1], polygon[index], polygon[(index + 1) % len(polygon)]
    if _side(a, b, c) <= 0.0:
        return False
    others = (vertex for vertex in polygon if vertex not in (a, b, c))
    return not any(min(_side(a, b, p), _side(b, c, p), _side(c, a, p)) >= 0.0 for p in others)


def _side(p: Vertex, q: Vertex, r: Vertex) -> float:
    """Positive if r lies to the left of the line from p to q."""
    return (q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])


def _sides(start: np.ndarray, end: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Positive where a point (column) lies to the left of an edge (row)."""
    edge = end - start
    offset = points[None, :, :] - start[:, None, :]
    return edge[:, None, 0] * offset[:, :, 1] - edge[:, None, 1] * offset[:, :, 0]


def _between(start: np.ndarray, end: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Whether a point (column) lies in the box around an edge (row)."""
    low, high = np.minimum(start, end)[:, None, :], np.maximum(start, end)[:, None, :]
    return ((points >= low) & (points <= high)).all(axis=2)
