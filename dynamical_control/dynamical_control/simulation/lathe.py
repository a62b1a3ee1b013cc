"""Round things turned from a profile: the cup and the bottle as they look, not as they touch."""

import math

import numpy as np

Profile = tuple[tuple[float, float], ...]


def cup_profile(radius: float, height: float) -> Profile:
    """Outline (radius, height) [m] of an open cup around its centre, outer to inner base."""
    wall, base, half = 0.003, 0.005, height / 2.0
    lower = 0.84 * radius
    return (
        (0.0, -half),
        (lower, -half),
        (0.93 * radius, -0.3 * half),
        (radius, half - 0.003),
        (radius - wall / 2.0, half),
        (radius - wall, half - 0.002),
        (0.93 * radius - wall, -0.3 * half),
        (lower - wall, base - half),
        (0.0, base - half),
    )


def bottle_profile(radius: float, height: float) -> Profile:
    """Outline (radius, height) [m] of a closed bottle around its centre, from base to cap."""
    half = height / 2.0
    return (
        (0.0, -half),
        (0.93 * radius, -half),
        (radius, -half + 0.005),
        (radius, 0.18 * half),
        (0.86 * radius, 0.40 * half),
        (0.50 * radius, 0.62 * half),
        (0.42 * radius, 0.78 * half),
        (0.42 * radius, 0.80 * half),
        (0.50 * radius, 0.81 * half),
        (0.50 * radius, half - 0.001),
        (0.46 * radius, half),
        (0.0, half),
    )


def turned(profile: Profile, *, sides: int = 28) -> tuple[np.ndarray, np.ndarray]:
    """Triangle mesh of a profile turned about z.

    Args:
        profile: Points (radius, height) [m]; the first and last lie on the axis.
        sides: Number of flat sides.

    Returns:
        Vertices, shape (n, 3) [m], and faces, shape (m, 3), outward-facing.
    """
    vertices = [(0.0, 0.0, profile[0][1])]
    for radius, height in profile[1:-1]:
        for k in range(sides):
            angle = 2.0 * math.pi * k / sides
            vertices.append((radius * math.cos(angle), radius * math.sin(angle), height))
    vertices.append((0.0, 0.0, profile[-1][1]))
    last, rings = len(vertices) - 1, len(profile) - 2
    faces = []
    for k in range(sides):
        following = (k + 1) % sides
        faces.append((0, 1 + following, 1 + k))
        for ring in range(rings - 1):
            a, b = 1 + ring * sides + k, 1 + ring * sides + following
            c, d = a + sides, b + sides
            faces += [(a, b, d), (a, d, c)]
        top = 1 + (rings - 1) * sides
        faces.append((top + k, top + following, last))
    return np.array(vertices), np.array(faces)
