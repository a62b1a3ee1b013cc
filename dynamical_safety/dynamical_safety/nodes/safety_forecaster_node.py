"""Node ``safety_forecaster``: forecasts contact, and where people and their hands will be."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dynamical_interfaces import graph, tiers
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.parameters import param
from dynamical_interfaces.runtime.node import FatalError, GraphNode, run
from dynamical_safety import conversions
from dynamical_safety.backup_forecaster import BackupForecaster
from dynamical_safety.backup_model import SHIPPED, BackupModel
from dynamical_safety.errors import WireError
from dynamical_safety.intent import IntentPredictor
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.nodes.forecast_messages import collision_to_msg, people_to_msg
from dynamical_safety.supervision import Joints
from dynamical_safety.wire import JointsDecoder
from dynamical_safety.world import Tracks

_HEALTH_PERIOD = 0.5  # [s]


@dataclass(frozen=True, slots=True, kw_only=True)
class SafetyForecasterParameters:
    """Parameters of the node ``safety_forecaster``."""

    robot_urdf: str = param("", "URDF of the robot: joint order and limits")
    robot_mjcf: str = param("", "MJCF of the robot: where its links are")
    model_file: str = param("", "Network of the backup forecaster; empty = the one shipped")
    poll_rate: float = param(40.0, "How often tracks are looked for", unit="Hz", low=10, high=200)
    publish_rate: float = param(10.0, "Most forecasts", unit="Hz", low=5.0, high=50.0)
    joints_age: float = param(
        0.2, "Age of joint states beyond which nothing is forecast", unit="s", low=0.01, high=1.0
    )


class SafetyForecasterNode(GraphNode[SafetyForecasterParameters]):
    """Thin: tracks and joint states in; ``BackupForecaster``, ``IntentPredictor``; messages out.

    Where something is missing it stays silent, which the gate counts as an alarm.
    """

    def __init__(self) -> None:
        super().__init__(graph.SAFETY_FORECASTER, SafetyForecasterParameters)

    def configure(self) -> None:
        """Read robot and network; make all endpoints."""
        p = self.parameters
        for name in ("robot_urdf", "robot_mjcf"):
            if not getattr(p, name):
                raise FatalError(f"parameter {name!r} is empty; it must name the robot's file")
        urdf = load_urdf(Path(p.robot_urdf))
        self._model = BackupModel.load(Path(p.model_file) if p.model_file else SHIPPED)
        self._kinematics = RobotKinematics(Path(p.robot_mjcf), urdf.names)
        self._read_joints = JointsDecoder(urdf.names)
        self._tracks = self.polled_reader("tracks")
        self._joints = self.polled_reader("joint_states", raw=True)
        self._forecasts = self.writer("forecast")
        self._people = self.writer("people/forecast")
        self.periodic(self._step, period=1.0 / p.poll_rate, tier=tiers.LEARNING)

    def activate(self) -> None:
        """Begin without memory."""
        self._backup = BackupForecaster(self._model, self._kinematics)
        self._intent = IntentPredictor()
        self._newest: Joints | None = None
        self._due = self._health_due = 0.0
        self._unreadable = ""

    def _step(self, now: float, period: float) -> None:
        raw = self._joints.take()
        if raw is not None:
            try:
                self._newest, self._unreadable = self._read_joints(raw), ""
            except WireError as error:
                self._unreadable = f"joint states: {error}"
        message = self._tracks.take()
        if message is not None:
            self._forecast(conversions.tracks_from_msg(message), now)
        if now >= self._health_due or now < self._health_due - 1.0:
            self._health_due = now + _HEALTH_PERIOD
            self._report_health(now)

    def _forecast(self, tracks: Tracks, now: float) -> None:
        backup, joints = self._backup, self._newest
        if tracks.stamp == backup.stamp:
            return
        backup.see(tracks.people, tracks.stamp)
        targets = [thing.centre for thing in tracks.things if thing.moves]
        if joints is not None:
            targets += list(backup.hands(joints.position))
        self._intent.update(tracks, now, targets=np.array(targets).reshape(-1, 3))
        # A third of a poll early is on time; a clock that was set back makes nobody wait.
        early = 0.3 / self.parameters.poll_rate
        if self._due - 1.0 < now < self._due - early:
            return
        self._due = now + 1.0 / self.parameters.publish_rate
        stamp = self.stamp(tracks.stamp)
        parts = self._intent.forecast(tracks.stamp)
        self._people.publish(people_to_msg(parts, stamp=stamp))
        if joints is None or not abs(now - joints.stamp) <= self.parameters.joints_age:
            return
        forecast = backup.forecast(joints.position, joints.velocity, joints.stamp)
        self._forecasts.publish(collision_to_msg(forecast, stamp=stamp))

    def _report_health(self, now: float) -> None:
        joints, limit = self._newest, self.parameters.joints_age
        if self._unreadable:
            self.diagnose("forecasts", "warn", self._unreadable)
        elif joints is None or not abs(now - joints.stamp) <= limit:
            self.diagnose("forecasts", "warn", f"no joint states younger than {limit:g} s")
        elif not abs(now - self._backup.stamp) <= 1.0:
            self.diagnose("forecasts", "warn", "no tracks younger than 1 s")
        else:
            self.diagnose("forecasts", "ok", "backup and intent forecast")


def main() -> None:
    """Entry point of the executable ``safety_forecaster``."""
    run(SafetyForecasterNode)


if __name__ == "__main__":
    main()
