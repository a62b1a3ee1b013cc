"""The faults of the campaign, as data. Expected states follow from the gate's ``RULES``."""

from dynamical_bringup.faults.fault import (
    JOB,
    REST,
    SILENT,
    Burn,
    Fault,
    FillDisk,
    Flood,
    Freeze,
    Group,
    Kill,
    Play,
    Recovery,
    Relay,
    Rogue,
    Scene,
    SetClock,
    Slow,
    Stop,
    Walk,
    Zone,
    states,
)
from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.state_machine import State

_S = State
_FREE = states(_S.NORMAL, _S.REDUCED)
_STOPS = states(_S.PROTECTIVE_STOP, _S.CONTROLLED_STOP)
_PROTECTIVE = states(_S.PROTECTIVE_STOP)
_CONTROLLED = states(_S.CONTROLLED_STOP)
_LOST = states(SILENT, _S.INIT, _S.FAULT)
# A node whose restart takes longer than its loss is borne must be looked after.
_KILLED = states(_S.PROTECTIVE_STOP, _S.CONTROLLED_STOP, _S.FAULT)

# Where silence shows first: the gate's own ages, or the watchdog's heartbeats (0.5 s and a look).
_SILENCE_BOUND = {
    graph.CONTROL: 180,
    graph.ROBOT_DRIVER: 180,
    graph.PERCEPTION: 1000,
    graph.SIMULATED_CAMERAS: 1000,
    graph.SAFETY_WATCHDOG: 330,
    graph.SAFETY_FORECASTER: 1200,
}
_NEAR = (0.95, -0.35)
_FAR = (2.6, -1.2)
_SILENT_CODES = {
    graph.CONTROL: {ErrorCode.COMMAND_SILENT, ErrorCode.NODE_SILENT},
    graph.ROBOT_DRIVER: {ErrorCode.JOINT_STATE_STALE, ErrorCode.NODE_SILENT},
    graph.PERCEPTION: {ErrorCode.TRACKS_STALE, ErrorCode.NODE_SILENT},
    graph.SIMULATED_CAMERAS: {ErrorCode.TRACKS_STALE, ErrorCode.NODE_SILENT},
    graph.SAFETY_WATCHDOG: {ErrorCode.SUPERVISION_SILENT},
    graph.SAFETY_FORECASTER: {ErrorCode.FORECAST_STALE, ErrorCode.NODE_SILENT},
}
_OFF_PATH = (graph.SKILL_ROUTER, graph.SKILL_SERVER, graph.REST_BRIDGE)


