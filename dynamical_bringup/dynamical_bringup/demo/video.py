"""Pictures of a run, rendered afterwards from the simulation's states."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np

from dynamical_bringup.demo.grading import RoomSample
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.layout import Layout
from dynamical_control.simulation.rendering import MovieRenderer

FRAMES_PER_SECOND = 10


def make_pictures(room: Sequence[RoomSample], folder: Path, layout: Layout | None = None) -> None:
    """Write ``video.mp4``, ``video.gif`` and ``final.png`` of a run.

    Args:
        room: States at 50 Hz.
        folder: Where to.
        layout: Measures of the room; the standard one by default.
    """
    if not room:
        return
    frames = _frames(room, layout)
    video: Any = imageio.get_writer(
        folder / "video.mp4", fps=FRAMES_PER_SECOND, macro_block_size=8
    )
    with video:
        for frame in frames:
            video.append_data(frame)
    # The GIF is small on purpose: half the size, twice the pace.
    small: list[Any] = [frame[::2, ::2] for frame in frames[::4]]
    imageio.mimsave(folder / "video.gif", small, duration=1000 * 2 / FRAMES_PER_SECOND, loop=0)
    imageio.imwrite(folder / "final.png", frames[-1])


def _frames(room: Sequence[RoomSample], layout: Layout | None) -> list[np.ndarray]:
    step = 1.0 / FRAMES_PER_SECOND
    frames, due = [], room[0].time
    with MovieRenderer(ensure_robot_model(), layout=layout) as renderer:
        for sample in room:
            if sample.time < due and sample is not room[-1]:
                continue
            due += step
            frames.append(renderer.frame(sample.qpos, sample.mocap_pos, sample.mocap_quat))
    return frames
