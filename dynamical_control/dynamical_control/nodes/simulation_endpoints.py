"""What the driver node offers besides for a simulated robot: the room's state and services."""

from collections.abc import Callable
from typing import Any

import numpy as np

from dynamical_control.conversions import object_to_track, room_state_to_msg
from dynamical_control.errors import SceneError
from dynamical_control.robots.simulated.robot import SimulatedRobot
from dynamical_interfaces.msg import SimulationState, Track, TrackArray
from dynamical_interfaces.runtime.node import GraphNode


class SimulationEndpoints:
    """Publishers and services below ``simulation/``.

    Args:
        node: The driver node they belong to.
        robot: Its robot.
        on_placed: Called with the joint positions after a reset of the robot, shape (n,) [rad].
    """

    def __init__(
        self,
        node: GraphNode[Any],
        robot: SimulatedRobot,
        *,
        on_placed: Callable[[np.ndarray], None],
    ) -> None:
        self._node, self._robot, self._on_placed = node, robot, on_placed
        self._states = node.writer("simulation/state")
        self._objects = node.writer("simulation/objects")
        node.server("simulation/reset", self._reset)
        node.server("simulation/move_person", self._move_person)
        self._state = SimulationState()
        self._tracks = TrackArray()
        self._tracks.header.frame_id = "odom"
        self._tracks.tracks = [Track() for _ in robot.config.layout.objects]
        self._drops = 0

    def publish(self) -> None:
        """Send the state of the room."""
        state = self._robot.room_state()
        stamp = self._node.stamp(state.stamp)
        self._state.header.stamp = stamp
        self._states.publish(room_state_to_msg(state, self._state))
        self._tracks.header.stamp = stamp
        for number, (pose, track) in enumerate(
            zip(state.objects, self._tracks.tracks, strict=True)
        ):
            object_to_track(pose, track, number=number + 1)
            track.observation_stamp = stamp
        self._objects.publish(self._tracks)

    def report_pace(self) -> float:
        """Put how well real time is kept into the diagnostics; returns the real-time factor."""
        pace = self._robot.pace
        fresh, self._drops = pace.drops - self._drops, pace.drops
        sentence = f"real-time factor {pace.factor:.3f}"
        if fresh:
            sentence += f"; fell behind by more than 50 ms {fresh} times in the last second"
        self._node.diagnose(
            "real_time",
            "warn" if fresh else "ok",
            sentence,
            dropped_s=round(pace.dropped, 3),
            drops=pace.drops,
        )
        return pace.factor

    def _reset(self, request: Any, response: Any) -> Any:
        try:
            self._robot.reset(seed=request.seed, reset_robot=request.reset_robot)
        except SceneError as error:
            response.success, response.message = False, str(error)
            return response
        if request.reset_robot:
            self._on_placed(self._robot.start_posture)
        response.success, response.message = True, f"placed with seed {request.seed}"
        return response

    def _move_person(self, request: Any, response: Any) -> Any:
        waypoints = [(point.x, point.y) for point in request.waypoints]
        try:
            self._robot.move_person(waypoints, speed=request.speed, dwell=request.dwell)
        except SceneError as error:
            response.success, response.message = False, str(error)
            return response
        response.success = True
        response.message = f"walks to {waypoints[-1]}" if waypoints else "has left the scene"
        return response
