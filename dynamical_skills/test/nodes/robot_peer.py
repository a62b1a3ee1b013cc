"""A test peer: plays driver, control, gate and perception for the skill server, over real DDS.

It moves ideal joints along the chunks it gets and reports as the real nodes do. It is not a robot:
there are no dynamics and no safety judgement. Lines on its standard input tell it what to do:
``safety normal|protective|emergency|silent``, ``control normal|silent``, ``speed FACTOR``.
"""

import contextlib
import sys
import threading

import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from sensor_msgs.msg import JointState

from dynamical_interfaces import graph
from dynamical_interfaces.msg import (
    ActionChunk,
    ControlStatus,
    SafetyReason,
    SafetyStatus,
    Track,
    TrackArray,
)
from dynamical_interfaces.runtime.endpoints import qos_profile

PERIOD = 0.01
STATES = {
    "normal": SafetyStatus.STATE_NORMAL,
    "protective": SafetyStatus.STATE_PROTECTIVE_STOP,
    "emergency": SafetyStatus.STATE_EMERGENCY_STOP,
}


class RobotPeer(Node):
    """The peer; see the module's docstring."""

    def __init__(self, joints: list[str], home: list[float]) -> None:
        super().__init__("robot_peer")
        self.index = {name: place for place, name in enumerate(joints)}
        self.names = joints
        self.position = np.array(home)
        self.safety, self.control, self.speed = "normal", "normal", 1.0
        self.trajectory_id, self.elapsed, self.end = 0, 0.0, 0.0
        self.chunks: list[ActionChunk] = []
        self.passed, self.aborted, self.final = 0, False, False
        self.ticks = 0
        self.out = {
            name: self.create_publisher(kind, name, qos_profile(graph.topic(name).profile))
            for name, kind in (
                ("joint_states", JointState),
                ("control/status", ControlStatus),
                ("safety/status", SafetyStatus),
                ("tracks", TrackArray),
            )
        }
        self.create_subscription(
            ActionChunk,
            "action_chunk",
            self.on_chunk,
            qos_profile(graph.topic("action_chunk").profile),
        )
        self.create_timer(PERIOD, self.tick)

    def on_chunk(self, chunk: ActionChunk) -> None:
        """Take a chunk: a new trajectory replaces the old one."""
        if chunk.abort:
            self.aborted = True
            print("aborted", flush=True)
            return
        if chunk.trajectory_id > self.trajectory_id:
            self.trajectory_id, self.elapsed, self.chunks = chunk.trajectory_id, 0.0, []
            self.aborted = self.final = False
            print(f"trajectory {chunk.skill_id}", flush=True)
            elbows = sorted(name for name in chunk.trajectory.joint_names if "elbow" in name)
            print(f"joints {' '.join(elbows)}", flush=True)
        self.chunks.append(chunk)
        self.end = chunk.offset + chunk.period * (len(chunk.trajectory.points) - 1)
        self.final = self.final or chunk.final

    def follow(self) -> None:
        """Put the joints where the trajectory says."""
        for chunk in reversed(self.chunks):
            if chunk.offset <= self.elapsed + 1e-9:
                points = chunk.trajectory.points
                row = min(int((self.elapsed - chunk.offset) / chunk.period), len(points) - 1)
                for name, value in zip(
                    chunk.trajectory.joint_names, points[row].positions, strict=True
                ):
                    self.position[self.index[name]] = value
                return

    def tick(self) -> None:
        """Move on and report."""
        self.ticks += 1
        moving = bool(self.chunks) and not self.aborted and self.safety == "normal"
        if moving:
            self.passed = self.trajectory_id
            self.elapsed = min(self.end, self.elapsed + PERIOD * self.speed)
            self.follow()
        reached = self.final and self.elapsed >= self.end - 1e-9
        stamp = self.get_clock().now().to_msg()
        joints = JointState(name=self.names, position=self.position.tolist())
        joints.velocity = [0.0] * len(self.names)
        joints.header.stamp = stamp
        self.out["joint_states"].publish(joints)
        if self.control == "normal" and self.ticks % 2 == 0:
            status = ControlStatus(trajectory_id=self.trajectory_id, elapsed=self.elapsed)
            status.header.stamp = stamp
            status.final_reached = reached
            status.state = ControlStatus.STATE_HOLDING
            if self.chunks and not self.aborted and not reached:
                status.state = (
                    ControlStatus.STATE_EXECUTING if moving else ControlStatus.STATE_PAUSED
                )
            self.out["control/status"].publish(status)
        if self.safety != "silent":
            status = SafetyStatus(state=STATES[self.safety], passed_trajectory_id=self.passed)
            status.header.stamp = stamp
            status.speed_scale = 1.0 if self.safety == "normal" else 0.0
            if self.safety != "normal":
                status.reasons = [
                    SafetyReason(code=215, subject="peer", text=f"told to be in {self.safety}")
                ]
            self.out["safety/status"].publish(status)
        if self.ticks % 10 == 0:
            self.out["tracks"].publish(self.tracks(stamp))

    def tracks(self, stamp) -> TrackArray:
        """A red cup and a shelf that never move."""
        message = TrackArray()
        message.header.stamp, message.header.frame_id = stamp, "odom"
        for number, (kind, color, place, size) in enumerate(
            (
                ("cup", "red", (0.35, 0.1, 0.81), (0.066, 0.066, 0.1)),
                ("shelf", "", (0.25, 0.43, 0.43), (0.26, 0.2, 0.86)),
            )
        ):
            track = Track(id=number + 1, class_id=kind, color=color, confidence=1.0)
            track.pose.position.x, track.pose.position.y, track.pose.position.z = place
            track.size.x, track.size.y, track.size.z = size
            track.observation_stamp = stamp
            message.tracks.append(track)
        return message

    def listen(self) -> None:
        """Take orders from standard input until it ends."""
        for line in sys.stdin:
            word, value = line.split()
            setattr(self, word, float(value) if word == "speed" else value)
            print(f"told {line.strip()}", flush=True)


def main() -> None:
    """Run until SIGTERM."""
    rclpy.init()
    joints, home = sys.argv[1].split(","), [float(value) for value in sys.argv[2].split(",")]
    node = RobotPeer(joints, home)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=node.listen, daemon=True).start()
    print("ready", flush=True)
    with contextlib.suppress(ExternalShutdownException):
        executor.spin()


if __name__ == "__main__":
    main()
