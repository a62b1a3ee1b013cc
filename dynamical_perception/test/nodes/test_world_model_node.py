"""The real world model node as a process, with a tiny checkpoint made here, over DDS."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rclpy
import torch
import transformers
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import Image

from dynamical_interfaces import graph
from dynamical_interfaces.msg import CollisionForecast
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile
from dynamical_perception.models.collision_head import CollisionHead

DOMAIN, NAMESPACE = "67", "/thor_001"
FRAMES, STEPS, STEP, PERIOD = 4, 5, 0.2, 0.1
PATIENCE = 30.0  # [s]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("checkpoint")
    torch.manual_seed(0)
    config = transformers.VJEPA2Config(
        patch_size=16, crop_size=32, frames_per_clip=FRAMES, tubelet_size=2, hidden_size=32,
        num_attention_heads=4, num_hidden_layers=1, mlp_ratio=2.0, pred_hidden_size=16,
        pred_num_attention_heads=2, pred_num_hidden_layers=1, pred_num_mask_tokens=1,
    )  # fmt: skip
    transformers.VJEPA2Model(config).save_pretrained(folder)
    CollisionHead(32, steps=STEPS, step=STEP, frames=FRAMES, period=PERIOD).save(folder, seed=0)
    return folder


class Camera:
    """Writes pictures of the head camera, and hears what is forecast from them."""

    def __init__(self) -> None:
        self._context = rclpy.Context()
        rclpy.init(context=self._context, domain_id=int(DOMAIN))
        self._node = rclpy.create_node(
            "simulated_cameras", namespace=NAMESPACE, context=self._context
        )
        self._rng = np.random.default_rng(0)
        topics = {kind: f"cameras/head/{kind}/image_raw" for kind in ("color", "depth")}
        self._writers = {
            kind: self._node.create_publisher(Image, name, qos_profile(graph.topic(name).profile))
            for kind, name in topics.items()
        }
        self._forecasts: list[CollisionForecast] = []
        topic = graph.topic("forecast")
        self._node.create_subscription(
            interface_class(topic.type), "forecast", self._forecasts.append,
            qos_profile(topic.profile),
        )  # fmt: skip
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)
        self._thread.start()

    def show(self, *, frozen: bool = False, until: int = 1, seconds: float = PATIENCE) -> list:
        """Send pictures until so many forecasts were heard, or for so long; answers them."""
        self._forecasts.clear()
        still = self._rng.integers(1, 200, (24, 32, 3)).astype(np.uint8)
        end, pause = time.monotonic() + seconds, threading.Event()
        while time.monotonic() < end and len(self._forecasts) < until:
            color = still if frozen else self._rng.integers(1, 200, (24, 32, 3)).astype(np.uint8)
            depth = np.ones((24, 32), np.float32)
            if not frozen:
                depth += self._rng.uniform(0.0, 0.01, depth.shape).astype(np.float32)
            stamp = self._node.get_clock().now().to_msg()
            for kind, picture, encoding in (("depth", depth, "32FC1"), ("color", color, "rgb8")):
                message = Image(height=24, width=32, encoding=encoding)
                message.header.stamp, message.step = stamp, picture.strides[0]
                message.data.frombytes(picture.tobytes())
                self._writers[kind].publish(message)
            pause.wait(PERIOD)
        return list(self._forecasts)

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        rclpy.shutdown(context=self._context)


@pytest.fixture(scope="module")
def camera() -> Iterator[Camera]:
    camera = Camera()
    yield camera
    camera.close()


@contextlib.contextmanager
def node(**parameters: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "dynamical_perception.nodes.world_model_node", "--ros-args"]
    command += ["-r", f"__ns:={NAMESPACE}"]
    for name, value in parameters.items():
        command += ["-p", f"{name}:={value}"]
    child = subprocess.Popen(
        command,
        env={**os.environ, "ROS_DOMAIN_ID": DOMAIN, "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        yield child
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.communicate(timeout=10.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.communicate()


def test_it_forecasts_from_whole_clips_and_is_silent_on_a_frozen_camera(
    camera: Camera, checkpoint: Path
) -> None:
    with node(checkpoint=str(checkpoint)):
        heard = camera.show(until=3)
        assert len(heard) >= 3
        newest = heard[-1]
        assert newest.model == "vjepa2"
        assert len(newest.collision_probability) == STEPS
        assert not newest.separation
        assert newest.step.nanosec == 200_000_000
        assert newest.horizon.sec == 1
        assert all(0.0 <= value <= 1.0 for value in newest.collision_probability)
        camera.show(frozen=True, until=100, seconds=1.0)
        assert camera.show(frozen=True, until=100, seconds=1.5) == []
        assert camera.show(until=1)


def test_without_a_model_it_says_what_it_needs_and_ends(tmp_path: Path) -> None:
    for given, words in (
        ({}, "parameter 'checkpoint' is empty"),
        ({"checkpoint": str(tmp_path)}, "holds no config.json"),
    ):
        with node(**given) as child:
            out, _ = child.communicate(timeout=PATIENCE)
        assert child.returncode != 0
        assert words in out
