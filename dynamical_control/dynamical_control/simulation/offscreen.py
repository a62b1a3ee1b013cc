"""An OpenGL context without a display: EGL where it is installed, else OSMesa."""

import ctypes.util
import importlib
import os
from typing import Any

import mujoco

from dynamical_control.errors import RenderingError

# Back end -> (shared library it needs, Debian packages that bring it).
BACKENDS = {
    "egl": ("EGL", "libegl1 libegl-mesa0 libgl1-mesa-dri"),
    "osmesa": ("OSMesa", "libosmesa6"),
}


def choose_backend() -> str:
    """The back end to use: ``MUJOCO_GL`` if set, else the first whose library is installed.

    Raises:
        RenderingError: If there is none, with the command that installs one.
    """
    wanted = os.environ.get("MUJOCO_GL", "").strip().lower()
    if wanted in BACKENDS:
        return wanted
    for name, (library, _) in BACKENDS.items():
        if ctypes.util.find_library(library):
            return name
    raise RenderingError(
        "no off-screen OpenGL is installed; pictures need EGL or OSMesa: "
        f"apt-get install {BACKENDS['egl'][1]}"
    )


class OffscreenContext:
    """A GL context and MuJoCo's drawing context in it; belongs to the thread that made it.

    Args:
        model: Its meshes and textures are loaded; ``vis.quality`` decides shadows and
            multisampling.
        width: Largest picture [pixel].
        height: Largest picture [pixel].

    Raises:
        RenderingError: If no context can be made, with the reason.
    """

    def __init__(self, model: mujoco.MjModel, *, width: int, height: int) -> None:
        self.backend = choose_backend()
        self._gl: Any = None
        self.drawing: Any = None
        try:
            self._gl = importlib.import_module(f"mujoco.{self.backend}").GLContext(width, height)
            self._gl.make_current()
            self.drawing = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100.value)
        except (ImportError, AttributeError, OSError, RuntimeError, mujoco.FatalError) as error:
            self.close()
            raise RenderingError(
                f"off-screen OpenGL through {self.backend} failed: {error}; "
                f"apt-get install {BACKENDS[self.backend][1]}, or set MUJOCO_GL to another of "
                f"{sorted(BACKENDS)}"
            ) from error
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN.value, self.drawing)
        self.drawing.readDepthMap = mujoco.mjtDepthMap.mjDEPTH_ZEROFAR

    def use(self) -> None:
        """Make this context the one that drawing goes to."""
        self._gl.make_current()

    def close(self) -> None:
        """Give the context back; safe to call twice."""
        if self._gl is not None:
            if self.drawing is not None:
                self._gl.make_current()
                self.drawing.free()
            self._gl.free()
        self._gl, self.drawing = None, None
