"""The only object of the HTTP side that touches ROS.

Callbacks of rclpy run on executor threads and hand over to the event loop with
``call_soon_threadsafe``; everything else here runs on the event loop. rclpy's futures are never
awaited: their ``__await__`` spins an asyncio loop or raises, depending on the release (rclpy
#1588).
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

from action_msgs.msg import GoalStatus
from unique_identifier_msgs.msg import UUID

from dynamical_bringup.rest import health, store
from dynamical_bringup.rest.conversions import (
    SAFETY_STATES,
    actions_from_msg,
    json_object,
    progress_from_feedback,
    seconds,
)
from dynamical_bringup.rest.problems import graph_unavailable
from dynamical_interfaces import graph
from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.runtime.node import GraphNode

LOG = logging.getLogger("dynamical.rest")
SERVICES = (
    "route_task",
    "list_skills",
    "get_skill",
    "register_skill",
    "deploy_skills",
    "orchestrate",
    "get_plan",
    "list_plans",
    "cancel_plan",
    "safety/stop",
    "safety/reset",
    "safety/set_zones",
    "safety/edit_zones",
    "safety/edit_hazards",
)
_NEWEST = (
    "joint_states",
    "safety/status",
    "safety/zones",
    "safety/hazards",
    "safety/supervision",
    "people/forecast",
    "tracks",
    "robot_location",
    "control/status",
)
# Services and actions of ROS 2 queue ten requests and drop the oldest without a word: fewer are
# let on their way at once, the others wait here.
_IN_FLIGHT = 5
_QUEUE_MARGIN = 60.0
_STATUS_OF_CODE: dict[int, str] = {
    ErrorCode.TIMEOUT: store.TIMEOUT,
    ErrorCode.CANCELLED: store.CANCELLED,
    ErrorCode.PREEMPTED: store.CANCELLED,
}


class Gateway:
    """The graph as the routes see it.

    Args:
        node: The bridge's node; endpoints are made at once.
        executions: Where executions are written down.
        reply_limit: Longest wait for a service or for a goal to be taken [s].
        silence_limit: A running execution of which nothing is heard for so long is lost [s].
    """

    def __init__(
        self,
        node: GraphNode[Any],
        executions: store.ExecutionStore,
        *,
        reply_limit: float = 3.0,
        silence_limit: float = 5.0,
    ) -> None:
        self._node = node
        self._executions = executions
        self._reply_limit = reply_limit
        self._silence_limit = silence_limit
        self._clients = {name: node.client(name) for name in SERVICES}
        self._skills = node.action_client("invoke_skill")
        self._sending = _answers_wait_for_requests(self._skills)
        self._readers = {name: node.polled_reader(name) for name in _NEWEST}
        self._messages: dict[str, Any] = {}
        self._status_reader = node.polled_reader("skill_status")
        self._timing_reader = node.polled_reader("timing")
        self._diagnostics_reader = node.polled_reader("/diagnostics")
        self._statuses: dict[str, Any] = {}
        self._timings: dict[str, Any] = {}
        self._reports: dict[str, health.Report] = {}
        self._handles: dict[str, Any] = {}
        self._slots = {name: asyncio.Semaphore(_IN_FLIGHT) for name in (*SERVICES, "invoke_skill")}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = node.now()

    # --- time and life
    # -----------------------------------------------------------------------------
    def now(self) -> float:
        """ROS time [s]."""
        return self._node.now()

    def uptime(self) -> float:
        """Time since the bridge started [s]."""
        return self.now() - self._started

    async def keep_house(self) -> None:
        """Until cancelled: read what nobody asked for, notice lost executions."""
        self._loop = asyncio.get_running_loop()
        while True:
            self._drain()
            self._find_lost()
            await asyncio.sleep(0.5)

    # --- services
    # ----------------------------------------------------------------------------------
    async def call(self, name: str, request: Any) -> Any:
        """Call a service of the graph.

        Raises:
            Problem: 503 if nobody serves it or no answer comes in time.
        """
        client = self._clients[name]
        server = graph.service(name).server
        await self._until_ready(client.service_is_ready, f"service {name}", server)
        async with self._slots[name]:
            future = client.call_async(request)
            try:
                return await self._settled(future)
            except TimeoutError:
                # Otherwise a late answer would stay in rclpy's table for ever.
                client.remove_pending_request(future)
                raise graph_unavailable(
                    f"{server} did not answer {name} within {self._reply_limit:.0f} s; "
                    f"see: dynamical logs {server}"
                ) from None

    async def _until_ready(self, ready: Callable[[], bool], what: str, server: str) -> None:
        # Discovery takes a moment after a start; a caller who is early waits instead of failing.
        for _ in range(20):
            if ready():
                return
            await asyncio.sleep(0.05)
        raise graph_unavailable(
            f"{what} is not there: the node {server} is not running; see GET /health"
        )

    async def _settled(self, future: Any) -> Any:
        loop = asyncio.get_running_loop()
        waiting: asyncio.Future[Any] = loop.create_future()

        def settle() -> None:
            if waiting.done():
                return
            error = future.exception()
            if error is None:
                waiting.set_result(future.result())
            else:
                waiting.set_exception(error)

        future.add_done_callback(lambda _: loop.call_soon_threadsafe(settle))
        return await asyncio.wait_for(waiting, self._reply_limit)

    # --- executions
    # --------------------------------------------------------------------------------
    async def begin(self, goal: InvokeSkill.Goal) -> store.Execution:
        """Send a goal to the skill server; returns once it is taken or refused.

        Raises:
            Problem: 503 if there is no skill server or it does not answer.
        """
        await self._until_ready(
            self._skills.server_is_ready, "action invoke_skill", graph.SKILL_SERVER
        )
        loop = asyncio.get_running_loop()
        self._loop = loop
        now = self.now()
        execution = store.Execution(
            robot_id=goal.robot_id,
            skill_id=goal.skill_ids[0] if goal.skill_ids else "",
            goal=goal.goal or goal.task_description,
            started=now,
            request_id=goal.request_id,
            role=goal.role,
            coordination_id=goal.coordination_id,
            last_news=now,
            patience=(goal.timeout or 120.0) + _QUEUE_MARGIN,
            server=self._skill_servers(),
        )

        def on_feedback(message: Any) -> None:
            loop.call_soon_threadsafe(self._on_feedback, execution, message.feedback)

        async with self._slots["invoke_skill"]:
            with self._sending:
                future = self._skills.send_goal_async(
                    goal, feedback_callback=on_feedback, goal_uuid=_uuid(execution.id)
                )
            try:
                handle = await self._settled(future)
            except TimeoutError:
                # A goal taken after we have said that it was not must not move the robot.
                future.add_done_callback(_cancel_late_goal)
                raise graph_unavailable(
                    f"{graph.SKILL_SERVER} did not take the goal within "
                    f"{self._reply_limit:.0f} s; see: dynamical logs {graph.SKILL_SERVER}"
                ) from None
        self._executions.add(execution)
        self._executions.alias(execution.request_id, execution)
        if not handle.accepted:
            sentence = "the skill server refused the goal: it is not active or its queue is full"
            self._finish(execution, store.FAILED, error=sentence, code=ErrorCode.QUEUE_FULL)
            return execution
        self._handles[execution.id] = handle
        with self._sending:
            result = handle.get_result_async()
        result.add_done_callback(
            lambda done: loop.call_soon_threadsafe(self._on_result, execution, done)
        )
        return execution

    async def cancel(self, execution: store.Execution) -> None:
        """Ask the skill server to cancel; the end is reported as for every execution.

        Raises:
            Problem: 503 if the skill server does not answer.
        """
        handle = self._handles.get(execution.id)
        if handle is None:
            return
        with self._sending:
            future = handle.cancel_goal_async()
        try:
            await self._settled(future)
        except TimeoutError:
            raise graph_unavailable(
                f"{graph.SKILL_SERVER} did not answer the cancel request; "
                "if the robot moves: dynamical stop"
            ) from None

    def _on_feedback(self, execution: store.Execution, feedback: InvokeSkill.Feedback) -> None:
        if execution.is_over:
            return
        execution.last_news = self.now()
        self._executions.alias(feedback.execution_id, execution)
        execution.progress = progress_from_feedback(feedback)
        if feedback.phase != "queued":
            execution.status = store.RUNNING
        if feedback.skill_ids_used:
            execution.skill_ids_used = list(feedback.skill_ids_used)
            execution.blend_weights = list(feedback.blend_weights)
        if feedback.actions and not execution.actions:
            execution.actions = actions_from_msg(feedback.actions)
            execution.set_first_action(self.now())
            self._executions.count_first_action(execution)
        execution.touch()

    def _on_result(self, execution: store.Execution, future: Any) -> None:
        if execution.is_over:
            return
        if future.exception() is not None or future.result() is None:
            sentence = f"the skill server gave no result: {future.exception()}"
            self._finish(execution, store.FAILED, error=sentence, code=ErrorCode.INTERNAL)
            return
        answer = future.result()
        result = answer.result
        self._executions.alias(result.execution_id, execution)
        execution.result_data = json_object(result.result_data)
        if result.actions and not execution.actions:
            execution.actions = actions_from_msg(result.actions)
            execution.set_first_action(self.now())
            self._executions.count_first_action(execution)
        if result.skill_ids_used:
            execution.skill_ids_used = list(result.skill_ids_used)
            execution.blend_weights = list(result.blend_weights)
        execution.safety_status = result.safety_status or "OK"
        status = store.COMPLETED if result.success else store.FAILED
        if not result.success:
            status = _STATUS_OF_CODE.get(result.error_code, status)
            if answer.status == GoalStatus.STATUS_CANCELED:
                status = store.CANCELLED
        self._finish(execution, status, error=result.error, code=result.error_code)

    def _finish(
        self, execution: store.Execution, status: str, *, error: str = "", code: int = 0
    ) -> None:
        execution.finish(status, now=self.now(), error=error, error_code=int(code))
        execution.progress |= {"phase": "done"} | ({"progress": 1.0} if execution.success else {})
        self._handles.pop(execution.id, None)
        self._executions.count_end(execution)

    def _skill_servers(self) -> frozenset[bytes]:
        endpoints = self._node.get_publishers_info_by_topic("skill_status")
        return frozenset(bytes(endpoint.endpoint_gid) for endpoint in endpoints)

    def _find_lost(self) -> None:
        active = self._executions.active()
        if not active:
            return
        servers = self._skill_servers()
        now = self.now()
        for execution in active:
            gone = bool(execution.server) and not execution.server & servers
            silence = now - execution.last_news
            # One that waits behind others is silent by right, for as long as it may take.
            running = execution.status == store.RUNNING
            silent = silence > (self._silence_limit if running else execution.patience)
            if gone or silent:
                why = "has ended" if gone else f"has said nothing for {silence:.1f} s"
                self._finish(
                    execution,
                    store.FAILED,
                    error=f"{graph.SKILL_SERVER} {why}; the robot holds, see GET /health",
                    code=ErrorCode.GRAPH_UNAVAILABLE,
                )

    # --- what the graph says
    # -----------------------------------------------------------------------
    def newest(self, name: str) -> Any | None:
        """The newest message of a topic, or ``None`` if none has come."""
        message = self._readers[name].take()
        if message is not None:
            self._messages[name] = message
        return self._messages.get(name)

    def statuses(self) -> list[Any]:
        """Newest skill status of each execution the skill server speaks of."""
        self._drain()
        return list(self._statuses.values())

    def timings(self) -> list[Any]:
        """Newest timing of each periodic loop."""
        self._drain()
        return [self._timings[name] for name in sorted(self._timings)]

    def report(self, node: str) -> health.Report | None:
        """What a node said last about its health."""
        return self._reports.get(node)

    def present(self) -> frozenset[str]:
        """Names of the nodes in the robot's namespace."""
        namespace = self._node.get_namespace()
        nodes = self._node.get_node_names_and_namespaces()
        return frozenset(name for name, where in nodes if where == namespace)

    def safety(self) -> health.Safety | None:
        """What the gate said last."""
        status = self.newest("safety/status")
        if status is None:
            return None
        return health.Safety(
            stamp=seconds(status.header.stamp),
            state=SAFETY_STATES.get(status.state, "UNKNOWN"),
            reset_required=status.reset_required,
            reasons=tuple(reason.text for reason in status.reasons),
        )

    def _drain(self) -> None:
        for status in self._status_reader.take_all():
            self._statuses[status.execution_id] = status
            execution = self._executions.find(status.execution_id)
            if execution is not None:
                execution.last_news = self.now()
        if len(self._statuses) > 100:
            ended = [key for key, item in self._statuses.items() if item.status != store.RUNNING]
            for key in ended[:-50]:
                del self._statuses[key]
        for timing in self._timing_reader.take_all():
            self._timings[timing.loop] = timing
        for array in self._diagnostics_reader.take_all():
            self._take_report(array)

    def _take_report(self, array: Any) -> None:
        entries: dict[str, dict[str, tuple[int, str]]] = {}
        prefix = self._node.get_namespace().rstrip("/") + "/"
        for status in array.status:
            node, _, name = status.name.partition(": ")
            if node.startswith(prefix):
                level = int.from_bytes(status.level, "little")
                entries.setdefault(node[len(prefix) :], {})[name] = (level, status.message)
        for node, told in entries.items():
            self._reports[node] = health.Report(stamp=seconds(array.header.stamp), entries=told)


def _answers_wait_for_requests(client: Any) -> threading.Lock:
    """Close a race of rclpy's action client; hold the lock that is returned while sending.

    The client writes a request down only after it has sent it. An answer that an executor thread
    takes in between is thrown away as "unexpected", and the caller waits for ever (rclpy 7.1;
    services are locked).
    """
    sending = threading.Lock()
    execute = client.execute

    async def execute_after_sending(data: Any) -> None:
        with sending:
            # What this answers was sent before; now it is written down as well.
            pass
        await execute(data)

    client.execute = execute_after_sending
    return sending


def _uuid(execution_id: str) -> UUID:
    return UUID(uuid=list(bytes.fromhex(execution_id.replace("-", ""))))


def _cancel_late_goal(future: Any) -> None:
    if future.exception() is None and future.result() is not None and future.result().accepted:
        future.result().cancel_goal_async()
