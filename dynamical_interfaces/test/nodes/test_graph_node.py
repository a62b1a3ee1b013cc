"""The node base, as a real process over real DDS."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest
import rclpy
from domain_coordinator import domain_id
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.signals import SignalHandlerOptions

from dynamical_interfaces import graph
from dynamical_interfaces.runtime.endpoints import interface_class, qos_profile
from dynamical_interfaces.runtime.loop import COMPANION_PRIORITY
from dynamical_interfaces.tiers import CONTROL

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
            self.taken = self.polled_reader("safety/status")
            self.joints = self.polled_reader("joint_states")
            self.periodic(self.step, period=0.005, tier=tiers.CONTROL)

        def step(self, now, period):
            if self.parameters.robot_urdf == "dies":
                raise RuntimeError("the loop broke")
            if self.parameters.robot_urdf == "hangs" and self.taken.take() is not None:
                self.stopped.wait()
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

    def publisher(self, name):
        topic = graph.topic(name)
        kind = interface_class(topic.type)
        return kind, self.node.create_publisher(kind, name, qos_profile(topic.profile))

    def hear(self, name, condition, patience=20.0):
        """The first message of a topic that fulfils the condition."""
        topic, found = graph.topic(name), []
        subscription = self.node.create_subscription(
            interface_class(topic.type),
            name,
            lambda message: found.append(message) if condition(message) else None,
            qos_profile(topic.profile),
        )
        end = time.monotonic() + patience
        while not found and time.monotonic() < end:
            self.executor.spin_once(timeout_sec=0.1)
        self.node.destroy_subscription(subscription)
        assert found, f"no such message of {name} within {patience} s"
        return found[0]

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


@pytest.fixture
def caller(environment):
    made = Caller(int(environment["ROS_DOMAIN_ID"]))
    yield made
    made.close()


def test_a_node_sends_its_heartbeat_and_a_restarted_one_counts_as_another_run(environment, caller):
    runs = []
    for _ in range(2):
        process = launch(environment)
        until(process, "tick")
        beat = caller.hear(
            "heartbeat", lambda beat: beat.node == "control" and beat.run not in runs
        )
        later = caller.hear(
            "heartbeat", lambda other, first=beat: other.sequence > first.sequence + 5
        )
        assert beat.active
        assert later.active
        assert later.run == beat.run
        runs.append(beat.run)
        assert end(process) == 0
    assert runs[0] != runs[1]


def test_a_node_that_is_inactive_says_so_in_its_heartbeat(environment, caller):
    process = launch(environment)
    until(process, "tick")
    request = ChangeState.Request()
    request.transition.id = Transition.TRANSITION_DEACTIVATE
    assert caller.call(ChangeState, "control/change_state", request).success
    caller.hear("heartbeat", lambda beat: not beat.active)
    request.transition.id = Transition.TRANSITION_ACTIVATE
    assert caller.call(ChangeState, "control/change_state", request).success
    caller.hear("heartbeat", lambda beat: beat.active)
    assert end(process) == 0


def test_a_node_whose_loop_hangs_says_in_its_heartbeat_that_it_does_not_work(environment, caller):
    process = launch(environment, "-p", "robot_urdf:=hangs")
    until(process, "tick")
    caller.hear("heartbeat", lambda beat: beat.active)
    kind, publisher = caller.publisher("safety/status")
    publisher.publish(kind())
    caller.hear("heartbeat", lambda beat: not beat.active)
    assert end(process) == 0


def entry(message, name):
    return next((s for s in message.status if s.name.endswith(name)), None)


def test_a_missed_deadline_is_counted_and_shown_in_the_diagnostics(environment, caller):
    process = launch(environment)
    until(process, "tick")
    kind, publisher = caller.publisher("joint_states")
    caller.hear("/diagnostics", lambda message: entry(message, "qos joint_states"))
    end_of_stream = time.monotonic() + 1.0
    while time.monotonic() < end_of_stream:
        publisher.publish(kind())
        caller.executor.spin_once(timeout_sec=0.01)
    message = caller.hear(
        "/diagnostics",
        lambda message: (e := entry(message, "qos joint_states")) and e.level == b"\x01",
    )
    found = entry(message, "qos joint_states")
    assert "deadline missed" in found.message
    values = {item.key: item.value for item in found.values}
    assert int(values["deadlines_missed"]) > 5
    assert end(process) == 0


def test_no_thread_of_a_process_with_a_real_time_loop_waits_behind_ordinary_work(
    environment, caller
):
    process = launch(environment)
    until(process, "tick")
    caller.hear("heartbeat", lambda beat: beat.active)
    tasks = [int(task) for task in os.listdir(f"/proc/{process.pid}/task")]
    policies = {os.sched_getscheduler(task) for task in tasks}
    priorities = {os.sched_getparam(task).sched_priority for task in tasks}
    assert end(process) == 0
    if os.SCHED_FIFO not in policies:
        pytest.skip("this system allows no real-time scheduling")
    assert policies == {os.SCHED_FIFO}
    assert priorities == {COMPANION_PRIORITY, CONTROL.priority}
