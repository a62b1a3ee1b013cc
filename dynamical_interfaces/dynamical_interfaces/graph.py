"""The graph contract: every topic, service and action, who writes it, who reads it, with which QoS.

Pure data, one table and so one file, however long. Nodes make their endpoints only through
``runtime.node.GraphNode``, which looks them up here; ``docs/graph.md`` is generated from here; a test
compares the running graph with this table, both ways.

Names are relative to the robot's namespace (``/thor_001``); a name that starts with ``/`` is global.
"""

from dataclasses import dataclass

from dynamical_interfaces import qos
from dynamical_interfaces.qos import Profile

CAMERAS = ("head", "room_left", "room_right")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic.

    Attributes:
        name: Relative to the robot's namespace, or global with a leading ``/``.
        type: Interface type, e.g. ``"sensor_msgs/msg/JointState"``.
        profile: QoS that every writer and reader uses.
        rate: Nominal messages per second; 0 = on events.
        writers: Node names allowed to write.
        readers: Node names that read.
        doc: One sentence.
    """

    name: str
    type: str
    profile: Profile
    rate: float
    writers: tuple[str, ...]
    readers: tuple[str, ...]
    doc: str


@dataclass(frozen=True, slots=True)
class Service:
    """One service or action: its name, type, the node that serves it and the nodes that call it."""

    name: str
    type: str
    server: str
    clients: tuple[str, ...]
    doc: str


# Node names.
ROBOT_DRIVER = "robot_driver"
SIMULATED_CAMERAS = "simulated_cameras"
PERCEPTION = "perception"
WORLD_MODEL = "world_model"
SAFETY_GATE = "safety_gate"
SAFETY_WATCHDOG = "safety_watchdog"
SAFETY_FORECASTER = "safety_forecaster"
CONTROL = "control"
SKILL_ROUTER = "skill_router"
SKILL_SERVER = "skill_server"
REST_BRIDGE = "rest_bridge"
RECORDER = "recorder"
GRADER = "grader"
NODES = (
    ROBOT_DRIVER,
    SIMULATED_CAMERAS,
    PERCEPTION,
    WORLD_MODEL,
    SAFETY_GATE,
    SAFETY_WATCHDOG,
    SAFETY_FORECASTER,
    CONTROL,
    SKILL_ROUTER,
    SKILL_SERVER,
    REST_BRIDGE,
    RECORDER,
    GRADER,
)
# Nodes that a robot needs to work. The world model is started where there is a checkpoint for it, the
# recorder for runs that are to be kept; the grader compares a run with the simulation's own truth.
CORE_NODES = tuple(name for name in NODES if name not in (WORLD_MODEL, RECORDER, GRADER))


def _camera_topics(camera: str) -> tuple[Topic, ...]:
    writers, rate = (SIMULATED_CAMERAS,), 10.0 if camera == "head" else 5.0
    image = "sensor_msgs/msg/Image"
    return (
        Topic(
            f"cameras/{camera}/color/image_raw",
            image,
            qos.SENSOR,
            rate,
            writers,
            (PERCEPTION, WORLD_MODEL),
            "Colour picture, rgb8.",
        ),
        Topic(
            f"cameras/{camera}/depth/image_raw",
            image,
            qos.SENSOR,
            rate,
            writers,
            (PERCEPTION, WORLD_MODEL),
            "Depth along the optical axis, 32FC1 [m], registered to the colour picture.",
        ),
        Topic(
            f"cameras/{camera}/labels/image_raw",
            image,
            qos.SENSOR,
            rate,
            writers,
            (PERCEPTION,),
            "Instance label per pixel, mono16; 0 = background, see labels.",
        ),
        Topic(
            f"cameras/{camera}/camera_info",
            "sensor_msgs/msg/CameraInfo",
            qos.SENSOR,
            rate,
            writers,
            (PERCEPTION,),
            "Intrinsics, same stamp as the picture.",
        ),
    )


TOPICS: tuple[Topic, ...] = (
    Topic(
        "joint_states",
        "sensor_msgs/msg/JointState",
        qos.CONTROL,
        500.0,
        (ROBOT_DRIVER,),
        (
            SAFETY_GATE,
            SAFETY_FORECASTER,
            CONTROL,
            PERCEPTION,
            SKILL_SERVER,
            REST_BRIDGE,
            RECORDER,
        ),
        "Measured position [rad], velocity [rad/s] and effort [N m] of all joints, in URDF order.",
    ),
    Topic(
        "requested_command",
        "dynamical_interfaces/msg/JointCommand",
        qos.CONTROL,
        200.0,
        (CONTROL,),
        (SAFETY_GATE, RECORDER),
        "What control would like the joints to do.",
    ),
    Topic(
        "safe_command",
        "dynamical_interfaces/msg/JointCommand",
        qos.SAFETY,
        1000.0,
        (SAFETY_GATE,),
        (ROBOT_DRIVER, SAFETY_WATCHDOG, RECORDER),
        "What the joints may do; sealed, the only thing a driver takes.",
    ),
    Topic(
        "safety/status",
        "dynamical_interfaces/msg/SafetyStatus",
        qos.STATE,
        100.0,
        (SAFETY_GATE,),
        (CONTROL, SKILL_SERVER, SAFETY_WATCHDOG, REST_BRIDGE, RECORDER, GRADER),
        "State of the gate, and why.",
    ),
    Topic(
        "safety/violations",
        "dynamical_interfaces/msg/SafetyViolation",
        qos.EVENT,
        0.0,
        (SAFETY_GATE,),
        (RECORDER,),
        "Commands refused or changed.",
    ),
    Topic(
        "safety/zones",
        "dynamical_interfaces/msg/SafetyZoneArray",
        qos.STATE,
        0.0,
        (SAFETY_GATE,),
        (REST_BRIDGE, RECORDER),
        "Zones in force.",
    ),
    Topic(
        "safety/hazards",
        "dynamical_interfaces/msg/HazardArray",
        qos.STATE,
        1.0,
        (SAFETY_GATE,),
        (REST_BRIDGE, RECORDER),
        "Hazards known now.",
    ),
    Topic(
        "safety/markers",
        "visualization_msgs/msg/MarkerArray",
        qos.STATE,
        1.0,
        (SAFETY_GATE,),
        (RECORDER,),
        "Zones and distances for rviz2.",
    ),
    Topic(
        "tracks",
        "dynamical_interfaces/msg/TrackArray",
        qos.SENSOR,
        10.0,
        (PERCEPTION,),
        (SAFETY_GATE, SAFETY_FORECASTER, SKILL_SERVER, SKILL_ROUTER, REST_BRIDGE, RECORDER),
        "Objects and people in the world.",
    ),
    Topic(
        "tracks/markers",
        "visualization_msgs/msg/MarkerArray",
        qos.SENSOR,
        5.0,
        (PERCEPTION,),
        (RECORDER,),
        "Tracks for rviz2.",
    ),
    Topic(
        "forecast",
        "dynamical_interfaces/msg/CollisionForecast",
        qos.SENSOR,
        10.0,
        (PERCEPTION, SAFETY_FORECASTER, WORLD_MODEL),
        (SAFETY_GATE, RECORDER),
        "How near people will come; each voter of the ensemble sends its own.",
    ),
    Topic(
        "people/forecast",
        "dynamical_interfaces/msg/PersonForecastArray",
        qos.SENSOR,
        10.0,
        (SAFETY_FORECASTER,),
        (SAFETY_GATE, REST_BRIDGE, RECORDER),
        "Where people and their hands will be.",
    ),
    Topic(
        "safety/permit",
        "dynamical_interfaces/msg/SafetyPermit",
        qos.SAFETY,
        200.0,
        (SAFETY_WATCHDOG,),
        (ROBOT_DRIVER,),
        "Leave for the driver to follow the gate; sealed.",
    ),
    Topic(
        "safety/supervision",
        "dynamical_interfaces/msg/SupervisionStatus",
        qos.STATE,
        20.0,
        (SAFETY_WATCHDOG,),
        (SAFETY_GATE, SIMULATED_CAMERAS, PERCEPTION, REST_BRIDGE, RECORDER),
        "What the watchdog sees of the whole graph.",
    ),
    Topic(
        "heartbeat",
        "dynamical_interfaces/msg/Heartbeat",
        # Not sent again: newer ones would wait for a lost one, for seconds, and look like silence.
        qos.SENSOR,
        10.0,
        tuple(name for name in NODES if name not in (SAFETY_WATCHDOG, GRADER)),
        (SAFETY_WATCHDOG,),
        "Every node is alive.",
    ),
    Topic(
        "robot_location",
        "dynamical_interfaces/msg/RobotLocation",
        qos.STATE,
        5.0,
        (PERCEPTION,),
        (SKILL_ROUTER, REST_BRIDGE, RECORDER),
        "Where the robot stands.",
    ),
    Topic(
        "action_chunk",
        "dynamical_interfaces/msg/ActionChunk",
        qos.EVENT,
        10.0,
        (SKILL_SERVER,),
        (CONTROL, RECORDER),
        "Joint motion from skills.",
    ),
    Topic(
        "control/status",
        "dynamical_interfaces/msg/ControlStatus",
        qos.STATE,
        50.0,
        (CONTROL,),
        (SKILL_SERVER, REST_BRIDGE, RECORDER),
        "What control executes.",
    ),
    Topic(
        "skill_status",
        "dynamical_interfaces/msg/SkillStatus",
        qos.EVENT,
        5.0,
        (SKILL_SERVER,),
        (REST_BRIDGE, SKILL_ROUTER, RECORDER),
        "Progress of executions.",
    ),
    Topic(
        "timing",
        "dynamical_interfaces/msg/TierTiming",
        qos.EVENT,
        1.0,
        (
            ROBOT_DRIVER,
            SAFETY_GATE,
            SAFETY_WATCHDOG,
            SAFETY_FORECASTER,
            CONTROL,
            SIMULATED_CAMERAS,
            PERCEPTION,
        ),
        (REST_BRIDGE, RECORDER, GRADER),
        "How well each periodic loop keeps its time.",
    ),
    Topic(
        "/diagnostics",
        "diagnostic_msgs/msg/DiagnosticArray",
        qos.EVENT,
        1.0,
        NODES,
        (REST_BRIDGE,),
        "Health of every node, REP-107.",
    ),
    Topic(
        "/coordination",
        "dynamical_interfaces/msg/Participation",
        qos.EVENT,
        10.0,
        (SKILL_SERVER,),
        (SKILL_SERVER, RECORDER),
        "What each robot of a shared task does, fleet-wide; only while it has a coordination_id.",
    ),
    Topic(
        "cameras/labels",
        "dynamical_interfaces/msg/LabelInfo",
        qos.STATE,
        0.0,
        (SIMULATED_CAMERAS,),
        (PERCEPTION,),
        "Meaning of the numbers in label pictures.",
    ),
    *(topic for camera in CAMERAS for topic in _camera_topics(camera)),
    Topic(
        "simulation/state",
        "dynamical_interfaces/msg/SimulationState",
        qos.SENSOR,
        50.0,
        (ROBOT_DRIVER,),
        (SIMULATED_CAMERAS, RECORDER, GRADER),
        "Whole state of the simulation, for rendering and grading alone.",
    ),
    Topic(
        "simulation/objects",
        "dynamical_interfaces/msg/TrackArray",
        qos.SENSOR,
        50.0,
        (ROBOT_DRIVER,),
        (RECORDER, GRADER),
        "Exact object poses, for grading alone.",
    ),
)

_ROUTER_CLIENTS = (SKILL_SERVER, REST_BRIDGE)

SERVICES: tuple[Service, ...] = (
    Service(
        "route_task",
        "dynamical_interfaces/srv/RouteTask",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "WHAT skill fits a sentence?",
    ),
    Service(
        "list_skills",
        "dynamical_interfaces/srv/ListSkills",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "Skills in the library.",
    ),
    Service(
        "get_skill",
        "dynamical_interfaces/srv/GetSkill",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "One skill.",
    ),
    Service(
        "register_skill",
        "dynamical_interfaces/srv/RegisterSkill",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "Add a skill.",
    ),
    Service(
        "deploy_skills",
        "dynamical_interfaces/srv/DeploySkills",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "Make skills available on devices.",
    ),
    Service(
        "orchestrate",
        "dynamical_interfaces/srv/Orchestrate",
        SKILL_ROUTER,
        _ROUTER_CLIENTS,
        "Plan a sentence.",
    ),
    Service(
        "get_plan",
        "dynamical_interfaces/srv/GetPlan",
        SKILL_SERVER,
        (REST_BRIDGE,),
        "A plan that was begun, and how far it is.",
    ),
    Service(
        "list_plans",
        "dynamical_interfaces/srv/ListPlans",
        SKILL_SERVER,
        (REST_BRIDGE,),
        "Plans that were begun.",
    ),
    Service(
        "cancel_plan",
        "dynamical_interfaces/srv/CancelPlan",
        SKILL_SERVER,
        (REST_BRIDGE,),
        "End a plan that runs; it can be carried on later.",
    ),
    Service(
        "safety/stop",
        "dynamical_interfaces/srv/EmergencyStop",
        SAFETY_GATE,
        (REST_BRIDGE,),
        "Stop now.",
    ),
    Service(
        "safety/reset",
        "dynamical_interfaces/srv/ResetSafety",
        SAFETY_GATE,
        (REST_BRIDGE,),
        "Leave a stop.",
    ),
    Service(
        "safety/set_zones",
        "dynamical_interfaces/srv/SetSafetyZones",
        SAFETY_GATE,
        (REST_BRIDGE,),
        "Replace the zones.",
    ),
    Service(
        "safety/edit_zones",
        "dynamical_interfaces/srv/EditSafetyZones",
        SAFETY_GATE,
        (REST_BRIDGE,),
        "Add, replace or remove single zones.",
    ),
    Service(
        "safety/edit_hazards",
        "dynamical_interfaces/srv/EditHazards",
        SAFETY_GATE,
        (REST_BRIDGE,),
        "Add or remove hazards and kinds of hazards.",
    ),
    Service(
        "simulation/reset",
        "dynamical_interfaces/srv/ResetSimulation",
        ROBOT_DRIVER,
        (GRADER,),
        "Put the simulated world back.",
    ),
    Service(
        "simulation/move_person",
        "dynamical_interfaces/srv/MovePerson",
        ROBOT_DRIVER,
        (GRADER,),
        "Let the simulated person walk.",
    ),
)

ACTIONS: tuple[Service, ...] = (
    Service(
        "invoke_skill",
        "dynamical_interfaces/action/InvokeSkill",
        SKILL_SERVER,
        (REST_BRIDGE,),
        "Carry out a sentence.",
    ),
)

_TOPICS = {topic.name: topic for topic in TOPICS}
_SERVICES = {service.name: service for service in SERVICES}
_ACTIONS = {action.name: action for action in ACTIONS}


def topic(name: str) -> Topic:
    """The topic of that name; ``KeyError`` names it if the contract has none."""
    if name not in _TOPICS:
        raise KeyError(f"the graph contract has no topic {name!r}; add it to graph.py")
    return _TOPICS[name]


def service(name: str) -> Service:
    """The service of that name; ``KeyError`` names it if the contract has none."""
    if name not in _SERVICES:
        raise KeyError(f"the graph contract has no service {name!r}; add it to graph.py")
    return _SERVICES[name]


def action(name: str) -> Service:
    """The action of that name; ``KeyError`` names it if the contract has none."""
    if name not in _ACTIONS:
        raise KeyError(f"the graph contract has no action {name!r}; add it to graph.py")
    return _ACTIONS[name]
