"""Listens to the safe command as a driver would, and tells how long requests took to become one.

python -m dynamical_bringup.bench.chain NAMESPACE SECONDS
"""

import json
import sys
import time
from typing import Any

import rclpy
from rclpy.executors import SingleThreadedExecutor

from dynamical_bringup.bench.bare import percentiles
from dynamical_interfaces import graph, tiers
from dynamical_interfaces.msg import JointCommand
from dynamical_interfaces.runtime.endpoints import qos_profile
from dynamical_interfaces.runtime.loop import prepare_thread


def main() -> None:
    """Measure and print one line of JSON."""
    namespace, seconds = sys.argv[1], float(sys.argv[2])
    rclpy.init()
    node = rclpy.create_node("bench_listener", namespace=namespace)
    delays: list[float] = []
    last = 0.0

    def arrived(message: Any) -> None:
        nonlocal last
        stamp = message.request_stamp.sec + message.request_stamp.nanosec * 1e-9
        if stamp > last:
            if last:
                delays.append(time.time() - stamp)
            last = stamp

    profile = qos_profile(graph.topic("safe_command").profile)
    node.create_subscription(JointCommand, "safe_command", arrived, profile)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    prepare_thread(tiers.CONTROL)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    sys.stdout.write(json.dumps(percentiles(delays)) + "\n")


if __name__ == "__main__":
    main()