def _processes() -> list[Fault]:
    """Each node killed, frozen and slowed."""
    faults = []
    for node, bound in _SILENCE_BOUND.items():
        codes = frozenset(_SILENT_CODES[node])
        slows = node == graph.SAFETY_FORECASTER
        # The simulated world is in the driver's process: it stands still as long as that does.
        stands = not slows and node != graph.ROBOT_DRIVER
        # One that is back before its last forecast has lost its worth was never gone for the gate.
        gone = _FREE | _KILLED if slows else _KILLED
        held = states(_S.REDUCED) | _KILLED if slows else _KILLED
        faults += [
            Fault(
                name=f"kill_{node}", group=Group.PROCESS, doc=f"{node} is killed",
                actions=(Kill(node),), expected=gone, codes=frozenset() if slows else codes,
                bound=None if slows else bound, seconds=3.0, recovery=Recovery.EITHER,
                stands=stands,
            ),
            Fault(
                name=f"freeze_{node}", group=Group.PROCESS,
                doc=f"{node} is stopped (SIGSTOP) for 1.5 s",
                actions=(Freeze(node, 1.5),), expected=held, codes=codes, bound=bound,
                recovery=Recovery.EITHER, stands=stands,
            ),
            Fault(
                name=f"slow_{node}", group=Group.PROCESS,
                doc=f"{node} gets a fifth of its time, in slices of 20 ms",
                actions=(Slow(node),), expected=_FREE | _KILLED, recovery=Recovery.EITHER,
                seconds=2.5,
            ),
        ]  # fmt: skip
    for node in _OFF_PATH:
        # Not needed to be safe; what they asked for may end, and the watchdog may stop for them.
        faults += [
            Fault(
                name=f"kill_{node}", group=Group.PROCESS, doc=f"{node} is killed",
                actions=(Kill(node),), expected=_FREE | _STOPS, recovery=Recovery.EITHER,
            ),
            Fault(
                name=f"freeze_{node}", group=Group.PROCESS,
                doc=f"{node} is stopped (SIGSTOP) for 1.5 s",
                actions=(Freeze(node, 1.5),), expected=_FREE | _STOPS, recovery=Recovery.EITHER,
            ),
            Fault(
                name=f"slow_{node}",
                group=Group.PROCESS,
                doc=f"{node} gets a fifth of its time, in slices of 20 ms",
                actions=(Slow(node),),
                expected=_FREE | _STOPS,
                recovery=Recovery.EITHER,
            ),
        ]  # fmt: skip
    gate = graph.SAFETY_GATE
    faults += [
        Fault(
            name="kill_safety_gate", group=Group.PROCESS, doc="the gate is killed",
            actions=(Kill(gate),), expected=_LOST | _KILLED, bound=700, seconds=3.0,
            recovery=Recovery.EITHER, stands=True,
        ),
        Fault(
            name="pause_gate_50ms", group=Group.PROCESS,
            doc="the gate is stopped (SIGSTOP) for 50 ms",
            actions=(Freeze(gate, 0.05),),
            expected=_FREE | _PROTECTIVE | states(SILENT), recovery=Recovery.EITHER,
        ),
        Fault(
            name="pause_gate_300ms", group=Group.PROCESS,
            doc="the gate is stopped (SIGSTOP) for 300 ms",
            actions=(Freeze(gate, 0.3),), expected=states(SILENT) | _KILLED, bound=700,
            recovery=Recovery.EITHER, stands=True,
        ),
        Fault(
            name="pause_gate_for_ever", group=Group.PROCESS,
            doc="the gate is stopped (SIGSTOP) and does not come back",
            actions=(Freeze(gate, 2.0, for_ever=True),), expected=_LOST, bound=700,
            recovery=Recovery.EITHER, stands=True,
        ),
        Fault(
            name="slow_safety_gate", group=Group.PROCESS,
            doc="the gate gets a fifth of its time, in slices of 20 ms",
            actions=(Slow(gate),), expected=states(_S.REDUCED, SILENT) | _KILLED, bound=1500,
            seconds=2.5, recovery=Recovery.EITHER,
        ),
    ]  # fmt: skip
    return faults


def _relay(
    name: str, topic: str, mode: str, value: float, doc: str, expected: frozenset[str],
    *codes: ErrorCode, bound: int | None = None, group: Group = Group.MESSAGE,
    recovery: Recovery = Recovery.BY_ITSELF, seconds: float = 2.0,
) -> Fault:  # fmt: skip
    return Fault(
        name=name, group=group, doc=doc, actions=(Relay((topic,), mode, value),), expected=expected,
        codes=frozenset(codes), bound=bound, scene=Scene.RELAYED, recovery=recovery,
        seconds=seconds,
    )  # fmt: skip


