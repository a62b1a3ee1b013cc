"""Which link could touch which part of which person, and along which way.

A person is two upright boxes: the head on top, the body below it. Whoever does not stand upright
has the head anywhere. Frame: odom.
"""

from dataclasses import dataclass, fields

import numpy as np

from dynamical_safety.body_regions import UPRIGHT_HEIGHT, UPRIGHT_WIDTH
from dynamical_safety.people import Boxes

# Pairs that are looked at, the nearest first; only a crowd has more.
MOST_PAIRS = 320
_TINY = 1e-9


@dataclass(frozen=True, slots=True)
class Furniture:
    """Upright boxes that do not give way. Frame: odom.

    Attributes:
        names: Of the f boxes.
        centre: Shape (f, 3) [m].
        half: Shape (f, 3), half extents [m].
    """

    names: tuple[str, ...]
    centre: np.ndarray
    half: np.ndarray


NOTHING = Furniture((), np.zeros((0, 3)), np.zeros((0, 3)))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of a link's sphere and a person; arrays over m pairs.

    Attributes:
        sphere: Shape (m,), index of the sphere.
        person: Shape (m,), index of the person.
        head: Shape (m,), whether it is the head.
        clamped: Shape (m,), whether the person is between the link and furniture.
        gap: Shape (m,), what is left between them in the worst case [m].
        direction: Shape (m, 3), unit vector along which the link would press.
        stature: Shape (m,), of the person [m].
        low: Shape (m,), lowest height of the contact [m].
        high: Shape (m,), its highest [m].
        approach: Shape (m,), speed at which the person comes toward the link [m/s].
    """

    sphere: np.ndarray
    person: np.ndarray
    head: np.ndarray
    clamped: np.ndarray
    gap: np.ndarray
    direction: np.ndarray
    stature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    approach: np.ndarray

    def __len__(self) -> int:
        return len(self.sphere)


@dataclass(frozen=True, slots=True)
class Nearness:
    """Which pairs are worth a look.

    Attributes:
        within: Largest gap [m].
        always: Gap within which a pair is looked at whatever its speed [m].
        horizon: Time in which a gap may be closed [s].
        head_depth: How far down from the crown the head reaches [m].
        head_clearance: Gap that is kept to a head [m].
    """

    within: float
    always: float
    horizon: float
    head_depth: float
    head_clearance: float


def toward_boxes(centres: np.ndarray, box: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Shortest ways from points to upright boxes.

    Args:
        centres: Shape (s, 3) [m].
        box: Shape (p, 3), box centres [m].
        half: Shape (p, 3), half extents [m].

    Returns:
        Shape (p, 3, s) [m]; 0 inside. Spheres come last, which keeps the loops over them inner.
    """
    way = box[:, :, None] - centres.T.copy()
    reach = half[:, :, None]
    way -= np.minimum(np.maximum(way, -reach), reach)
    return way


