"""Bare counterparts that figures are compared with; each runs as a process of its own.

    python -m dynamical_bringup.bench.bare loop SECONDS
    python -m dynamical_bringup.bench.bare publish SECONDS
    python -m dynamical_bringup.bench.bare subscribe SECONDS
    python -m dynamical_bringup.bench.bare rest PORT
    python -m dynamical_bringup.bench.bare action

The answer is one line of JSON on standard output.
"""

import json
import sys
import threading
import time
from array import array
from typing import Any

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action import ActionClient, ActionServer
from rclpy.executors import MultiThreadedExecutor, SingleThreadedExecutor

from dynamical_interfaces import qos, tiers
from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.msg import JointCommand
from dynamical_interfaces.runtime.endpoints import qos_profile
from dynamical_interfaces.runtime.loop import PeriodicLoop, prepare_thread

JOINTS = 43
NAMES = [f"joint_number_{number:02d}_joint" for number in range(JOINTS)]


def percentiles(values: Any) -> dict[str, float]:
    """p50 and p99 of a list, and how many there were."""
    values = np.asarray(values)
    if not len(values):
        return {"n": 0, "p50": float("nan"), "p99": float("nan")}
    p50, p99 = np.percentile(values, (50, 99))
    return {"n": len(values), "p50": float(p50), "p99": float(p99)}


def loop(seconds: float) -> dict[str, float]:
    """A 1 kHz loop that does nothing but sleep until its next deadline, as real time as the gate's."""
    prepare_thread(tiers.SAFETY)
    period, lateness = tiers.SAFETY.period, []
    deadline = time.monotonic() + period
    end = deadline + seconds
    while deadline < end:
        wait = deadline - time.monotonic()
        if wait > 0:
            time.sleep(wait)  # noqa: TID251 - this loop is the thing measured
        now = time.monotonic()
        lateness.append(now - deadline)
        deadline += period * max(1, int((now - deadline) / period) + 1)
    late = sum(value > 1e-3 for value in lateness)
    return {**percentiles(lateness), "late": late}


def publish(seconds: float) -> dict[str, float]:
    """A 200 Hz publisher of a joint command, as real time as control."""
    rclpy.init()
    node = rclpy.create_node("bare_publisher")
    writer = node.create_publisher(JointCommand, "bare_command", qos_profile(qos.CONTROL))
    zeros = array("d", bytes(8 * JOINTS))
    message = JointCommand(joint_names=NAMES, position=zeros, velocity=zeros)

    def step(now: float, period: float) -> None:
        nanoseconds = time.time_ns()
        message.header.stamp.sec = nanoseconds // 1_000_000_000
        message.header.stamp.nanosec = nanoseconds % 1_000_000_000
        writer.publish(message)

    ticking = PeriodicLoop(step, period=0.005, tier=tiers.CONTROL, name="bare")
    ticking.start()
    threading.Event().wait(seconds)
    ticking.stop()
    return {"n": ticking.ticks}


def subscribe(seconds: float) -> dict[str, float]:
    """A subscriber of that command with an executor; latency from stamp to callback [s]."""
    rclpy.init()
    node = rclpy.create_node("bare_subscriber")
    delays: list[float] = []

    def arrived(message: Any) -> None:
        stamp = message.header.stamp
        delays.append(time.time() - stamp.sec - stamp.nanosec * 1e-9)

    node.create_subscription(JointCommand, "bare_command", arrived, qos_profile(qos.CONTROL))
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    prepare_thread(tiers.CONTROL)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        executor.spin_once(timeout_sec=0.1)
    return percentiles(delays)


def rest(port: int) -> None:
    """FastAPI in front of a bare action: one POST sends a goal and waits for its result."""
    import asyncio

    import uvicorn
    from fastapi import FastAPI

    rclpy.init()
    node = rclpy.create_node("bare_rest")
    client = ActionClient(node, InvokeSkill, "bare_action")
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    threading.Thread(target=executor.spin, daemon=True).start()
    app = FastAPI()

    async def settled(future: Any) -> Any:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Any] = loop.create_future()
        future.add_done_callback(lambda f: loop.call_soon_threadsafe(done.set_result, f.result()))
        return await done

    @app.post("/invoke")
    async def invoke() -> dict[str, bool]:
        handle = await settled(client.send_goal_async(InvokeSkill.Goal(goal="go home")))
        answer = await settled(handle.get_result_async())
        return {"success": answer.status == GoalStatus.STATUS_SUCCEEDED}

    client.wait_for_server(30.0)
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="error")


def action() -> None:
    """An action server whose goals succeed at once."""
    rclpy.init()
    node = rclpy.create_node("bare_action")

    def execute(handle: Any) -> Any:
        handle.succeed()
        return InvokeSkill.Result(success=True)

    server = ActionServer(node, InvokeSkill, "bare_action", execute)
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    try:
        executor.spin()
    finally:
        server.destroy()


def main() -> None:
    """Run the one named on the command line."""
    what, *rest_of = sys.argv[1:]
    if what == "rest":
        rest(int(rest_of[0]))
    elif what == "action":
        action()
    else:
        work = {"loop": loop, "publish": publish, "subscribe": subscribe}[what]
        sys.stdout.write(json.dumps(work(float(rest_of[0]))) + "\n")


if __name__ == "__main__":
    main()