def _messages() -> list[Fault]:
    """What a transport does to messages of the command path."""
    command, joints, tracks = "requested_command", "joint_states", "tracks"
    silent, late, blind = (
        ErrorCode.COMMAND_SILENT,
        ErrorCode.JOINT_STATE_STALE,
        ErrorCode.TRACKS_STALE,
    )
    either = Recovery.EITHER
    leapt = (ErrorCode.TRACKING_ERROR, ErrorCode.JOINT_STATE_IMPLAUSIBLE)
    known = _FREE | _PROTECTIVE
    return [
        _relay("commands_silent", command, "silent", 0, "no requested command comes", _CONTROLLED,
               silent, bound=180, recovery=Recovery.RESET),
        _relay("commands_dropped", command, "drop", 0.5, "every second command is lost", known),
        _relay("commands_delayed", command, "delay", 0.2, "commands come 0.2 s late", _STOPS,
               silent, bound=400, recovery=either),
        _relay("commands_duplicated", command, "duplicate", 3, "commands come four times", _FREE),
        _relay("commands_reordered", command, "reorder", 4, "commands come four by four, backwards",
               known),
        _relay("commands_replayed", command, "replay", 1.0, "commands of a second ago come again",
               _STOPS, silent, bound=400, recovery=either),
        _relay("joints_silent", joints, "silent", 0, "no joint states come", states(_S.FAULT),
               late, bound=120, recovery=Recovery.RESET),
        _relay("joints_dropped", joints, "drop", 0.5, "half of the joint states are lost", known),
        _relay("joints_delayed", joints, "delay", 0.1, "joint states come 0.1 s late",
               _STOPS | states(_S.FAULT), late, bound=300, recovery=either),
        _relay("joints_duplicated", joints, "duplicate", 2, "joint states come three times", known),
        _relay("joints_reordered", joints, "reorder", 5, "joint states come five by five, backwards",
               known | states(_S.FAULT), recovery=either),
        _relay("joints_replayed", joints, "replay", 1.0, "joint states of a second ago come again",
               _STOPS | states(_S.FAULT), late, *leapt, bound=1200, recovery=either),
        _relay("tracks_silent", tracks, "silent", 0, "no tracks come", _STOPS, blind, bound=1000,
               recovery=either),
        _relay("tracks_delayed", tracks, "delay", 1.0, "tracks come a second late", _STOPS, blind,
               bound=1200, recovery=either),
        _relay("tracks_replayed", tracks, "replay", 2.0, "tracks of two seconds ago come again",
               _STOPS, blind, bound=1200, recovery=either, seconds=3.5),
    ]  # fmt: skip


def _contents() -> list[Fault]:
    """What a broken peer writes into messages."""
    group, command, joints = Group.CONTENT, "requested_command", "joint_states"
    silent, late = ErrorCode.COMMAND_SILENT, ErrorCode.JOINT_STATE_STALE
    refused = states(_S.PROTECTIVE_STOP, _S.CONTROLLED_STOP)
    either = Recovery.EITHER
    bad = states(_S.PROTECTIVE_STOP, _S.FAULT)
    faults = [
        _relay(f"command_{name}", command, mode, value, f"commands hold {doc}", refused, silent,
               bound=250, group=group, recovery=either, seconds=1.5)
        for name, mode, value, doc in (
            ("nan", "nan", 20, "a NaN"),
            ("infinite", "infinite", 20, "an infinite number"),
            ("huge", "huge", 20, "1e12 rad"),
            ("short", "too short", 0, "one position too few"),
            ("unknown_joint", "unknown joint", 20, "a joint the robot does not have"),
            ("old", "old stamp", 0.5, "stamps of half a second ago"),
            ("ahead", "stamp ahead", 0.5, "stamps half a second ahead"),
        )
    ]  # fmt: skip
    faults += [
        _relay("command_leap", command, "leap", 0.3, "commands lie 0.3 rad aside",
               _FREE | _STOPS, group=group, recovery=either),
        _relay("command_fast", command, "fast", 50.0, "commands ask for 50 rad/s",
               _FREE | _STOPS, group=group, recovery=either),
        _relay("command_strong", command, "strong", 1e6, "commands ask for 1e6 N m",
               _FREE | _STOPS, group=group, recovery=either),
    ]  # fmt: skip
    faults += [
        _relay(f"joints_{name}", joints, mode, 20, f"joint states hold {doc}", bad, late,
               ErrorCode.JOINT_STATE_IMPLAUSIBLE, ErrorCode.TRACKING_ERROR,
               bound=200, group=group, recovery=either, seconds=1.5)
        for name, mode, doc in (
            ("nan", "nan", "a NaN"),
            ("huge", "huge", "1e12 rad"),
            ("short", "too short", "one position too few"),
            ("unknown_joint", "unknown joint", "a joint the robot does not have"),
        )
    ]  # fmt: skip
    return faults


