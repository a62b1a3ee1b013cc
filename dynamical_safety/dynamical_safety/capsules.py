"""Capsules that hold the robot's links, made from the collision shapes of its MJCF.

A capsule is a segment with a radius. Each convex shape is held by one capsule, or cut into slices
with a capsule each until none sticks out of the shape by more than a few millimetres: tight enough
for fingers that work just above a table. Nothing of a shape is ever left out.
"""

from dataclasses import dataclass

import mujoco
import numpy as np

# How far a shape's capsules may stick out of it before it is cut once more [m].
TOLERANCE = 0.010
# Slices a shape is cut into at most.
MOST_SLICES = 3

_RING = 24  # corners of the prism around a cylinder
_CIRCLE_STEPS = 20
_SPREADS = (0.15, 0.05)  # rounds of the search for a better axis, as deviations of unit vectors
_SEARCH = 12  # axes tried in each of them


@dataclass(frozen=True, slots=True)
class Capsules:
    """Capsules fixed to bodies of a MuJoCo model, in the order of the bodies.

    Attributes:
        links: Link of each of the c capsules.
        body: Shape (c,), id of its body in the model.
        geom: Shape (c,), id of the shape that it holds, or a part of.
        start: Shape (c, 3), one end of its segment in the body's frame [m].
        end: Shape (c, 3), the other end [m].
        radius: Shape (c,) [m].
    """

    links: tuple[str, ...]
    body: np.ndarray
    geom: np.ndarray
    start: np.ndarray
    end: np.ndarray
    radius: np.ndarray


@dataclass(frozen=True, slots=True)
class _Capsule:
    start: np.ndarray
    end: np.ndarray
    radius: float

    def reach(self, directions: np.ndarray) -> np.ndarray:
        """How far it extends along each of k directions, shape (k,) [m]."""
        ends = np.maximum(directions @ self.start, directions @ self.end)
        return ends + self.radius


def robot_capsules(model: mujoco.MjModel) -> Capsules:
    """Capsules around every shape of a model that can collide, world-fixed ones left out."""
    links: list[str] = []
    bodies: list[int] = []
    geoms: list[int] = []
    capsules: list[_Capsule] = []
    for geom in range(model.ngeom):
        body = int(model.geom_bodyid[geom])
        if body == 0 or not (model.geom_contype[geom] or model.geom_conaffinity[geom]):
            continue
        matrix = np.zeros(9)
        mujoco.mju_quat2Mat(matrix, model.geom_quat[geom])
        rotation, origin = matrix.reshape(3, 3), model.geom_pos[geom]
        for capsule in _shape_capsules(model, geom):
            links.append(model.body(body).name)
            bodies.append(body)
            geoms.append(geom)
            capsules.append(
                _Capsule(
                    rotation @ capsule.start + origin,
                    rotation @ capsule.end + origin,
                    capsule.radius,
                )
            )
    return Capsules(
        tuple(links),
        np.array(bodies, dtype=int),
        np.array(geoms, dtype=int),
        np.array([capsule.start for capsule in capsules]).reshape(-1, 3),
        np.array([capsule.end for capsule in capsules]).reshape(-1, 3),
        np.array([capsule.radius for capsule in capsules]),
    )


def _shape_capsules(model: mujoco.MjModel, geom: int) -> list[_Capsule]:
    kind, size = model.geom_type[geom], model.geom_size[geom]
    if kind == mujoco.mjtGeom.mjGEOM_SPHERE:
        return [_Capsule(np.zeros(3), np.zeros(3), float(size[0]))]
    if kind == mujoco.mjtGeom.mjGEOM_CAPSULE:
        half = np.array([0.0, 0.0, size[1]])
        return [_Capsule(-half, half, float(size[0]))]
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        return hull_capsules(*_mesh_hull(model, int(model.geom_dataid[geom])))
    if kind == mujoco.mjtGeom.mjGEOM_CYLINDER:
        turn = 2.0 * np.pi * np.arange(_RING) / _RING
        # Corners beyond the circle, so that the edges between them touch it.
        ring = np.column_stack([np.cos(turn), np.sin(turn)]) * size[0] / np.cos(np.pi / _RING)
        low = np.column_stack([ring, np.full(_RING, -size[1])])
        points = np.concatenate([low, low * (1.0, 1.0, -1.0)])
    else:
        corners = np.array(np.meshgrid([-1, 1], [-1, 1], [-1, 1])).reshape(3, 8).T
        points = corners * size
    everyone = np.array(np.triu_indices(len(points), 1)).T
    return hull_capsules(points, everyone)


