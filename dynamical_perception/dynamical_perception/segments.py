"""From pictures to segments: the points, colours and clear edges of each labelled thing.

All pixel work is vectorised and done inside the label's bounding box; large things are
sub-sampled.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dynamical_perception import color
from dynamical_perception.cameras.camera import Frame
from dynamical_perception.catalogue import IGNORED

MIN_PIXELS = 12
NEAR, FAR = 0.10, 12.0  # depth that is believed [m]
_GRID = 4000  # pixels of a thing that are looked at; more are thinned out to a coarser grid
_POINTS = 500  # points kept per segment
_FLYING = 0.022  # a contour pixel this much off its inner neighbours mixes two surfaces [m]
_NEARER = 0.010  # a neighbour this much nearer to the camera hides part of the thing [m]
_RIM = 0.012  # height of the band that decides whether top and bottom are seen [m]


@dataclass(frozen=True, slots=True)
class Instance:
    """Meaning of one label: unique name of the thing and its class."""

    name: str
    class_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """What one camera saw of one thing at one moment. Frame ``odom``.

    Attributes:
        camera: Camera name.
        instance: Unique name of the thing, or ``""``.
        class_id: Its class.
        stamp: When the pictures were taken, ROS time [s].
        points: Shape (n, 3) [m].
        pixels: Size of its mask.
        colors: Pixels per colour name, shape (12,).
        eye: Shape (3,), position of the camera [m].
        pixel: Width of a pixel at its distance [m].
        top_clear: Whether its top is seen, not hidden or cut off.
        bottom_clear: Whether its bottom is seen.
        cut: Whether its mask touches the border of the picture.
        hidden: Share of its contour where something nearer hides it, 0..1.
    """

    camera: str
    instance: str
    class_id: str
    stamp: float
    points: np.ndarray
    pixels: int
    colors: np.ndarray
    eye: np.ndarray
    pixel: float
    top_clear: bool
    bottom_clear: bool
    cut: bool
    hidden: float

    @property
    def from_above(self) -> bool:
        """Whether the camera looks down on its top."""
        return bool(self.eye[2] > self.points[:, 2].max() + 0.05)


def segment(frame: Frame, table: Mapping[int, Instance]) -> list[Segment]:
    """All things in the pictures that have a label, enough pixels and depth."""
    counts = np.bincount(frame.labels.ravel())
    found = []
    for label in np.flatnonzero(counts >= MIN_PIXELS):
        instance = table.get(int(label))
        if instance is None or instance.class_id in IGNORED:
            continue
        result = _segment_one(frame, int(label), int(counts[label]), instance)
        if result is not None:
            found.append(result)
    return found


def _segment_one(frame: Frame, label: int, count: int, instance: Instance) -> Segment | None:
    full = frame.labels == label
    rows = np.flatnonzero(full.any(axis=1))
    columns = np.flatnonzero(full.any(axis=0))
    height, width = full.shape
    cut_top, cut_bottom = rows[0] == 0, rows[-1] == height - 1
    cut = bool(cut_top or cut_bottom or columns[0] == 0 or columns[-1] == width - 1)
    step = max(1, round(np.sqrt(count / _GRID)))
    window = (
        slice(max(rows[0] - step, 0), min(rows[-1] + step + 1, height), step),
        slice(max(columns[0] - step, 0), min(columns[-1] + step + 1, width), step),
    )
    mask = full[window]
    depth = frame.depth[window]
    with np.errstate(invalid="ignore"):
        measured = mask & (depth > NEAR) & (depth < FAR)
    # Without a value a pixel neither hides nor is hidden.
    depth = np.where(measured | ~mask, depth, np.nan)
    good = measured & ~_flying(mask, depth)
    where_row, where_column = np.nonzero(good)
    if len(where_row) < MIN_PIXELS:
        return None
    stride = max(1, -(-len(where_row) // _POINTS))
    picked = (where_row[::stride], where_column[::stride])
    row = window[0].start + step * picked[0]
    column = window[1].start + step * picked[1]
    z = depth[picked].astype(float)
    points = frame.pose.points(frame.model.unproject(column, row, z))
    pixel = float(np.median(z)) / frame.model.fx
    hidden, top_hidden, bottom_hidden = _contour(frame, mask, depth, good, window, step)
    return Segment(
        camera=frame.model.name,
        instance=instance.name,
        class_id=instance.class_id,
        stamp=frame.stamp,
        points=points,
        pixels=count,
        colors=color.histogram(frame.color[row, column]),
        eye=frame.pose.translation,
        pixel=pixel,
        top_clear=not (top_hidden or cut_top),
        bottom_clear=not (bottom_hidden or cut_bottom),
        cut=cut,
        hidden=hidden,
    )


def _shift(array: np.ndarray, rows: int, columns: int, fill: object) -> np.ndarray:
    """The neighbour at (rows, columns) of every pixel; ``fill`` beyond the border."""
    result = np.full_like(array, fill)
    height, width = array.shape
    result[max(-rows, 0) : height - max(rows, 0), max(-columns, 0) : width - max(columns, 0)] = (
        array[max(rows, 0) : height - max(-rows, 0), max(columns, 0) : width - max(-columns, 0)]
    )
    return result


def _flying(mask: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """Contour pixels whose depth fits none of their inner neighbours."""
    inner = mask.copy()
    for rows, columns in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        inner &= _shift(mask, rows, columns, fill=True)
    inside = np.where(inner, depth, np.nan)
    low = np.full(mask.shape, np.inf)
    for rows in (-1, 0, 1):
        for columns in (-1, 0, 1):
            if rows or columns:
                low = np.fmin(low, np.abs(depth - _shift(inside, rows, columns, fill=np.nan)))
    # Thin things have no inner neighbours at all: nothing speaks against their pixels.
    return np.asarray(mask & ~inner & np.isfinite(low) & (low > _FLYING))


def _contour(
    frame: Frame,
    mask: np.ndarray,
    depth: np.ndarray,
    good: np.ndarray,
    window: tuple[slice, slice],
    step: int,
) -> tuple[float, bool, bool]:
    """Share of the contour that is hidden, and whether top and bottom are."""
    total = hidden_total = 0
    ends = [False, False]
    axis_z = frame.pose.rotation[2]
    for rows, columns in ((-1, 0), (1, 0), (0, -1), (0, 1)):
        edge = good & ~_shift(mask, rows, columns, fill=True)
        where = np.nonzero(edge)
        if not len(where[0]):
            continue
        own = depth[where].astype(float)
        other = depth[where[0] + rows, where[1] + columns].astype(float)
        pixel = step * own / frame.model.fx
        # Below a thing its support comes nearer by several pixel widths without hiding anything.
        limit = _NEARER + (5.0 * pixel if rows == 1 else 0.0 * pixel)
        with np.errstate(invalid="ignore"):
            hides = (other < own - limit) & (other > 0.0)
        total += len(own)
        hidden_total += int(hides.sum())
        if rows:
            rays = frame.model.unproject(
                window[1].start + step * where[1], window[0].start + step * where[0], own
            )
            z = rays @ axis_z
            end = z > z.max() - _RIM if rows < 0 else z < z.min() + _RIM
            ends[0 if rows < 0 else 1] = bool(hides[end].mean() > 0.5)
    return hidden_total / max(total, 1), ends[0], ends[1]