def near_pairs(
    centres: np.ndarray,
    radius: np.ndarray,
    boxes: Boxes,
    *,
    fastest: np.ndarray,
    nearness: Nearness,
) -> Pairs:
    """All pairs that are near enough, and the nearest one of those within ``within``.

    Args:
        centres: Shape (s, 3), sphere centres [m].
        radius: Shape (s,) [m].
        boxes: People.
        fastest: Shape (s,), what no sphere's speed exceeds in the present motion [m/s]. A gap
            that this cannot close in time is left out.
        nearness: What is near enough.
    """
    count = len(boxes.people)
    top = boxes.centre[:, 2] + boxes.half[:, 2]
    bottom = boxes.centre[:, 2] - boxes.half[:, 2]
    upright = (top >= UPRIGHT_HEIGHT) & (2.0 * boxes.half[:, :2].max(axis=1) <= UPRIGHT_WIDTH)
    chin = np.where(upright, top - nearness.head_depth, bottom)
    shoulder = np.where(upright, chin, top)
    box, half = np.concatenate([boxes.centre] * 2), np.concatenate([boxes.half] * 2)
    box[:, 2] = np.concatenate([bottom + shoulder, chin + top]) / 2.0
    half[:, 2] = np.concatenate([shoulder - bottom, top - chin]) / 2.0
    ways = toward_boxes(centres, box, half)
    distance = _length(ways)
    gap = distance - radius
    gap -= np.concatenate([boxes.uncertainty] * 2)[:, None]
    walking = np.sqrt(np.einsum("pk,pk->p", boxes.velocity, boxes.velocity))
    closed = nearness.horizon * (fastest + walking[:, None])
    closed = np.concatenate([closed, closed + nearness.head_clearance])
    # What is not a number counts as near.
    near = ~(gap >= np.clip(closed, nearness.always, nearness.within))
    if not near.any():
        near.flat[gap.argmin()] = gap.min() < nearness.within
    target, sphere = np.nonzero(near)
    if len(sphere) > MOST_PAIRS:
        keep = np.argpartition(gap[target, sphere], MOST_PAIRS)[:MOST_PAIRS]
        target, sphere = target[keep], sphere[keep]
    person = target % count
    spread = radius[sphere] + boxes.uncertainty[person]
    height = centres[sphere, 2]
    way = _unit(ways[target, :, sphere], box[target] - centres[sphere])
    approach = -np.einsum("mk,mk->m", way, boxes.velocity[person])
    return Pairs(
        sphere=sphere,
        person=person,
        head=target >= count,
        clamped=np.zeros(len(sphere), dtype=bool),
        gap=gap[target, sphere],
        direction=way,
        stature=top[person],
        low=height - spread,
        high=height + spread,
        approach=np.maximum(approach, 0.0),
    )


def clamping_pairs(
    pairs: Pairs,
    centres: np.ndarray,
    radius: np.ndarray,
    furniture: Furniture,
    *,
    reach: float,
    within: float,
) -> Pairs | None:
    """The pairs in which the person could be between the link and furniture.

    Args:
        pairs: Pairs near each other.
        centres: Shape (s, 3), sphere centres [m].
        radius: Shape (s,) [m].
        furniture: What does not give way.
        reach: Gap to a person's box that a hand bridges [m].
        within: Largest gap between link and furniture [m].

    Returns:
        Pairs that press toward the furniture, without a gap: whatever is there fills it. ``None``
        = there are none.
    """
    beside = np.flatnonzero(~(pairs.gap >= reach) & ~pairs.head)
    if not len(beside) or not furniture.names:
        return None
    sphere = pairs.sphere[beside]
    ways = toward_boxes(centres[sphere], furniture.centre, furniture.half)
    distance = _length(ways)
    box, found = np.nonzero(~(distance - radius[sphere] >= within))
    if not len(found):
        return None
    rows = beside[found]
    picked = {field.name: getattr(pairs, field.name)[rows] for field in fields(Pairs)}
    picked["clamped"] = np.ones(len(rows), dtype=bool)
    picked["gap"] = np.zeros(len(rows))
    middle = furniture.centre[box] - centres[sphere[found]]
    picked["direction"] = _unit(ways[box, :, found], middle)
    # A hand that is held there has nowhere to go and does not come nearer.
    picked["approach"] = np.zeros(len(rows))
    return Pairs(**picked)


def joined(first: Pairs, second: Pairs | None) -> Pairs:
    """Both together."""
    if second is None:
        return first
    return Pairs(
        **{
            field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
            for field in fields(Pairs)
        }
    )


def _length(ways: np.ndarray) -> np.ndarray:
    """Lengths of ways of shape (p, 3, s), shape (p, s)."""
    square = ways[:, 0] * ways[:, 0]
    square += ways[:, 1] * ways[:, 1]
    square += ways[:, 2] * ways[:, 2]
    return np.sqrt(square, out=square)


def _unit(way: np.ndarray, middle: np.ndarray) -> np.ndarray:
    """Directions of ways, shape (m, 3); of a way of no length, that to the middle of the box."""
    length = np.sqrt(np.einsum("mk,mk->m", way, way))
    inside = length < _TINY
    if inside.any():
        way = np.where(inside[:, None], middle + _TINY, way)
        length = np.sqrt(np.einsum("mk,mk->m", way, way))
    result: np.ndarray = way / length[:, None]
    return result
