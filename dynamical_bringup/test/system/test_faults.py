"""What happens when a part dies, and when somebody else talks to the robot."""

import os
import signal
import threading

import numpy as np
import pytest

from dynamical_bringup.runner import Options, Platform, PlatformError, running
from dynamical_interfaces import graph
from dynamical_interfaces.msg import JointCommand, SafetyStatus
from dynamical_interfaces.runtime.endpoints import qos_profile

pytestmark = pytest.mark.system
SAMPLES = 6  # of the simulation's state, over a tenth of a second


def start_moving(platform, goal="wave with your right hand"):
    answer = platform.client.invoke(platform.here.robot_id, goal)
    assert answer["success"], (answer["error"], answer["safety_status"])
    return answer["execution_id"]


def speed(platform):
    """Largest joint speed over the last tenth of a second [rad/s], from the simulation itself."""
    room = platform.grader.node.evidence.room[-SAMPLES:]
    first, last = room[0], room[-1]
    return float(np.abs(last.qpos[:43] - first.qpos[:43]).max() / (last.time - first.time))


def kill(platform, name):
    pid = platform.platform.processes[name].pid
    os.kill(pid, signal.SIGKILL)
    return pid


def restarted(platform, name, pid, eventually):
    process = platform.platform.processes[name]
    return eventually(lambda: process.pid not in (None, pid) and process.pid)


def work_again(platform, eventually):
    """Reset what needs it, and move again as soon as the platform takes work."""

    def attempt():
        if not free(platform):
            return None
        answer = platform.client.invoke(platform.here.robot_id, "go home")
        return answer["success"] and answer["execution_id"]

    # A part that has just come up needs seconds to find its peers; until then the bridge says so.
    execution = platform.client.follow(eventually(attempt, within=60.0, every=1.0))
    assert execution["success"], execution


@pytest.fixture(autouse=True)
def at_work(platform, eventually):
    """Every test begins with short evidence and a robot that may move, whatever the one before left."""
    platform.grader.node.evidence.clear()
    platform.grader.wait_for_truth()
    eventually(lambda: len(platform.grader.node.evidence.room) >= SAMPLES)
    eventually(lambda: free(platform), within=60.0)


def free(platform):
    """Whether the gate lets motion through; resets it where it wants that."""
    if platform.client.get("/api/v1/safety/status")["reset_required"]:
        platform.client.post("/api/v1/safety/reset")
    newest = platform.grader.node.evidence.safety[-1]
    fresh = platform.grader.node.now() - newest.time < 0.3
    return fresh and newest.state == SafetyStatus.STATE_NORMAL


@pytest.mark.parametrize("name", [graph.PERCEPTION, graph.CONTROL, graph.SKILL_SERVER])
def test_when_a_part_dies_in_motion_the_robot_stops_and_work_goes_on_after_reset(
    platform, name, eventually
):
    execution = start_moving(platform)
    eventually(lambda: speed(platform) > 0.05)
    pid = kill(platform, name)
    eventually(lambda: speed(platform) < 0.01, within=10.0)
    restarted(platform, name, pid, eventually)
    assert any(name in line and "SIGKILL" in line for line in platform.said)
    ended = eventually(
        lambda: (s := platform.client.execution(execution))["end_time"] and s, within=30.0
    )
    assert ended["success"] or ended["error_message"], ended
    work_again(platform, eventually)


def test_when_the_gate_dies_the_robot_stops_and_nothing_moves_until_it_is_back(
    platform, eventually
):
    start_moving(platform)
    eventually(lambda: speed(platform) > 0.05)
    pid = kill(platform, graph.SAFETY_GATE)
    eventually(lambda: speed(platform) < 0.01, within=10.0)
    restarted(platform, graph.SAFETY_GATE, pid, eventually)
    work_again(platform, eventually)


def test_a_command_from_anyone_but_the_gate_does_not_move_the_robot(platform, eventually):
    node = platform.grader.node
    writer = node.create_publisher(
        JointCommand, "safe_command", qos_profile(graph.topic("safe_command").profile)
    )
    before = node.evidence.room[-1].qpos[:43].copy()
    message = JointCommand(
        joint_names=[f"j{number}" for number in range(43)],
        position=[0.5] * 43,
        velocity=[0.0] * 43,
        stiffness_scale=1.0,
        damping_scale=1.0,
        authentication_tag=[7] * 16,
    )
    pause = threading.Event()
    for sequence in range(200):
        message.sequence = 10**9 + sequence
        message.header.stamp = node.stamp(node.now())
        writer.publish(message)
        pause.wait(0.002)
    after = node.evidence.room[-1].qpos[:43]
    node.destroy_publisher(writer)
    assert np.abs(after - before).max() < 2e-3
    work_again(platform, eventually)


def test_an_emergency_stop_stops_and_only_a_reset_lets_work_go_on(platform, eventually):
    execution = start_moving(platform)
    platform.client.post("/api/v1/safety/stop", {"reason": "test"})
    ended = platform.client.follow(execution)
    assert not ended["success"]
    refused = platform.client.invoke(platform.here.robot_id, "go home")
    assert not refused["success"]
    work_again(platform, eventually)


def test_a_second_platform_for_the_same_robot_is_refused_with_a_sentence(
    platform, domain, eventually
):
    second = Platform(Options(port=0, domain_id=domain))
    with pytest.raises(PlatformError, match="already runs on ROS domain"):
        second.start()
    second.stop()
    assert all(process.alive for process in platform.platform.processes.values())
    assert running() is not None, "the first platform is no longer known here"
    eventually(lambda: platform.client.get("/health")["status"] == "healthy", within=60.0)
