"""A scripted graph for tests: real services, topics and action over DDS, answers by script.

It stands in for the nodes around the bridge, in a process of its own. What the goal's sentence
says decides what happens: "refuse" is refused with NO_SKILL_FITS, "slow" (or a skill of that name)
takes until it is cancelled or times out, "crash" ends the process in the middle, "reject" is not
taken at all,
anything else moves a little and succeeds.

With SCRIPTED_PERSON in the environment a person stands before the robot, which is then the real
robot's shape, and the gate is slow for it.

Usage: python scripted_graph.py --ros-args -r __ns:=/thor_001
"""

import contextlib
import dataclasses
import os
import signal
import sys
import threading
import time
from pathlib import Path

import rclpy
from geometry_msgs.msg import Point, Vector3
from rclpy.action import CancelResponse, GoalResponse
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState

from dynamical_control.simulation.assets import ensure_robot_model
from dynamical_interfaces import graph
from dynamical_interfaces.action import InvokeSkill
from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.joints import load_urdf
from dynamical_interfaces.msg import (
    ForecastVote,
    Hazard,
    HazardArray,
    HazardType,
    PersonForecast,
    PersonForecastArray,
    SafetyReason,
    SafetyStatus,
    SafetyZone,
    SafetyZoneArray,
    SkillAction,
    SkillDescriptor,
    SkillExecutionPlan,
    SkillStatus,
    SkillStep,
    SupervisionStatus,
    Track,
    TrackArray,
)
from dynamical_interfaces.runtime.endpoints import interface_class
from dynamical_interfaces.runtime.node import GraphNode
from dynamical_interfaces.srv import CancelPlan

PERSON_IS_THERE = "SCRIPTED_PERSON" in os.environ
PERSON = Point(x=1.4, y=0.35, z=0.88)


def skill(skill_id: str, **fields) -> SkillDescriptor:
    descriptor = SkillDescriptor(
        id=skill_id,
        version="1.0.0",
        description=f"The skill {skill_id}.",
        skill_type="manipulation",
        status="validated",
        required_capabilities=["arm"],
        estimated_duration=2.0,
        **fields,
    )
    descriptor.coordination.supported_roles = ["independent", "leader"]
    descriptor.coordination.sync_mode = "none"
    descriptor.coordination.min_robots = 1
    descriptor.coordination.max_robots = 2
    return descriptor


class Peer(GraphNode):
    def __init__(self, name: str) -> None:
        super().__init__(name, dataclasses.make_dataclass("P", [], frozen=True))


def ended_plan() -> SkillExecutionPlan:
    """A plan of one step that was not completed."""
    step = SkillStep(
        step_id=1,
        task="wave",
        skill_ids=["wave"],
        weights=[1.0],
        robot_id="thor_001",
        location_params='{"side": "left"}',
        joint_groups=["left_arm"],
        tier=1,
        status="failed",
        status_text="too far",
    )
    return SkillExecutionPlan(
        plan_id="p1", task_description="wave", steps=[step], status="failed", error_msg="too far"
    )