def _rogues() -> list[Fault]:
    """Somebody else writes a topic of the command path."""
    # Nobody's seal is forged: what is sealed is refused, and a second writer of safe commands is a fault.
    sealed = {"safe_command": states(_S.FAULT), "safety/permit": _FREE}
    unsealed = ("requested_command", "joint_states", "tracks", "forecast", "safety/supervision",
                "action_chunk")  # fmt: skip
    faults = []
    for scene, kind, doc, topics in (
        (Scene.PLAIN, Rogue, "somebody else writes {}", (*sealed, *unsealed)),
        (Scene.REPLAYED, Play, "somebody plays {} of an earlier run",
         ("safe_command", *unsealed)),
    ):  # fmt: skip
        for topic in topics:
            slow = topic in ("tracks", "forecast")
            action = Play(topic) if kind is Play else Rogue(topic, "", 20.0 if slow else 200.0)
            strange = frozenset({ErrorCode.UNKNOWN_WRITER})
            faults.append(
                Fault(
                    name=("replayed_" if kind is Play else "rogue_") + topic.replace("/", "_"),
                    group=Group.ROGUE, doc=doc.format(topic), actions=(action,), scene=scene,
                    expected=sealed.get(topic, _STOPS | states(_S.FAULT)),
                    codes=frozenset() if topic in sealed else strange,
                    bound=None if topic in sealed else 3500, seconds=4.0,
                    recovery=Recovery.EITHER,
                )
            )  # fmt: skip
    return faults


def _clocks() -> list[Fault]:
    """The system clock steps, as one process sees it."""
    codes = frozenset({
        ErrorCode.CLOCK_JUMPED, ErrorCode.COMMAND_SILENT, ErrorCode.TRACKS_STALE,
        ErrorCode.JOINT_STATE_STALE, ErrorCode.NODE_SILENT, ErrorCode.GATE_STALLED,
        ErrorCode.SUPERVISION_SILENT,
    })  # fmt: skip
    # Samples of a writer whose clock is behind have expired when they are read: to its readers it is silent.
    wanted = _STOPS | states(_S.FAULT, SILENT)
    return [
        Fault(
            name=f"clock_{way}_{node}", group=Group.CLOCK,
            doc=f"the clock of {node} is set {way} by {abs(seconds):g} s",
            actions=(SetClock(node, seconds),), expected=wanted, codes=codes,
            bound=1000, seconds=3.0, scene=Scene.CLOCKS, recovery=Recovery.EITHER, stands=True,
        )
        for node in (graph.SAFETY_GATE, graph.CONTROL, graph.PERCEPTION)
        for way, seconds in (("forward", 5.0), ("back", -5.0))
    ]  # fmt: skip


def _encoders() -> list[Fault]:
    lies = (ErrorCode.JOINT_STATE_IMPLAUSIBLE, ErrorCode.TRACKING_ERROR)
    stopped = _STOPS | states(_S.FAULT)
    joints, group, either = "joint_states", Group.ENCODER, Recovery.EITHER
    return [
        _relay("encoder_stuck", joints, "stuck", 0, "an elbow's encoder is stuck in motion",
               stopped, *lies, bound=2500, group=group, recovery=either, seconds=4.0),
        _relay("encoder_noisy", joints, "noisy", 0.05, "all encoders are noisy, 0.05 rad",
               stopped, *lies, bound=500, group=group, recovery=either),
        _relay("encoder_biased", joints, "biased", 0.2, "an elbow's encoder is off by 0.2 rad",
               stopped, *lies, bound=500, group=group, recovery=either),
        _relay("encoder_far_biased", joints, "biased", 0.8, "an elbow's encoder is off by 0.8 rad",
               stopped, *lies, bound=200, group=group, recovery=either),
    ]  # fmt: skip


