"""Lighter meshes: the CAD ones have 700,000 triangles, a software renderer wants 25,000."""

from pathlib import Path

import fast_simplification
import numpy as np
import trimesh

from dynamical_control.errors import RobotModelError

# Small parts keep at least this many triangles, or they stop looking like what they are.
SMALLEST_MESH = 120
# Vertices within this distance become one [m]: closes the seams that stop edge collapse.
_SEAM = 0.002
_AGGRESSIVENESS = 3
# Edge collapse alone may miss its target by this factor before seams are closed.
_TOLERANCE = 1.2
# Meshes that are looked at: their share counts this often.
_PROMINENT = {"head_link": 3.0, "torso_link": 1.6, "logo_link": 1.5}


def triangle_shares(counts: dict[str, int], *, total: int) -> dict[str, int]:
    """Divide a budget of triangles over meshes.

    The share grows with the square root of the mesh's own count, so that finely modelled small
    parts do not eat the budget of large smooth ones.

    Args:
        counts: Triangles of each mesh now.
        total: Triangles allowed in all.

    Returns:
        Triangles allowed per mesh, never more than it has.
    """
    weight = {
        name: float(np.sqrt(count))
        * max([w for p, w in _PROMINENT.items() if p in name], default=1.0)
        for name, count in counts.items()
    }
    whole = sum(weight.values())
    return {
        name: min(count, max(SMALLEST_MESH, int(total * weight[name] / whole)))
        for name, count in counts.items()
    }


def cluster_vertices(
    vertices: np.ndarray, faces: np.ndarray, *, cell: float
) -> tuple[np.ndarray, np.ndarray]:
    """Merge the vertices in each cell of a grid; drop faces that vanish or double.

    Args:
        vertices: Shape (n, 3) [m].
        faces: Shape (m, 3), vertex numbers.
        cell: Edge of a grid cell [m].

    Returns:
        Vertices and faces of the merged mesh.
    """
    keys = np.round(vertices / cell).astype(np.int64)
    _, group = np.unique(keys, axis=0, return_inverse=True)
    group = group.ravel()
    count = np.bincount(group)
    merged = np.column_stack([np.bincount(group, vertices[:, i]) / count for i in range(3)])
    corner = group[faces]
    kept = (
        (corner[:, 0] != corner[:, 1])
        & (corner[:, 1] != corner[:, 2])
        & (corner[:, 2] != corner[:, 0])
    )
    corner = corner[kept]
    _, first = np.unique(np.sort(corner, axis=1), axis=0, return_index=True)
    return merged, corner[np.sort(first)]


def lighter(
    vertices: np.ndarray, faces: np.ndarray, *, target: int
) -> tuple[np.ndarray, np.ndarray]:
    """A mesh of about ``target`` triangles: by edge collapse alone, or after closing its seams."""
    if len(faces) <= target:
        return vertices, faces
    light = _collapse(vertices, faces, target=target)
    if len(light[1]) > _TOLERANCE * target:
        merged = cluster_vertices(vertices, faces, cell=_SEAM)
        light = _collapse(*merged, target=target)
    return light


def _collapse(
    vertices: np.ndarray, faces: np.ndarray, *, target: int
) -> tuple[np.ndarray, np.ndarray]:
    if len(faces) <= target:
        return vertices, faces
    points, corners = fast_simplification.simplify(
        vertices.astype(np.float32),
        faces.astype(np.int32),
        target_count=target,
        agg=_AGGRESSIVENESS,
    )
    return np.asarray(points), np.asarray(corners)


def decimate_folder(source: Path, target: Path, *, names: list[str], total: int) -> int:
    """Write a lighter copy of each mesh file.

    Args:
        source: Folder of the full meshes.
        target: Folder for the light ones; made if absent.
        names: File names within ``source``.
        total: Triangles allowed in all.

    Returns:
        Triangles written.

    Raises:
        RobotModelError: If a mesh cannot be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    meshes: dict[str, trimesh.Trimesh] = {}
    for name in names:
        mesh = trimesh.load(source / name, force="mesh")
        if not isinstance(mesh, trimesh.Trimesh) or len(mesh.faces) == 0:
            raise RobotModelError(f"mesh {source / name} holds no triangles")
        mesh.merge_vertices()
        meshes[name] = mesh
    shares = triangle_shares({n: len(m.faces) for n, m in meshes.items()}, total=total)
    written = 0
    for name, mesh in meshes.items():
        vertices, faces = lighter(
            np.asarray(mesh.vertices), np.asarray(mesh.faces), target=shares[name]
        )
        trimesh.Trimesh(vertices, faces, process=False).export(target / name)
        written += len(faces)
    return written
