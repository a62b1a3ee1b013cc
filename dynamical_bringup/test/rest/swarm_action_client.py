"""A swarm controller over ROS 2: plain rclpy and the interfaces, nothing else of this repository.

Sends goals to ``NAMESPACE/invoke_skill``, one of which it cancels, and prints results as one line of
JSON: ``{token: {"status", "success", "error_code", "request_id", "result_data", "phases"}}``.

Usage: python swarm_action_client.py NAMESPACE COUNT
"""

import json
import sys

import rclpy
from rclpy.action import ActionClient

from dynamical_interfaces.action import InvokeSkill


def main(namespace, count):
    rclpy.init()
    node = rclpy.create_node("swarm", namespace="/swarm")
    client = ActionClient(node, InvokeSkill, f"{namespace}/invoke_skill")
    assert client.wait_for_server(20.0)
    phases, handles, results = {}, {}, {}
    for number in range(count):
        token = f"token-{number}"
        goal = InvokeSkill.Goal(
            request_id=token,
            robot_id="thor_001",
            role="follower",
            skill_ids=["slow" if number == 1 else "grasp"],
            mode="direct",
            parameters=json.dumps({"token": token}),
            timeout=30.0,
        )
        phases[token] = []
        handles[token] = client.send_goal_async(
            goal, feedback_callback=lambda m, t=token: phases[t].append(m.feedback.phase)
        )
    while not all(future.done() for future in handles.values()):
        rclpy.spin_once(node, timeout_sec=0.1)
    futures = {token: done.result().get_result_async() for token, done in handles.items()}
    cancelled = False
    while not all(future.done() for future in futures.values()):
        rclpy.spin_once(node, timeout_sec=0.1)
        if not cancelled and phases["token-1"]:
            cancelled = True
            handles["token-1"].result().cancel_goal_async()
    for token, future in futures.items():
        answer = future.result()
        results[token] = {
            "status": answer.status,
            "success": answer.result.success,
            "error_code": answer.result.error_code,
            "request_id": answer.result.request_id,
            "execution_id": answer.result.execution_id,
            "result_data": answer.result.result_data,
            "phases": phases[token],
        }
    print(json.dumps(results))
    rclpy.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