def _mesh_hull(model: mujoco.MjModel, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    """Vertices (v, 3) [m] and edges (e, 2) of a mesh's convex hull, which MuJoCo collides with."""
    first, count = model.mesh_vertadr[mesh], model.mesh_vertnum[mesh]
    vertices = np.array(model.mesh_vert[first : first + count], dtype=float)
    address = int(model.mesh_graphadr[mesh])
    if address < 0:
        hull = np.arange(count)
        return vertices, np.array(np.triu_indices(len(hull), 1)).T
    number = int(model.mesh_graph[address])
    graph = model.mesh_graph[address + 2 :]
    starts, hull = graph[:number], graph[number : 2 * number]
    neighbours = graph[2 * number :]
    edges = set()
    for vertex, start in enumerate(starts):
        position = int(start)
        while neighbours[position] >= 0:
            other = int(neighbours[position])
            edges.add((min(vertex, other), max(vertex, other)))
            position += 1
    return vertices[hull], np.array(sorted(edges))


def hull_capsules(points: np.ndarray, edges: np.ndarray) -> list[_Capsule]:
    """Capsules that together hold a convex shape.

    Args:
        points: Shape (v, 3), its corners [m].
        edges: Shape (e, 2), indices of corners; all of its edges, others inside it may be among
            them.
    """
    directions = _sphere_directions(240)
    extent = (directions @ points.T).max(axis=1)
    _, _, axes = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    best: list[_Capsule] = []
    best_excess = np.inf
    for count in range(1, MOST_SLICES + 1):
        for axis in axes if count > 1 else axes[:1]:
            slices = _slices(points, edges, axis=axis, count=count)
            capsules = [_around(piece, axes) for piece in slices]
            reach = np.max([capsule.reach(directions) for capsule in capsules], axis=0)
            excess = float((reach - extent).max())
            # One more capsule costs time in every cycle: it must be worth two millimetres.
            if excess < best_excess - (0.002 if len(capsules) > len(best) else 0.0):
                best, best_excess = capsules, excess
        if best_excess <= TOLERANCE:
            break
    return best


def _slices(
    points: np.ndarray, edges: np.ndarray, *, axis: np.ndarray, count: int
) -> list[np.ndarray]:
    """Corners of the slices of a convex shape, equally thick along an axis."""
    if count == 1:
        return [points]
    along = points @ axis
    cuts = np.linspace(along.min(), along.max(), count + 1)
    begin, end = points[edges[:, 0]], points[edges[:, 1]]
    low, high = along[edges[:, 0]], along[edges[:, 1]]
    faces = []
    for cut in cuts:
        crossing = (low - cut) * (high - cut) < 0.0
        part = ((cut - low[crossing]) / (high[crossing] - low[crossing]))[:, None]
        faces.append(begin[crossing] + part * (end[crossing] - begin[crossing]))
    return [
        np.concatenate(
            [points[(along >= cuts[i]) & (along <= cuts[i + 1])], faces[i], faces[i + 1]]
        )
        for i in range(count)
    ]


def _around(points: np.ndarray, axes: np.ndarray) -> _Capsule:
    """A small capsule that holds all points; ``axes`` (a, 3) are tried first."""
    _, _, own = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    generator = np.random.default_rng(0)
    tried = np.concatenate([axes, own])
    best, best_volume = _along(points, tried)
    for spread in _SPREADS:
        axis = best.end - best.start
        length = float(np.linalg.norm(axis))
        if length < 1e-6:
            break
        tried = axis / length + spread * generator.standard_normal((_SEARCH, 3))
        found, volume = _along(points, tried / np.linalg.norm(tried, axis=1, keepdims=True))
        if volume < best_volume:
            best, best_volume = found, volume
    return best


def _along(points: np.ndarray, axes: np.ndarray) -> tuple[_Capsule, float]:
    """The smallest capsule around the points along any of the axes (a, 3), and its volume."""
    # Two directions across each axis.
    helper = np.where(np.abs(axes[:, :1]) < 0.7, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))
    first = np.cross(axes, helper)
    first /= np.linalg.norm(first, axis=1, keepdims=True)
    second = np.cross(axes, first)
    plane = np.stack([points @ first.T, points @ second.T], axis=2).transpose(1, 0, 2)
    # Smallest circle around the projection: Badoiu and Clarkson 2003, "Smaller core-sets for
    # balls". It need not be exact, the radius below is that of the centre found.
    centre = (plane.max(axis=1) + plane.min(axis=1)) / 2.0
    rows = np.arange(len(axes))
    for step in range(_CIRCLE_STEPS):
        offset = plane - centre[:, None, :]
        farthest = np.einsum("avk,avk->av", offset, offset).argmax(axis=1)
        centre += offset[rows, farthest] / (step + 3.0)
    across = np.linalg.norm(plane - centre[:, None, :], axis=2)
    radius = across.max(axis=1)
    along = axes @ points.T
    # The caps may begin one radius inside, as long as every point stays covered.
    inset = np.sqrt(np.maximum(radius[:, None] ** 2 - across**2, 0.0))
    high, low = (along - inset).max(axis=1), (along + inset).min(axis=1)
    middle = (high + low) / 2.0
    high, low = np.maximum(high, middle), np.minimum(low, middle)
    volume = np.pi * radius**2 * (high - low + 4.0 / 3.0 * radius)
    best = int(volume.argmin())
    foot = centre[best, 0] * first[best] + centre[best, 1] * second[best]
    capsule = _Capsule(
        foot + low[best] * axes[best], foot + high[best] * axes[best], float(radius[best]) + 1e-9
    )
    return capsule, float(volume[best])


def _sphere_directions(count: int) -> np.ndarray:
    """Unit vectors spread over the sphere by the golden angle, shape (count, 3)."""
    index = np.arange(count)
    height = 1.0 - (2.0 * index + 1.0) / count
    turn = np.pi * (3.0 - np.sqrt(5.0)) * index
    width = np.sqrt(1.0 - height**2)
    return np.column_stack([width * np.cos(turn), width * np.sin(turn), height])
