"""The base of every node: endpoints from the graph contract, parameters, lifecycle, loops, health.

It also repairs what rclpy 7.1 gets wrong in lifecycle nodes: an exception in a transition is logged with
its sentence instead of vanishing, and a transition that is not possible now is refused instead of
ending the process (rclpy #1696, #1209).
"""

import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Generic, TypeVar

import rclpy
from builtin_interfaces.msg import Time
from lifecycle_msgs.msg import Transition
from rclpy.action import ActionClient, ActionServer
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.signals import SignalHandlerOptions

from dynamical_interfaces import graph
from dynamical_interfaces.runtime.diagnostics import Diagnostics
from dynamical_interfaces.runtime.endpoints import (
    PolledGroup,
    PolledReader,
    Promises,
    interface_class,
    never_called,
    qos_profile,
)
from dynamical_interfaces.runtime.heartbeat import Heartbeat
from dynamical_interfaces.runtime.loop import PeriodicLoop, raise_companions
from dynamical_interfaces.runtime.parameters import ParameterError, declare
from dynamical_interfaces.tiers import Tier

P = TypeVar("P")
NANOSECONDS = 1_000_000_000
# Deadlines missed within a second that are worth a warning: one or two are a busy machine.
MISSED_DEADLINES = 5


class FatalError(RuntimeError):
    """A node cannot do its work; its sentence is logged and the process ends with exit code 1."""


