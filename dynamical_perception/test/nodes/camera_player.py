"""Sends recorded pictures over DDS as the cameras of a robot would: ``camera_player.py FILE
[SILENT...]``.

Reads lines from its standard input: ``silence NAME`` stops a camera, ``resume NAME`` lets it go
    on.
"""

import sys
import threading
import time

import numpy as np
import rclpy
from rclpy.duration import Duration
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, JointState

from dynamical_interfaces import graph
from dynamical_interfaces.msg import LabelInfo
from dynamical_interfaces.runtime.endpoints import qos_profile

PICTURE_AGE = Duration(seconds=0.02)


def image(picture: np.ndarray, encoding: str) -> Image:
    height, width = picture.shape[:2]
    message = Image(height=height, width=width, encoding=encoding, is_bigendian=0)
    message.step = picture.strides[0]
    message.data.frombytes(np.ascontiguousarray(picture).tobytes())
    return message


class CameraPlayer(Node):
    def __init__(self, file: str) -> None:
        super().__init__("camera_player", namespace="/thor_001")
        self.silent: set[str] = set()
        self._tick = 0
        self._sign = 1.0
        with np.load(file) as recorded:
            self._joints = JointState(
                name=[str(name) for name in recorded["names"]],
                position=recorded["position"].tolist(),
                velocity=[0.0] * len(recorded["names"]),
            )
            self._messages = {
                camera: {
                    "color/image_raw": image(recorded[f"{camera}_color"], "rgb8"),
                    "depth/image_raw": image(recorded[f"{camera}_depth"], "32FC1"),
                    "labels/image_raw": image(recorded[f"{camera}_labels"], "mono16"),
                    "camera_info": CameraInfo(
                        width=320,
                        height=240,
                        k=recorded[f"{camera}_k"],
                        distortion_model="plumb_bob",
                    ),
                }
                for camera in graph.CAMERAS
            }
            labels = LabelInfo(
                label=[int(value) for value in recorded["label"]],
                instance=[str(value) for value in recorded["instance"]],
                class_id=[str(value) for value in recorded["class_id"]],
            )
        self._writers = {
            f"cameras/{camera}/{name}": self._writer(f"cameras/{camera}/{name}")
            for camera, messages in self._messages.items()
            for name in messages
        }
        self._joint_writer = self._writer("joint_states")
        self._label_writer = self._writer("cameras/labels")
        self._label_writer.publish(labels)
        self.create_timer(0.02, self._send_joints)
        # One camera after the other, as one renderer delivers them: all at once overflow the
        # transport.
        self.create_timer(1.0 / 30.0, self._send_pictures)

    def _writer(self, name: str) -> object:
        topic = graph.topic(name)
        kind = {
            "Image": Image,
            "CameraInfo": CameraInfo,
            "JointState": JointState,
            "LabelInfo": LabelInfo,
        }[topic.type.rsplit("/", 1)[1]]
        return self.create_publisher(kind, name, qos_profile(topic.profile))

    def _send_joints(self) -> None:
        self._joints.header.stamp = self.get_clock().now().to_msg()
        self._joint_writer.publish(self._joints)

    def _send_pictures(self) -> None:
        """The head camera at 10 Hz, the others at 5 Hz."""
        turn, self._tick = self._tick % 6, self._tick + 1
        camera = ("head", "room_left", "", "head", "room_right", "")[turn]
        if not camera or camera in self.silent:
            return
        stamp = (self.get_clock().now() - PICTURE_AGE).to_msg()
        # A sensor's noise: the same picture to the last bit would count as frozen.
        depth = np.frombuffer(self._messages[camera]["depth/image_raw"].data, np.float32)
        depth *= np.float32(1.0 + self._sign * 1e-6)
        self._sign = -self._sign
        for name, message in self._messages[camera].items():
            message.header.stamp = stamp
            message.header.frame_id = f"{camera}_optical"
            self._writers[f"cameras/{camera}/{name}"].publish(message)


def main() -> None:
    rclpy.init()
    node = CameraPlayer(sys.argv[1])
    node.silent.update(sys.argv[2:])
    threading.Thread(target=rclpy.spin, args=(node,), daemon=True).start()
    for line in sys.stdin:
        verb, camera = line.split()
        (node.silent.add if verb == "silence" else node.silent.discard)(camera)
    rclpy.try_shutdown()
    time.sleep(0.1)


if __name__ == "__main__":
    main()
