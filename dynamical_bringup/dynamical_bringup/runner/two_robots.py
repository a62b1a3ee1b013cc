"""Two robots in one simulated room, each with its whole platform: gate, control, skills, perception.

The first robot's driver hosts the world and the room's cameras; the second robot's motors are behind a
socket, and its perception looks at the same pictures with camera poses in its own ``odom``. Nothing else
is shared: each robot has a namespace, a seal key, a state folder and a REST bridge of its own.
"""

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import yaml

from dynamical_bringup.client import Client
from dynamical_bringup.description import default_config_dir
from dynamical_bringup.runner.platform import Options, Platform, PlatformError
from dynamical_bringup.runner.state import Run, state_dir
from dynamical_control.simulation.cameras import CameraMount, mounting_table
from dynamical_control.simulation.layout import TWO_ROBOTS, Stand, sensor_cameras
from dynamical_interfaces import graph

FIRST, SECOND = "thor_001", "thor_002"
# What two robots give up against one, so that they need less of the machine: pictures per second of
# each robot's cameras, and joint states per second.
_FIRST_RATE, _SECOND_RATE = 10.0, 5.0
_JOINT_RATE = 250.0
_TRUNK_ZONE = "other_robot"
_TRUNK = (
    0.17,
    0.24,
    1.36,
)  # half depth, half width, height of the other robot's trunk and head [m]


def options_of(base: Options, *, state: Path) -> tuple[Options, Options]:
    """How each robot is brought up.

    Args:
        base: What holds for both; the second gets the port after the first's.
        state: Folder for the state of both.
    """
    bus = str(state / "world" / "partner.bus")
    partner = state / SECOND
    first = replace(
        base,
        robot_id=FIRST,
        state=state / FIRST,
        parameters=_joined(
            base.parameters,
            robot_driver={"partner_bus": bus, "rate": _JOINT_RATE},
            simulated_cameras={"robots": 2, "rate": _FIRST_RATE},
        ),
    )
    second = replace(
        base,
        robot_id=SECOND,
        state=partner,
        port=base.port + 1 if base.port else 0,
        recording=None,
        parameters=_joined(
            base.parameters,
            robot_driver={
                "robot": "simulated_partner",
                "partner_bus": bus,
                "rate": _JOINT_RATE,
            },
            simulated_cameras={"robots": 2, "of_partner": True, "rate": _SECOND_RATE},
            perception={
                "cameras_file": str(_write(partner / "cameras.yaml", cameras_of_partner())),
                "workspaces_file": str(_write(partner / "workspaces.yaml", _workspaces(base))),
            },
            skill_router={"workspaces_file": str(partner / "workspaces.yaml")},
        ),
        ros_arguments={
            **base.ros_arguments,
            "simulated_cameras": _from_first("simulation/state"),
            "perception": _from_first(*_room_topics()),
        },
    )
    return first, second


def cameras_of_partner() -> dict[str, Any]:
    """``cameras.yaml`` of the second robot: the room's cameras as its own ``odom`` has them."""
    head, *rooms = sensor_cameras(TWO_ROBOTS)
    stand = _stand()
    seen = tuple(
        replace(
            mount,
            position=stand.seen_from(mount.position),
            target=stand.seen_from(mount.target),
        )
        for mount in rooms
    )
    mounts: tuple[CameraMount, ...] = (head, *seen)
    return {"cameras": mounting_table(mounts)}


def trunk_zone() -> dict[str, Any]:
    """A keep-out zone around the other robot's trunk, the same for both as they face each other."""
    stand, (depth, width, height) = _stand(), _TRUNK
    corners = [(-depth, -width), (depth, -width), (depth, width), (-depth, width)]
    cos, sin = math.cos(stand.yaw), math.sin(stand.yaw)
    return {
        "name": _TRUNK_ZONE,
        "zone_type": "keep_out",
        "coordinates": [
            [round(stand.x + cos * x - sin * y, 4), round(stand.y + sin * x + cos * y, 4)]
            for x, y in corners
        ],
        "height_max": height,
        "applies_to": "robot",
    }


class TwoRobots:
    """Both platforms; a context manager that leaves no process behind.

    Args:
        base: What holds for both robots.
        say: Called with one sentence for each event.

    Attributes:
        platforms: The first robot's and the second's.
    """

    def __init__(self, base: Options, *, say: Callable[[str], None] = lambda _: None) -> None:
        both = options_of(base, state=state_dir())
        self.platforms = tuple(Platform(own, say=_named(say, own.robot_id)) for own in both)
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for platform in self.platforms:
                stack.enter_context(platform)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def wait_healthy(self, timeout: float = 120.0) -> tuple[Run, ...]:
        """Wait for both; then each is kept out of the other's trunk.

        Raises:
            PlatformError: With what is not healthy, or why the zone was refused.
        """
        runs = tuple(platform.wait_healthy(timeout) for platform in self.platforms)
        for run in runs:
            client = Client(run.url, run.api_key)
            try:
                zones = client.get("/api/v1/safety/zones")["zones"]
                if _TRUNK_ZONE in {zone["name"] for zone in zones}:
                    continue
                answer = client.post("/api/v1/safety/zones", trunk_zone())
                if answer.get("success") is False:
                    raise PlatformError(f"{run.robot_id}: {answer.get('error')}")
            finally:
                client.close()
        return runs

    def request_stop(self) -> None:
        """Let ``wait`` return; safe in a signal handler."""
        for platform in self.platforms:
            platform.request_stop()

    def wait(self) -> str | None:
        """Block until one has stopped or failed; returns the failure."""
        return self.platforms[0].wait() or self.platforms[1].failure


def _named(say: Callable[[str], None], robot_id: str | None) -> Callable[[str], None]:
    return lambda line: say(f"{robot_id}: {line}")


def _stand() -> Stand:
    assert TWO_ROBOTS.partner is not None
    return TWO_ROBOTS.partner


def _room_topics() -> list[str]:
    return [
        topic.name
        for topic in graph.TOPICS
        if topic.name.startswith("cameras/room_") and graph.PERCEPTION in topic.readers
    ]


def _from_first(*topics: str) -> tuple[str, ...]:
    """ROS arguments by which a node of the second robot reads topics of the first."""
    return tuple(word for name in topics for word in ("-r", f"{name}:=/{FIRST}/{name}"))


def _joined(base: Any, **more: dict[str, Any]) -> dict[str, dict[str, Any]]:
    names = {*base, *more}
    return {name: {**more.get(name, {}), **base.get(name, {})} for name in names}


def _workspaces(base: Options) -> dict[str, Any]:
    """The first robot's workspaces; the two face each other, so bounds and heights hold for both."""
    folder = base.config_dir or default_config_dir()
    return dict(yaml.safe_load((folder / "workspaces.yaml").read_text()))


def _write(path: Path, data: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path
