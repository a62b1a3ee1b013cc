"""The graph description: which nodes a robot runs, with which parameters.

Read from ``config/platform.yaml`` by the local runner and by ``platform.launch.py`` alike, so that
every node is written once.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from ament_index_python.packages import get_package_prefix, get_package_share_directory

from dynamical_interfaces import graph

_PLACE = re.compile(r"\$\{(\w+)\}")
DEFAULT_WORKSPACE = "lab_table"
_NODE_KEYS = {"package", "parameters", "environment", "sealed", "on_request"}


class DescriptionError(ValueError):
    """The description makes no sense; the sentence names file, node and key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeDescription:
    """One node.

    Attributes:
        name: Node and executable name.
        package: Package that holds the executable.
        parameters: What differs from the defaults in code.
        environment: Extra environment variables.
        sealed: Gets the key of the safe command.
        on_request: Started only when asked for.
    """

    name: str
    package: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    sealed: bool = False
    on_request: bool = False

    def executable(self) -> Path:
        """Path of the executable, as ``ros2 run`` finds it."""
        return Path(get_package_prefix(self.package)) / "lib" / self.package / self.name

    def is_wanted(self, only: Collection[str], *, recording: object) -> bool:
        """Whether it is started.

        Args:
            only: Names of the nodes asked for; empty = all but those on request.
            recording: Folder of a recording that is to be made, if any; it asks for the recorder.
        """
        if only:
            return self.name in only
        return not self.on_request or (bool(recording) and self.name == graph.RECORDER)


@dataclass(frozen=True, slots=True)
class Description:
    """All nodes of one robot."""

    robot_id: str
    nodes: tuple[NodeDescription, ...]

    @property
    def namespace(self) -> str:
        """The robot's namespace in the graph."""
        return f"/{self.robot_id}"


def default_config_dir() -> Path:
    """The config folder that this package installs."""
    return Path(get_package_share_directory("dynamical_bringup")) / "config"


def load(
    config_dir: Path, values: Mapping[str, Any], *, robot_id: str | None = None
) -> Description:
    """Read ``platform.yaml`` of a config folder and fill in the ``${name}`` places.

    Args:
        config_dir: Folder with platform.yaml and the site's data.
        values: What the places stand for; ``robot_id`` and ``config_dir`` are added here, and
            ``workspace`` if it is not given.
        robot_id: Instead of the one in the file.

    Raises:
        DescriptionError: If the file cannot be read, or has unknown keys or places.
    """
    path = config_dir / "platform.yaml"
    try:
        data = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise DescriptionError(f"{path} cannot be read: {error}") from error
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), dict):
        raise DescriptionError(f"{path} needs the keys 'robot_id' and 'nodes'")
    robot = robot_id or data.get("robot_id", "")
    if not re.fullmatch(r"[A-Za-z]\w*", robot):
        raise DescriptionError(f"{path}: robot_id {robot!r} is no ROS name: letters, digits and _")
    known = {
        "workspace": DEFAULT_WORKSPACE,
        **values,
        "robot_id": robot,
        "config_dir": str(config_dir),
    }
    shared = data.get("environment", {})
    nodes = tuple(_node(path, name, body, known, shared) for name, body in data["nodes"].items())
    return Description(robot, nodes)


def _node(
    path: Path, name: str, body: Any, known: Mapping[str, Any], shared: Mapping[str, Any]
) -> NodeDescription:
    if not isinstance(body, dict) or "package" not in body:
        raise DescriptionError(f"{path}: node {name!r} needs the key 'package'")
    unknown = set(body) - _NODE_KEYS
    if unknown:
        raise DescriptionError(
            f"{path}: node {name!r} has unknown keys {sorted(unknown)}; known are {sorted(_NODE_KEYS)}"
        )
    where = f"{path}: node {name!r}"
    return NodeDescription(
        name=name,
        package=body["package"],
        parameters={
            key: _fill(where, value, known) for key, value in body.get("parameters", {}).items()
        },
        environment={
            key: str(_fill(where, value, known))
            for key, value in {**shared, **body.get("environment", {})}.items()
        },
        sealed=bool(body.get("sealed", False)),
        on_request=bool(body.get("on_request", False)),
    )


def _fill(where: str, value: Any, known: Mapping[str, Any]) -> Any:
    if not isinstance(value, str):
        return value
    for name in _PLACE.findall(value):
        if name not in known:
            raise DescriptionError(f"{where}: ${{{name}}} is unknown; known are {sorted(known)}")
    whole = _PLACE.fullmatch(value)
    if whole:
        return known[whole.group(1)]
    return _PLACE.sub(lambda match: str(known[match.group(1)]), value)