def _people() -> list[Fault]:
    near = frozenset({
        ErrorCode.PERSON_NEAR, ErrorCode.PERSON_TOO_CLOSE, ErrorCode.COLLISION_FORECAST,
        ErrorCode.FORCE_LIMIT, ErrorCode.ZONE_OCCUPIED, ErrorCode.CONTACT_DETECTED,
    })  # fmt: skip
    cautious = states(_S.REDUCED, _S.PROTECTIVE_STOP)
    box = Zone("stop", (0.6, -1.2), (1.6, -0.2))
    return [
        Fault(
            name="person_walks_up", group=Group.PERSON, doc="a person walks up at 1 m/s and stays",
            actions=(Walk((_FAR, _NEAR), 1.0, 0.0),), expected=cautious, codes=near, bound=3000,
            seconds=4.0,
        ),
        Fault(
            name="person_teleports", group=Group.PERSON,
            doc="a person is suddenly at arm's length of the working hand",
            actions=(Walk(((0.85, -0.45),)),), expected=_PROTECTIVE | states(_S.REDUCED),
            codes=near, bound=900,
        ),
        Fault(
            name="person_behind", group=Group.PERSON, doc="a person appears behind the robot",
            actions=(Walk(((-0.65, -0.1),)),), expected=cautious, codes=near, bound=900,
        ),
        Fault(
            name="person_walks_through_zone", group=Group.PERSON,
            doc="a person walks through a stop zone",
            before=(box,), lead=0.3,
            actions=(Walk(((2.4, -0.9), (1.1, -0.8), (2.4, -0.9)), 1.2, 0.1),),
            expected=_PROTECTIVE, codes=near, bound=3000, seconds=4.5,
        ),
        Fault(
            name="person_lost_near", group=Group.PERSON,
            doc="a person stands near, and tracks stop coming",
            before=(Walk((_NEAR,)),), lead=2.0, actions=(Relay(("tracks",), "silent"),),
            expected=_STOPS, bound=1000, scene=Scene.RELAYED, recovery=Recovery.EITHER,
            codes=frozenset({ErrorCode.TRACKS_STALE}) | near,
        ),
        Fault(
            name="person_denied_near", group=Group.PERSON,
            doc="a person stands near, and somebody else writes that there is nobody",
            before=(Walk((_NEAR,)),), lead=2.0, actions=(Rogue("tracks", "", 100.0),),
            expected=cautious, codes=near, bound=900, seconds=3.0,
        ),
        Fault(
            name="person_vanishes_near", group=Group.PERSON,
            doc="a person stands near, and perception forgets him for half a second",
            before=(Walk((_NEAR,)),), lead=2.0, actions=(Relay(("tracks",), "no people"),),
            expected=cautious, codes=near, bound=500, scene=Scene.RELAYED, seconds=0.5,
        ),
    ]  # fmt: skip


def _cameras() -> list[Fault]:
    pictures = tuple(
        f"cameras/{camera}/{kind}/image_raw"
        for camera in graph.CAMERAS
        for kind in ("color", "depth", "labels")
    )
    right = tuple(topic for topic in pictures if "room_right" in topic)
    blind = _STOPS | states(_S.REDUCED)
    return [
        Fault(
            name="camera_black", group=Group.CAMERA, doc="pictures of all cameras are black",
            actions=(Relay(pictures, "black"),), expected=blind,
            scene=Scene.CAMERAS, seconds=3.0, bound=2500, recovery=Recovery.EITHER,
        ),
        Fault(
            name="camera_frozen", group=Group.CAMERA,
            doc="all cameras repeat one picture with fresh stamps, and a person comes",
            actions=(Relay(pictures, "freeze"), Walk((_FAR, _NEAR), 1.0, 0.0)),
            expected=blind, scene=Scene.CAMERAS, seconds=4.0, bound=3000,
            recovery=Recovery.EITHER,
        ),
        Fault(
            name="one_camera_frozen", group=Group.CAMERA,
            doc="the right camera repeats one picture with fresh stamps, and a person comes",
            actions=(Relay(right, "freeze"), Walk((_FAR, _NEAR), 1.0, 0.0)),
            expected=blind, scene=Scene.CAMERAS, seconds=4.0, bound=3000,
            recovery=Recovery.EITHER,
        ),
    ]  # fmt: skip


