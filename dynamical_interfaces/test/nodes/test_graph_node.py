"""The node base, as a real process over real DDS."""

import os
import signal
import subprocess
import sys
import textwrap

import pytest
import rclpy
from domain_coordinator import domain_id
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.signals import SignalHandlerOptions

NODE = textwrap.dedent(
    """
    from dataclasses import dataclass
    from dynamical_interfaces import graph, tiers
    from dynamical_interfaces.runtime.node import GraphNode, run
    from dynamical_interfaces.parameters import param

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Parameters:
        rate: float = param(200.0, "Ticks per second", unit="Hz", low=1.0, high=1000.0)
        robot_urdf: str = param("", "File")

    class Node(GraphNode[Parameters]):
        has_inactive_state = {inactive}

        def __init__(self):
            super().__init__(graph.CONTROL, Parameters)

        def configure(self):
            if self.parameters.robot_urdf == "bad":
                raise ValueError("file 'bad' is not there")
            if self.parameters.robot_urdf == "foreign":
                self.writer("safe_command")
            self.periodic(self.step, period=0.005, tier=tiers.CONTROL)

        def step(self, now, period):
            if self.parameters.robot_urdf == "dies":
                raise RuntimeError("the loop broke")
            print("tick", flush=True)

    run(Node)
    """
)


@pytest.fixture
def environment():
    with domain_id() as domain:
        yield os.environ | {
            "ROS_DOMAIN_ID": str(domain),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "PYTHONUNBUFFERED": "1",
        }


def launch(environment, *arguments, inactive=True):
    return subprocess.Popen(
        [sys.executable, "-c", NODE.format(inactive=inactive), "--ros-args", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until(process, words):
    seen = []
    for line in process.stdout:
        seen.append(line)
        if words in line:
            return "".join(seen)
    raise AssertionError(f"{words!r} not in:\n{''.join(seen)}")


def end(process):
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    return process.returncode


def test_it_starts_ticks_and_ends_with_zero_on_sigterm(environment):
    process = launch(environment)
    until(process, "tick")
    assert end(process) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-p", "rte:=3.0"], "did you mean 'rate'?"),
        (["-p", "rate:=3000.0"], "1.0 .. 1000.0 Hz"),
        (["-p", "rate:=3"], "decimal point"),
    ],
)
def test_wrong_parameters_end_it_with_a_sentence(environment, arguments, words):
    process = launch(environment, *arguments)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 2
    assert words in output


@pytest.mark.parametrize(
    ("urdf", "words"),
    [
        ("bad", "file 'bad' is not there"),
        ("foreign", "may not write topic 'safe_command'"),
        ("dies", "the loop broke"),
    ],
)
def test_what_goes_wrong_is_said_and_ends_the_process(environment, urdf, words):
    process = launch(environment, "-p", f"robot_urdf:={urdf}")
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 1
    assert words in output


class Caller:
    def __init__(self, domain):
        self.context = rclpy.Context()
        rclpy.init(
            context=self.context,
            domain_id=domain,
            signal_handler_options=SignalHandlerOptions.NO,
        )
        self.node = rclpy.create_node("caller", context=self.context)
        self.executor = rclpy.executors.SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def call(self, service_type, name, request):
        client = self.node.create_client(service_type, name)
        assert client.wait_for_service(20.0)
        future = client.call_async(request)
        self.executor.spin_until_future_complete(future, timeout_sec=20.0)
        return future.result()

    def close(self):
        self.node.destroy_node()
        self.context.try_shutdown()


@pytest.mark.parametrize("inactive", [True, False])
def test_an_impossible_transition_is_refused_and_the_node_lives_on(environment, inactive):
    process = launch(environment, inactive=inactive)
    until(process, "tick")
    caller = Caller(int(environment["ROS_DOMAIN_ID"]))
    try:
        request = ChangeState.Request()
        request.transition.id = Transition.TRANSITION_CONFIGURE
        assert not caller.call(ChangeState, "control/change_state", request).success
        request.transition.id = Transition.TRANSITION_DEACTIVATE
        assert caller.call(ChangeState, "control/change_state", request).success is inactive
        state = caller.call(GetState, "control/get_state", GetState.Request())
        assert state.current_state.label == ("inactive" if inactive else "active")
        if inactive:
            request.transition.id = Transition.TRANSITION_ACTIVATE
            assert caller.call(ChangeState, "control/change_state", request).success
    finally:
        caller.close()
        assert end(process) == 0
