"""A system clock of its own for single processes, through a small preloaded library.

libfaketime does this too, but what it makes of ``clock_nanosleep`` with an absolute time of the
monotonic clock, which is how Python 3.11 and newer sleep, ends in EINVAL.
"""

import os
import struct
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("shifted_clock.cpp")


class ClockError(RuntimeError):
    """The library cannot be built here; the sentence says why."""


def build(folder: Path) -> Path:
    """Compile the library into a folder; returns its path.

    Raises:
        ClockError: With what the compiler said.
    """
    library = folder / "shifted_clock.so"
    command = ["g++", "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ClockError(
            f"faults of clocks need a compiler: {' '.join(command)}: {error}"
        ) from error
    if done.returncode != 0:
        raise ClockError(f"{SOURCE} cannot be compiled: {done.stderr.strip()[-300:]}")
    return library


class ShiftedClock:
    """Offset of one process's system clock.

    Args:
        folder: Where the file with the offset lives.
        node: Whose clock.
    """

    def __init__(self, folder: Path, node: str) -> None:
        self._path = folder / f"{node}.clock"
        self._path.write_bytes(struct.pack("=q", 0))
        self._file = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)

    def set(self, offset: float) -> None:
        """Let the clock differ by that much from the true one [s], from its next reading on."""
        os.pwrite(self._file, struct.pack("=q", round(offset * 1e9)), 0)

    def close(self) -> None:
        """Forget the file; the process keeps its clock."""
        os.close(self._file)

    def environment(self, library: Path) -> dict[str, str]:
        """What the process must be started with."""
        return {"LD_PRELOAD": str(library), "SHIFTED_CLOCK_FILE": str(self._path)}
