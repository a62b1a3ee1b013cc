"""One safety gate per robot on this machine, whatever the network says.

Finding another node takes seconds when a machine is busy (Fast DDS repeats its announcements every 3 s),
which is too long to wait for before the robot may be held. A file lock answers at once, and the kernel lets
go of it however the process ends.
"""

import fcntl
import os
import tempfile
from pathlib import Path


class GateLock:
    """The right to be the safety gate of one robot on one ROS domain.

    Args:
        node: Fully qualified node name, e.g. ``/thor_001/safety_gate``.
    """

    def __init__(self, node: str) -> None:
        domain = os.environ.get("ROS_DOMAIN_ID", "0")
        folder = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
        self.path = folder / f"dynamical{node.replace('/', '-')}-{os.getuid()}-{domain}.lock"
        self._descriptor: int | None = None

    def take(self) -> str | None:
        """Take the lock.

        Returns:
            The process that holds it, as text, or ``None`` if it is ours now.

        Raises:
            OSError: If the lock file cannot be made.
        """
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip()
            os.close(descriptor)
            return f"process {holder or 'unknown'}"
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return None

    def release(self) -> None:
        """Give the lock back; the end of the process does the same."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
