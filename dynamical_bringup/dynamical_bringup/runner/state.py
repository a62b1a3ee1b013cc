"""Where a running platform leaves word of itself for the command line."""

import json
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A platform that runs on this machine.

    Attributes:
        url: Where its REST bridge listens.
        api_key_file: File with the local API key, readable by its user only.
        log_dir: Folder of the nodes' logs.
        pid: The runner's process.
        robot_id: Its robot, also its namespace.
        domain_id: Its ROS domain.
        nodes: Node name -> process id.
    """

    url: str
    api_key_file: str
    log_dir: str
    pid: int
    robot_id: str
    domain_id: int
    nodes: dict[str, int | None]

    @property
    def namespace(self) -> str:
        """The robot's namespace."""
        return f"/{self.robot_id}"

    @property
    def api_key(self) -> str:
        """The local API key."""
        return Path(self.api_key_file).read_text().strip()


def state_dir() -> Path:
    """Folder for what outlives a run: keys, zones, logs; made if absent."""
    home = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = Path(os.environ.get("DYNAMICAL_STATE") or home / "dynamical")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def running() -> Run | None:
    """The platform that runs here, or ``None``."""
    try:
        run = Run(**json.loads((state_dir() / "run.json").read_text()))
        os.kill(run.pid, 0)
    except (OSError, ValueError, TypeError):
        return None
    return run