class GraphNode(LifecycleNode, Generic[P]):  # type: ignore[misc]
    """A lifecycle node whose endpoints all stand in the graph contract.

    Subclasses override ``configure``, ``activate``, ``deactivate`` and ``cleanup``. A node configures and
    activates itself at start unless its parameter ``autostart`` is false.

    Args:
        name: Node name, as in the contract.
        parameter_class: Frozen dataclass made of ``param`` fields.

    Raises:
        ParameterError: If a parameter is unknown or wrong.
    """

    has_inactive_state = True

    def __init__(self, name: str, parameter_class: type[P], **arguments: Any) -> None:
        super().__init__(name, **arguments)
        self.autostart: bool = self.declare_parameter("autostart", value=True).value
        self.parameters: P = declare(self, parameter_class)
        self.failure: str | None = None
        self.stopped = threading.Event()
        self._group = ReentrantCallbackGroup()
        self._polled_group = PolledGroup()
        self._loops: list[PeriodicLoop] = []
        self._actions: list[Any] = []
        self._simulated_time = bool(self.get_parameter("use_sim_time").value)
        self._diagnostics = Diagnostics(self.get_fully_qualified_name())
        self._diagnostics_writer = self.writer("/diagnostics")
        self._timing_writer = (
            self.writer("timing") if name in graph.topic("timing").writers else None
        )
        self._promises: dict[str, tuple[PolledReader, Promises]] = {}
        self._heartbeat = self._make_heartbeat(name)
        self.create_timer(1.0, self._report, callback_group=self._group)

    # --- time -----------------------------------------------------------------------------------
    def now(self) -> float:
        """ROS time [s]: the system clock, or ``/clock`` when ``use_sim_time`` is set."""
        if self._simulated_time:
            return float(self.get_clock().now().nanoseconds) / NANOSECONDS
        return time.time()

    @staticmethod
    def stamp(seconds: float) -> Time:
        """Time message for ROS time in seconds."""
        nanoseconds = round(seconds * NANOSECONDS)
        return Time(sec=nanoseconds // NANOSECONDS, nanosec=nanoseconds % NANOSECONDS)

    # --- endpoints, all from the contract ---------------------------------------------------------
    def writer(self, name: str) -> Any:
        """A publisher of the topic."""
        topic = graph.topic(name)
        self._require(self.get_name() in topic.writers, "write topic", name, topic.writers)
        return self.create_publisher(interface_class(topic.type), name, qos_profile(topic.profile))

    def reader(self, name: str, callback: Callable[[Any], None]) -> Any:
        """A subscription whose callback runs on the executor."""
        topic = graph.topic(name)
        self._require(self.get_name() in topic.readers, "read topic", name, topic.readers)
        return self.create_subscription(
            interface_class(topic.type),
            name,
            callback,
            qos_profile(topic.profile),
            callback_group=self._group,
        )

    def polled_reader(
        self, name: str, *, raw: bool = False, depth: int | None = None, expire: bool = True
    ) -> PolledReader:
        """A subscription that a loop takes from.

        Args:
            name: Topic.
            raw: Give the serialised bytes instead of a message.
            depth: Queue depth, if not the profile's.
            expire: False for readers that keep samples rather than act on them: however old, they come.
        """
        topic = graph.topic(name)
        self._require(self.get_name() in topic.readers, "read topic", name, topic.readers)
        wanted = topic.profile if expire else replace(topic.profile, lifespan=None, deadline=None)
        profile = qos_profile(wanted, depth=depth)
        subscription = self.create_subscription(
            interface_class(topic.type),
            name,
            never_called,
            profile,
            callback_group=self._polled_group,
            raw=raw,
        )
        reader = PolledReader(subscription, raw=raw, depth=profile.depth, profile=wanted)
        if reader.has_promises:
            self._promises[name] = (reader, Promises())
        return reader

    def server(self, name: str, callback: Callable[[Any, Any], Any]) -> Any:
        """A service server; ``callback(request, response)`` returns the response."""
        service = graph.service(name)
        self._require(self.get_name() == service.server, "serve", name, (service.server,))
        return self.create_service(
            interface_class(service.type), name, callback, callback_group=self._group
        )

    def client(self, name: str) -> Any:
        """A service client."""
        service = graph.service(name)
        self._require(self.get_name() in service.clients, "call", name, service.clients)
        return self.create_client(interface_class(service.type), name, callback_group=self._group)

    def action_server(
        self,
        name: str,
        *,
        execute: Callable[[Any], Any],
        goal: Callable[[Any], Any],
        cancel: Callable[[Any], Any],
        handle_accepted: Callable[[Any], None] | None = None,
    ) -> ActionServer:
        """An action server; the four callbacks are rclpy's."""
        action = graph.action(name)
        self._require(self.get_name() == action.server, "serve", name, (action.server,))
        arguments: dict[str, Any] = {}
        if handle_accepted is not None:
            arguments["handle_accepted_callback"] = handle_accepted
        server = ActionServer(
            self,
            interface_class(action.type),
            name,
            execute_callback=execute,
            goal_callback=goal,
            cancel_callback=cancel,
            callback_group=self._group,
            **arguments,
        )
        self._actions.append(server)
        return server

    def action_client(self, name: str) -> ActionClient:
        """An action client."""
        action = graph.action(name)
        self._require(self.get_name() in action.clients, "call", name, action.clients)
        client = ActionClient(self, interface_class(action.type), name, callback_group=self._group)
        self._actions.append(client)
        return client

    def _require(self, allowed: bool, verb: str, name: str, who: tuple[str, ...]) -> None:  # noqa: FBT001
        if not allowed:
            raise FatalError(
                f"node {self.get_name()!r} may not {verb} {name!r}: the graph contract allows {who}"
            )

    # --- loops -------------------------------------------------------------------------------------
    def periodic(
        self, step: Callable[[float, float], None], *, period: float, tier: Tier
    ) -> PeriodicLoop:
        """A loop of this node; it runs while the node is active."""
        loop = PeriodicLoop(
            step,
            period=period,
            tier=tier,
            name=self.get_name(),
            clock=self.now,
            on_error=self._loop_failed,
        )
        self._loops.append(loop)
        return loop

    def _loop_failed(self, error: BaseException) -> None:
        if not self.stopped.is_set():
            self.fail(f"periodic loop ended: {_sentence(error)}", error)

    def fail(self, sentence: str, error: BaseException | None = None) -> None:
        """End the process with exit code 1 and that sentence: a node that cannot work is loud."""
        if error is not None:
            self.get_logger().error("".join(traceback.format_exception(error)))
        self.get_logger().fatal(sentence)
        self.failure = sentence
        self.stopped.set()

    # --- health ------------------------------------------------------------------------------------
    def diagnose(self, name: str, level: str, message: str, **values: Any) -> None:
        """Set a health entry (``"ok"``, ``"warn"``, ``"error"``, ``"stale"``); a change is logged once."""
        if self._diagnostics.set(name, level, message, **values):
            line = f"{name}: {message}"
            if level == "ok":
                self.get_logger().info(line)
            elif level == "error":
                self.get_logger().error(line)
            else:
                self.get_logger().warning(line)

    def add_timing(self, message: Any) -> None:
        """Fill in more of the once-a-second TierTiming message; for subclasses."""

    def _report(self) -> None:
        if self.stopped.is_set():
            return
        if self._heartbeat is not None:
            self._heartbeat.executor_ran()
        for loop in self._loops:
            if loop.alive:
                self._report_loop(loop)
        self._report_promises()
        self.diagnose("lifecycle", "ok", self._state_machine.current_state[1])
        self._diagnostics_writer.publish(self._diagnostics.message(self.stamp(self.now())))

    def _report_loop(self, loop: PeriodicLoop) -> None:
        timing = loop.timing()
        if loop.degraded:
            self.diagnose("scheduling", "warn", loop.degraded)
        if self._timing_writer is None:
            return
        message = interface_class(graph.topic("timing").type)()
        message.header.stamp = self.stamp(self.now())
        message.loop = self.get_name()
        message.tier = loop.tier.name
        message.period = loop.period
        for name in ("rate", "lateness_p50", "lateness_p99", "lateness_max"):
            setattr(message, name, getattr(timing, name))
        for name in ("compute_p50", "compute_p99", "ticks", "slips", "late_ticks"):
            setattr(message, name, getattr(timing, name))
        message.real_time_factor = float("nan")
        message.degraded = loop.degraded
        self.add_timing(message)
        self._timing_writer.publish(message)

    def _report_promises(self) -> None:
        for name, (reader, before) in list(self._promises.items()):
            now = reader.promises()
            self._promises[name] = (reader, now)
            missed = now.deadlines_missed - before.deadlines_missed
            level, sentence = "ok", "deadline and liveliness kept"
            if now.lost and not now.alive:
                level, sentence = "warn", f"no writer is alive, {now.lost} lost"
            elif missed > MISSED_DEADLINES:
                level, sentence = "warn", f"deadline missed {missed} times in the last second"
            elif missed:
                sentence = f"deadline missed {missed} times in the last second, that is borne"
            values = {"deadlines_missed": now.deadlines_missed, "writers_lost": now.lost}
            self.diagnose(f"qos {name}", level, sentence, **values)

    def _make_heartbeat(self, name: str) -> Heartbeat | None:
        topic = graph.topic("heartbeat")
        if name not in topic.writers:
            return None
        return Heartbeat(
            name,
            writer=self.writer("heartbeat"),
            message=interface_class(topic.type)(),
            is_active=lambda: self._state_machine.current_state[1] == "active",
            loops=lambda: self._loops,
            stamp=lambda: self.stamp(self.now()),
        )

    # --- lifecycle -----------------------------------------------------------------------------------
    def configure(self) -> None:
        """Make endpoints and the pure core; raise with a clear sentence if that is impossible."""

    def activate(self) -> None:
        """Begin to work; loops start right after."""

    def deactivate(self) -> None:
        """Stop working; loops have ended right before."""

    def cleanup(self) -> None:
        """Give back what ``configure`` took."""

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle transition; see ``configure``."""
        return self._transition("configure", self.configure)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle transition; see ``activate``."""

        def begin() -> None:
            self.activate()
            for loop in self._loops:
                loop.start()

        return self._transition("activate", begin)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle transition; see ``deactivate``."""

        def end() -> None:
            if not self.has_inactive_state and not self.stopped.is_set():
                raise FatalError(f"node {self.get_name()!r} has no inactive state")
            self._stop_loops()
            self.deactivate()

        return self._transition("deactivate", end)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle transition; see ``cleanup``."""
        self._loops.clear()
        return self._transition("cleanup", self.cleanup)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Lifecycle transition: stop loops and give back resources."""

        def end() -> None:
            self._stop_loops()
            self.cleanup()

        return self._transition("shutdown", end)

    def _stop_loops(self) -> None:
        # A loop thread cannot start twice, so an activated loop is replaced by a fresh one.
        loops, self._loops = self._loops, []
        for loop in loops:
            loop.stop()
            self.periodic(loop._step, period=loop.period, tier=loop.tier)

    def _transition(self, name: str, work: Callable[[], None]) -> TransitionCallbackReturn:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - rclpy would swallow it without a word
            sentence = f"{name} failed: {_sentence(error)}"
            if isinstance(error, (FatalError, ValueError)):
                self.get_logger().error(sentence)
            else:
                self.get_logger().error(
                    sentence + "\n" + "".join(traceback.format_exception(error))
                )
            self.failure = sentence
            return TransitionCallbackReturn.FAILURE
        self.get_logger().info(f"{name}: done")
        return TransitionCallbackReturn.SUCCESS

    # rclpy registers this name-mangled method as the service's callback.
    def _LifecycleNodeMixin__on_change_state(self, request: Any, response: Any) -> Any:  # noqa: N802
        possible = {
            item[1]: item[0]
            for item in self._state_machine.available_transitions
            if not item[1].startswith("transition_")
        }
        wanted = request.transition.label or request.transition.id
        number = possible.get(request.transition.label, request.transition.id)
        forbidden = not self.has_inactive_state and number in (
            Transition.TRANSITION_DEACTIVATE,
            Transition.TRANSITION_CLEANUP,
        )
        if number not in possible.values() or forbidden:
            self.get_logger().error(
                f"transition {wanted!r} refused in state "
                f"{self._state_machine.current_state[1]!r}; possible: {sorted(possible)}"
            )
            response.success = False
            return response
        outcome = self._LifecycleNodeMixin__change_state(number)
        response.success = outcome == TransitionCallbackReturn.SUCCESS
        return response

    def start(self) -> None:
        """Configure and activate.

        Raises:
            FatalError: With the sentence of what failed.
        """
        for trigger in (self.trigger_configure, self.trigger_activate):
            if trigger() != TransitionCallbackReturn.SUCCESS:
                raise FatalError(self.failure or "start failed")

    def begin_heartbeat(self) -> None:
        """Let the graph know that the node is alive; its executor has begun to spin."""
        if any(loop.tier.priority and not loop.degraded for loop in self._loops):
            raise_companions()
        if self._heartbeat is not None:
            self._heartbeat.start()

    def close(self) -> None:
        """Stop loops, give back resources and leave the graph."""
        self.stopped.set()
        if self._heartbeat is not None:
            self._heartbeat.stop()
        self.trigger_shutdown()
        for endpoint in self._actions:
            endpoint.destroy()
        self.destroy_node()


def run(node_class: Callable[[], GraphNode[Any]], args: list[str] | None = None) -> None:
    """Run one node until SIGINT or SIGTERM; exit code 0 then, 1 on any failure, 2 on bad parameters."""
    rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    sys.setswitchinterval(0.0005)
    try:
        node = node_class()
    except (ParameterError, ValueError) as error:
        print(f"cannot start: {error}", file=sys.stderr)  # noqa: T201 - there is no logger yet
        rclpy.try_shutdown()
        sys.exit(2)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: node.stopped.set())
    executor = MultiThreadedExecutor(num_threads=4)
    executor.add_node(node)
    spinner = threading.Thread(target=_spin, args=(executor, node), name="executor", daemon=True)
    try:
        if node.autostart:
            node.start()
        spinner.start()
        node.begin_heartbeat()
        node.stopped.wait()
    except FatalError as error:
        node.failure = str(error)
        node.get_logger().fatal(str(error))
    failure = node.failure
    node.close()
    executor.shutdown(timeout_sec=2.0)
    if spinner.is_alive():
        spinner.join(2.0)
    rclpy.try_shutdown()
    sys.exit(0 if failure is None else 1)


def _spin(executor: MultiThreadedExecutor, node: GraphNode[Any]) -> None:
    try:
        executor.spin()
    except ExternalShutdownException:
        node.stopped.set()
    except Exception as error:  # noqa: BLE001 - the executor's death must end the process
        if not node.stopped.is_set():
            node.fail(f"executor ended: {_sentence(error)}", error)


def _sentence(error: BaseException) -> str:
    return str(error) or type(error).__name__
