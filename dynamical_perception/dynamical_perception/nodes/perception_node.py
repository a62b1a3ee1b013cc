"""The perception node: pictures and joint states in; tracks, location and forecast out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dynamical_interfaces import graph, tiers
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import GraphNode, run
from dynamical_perception import conversions
from dynamical_perception.cameras.camera import CameraModel
from dynamical_perception.cameras.image_sets import PICTURES, ImageSets
from dynamical_perception.cameras.mounting import read_mountings
from dynamical_perception.errors import CameraError
from dynamical_perception.kinematics import RobotKinematics
from dynamical_perception.perception import Perception, Pictures
from dynamical_perception.workspaces import read_workspaces

_IDLE_PERIOD = 0.2  # tracks are published at least this often, pictures or not [s]
_LOCATION_PERIOD = 0.2
_MARKER_PERIOD = 0.2
_HEALTH_PERIOD = 0.5
_LOWEST_RATE = 5.0  # to which the watchdog may throttle: tracks must stay fresh [Hz]


@dataclass(frozen=True, slots=True, kw_only=True)
class PerceptionParameters:
    """Parameters of the perception node."""

    poll_rate: float = param(
        30.0, "How often pictures are looked for", unit="Hz", low=5.0, high=200.0
    )
    publish_rate: float = param(
        20.0, "Most publications of tracks", unit="Hz", low=5.0, high=100.0
    )
    robot_id: str = param("thor_001", "The robot whose joint states come in")
    robot_mjcf: str = param("", "Kinematic model of the robot, an MJCF file")
    cameras_file: str = param("", "Where the cameras are mounted, a YAML file")
    silent_after: float = param(
        1.0, "Age at which a camera counts as silent", unit="s", low=0.1, high=60.0
    )
    workspaces_file: str = param("", "Places where robots work, a YAML file; empty = none known")
    workspace: str = param("", "The one place of that file that this site is; empty = all count")


class PerceptionNode(GraphNode[PerceptionParameters]):
    """Thin: parameters, messages in, ``Perception``, messages out."""

    def __init__(self) -> None:
        super().__init__(graph.PERCEPTION, PerceptionParameters)

    def configure(self) -> None:
        """Read the site's data and make all endpoints."""
        p = self.parameters
        for name in ("robot_mjcf", "cameras_file"):
            if not Path(getattr(p, name)).is_file():
                raise ValueError(f"parameter {name!r} must name a file, got {getattr(p, name)!r}")
        self._perception = Perception(
            p.robot_id,
            kinematics=RobotKinematics(Path(p.robot_mjcf)),
            mountings=read_mountings(Path(p.cameras_file), known=graph.CAMERAS),
            workspaces=read_workspaces(Path(p.workspaces_file), only=p.workspace)
            if p.workspaces_file
            else (),
        )
        self._tracks = self.writer("tracks")
        self._markers = self.writer("tracks/markers")
        self._location = self.writer("robot_location")
        self._forecast = self.writer("forecast")
        self._joints = self.polled_reader("joint_states")
        self._labels = self.polled_reader("cameras/labels")
        self._info = {c: self.polled_reader(f"cameras/{c}/camera_info") for c in graph.CAMERAS}
        self._pictures = {
            (camera, kind): self.polled_reader(f"cameras/{camera}/{kind}/image_raw")
            for camera in graph.CAMERAS
            for kind in PICTURES
        }
        self._supervision = self.polled_reader("safety/supervision")
        self._throttle = 0
        self._models: dict[str, CameraModel] = {}
        self._problems: dict[str, str] = {}
        self._due = dict.fromkeys(("tracks", "idle", "location", "markers", "health"), 0.0)
        self._loop = self.periodic(self._step, period=1.0 / p.poll_rate, tier=tiers.LEARNING)

    def activate(self) -> None:
        """Begin to count silence."""
        now = self.now()
        self._sets = {camera: ImageSets(camera, now) for camera in graph.CAMERAS}
        # Before the first picture, tracks carry the time from which nothing has been seen.
        self._perception.stamp = now
        self._new = False
        # A loop that was stopped has been replaced by a fresh one.
        self._loop = self._loops[-1]
        self._show_throttle()

    def _step(self, now: float, period: float) -> None:
        if (supervision := self._supervision.take()) is not None:
            self._give_up_compute(supervision.throttle)
        message = self._joints.take()
        if message is not None:
            self._perception.add_joints(*conversions.joints_from_msg(message))
        labels = self._labels.take()
        if labels is not None:
            table = conversions.labels_from_msg(labels)
            self._perception.set_labels(table)
            self.get_logger().info(f"labels: {conversions.label_names(table)}")
        for camera in graph.CAMERAS:
            self._take(camera)
        self._publish(self.now())

    def _give_up_compute(self, throttle: int) -> None:
        if throttle == self._throttle:
            return
        self._throttle = throttle
        rate = tiers.throttled(self.parameters.poll_rate, throttle, floor=_LOWEST_RATE)
        self._loop.period = 1.0 / rate
        self._show_throttle()

    def _show_throttle(self) -> None:
        self.diagnose(
            "throttle",
            "warn" if self._throttle else "ok",
            f"looks for pictures {1.0 / self._loop.period:.3g} times a second of "
            f"{self.parameters.poll_rate:g}, step {self._throttle} of the watchdog's throttle",
        )

    def _take(self, camera: str) -> None:
        sets = self._sets[camera]
        try:
            info = self._info[camera].take()
            if info is not None:
                self._models[camera] = conversions.camera_model_from_msg(camera, info)
            complete: list[tuple[int, dict[str, Any]]] = []
            for kind in PICTURES:
                for message in self._pictures[camera, kind].take_all():
                    stamp = conversions.nanoseconds(message.header.stamp)
                    parts = sets.add(kind, stamp, message)
                    if parts is not None:
                        complete.append((stamp, parts))
            for stamp, parts in complete:
                self._process(camera, stamp, parts)
        except CameraError as error:
            sets.discarded += 1
            self._problems[camera] = str(error)

    def _process(self, camera: str, stamp: int, parts: dict[str, Any]) -> None:
        model = self._models.get(camera)
        if model is None:
            self._problems[camera] = f"camera {camera}: no camera_info yet"
            return
        pictures = {kind: conversions.picture_from_msg(camera, parts[kind]) for kind in PICTURES}
        problem = self._perception.process(Pictures(model=model, stamp=stamp * 1e-9, **pictures))
        if problem:
            self._sets[camera].discarded += 1
            self._problems[camera] = f"camera {camera}: {problem}"
        else:
            self._problems.pop(camera, None)
            self._new = True

    def _is_due(self, name: str, now: float, period: float) -> bool:
        # A third of a poll early is on time: else the next poll would be a whole period late.
        if now < self._due[name] - 0.3 * self._loop.period:
            return False
        self._due[name] = now + period
        return True

    def _publish(self, now: float) -> None:
        fresh = self._new and self._is_due("tracks", now, 1.0 / self.parameters.publish_rate)
        if fresh or self._is_due("idle", now, _IDLE_PERIOD):
            self._new = False
            self._due["idle"] = now + _IDLE_PERIOD
            states = self._perception.tracks(now)
            stamp = self._perception.stamp
            self._tracks.publish(conversions.tracks_to_msg(states, stamp))
            forecast = self._perception.forecast(states)
            if forecast is not None:
                self._forecast.publish(conversions.forecast_to_msg(forecast, stamp))
            if (
                self._is_due("markers", now, _MARKER_PERIOD)
                and self._markers.get_subscription_count()
            ):
                self._markers.publish(conversions.markers_to_msg(states, stamp))
        if self._is_due("location", now, _LOCATION_PERIOD):
            location = self._perception.location(now)
            if location is not None:
                self._location.publish(conversions.location_to_msg(location))
        if self._is_due("health", now, _HEALTH_PERIOD):
            self._report_health(now)

    def _report_health(self, now: float) -> None:
        silent = []
        for camera, sets in self._sets.items():
            health = sets.health(now)
            level, sentence = health.sentence(silent_after=self.parameters.silent_after)
            problem = self._problems.get(camera, "")
            if level == "warn":
                silent.append(camera)
            elif problem:
                level, sentence = "warn", problem
            self.diagnose(
                f"camera {camera}",
                level,
                sentence,
                age=f"{health.age:.3f}",
                rate=f"{health.rate:.1f}",
                incomplete=health.incomplete,
                discarded=health.discarded,
            )
        if len(silent) == len(self._sets):
            self.diagnose("cameras", "error", "no camera sends pictures: perception is blind")
        elif silent:
            self.diagnose("cameras", "warn", f"works without {', '.join(silent)}")
        else:
            self.diagnose("cameras", "ok", f"{len(self._sets)} cameras")


def main() -> None:
    """Run the node."""
    run(PerceptionNode)


if __name__ == "__main__":
    main()
