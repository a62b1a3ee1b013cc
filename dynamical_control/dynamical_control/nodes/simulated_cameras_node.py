"""Node ``simulated_cameras``: the simulated room as Gazebo's or Isaac's cameras show it."""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np

from dynamical_control.conversions import camera_info_to_msg, image_to_msg, seconds
from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_control.simulation.cameras import CameraMount
from dynamical_control.simulation.layout import (
    TWO_ROBOTS,
    Stand,
    drawn_instances,
    instances,
    sensor_cameras,
)
from dynamical_control.simulation.rendering import SensorRenderer
from dynamical_control.simulation.scene import build_scene
from dynamical_control.simulation.workspaces import LAB_TABLE, LAYOUTS, layout_of
from dynamical_interfaces import graph, tiers
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.msg import LabelInfo
from dynamical_interfaces.runtime.node import GraphNode, run
from dynamical_interfaces.runtime.parameters import param


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedCamerasParameters:
    """Parameters of the camera node."""

    rate: float = param(
        20.0,
        "Pictures per second of all cameras together; the head camera gets every second one",
        unit="Hz",
        low=1.0,
        high=60.0,
    )
    noise_seed: int = param(0, "Seed of the depth noise", low=0)
    workspace: str = param(LAB_TABLE, f"Simulated workspace, one of {', '.join(LAYOUTS)}")
    robots: int = param(1, "Robots in the simulated world, 1 or 2", low=1, high=2)
    of_partner: bool = param(
        False, "Show what the second robot's head sees, and nothing of the room's cameras"
    )
    silent_after: float = param(
        1.0, "Age of the simulation's state that counts as silence", unit="s", low=0.1, high=10.0
    )


class SimulatedCamerasNode(GraphNode[SimulatedCamerasParameters]):
    """Draws the newest state of the simulation, one camera per tick."""

    def __init__(self) -> None:
        super().__init__(graph.SIMULATED_CAMERAS, SimulatedCamerasParameters)

    def configure(self) -> None:
        """Build the scene and make all endpoints."""
        own = self.parameters
        if own.of_partner and own.robots != 2:
            raise ValueError("parameter 'of_partner' is true, so 'robots' must be 2, got 1")
        layout = TWO_ROBOTS if own.robots == 2 else layout_of(own.workspace)
        self._prefix = Stand.prefix if own.of_partner else ""
        self._instances = instances(layout, of_partner=own.of_partner)
        self._drawn_instances = drawn_instances(layout)
        self._model = build_scene(ensure_robot_model().mjcf, layout)
        head, *rooms = sensor_cameras(layout)
        # head, left, head, right: the head camera moves, so it looks twice as often.
        rooms = [] if own.of_partner else rooms
        self._turns = [mount for room in rooms for mount in (head, room)] or [head]
        self._writers = {
            mount.name: {
                kind: self.writer(f"cameras/{mount.name}/{kind}")
                for kind in (
                    "color/image_raw",
                    "depth/image_raw",
                    "labels/image_raw",
                    "camera_info",
                )
            }
            for mount in (head, *rooms)
        }
        self._labels = self.writer("cameras/labels")
        self._states = self.polled_reader("simulation/state")
        self._supervision = self.polled_reader("safety/supervision")
        self._renderer: SensorRenderer | None = None
        self._state: Any = None
        self._drawn: dict[str, int] = {}
        self._turn = 0
        self._throttle = 0
        self._loop = self.periodic(
            self.step, period=1.0 / self.parameters.rate, tier=tiers.BACKGROUND
        )

    def activate(self) -> None:
        """Tell what the labels mean."""
        message = LabelInfo()
        message.header.stamp = self.stamp(self.now())
        message.label = array("H", [instance.label for instance in self._instances])
        message.instance = [instance.name for instance in self._instances]
        message.class_id = [instance.class_id for instance in self._instances]
        self._labels.publish(message)
        # A loop that was stopped has been replaced by a fresh one.
        self._loop = self._loops[-1]
        self._show_throttle()

    def step(self, now: float, period: float) -> None:
        """One tick: draw and publish the picture of the camera whose turn it is."""
        if self._renderer is None:
            # Made here because an OpenGL context belongs to the thread that uses it.
            self._renderer = SensorRenderer(
                self._model,
                self._drawn_instances,
                prefix=self._prefix,
                seed=self.parameters.noise_seed,
            )
            self.diagnose(
                "rendering",
                "ok" if self._renderer.backend == "egl" else "warn",
                f"drawing through {self._renderer.backend}",
            )
        if (supervision := self._supervision.take()) is not None:
            self._give_up_compute(supervision.throttle)
        self._state = self._states.take() or self._state
        mount = self._turns[self._turn % len(self._turns)]
        self._turn += 1
        state = self._state
        age = now - seconds(state.header.stamp) if state is not None else float("inf")
        if age > self.parameters.silent_after:
            self.diagnose(
                "state",
                "stale",
                "no simulation/state from the robot driver; no pictures are taken",
                code=int(ErrorCode.CAMERA_SILENT),
            )
            return
        self.diagnose("state", "ok", "pictures are up to date")
        stamp = state.header.stamp
        nanoseconds = stamp.sec * 1_000_000_000 + stamp.nanosec
        if nanoseconds <= self._drawn.get(mount.name, -1):
            return
        self._drawn[mount.name] = nanoseconds
        self._renderer.set_state(
            qpos=np.asarray(state.qpos),
            mocap_pos=np.asarray(state.mocap_pos),
            mocap_quat=np.asarray(state.mocap_quat),
        )
        self._publish(mount, stamp)

    def _give_up_compute(self, throttle: int) -> None:
        if throttle == self._throttle:
            return
        self._throttle = throttle
        self._loop.period = 1.0 / tiers.throttled(self.parameters.rate, throttle)
        self._show_throttle()

    def _show_throttle(self) -> None:
        self.diagnose(
            "throttle",
            "warn" if self._throttle else "ok",
            f"{1.0 / self._loop.period:.3g} pictures per second of "
            f"{self.parameters.rate:g}, step {self._throttle} of the watchdog's throttle",
        )

    def _publish(self, mount: CameraMount, stamp: Any) -> None:
        assert self._renderer is not None
        picture = self._renderer.picture(mount)
        writers = self._writers[mount.name]
        writers["camera_info"].publish(camera_info_to_msg(mount, stamp=stamp))
        for kind, pixels, encoding in (
            ("color/image_raw", picture.color, "rgb8"),
            ("depth/image_raw", picture.depth, "32FC1"),
            ("labels/image_raw", picture.labels, "mono16"),
        ):
            writers[kind].publish(
                image_to_msg(pixels, encoding=encoding, frame=mount.frame, stamp=stamp)
            )


def main() -> None:
    """Run the node."""
    run(SimulatedCamerasNode)


if __name__ == "__main__":
    main()