class SkillServer(Peer):
    def configure(self) -> None:
        self.status = self.writer("skill_status")
        self.count = 0
        self.action_server(
            "invoke_skill", execute=self.execute, goal=self.take, cancel=self.on_cancel
        )
        self.server("get_plan", self.on_plan)
        self.server("list_plans", self.on_plan)
        self.server("cancel_plan", self.on_plan)

    def on_plan(self, request, response):
        """One plan, ``p1``, that has ended."""
        plan_id = getattr(request, "plan_id", "p1")
        response.success = plan_id == "p1" and not isinstance(request, CancelPlan.Request)
        if not response.success:
            known = plan_id == "p1"
            code = ErrorCode.PARAMETER_INVALID if known else ErrorCode.PLAN_UNKNOWN
            response.error_code, response.error_msg = code, f"no running plan {plan_id!r}"
        elif hasattr(response, "plans"):
            response.plans = [ended_plan()]
        else:
            response.plan = ended_plan()
        return response

    def take(self, goal):
        return GoalResponse.REJECT if "reject" in goal.goal else GoalResponse.ACCEPT

    def on_cancel(self, _):
        return CancelResponse.ACCEPT

    def execute(self, handle):
        goal = handle.request
        self.count += 1
        execution_id = f"peer-{self.count}"
        result = InvokeSkill.Result(
            request_id=goal.request_id,
            execution_id=execution_id,
            robot_id=goal.robot_id,
            role=goal.role,
            goal=goal.goal,
            safety_status="OK",
        )
        if "refuse" in goal.goal or goal.robot_id != "thor_001":
            handle.abort()
            unknown = goal.robot_id != "thor_001"
            result.error_code = ErrorCode.ROBOT_UNKNOWN if unknown else ErrorCode.NO_SKILL_FITS
            result.error = f"nothing fits {goal.goal!r} of robot {goal.robot_id!r}"
            return result
        if "crash" in goal.goal:
            os._exit(3)
        used = list(goal.skill_ids) or ["grasp", "place_on"]
        feedback = InvokeSkill.Feedback(
            execution_id=execution_id,
            phase="planning",
            distance_to_goal=float("nan"),
            safety_state=SafetyStatus.STATE_NORMAL,
            speed_scale=1.0,
        )
        handle.publish_feedback(feedback)
        feedback.phase = "moving"
        feedback.skill_id = used[0]
        feedback.step, feedback.step_count, feedback.progress = 1, len(used), 0.25
        feedback.distance_to_goal = 0.5
        feedback.skill_ids_used = used
        feedback.blend_weights = [1.0 / len(used)] * len(used)
        feedback.actions = [
            SkillAction(
                skill_id=used[0], joint_positions=[0.0] * 43, gripper_action=1.0, confidence=0.9
            )
        ]
        handle.publish_feedback(feedback)
        feedback.actions = []
        began = time.monotonic()
        slow = "slow" in goal.goal or "slow" in goal.skill_ids
        duration = goal.timeout if slow else 0.3
        while time.monotonic() - began < duration:
            if handle.is_cancel_requested:
                handle.canceled()
                result.error_code, result.error = ErrorCode.CANCELLED, "cancelled by the caller"
                return result
            self.status.publish(
                SkillStatus(
                    execution_id=execution_id,
                    robot_id=goal.robot_id,
                    status="running",
                    phase="moving",
                )
            )
            handle.publish_feedback(feedback)
            self.stopped.wait(0.05)
        result.skill_ids_used = used
        result.blend_weights = [1.0 / len(used)] * len(used)
        if slow:
            handle.abort()
            result.error_code, result.error = ErrorCode.TIMEOUT, f"not done in {duration} s"
            return result
        handle.succeed()
        result.success = True
        result.total_time_ms = 300.0
        # NaN is no JSON, and nodes say it all the same. Whoever asked gets its parameters back.
        asked = goal.parameters or "{}"
        result.result_data = f'{{"lift_height_m": 0.12, "gap": NaN, "asked": {asked}}}'
        return result


class SkillRouter(Peer):
    def configure(self) -> None:
        self.skills = {name: skill(name) for name in ("grasp", "place_on", "wave")}
        self.server("route_task", self.route)
        self.server("list_skills", self.list)
        self.server("get_skill", self.get)
        self.server("register_skill", self.register)
        self.server("deploy_skills", self.deploy)
        self.server("orchestrate", lambda request, response: response)

    def route(self, request, response):
        if "refuse" in request.task_description:
            response.error_code = ErrorCode.NO_SKILL_FITS
            response.error_msg = "no skill fits"
            return response
        response.success = True
        response.skill_ids, response.weights = ["grasp", "place_on"], [0.75, 0.25]
        response.similarity, response.routing_time_ms = [0.5, 0.25], 1.5
        return response

    def list(self, request, response):
        response.skills = [
            item
            for item in self.skills.values()
            if request.status in ("", item.status) and request.skill_type in ("", item.skill_type)
        ]
        return response

    def get(self, request, response):
        response.success = request.id in self.skills
        if response.success:
            response.skill = self.skills[request.id]
        else:
            response.error_code = ErrorCode.SKILL_UNKNOWN
            response.error_msg = f"there is no skill {request.id!r}"
        return response

    def register(self, request, response):
        self.skills[request.skill.id] = request.skill
        response.success = True
        return response

    def deploy(self, request, response):
        unknown = [name for name in request.skill_ids if name not in self.skills]
        response.success = not unknown
        if unknown:
            response.error_code = ErrorCode.SKILL_UNKNOWN
            response.error_msg = f"there is no skill {unknown[0]!r}"
        else:
            response.deployed = [f"{name}@thor_001" for name in request.skill_ids]
        return response