def _forecasts() -> list[Fault]:
    alarm = frozenset({ErrorCode.COLLISION_FORECAST})
    return [
        Fault(
            name="forecaster_calm", group=Group.FORECAST,
            doc="forecasters say that nobody will come, and somebody does",
            actions=(Relay(("forecast",), "calm"), Walk((_FAR, _NEAR), 1.0, 0.0)),
            expected=states(_S.REDUCED, _S.PROTECTIVE_STOP), bound=3000, scene=Scene.RELAYED,
            seconds=4.0,
        ),
        Fault(
            name="forecaster_alarmed", group=Group.FORECAST,
            doc="forecasters say that somebody will be hit, and nobody is there",
            actions=(Relay(("forecast",), "alarmed"),),
            expected=states(_S.REDUCED, _S.PROTECTIVE_STOP), codes=alarm, bound=500,
            scene=Scene.RELAYED,
        ),
        Fault(
            name="forecaster_silent", group=Group.FORECAST, doc="no forecast comes",
            actions=(Relay(("forecast",), "silent"),),
            expected=states(_S.REDUCED, _S.PROTECTIVE_STOP),
            codes=frozenset({ErrorCode.FORECAST_STALE}), bound=1200, scene=Scene.RELAYED,
        ),
    ]  # fmt: skip


def _commands_zones_stops() -> list[Fault]:
    asked = frozenset({ErrorCode.EMERGENCY_STOP_REQUESTED})
    faults = [
        _relay("command_burst", "requested_command", "duplicate", 50,
               "each command comes 51 times at once", _FREE | _PROTECTIVE, group=Group.COMMAND),
        Fault(
            name="zone_edited_in_motion", group=Group.ZONE,
            doc="a stop zone for people is put where nobody is, while the arm moves",
            actions=(Zone("stop", (2.0, 2.0), (3.0, 3.0)),), expected=_FREE,
        ),
        Fault(
            name="keep_out_in_motion", group=Group.ZONE,
            doc="a keep-out zone is asked for around the moving arm: it is refused, work goes on",
            actions=(Zone("keep_out", (-0.5, -0.8), (0.7, 0.8), refused=True),),
            expected=_FREE,
        ),
        Fault(
            name="stop_at_rest", group=Group.STOP, doc="emergency stop while the robot rests",
            actions=(Stop(0),), expected=states(_S.EMERGENCY_STOP), codes=asked, bound=150,
            motion=REST, recovery=Recovery.RESET, seconds=1.0,
        ),
        Fault(
            name="stop_category_1", group=Group.STOP, doc="a stop of category 1 during a wave",
            actions=(Stop(1),), expected=_CONTROLLED, codes=asked, bound=150, stands=True,
            recovery=Recovery.RESET, seconds=1.0,
        ),
    ]  # fmt: skip
    faults += [
        Fault(
            name=f"stop_during_{phase}", group=Group.STOP,
            doc=f"emergency stop while the job is at {phase}",
            actions=(Stop(0),), expected=states(_S.EMERGENCY_STOP), codes=asked, bound=150,
            motion=JOB + phase, recovery=Recovery.RESET, seconds=1.0,
        )
        for phase in ("reach", "grasp", "lift", "carry", "place_on", "home")
    ]  # fmt: skip
    return faults


def _machine() -> list[Fault]:
    wide = _FREE | _STOPS | states(SILENT, _S.FAULT)
    return [
        Fault(
            name="dds_flood", group=Group.MACHINE,
            doc="500 messages of 64 kB a second flood the domain",
            actions=(Flood(500.0, 65_536),), expected=wide, recovery=Recovery.EITHER,
        ),
        Fault(
            name="processor_stolen", group=Group.MACHINE,
            doc="busy loops take every processor, two each",
            actions=(Burn(2),), expected=wide, recovery=Recovery.EITHER, seconds=3.0,
        ),
        Fault(
            name="disk_full", group=Group.MACHINE,
            doc="the folder of states and logs runs full, and a stop zone is asked for",
            actions=(FillDisk(), Zone("stop", (2.0, 2.0), (3.0, 3.0))), expected=_FREE | _PROTECTIVE,
            scene=Scene.SMALL_DISK,
        ),
    ]  # fmt: skip


FAULTS: tuple[Fault, ...] = (
    *_people(),
    *_commands_zones_stops(),
    *_rogues(),
    *_machine(),
    *_processes(),
    *_messages(),
    *_contents(),
    *_encoders(),
    *_forecasts(),
    *_cameras(),
    *_clocks(),
)