class SafetyGate(Peer):
    def configure(self) -> None:
        self.status = self.writer("safety/status")
        self.zones = self.writer("safety/zones")
        self.hazards = self.writer("safety/hazards")
        self.current = SafetyZoneArray()
        self.current.header.frame_id = "odom"
        if PERSON_IS_THERE:
            corners = [(0.9, -1.5), (2.4, -1.5), (2.4, 1.5), (0.9, 1.5)]
            polygon = [Point(x=x, y=y) for x, y in corners]
            zone = SafetyZone(name="aisle", zone_type=SafetyZone.TYPE_SLOW, polygon=polygon)
            zone.height_max, zone.speed_scale = 2.0, 0.5
            self.current.zones = [zone]
        self.zones.publish(self.current)
        self.placed = HazardArray(hazards=[Hazard(id="h1", hazard_type="PERSON", severity=0.5)])
        self.placed.types = [HazardType(name="FORKLIFT", behaviour="stop", built_in=True)]
        self.tell_hazards()
        self.state = SafetyStatus.STATE_NORMAL
        self.sources: list[str] = []
        self.server("safety/stop", self.stop)
        self.server("safety/reset", self.reset)
        self.server("safety/set_zones", self.set_zones)
        self.server("safety/edit_zones", self.edit_zones)
        self.server("safety/edit_hazards", self.edit_hazards)
        self.create_timer(0.05, self.tell, callback_group=self._group)

    def tell(self):
        status = SafetyStatus(
            state=self.state,
            stop_category=SafetyStatus.STOP_CATEGORY_NONE,
            speed_scale=1.0,
            human_distance=float("inf"),
            command_age=float("inf"),
        )
        status.header.stamp = self.stamp(self.now())
        if PERSON_IS_THERE and self.state == SafetyStatus.STATE_NORMAL:
            self.slow_for_the_person(status)
        elif self.state != SafetyStatus.STATE_NORMAL:
            status.reset_required = True
            text = f"stop requested by {self.sources[-1]}"
            nan = float("nan")
            status.reasons = [SafetyReason(code=215, value=nan, limit=nan, text=text)]
        self.status.publish(status)

    def slow_for_the_person(self, status):
        status.state, status.speed_scale = SafetyStatus.STATE_REDUCED, 0.4
        status.human_distance, status.protective_distance = 0.82, 0.61
        status.nearest_link = "left_wrist_yaw_link"
        status.contact_force, status.contact_force_limit = 22.0, 140.0
        text = "person 7 is 0.82 m from 'left_wrist_yaw_link'"
        status.reasons = [
            SafetyReason(code=ErrorCode.PERSON_NEAR, value=0.82, limit=1.0, text=text)
        ]
        status.votes = [
            ForecastVote(model="analytic", state=ForecastVote.STATE_ALARM, weight=1.0, age=0.02),
            ForecastVote(model="backup", state=ForecastVote.STATE_CALM, weight=1.0, age=0.11),
        ]

    def stop(self, request, response):
        self.sources.append(request.source)
        self.state = SafetyStatus.STATE_EMERGENCY_STOP
        response.success, response.message = True, "stopped"
        self.tell()
        return response

    def reset(self, request, response):
        self.state = SafetyStatus.STATE_NORMAL
        response.success, response.state = True, self.state
        self.tell()
        return response

    def set_zones(self, request, response):
        names = [zone.name for zone in request.zones]
        response.version = self.current.version
        if len(set(names)) < len(names):
            response.error_code, response.error_msg = ErrorCode.ZONE_INVALID, "a name occurs twice"
            return response
        self.current.version += 1
        self.current.zones = request.zones
        self.zones.publish(self.current)
        response.success, response.version = True, self.current.version
        return response

    def edit_zones(self, request, response):
        response.version = self.current.version
        if request.expected_version not in (0, self.current.version):
            response.error_code = ErrorCode.VERSION_CONFLICT
            response.error_msg = f"the zones are at version {self.current.version}"
            return response
        zones = {zone.name: zone for zone in self.current.zones}
        for name in request.remove:
            if zones.pop(name, None) is None:
                response.error_code = ErrorCode.ZONE_INVALID
                response.error_msg = f"zone {name!r}: is not in force"
                return response
        zones.update((zone.name, zone) for zone in request.put)
        self.current.version += 1
        self.current.zones = list(zones.values())
        self.zones.publish(self.current)
        response.success, response.version = True, self.current.version
        return response

    def edit_hazards(self, request, response):
        response.version = self.placed.version
        types = {kind.name: kind for kind in self.placed.types}
        hazards = {hazard.id: hazard for hazard in self.placed.hazards}
        missing = [name for name in request.remove_types if name not in types]
        missing += [key for key in request.remove if key not in hazards]
        if missing:
            response.error_code = ErrorCode.HAZARD_INVALID
            response.error_msg = f"hazard {missing[0]!r}: is not there"
            return response
        types.update((kind.name, kind) for kind in request.put_types)
        hazards.update((hazard.id, hazard) for hazard in request.put)
        self.placed.types = [k for k in types.values() if k.name not in request.remove_types]
        self.placed.hazards = [h for h in hazards.values() if h.id not in request.remove]
        self.placed.version += 1
        self.tell_hazards()
        response.success, response.version = True, self.placed.version
        return response

    def tell_hazards(self):
        self.placed.header.frame_id = "odom"
        self.placed.header.stamp = self.stamp(self.now())
        self.hazards.publish(self.placed)


class Perception(Peer):
    def configure(self) -> None:
        self.tracks = self.writer("tracks")
        self.create_timer(0.1, self.tell, callback_group=self._group)

    def tell(self):
        message = TrackArray(tracks=[Track(id=1, class_id="cup", color="red", motion=2)])
        message.header.frame_id = "odom"
        message.header.stamp = self.stamp(self.now())
        message.tracks[0].pose.orientation.w = 1.0
        if PERSON_IS_THERE:
            message.tracks += self.person_at_the_table(message.header.stamp)
        self.tracks.publish(message)

    def person_at_the_table(self, stamp):
        table = Track(id=2, class_id="table", motion=Track.MOTION_STATIC, observation_stamp=stamp)
        table.pose.position = Point(x=0.53, y=0.0, z=0.38)
        table.size = Vector3(x=0.66, y=0.6, z=0.76)
        person = Track(id=7, class_id="person", motion=Track.MOTION_AGENT, observation_stamp=stamp)
        person.pose.position = PERSON
        person.size = Vector3(x=0.4, y=0.55, z=1.76)
        person.velocity = Vector3(x=-0.3, y=-0.1, z=0.0)
        person.hands = [Point(x=1.05, y=0.15, z=1.0), Point(x=1.1, y=0.6, z=0.95)]
        return [table, person]


class SafetyForecaster(Peer):
    def configure(self) -> None:
        self.people = self.writer("people/forecast")
        self.create_timer(0.1, self.tell, callback_group=self._group)

    def tell(self):
        message = PersonForecastArray(model="scripted")
        message.header.frame_id = "odom"
        message.header.stamp = self.stamp(self.now())
        if PERSON_IS_THERE:
            for ahead, deviation in ((0.5, 0.08), (1.0, 0.2)):
                place = Point(x=PERSON.x - 0.3 * ahead, y=PERSON.y - 0.1 * ahead, z=PERSON.z)
                message.forecasts.append(
                    PersonForecast(
                        track_id=7, part="body", ahead=ahead, position=place, deviation=deviation
                    )
                )
        self.people.publish(message)


class SafetyWatchdog(Peer):
    def configure(self) -> None:
        self.word = self.writer("safety/supervision")
        self.create_timer(0.05, self.tell, callback_group=self._group)

    def tell(self):
        nan = float("nan")
        message = SupervisionStatus(permitted=True, memory_available=0.5, temperature=nan)
        message.header.stamp = self.stamp(self.now())
        self.word.publish(message)


class RobotDriver(Peer):
    def configure(self) -> None:
        self.names = [f"joint_{index}" for index in range(43)]
        if PERSON_IS_THERE:
            self.names = list(load_urdf(Path(ensure_robot_model().urdf)).names)
        self.joints = self.writer("joint_states")
        self.timing = self.writer("timing")
        # Well within the deadline of the topic.
        self.create_timer(0.01, self.tell, callback_group=self._group)
        self.create_timer(0.5, self.tell_timing, callback_group=self._group)

    def tell(self):
        message = JointState(name=self.names, position=[0.0] * 43)
        message.header.stamp = self.stamp(self.now())
        self.joints.publish(message)

    def tell_timing(self):
        timing = interface_class(graph.topic("timing").type)()
        timing.header.stamp = self.stamp(self.now())
        timing.loop, timing.tier, timing.rate = "robot_driver", "safety", 1000.0
        self.timing.publish(timing)


class Other(Peer):
    """A node that is merely there."""


def main() -> None:
    rclpy.init(args=sys.argv, signal_handler_options=SignalHandlerOptions.NO)
    nodes = [SkillServer(graph.SKILL_SERVER), SkillRouter(graph.SKILL_ROUTER)]
    nodes += [SafetyGate(graph.SAFETY_GATE), Perception(graph.PERCEPTION)]
    nodes += [RobotDriver(graph.ROBOT_DRIVER), Other(graph.CONTROL)]
    nodes += [Other(graph.SIMULATED_CAMERAS), SafetyWatchdog(graph.SAFETY_WATCHDOG)]
    nodes += [SafetyForecaster(graph.SAFETY_FORECASTER)]
    executor = MultiThreadedExecutor(num_threads=72)
    for node in nodes:
        executor.add_node(node)
        node.start()
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())

    def spin() -> None:
        with contextlib.suppress(ExternalShutdownException):
            executor.spin()

    threading.Thread(target=spin, daemon=True).start()
    print("scripted graph is up", flush=True)
    ended.wait()
    rclpy.try_shutdown()
    os._exit(0)


if __name__ == "__main__":
    main()
