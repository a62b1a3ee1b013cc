"""The safety gate: one step per millisecond, from what is requested to what the joints may do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.joints import JointLimits
from dynamical_safety.admission import Admission, Request
from dynamical_safety.forecast import Forecast
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.limits import LONGEST_TICK, SetPointLimiter, gate_limits
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import Separation
from dynamical_safety.state_machine import STOP_CATEGORY, Cause, State, StateMachine
from dynamical_safety.supervision import Joints, JointsMonitor, age, late
from dynamical_safety.world import Motion, Survey, Tracks, World, resting_position
from dynamical_safety.zones import ZoneSet

# Ticks between two looks at people and zones.
SURVEY_TICKS = 5
FREE = frozenset({State.NORMAL, State.REDUCED})
EFFORT_DECAY = 0.99  # per tick, of the feed-forward torque of a motion that was stopped
RELIEF_SPEED = 0.1  # of the speed limit, at which a blocked joint's set-point yields


@dataclass(frozen=True, slots=True)
class Event:
    """One thing worth telling: a command refused or limited, or the robot stopped.

    Attributes:
        action: "refused", "limited" or "stopped".
        reason: Why.
        source: Who made the command; empty = no command concerned.
        sequence: Of that command.
    """

    action: str
    reason: Reason
    source: str = ""
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What the joints may do in this tick. The arrays are the gate's own: copy to keep.

    Attributes:
        position: Shape (n,) [rad].
        velocity: Shape (n,) [rad/s].
        effort: Shape (n,) [N m].
        stiffness_scale: 0..1.
        damping_scale: 0..4.
        trajectory_id: Trajectory this set-point comes from; 0 = holding.
        request_stamp: Stamp of the command it was made from, ROS time [s]; 0 = holding.
        state: State of the gate.
        state_changed: Whether it is new.
        speed_scale: 0..1 allowed now.
        events: What to tell.
    """

    position: np.ndarray
    velocity: np.ndarray
    effort: np.ndarray
    stiffness_scale: float
    damping_scale: float
    trajectory_id: int
    request_stamp: float
    state: State
    state_changed: bool
    speed_scale: float
    events: tuple[Event, ...]

    @property
    def stop_category(self) -> int:
        """IEC 60204-1 stop category; 255 = no stop."""
        return STOP_CATEGORY[self.state]


class SafetyGate:
    """Decides, tick by tick, what may reach the joints.

    All methods are for one thread; times are ROS time [s].

    Args:
        urdf: The robot's joints.
        kinematics: The robot's kinematic model, for the same joints.
        parameters: All numbers.
        zones: Zones in force at start.
    """

    def __init__(
        self,
        urdf: JointLimits,
        *,
        kinematics: RobotKinematics,
        parameters: SafetyGateParameters,
        zones: ZoneSet | None = None,
    ) -> None:
        self.parameters = parameters
        self.limits = gate_limits(urdf, parameters)
        self.world = World(
            kinematics, limits=self.limits, parameters=parameters, zones=zones or ZoneSet()
        )
        self.joints = JointsMonitor(self.limits, parameters)
        self.machine = StateMachine(
            {"none": 0.0, "settle": parameters.settle_time, "resume": parameters.resume_delay}
        )
        self.speed_scale = 0.0
        self.refused = 0
        self.passed_trajectory_id = 0
        self.ticks = 0
        self.survey = Survey()
        self._admission = Admission(self.limits, parameters)
        self._limiter = SetPointLimiter(self.limits)
        self._request: Request | None = None
        self._request_effort = np.zeros(len(self.limits.names))
        self._effort = np.zeros(len(self.limits.names))
        self._rest = np.zeros(len(self.limits.names))
        self._trajectory_id = 0
        self._request_stamp = 0.0
        self._stiffness = 1.0
        self._damping = 1.0
        self._time = 0.0
        self._asked: dict[Cause, Reason] = {}
        self._standing: dict[Cause, Reason] = {}
        self._events: list[Event] = []

    # --- asked from outside ----------------------------------------------------------------------
    def stop(self, category: int, *, source: str, reason: str) -> None:
        """Stop in the next tick; never refused. Any category but 1 is taken as 0, the gravest."""
        cause = Cause.STOP_CATEGORY_1 if category == 1 else Cause.STOP_CATEGORY_0
        self._asked[cause] = Reason(
            ErrorCode.EMERGENCY_STOP_REQUESTED,
            source or "unknown caller",
            f"{source or 'unknown caller'!r} asked for a stop of category "
            f"{1 if category == 1 else 0}: {reason or 'no reason given'}",
            float(category),
        )

    def reset(self) -> Reason | None:
        """Leave a stop; returns why that is refused, or ``None``."""
        before = self.machine.state
        refusal = self.machine.reset()
        if refusal is None and before in (State.EMERGENCY_STOP, State.FAULT):
            # The robot may have moved while it was not held, or not seen: go on from where it is.
            # A finger that was held keeps its set-point, which is its grip.
            keep = before == State.FAULT and np.isinf(self.limits.tracking_error)
            if self.joints.known:
                self._limiter.place(np.where(keep, self._limiter.position, self.joints.position))
            self.joints.forgive()
        return refusal

    def report_other_gate(self, node: str | None) -> None:
        """Say whether another node writes safe commands; ``None`` = nobody does."""
        self._standing.pop(Cause.TWO_GATES, None)
        if node is not None:
            self._standing[Cause.TWO_GATES] = Reason(
                ErrorCode.TWO_GATES,
                node,
                f"node {node!r} writes safe commands too; there must be one gate, end the other",
            )

    # --- the tick --------------------------------------------------------------------------------
    def step(
        self,
        now: float,
        period: float,
        *,
        requests: Sequence[Request] = (),
        joints: Joints | None = None,
        tracks: Tracks | None = None,
        forecast: Forecast | None = None,
    ) -> Decision:
        """One tick.

        Args:
            now: ROS time [s].
            period: Time since the last tick [s].
            requests: Requested commands that came since the last tick, oldest first.
            joints: Joint states that came.
            tracks: Tracks that came.
            forecast: Forecast that came.
        """
        self._events = []
        self._time += max(period, 0.0)
        if joints is not None:
            self._take_joints(joints)
        for request in requests:
            self._take_request(request, now)
        if tracks is not None:
            self.world.take_tracks(tracks)
        if forecast is not None:
            self.world.take_forecast(forecast)
        if self.ticks % SURVEY_TICKS == 0 and self.joints.known:
            self._survey(now)
        self.ticks += 1
        before = self.machine.state
        state = self.machine.step(self._causes(now), self._time)
        if state != before:
            self._entered(state, before, now)
        self._allow(state, period)
        self._move(state, now, period)
        return Decision(
            self._limiter.position,
            self._limiter.velocity,
            self._effort,
            self._stiffness,
            self._damping,
            self._trajectory_id,
            self._request_stamp,
            state,
            state != before,
            self.speed_scale,
            tuple(self._events),
        )

    @property
    def time(self) -> float:
        """The gate's own time [s]: the sum of its periods, which only grows."""
        return self._time

    @property
    def command_stamp(self) -> float:
        """Stamp of the newest admitted command, ROS time [s]; -inf = none yet."""
        return -math.inf if self._request is None else self._request.stamp

    @property
    def separation(self) -> Separation:
        """Nearness of people at the last look."""
        return self.survey.separation

    def _take_joints(self, joints: Joints) -> None:
        first = not self.joints.known
        if self.joints.take(joints, set_point=self._limiter.position, time=self._time) and (
            first or self.joints.settled_elsewhere
        ):
            self._limiter.place(self.joints.position)

    def _take_request(self, request: Request, now: float) -> None:
        reason = self._admission.judge(request, set_point=self._limiter.position, now=now)
        if reason is not None:
            self.refused += 1
            self._events.append(Event("refused", reason, request.source, request.sequence))
            return
        excess = self._admission.excess(request)
        if excess is not None:
            self._events.append(Event("limited", excess, request.source, request.sequence))
        self._request = request
        if request.effort.size:
            np.clip(
                request.effort, -self.limits.effort, self.limits.effort, out=self._request_effort
            )
        else:
            self._request_effort[:] = 0.0

    def _survey(self, now: float) -> None:
        limiter, request = self._limiter, self._request
        rest, goal = limiter.position, None
        if self.world.zones.bind_robot:
            rest = resting_position(limiter.position, limiter.velocity, self.limits)
            if request is not None:
                goal = resting_position(request.position, request.velocity, self.limits)
        self.survey = self.world.survey(Motion(self.joints.position, rest, goal), now)

    def _causes(self, now: float) -> dict[Cause, Reason]:
        causes = {**self.survey.causes} if self.survey.causes else {}
        if self._standing:
            causes.update(self._standing)
        if self._asked:
            causes.update(self._asked)
            self._asked.clear()
        self._look_at_ages(causes, now)
        self.joints.add_causes(causes, self._time)
        return causes

    def _look_at_ages(self, causes: dict[Cause, Reason], now: float) -> None:
        parameters, moved = self.parameters, self.machine.moved
        joints, tracks = age(now, self.joints.stamp), age(now, self.world.tracks_stamp)
        if joints > parameters.joints_loss:
            # As long as nothing has moved, a lost input means waiting, not a stop that wants a
            # reset.
            cause = Cause.JOINTS_LOST if moved else Cause.INPUTS_MISSING
            causes[cause] = late(cause, "joint states", value=joints, limit=parameters.joints_loss)
        if tracks > parameters.tracks_loss:
            cause = Cause.TRACKS_LOST if moved else Cause.INPUTS_MISSING
            causes[cause] = late(cause, "tracks", value=tracks, limit=parameters.tracks_loss)
        if Cause.INPUTS_MISSING not in causes:
            self._look_at_pauses(causes, joints=joints, tracks=tracks)
        if self._request is not None:
            self._look_at_silence(causes, age(now, self._request.stamp))

    def _look_at_pauses(
        self, causes: dict[Cause, Reason], *, joints: float, tracks: float
    ) -> None:
        parameters = self.parameters
        if tracks > parameters.tracks_pause:
            causes[Cause.TRACKS_PAUSED] = late(
                Cause.TRACKS_PAUSED, "tracks", value=tracks, limit=parameters.tracks_pause
            )
        if joints > parameters.joints_pause:
            causes[Cause.JOINTS_PAUSED] = late(
                Cause.JOINTS_PAUSED, "joint states", value=joints, limit=parameters.joints_pause
            )

    def _look_at_silence(self, causes: dict[Cause, Reason], silence: float) -> None:
        parameters = self.parameters
        if silence > parameters.command_pause:
            causes[Cause.COMMAND_PAUSED] = late(
                Cause.COMMAND_PAUSED,
                "requested commands",
                value=silence,
                limit=parameters.command_pause,
            )
            if silence > parameters.command_loss:
                causes[Cause.COMMAND_LOST] = late(
                    Cause.COMMAND_LOST,
                    "requested commands",
                    value=silence,
                    limit=parameters.command_loss,
                )

    def _entered(self, state: State, before: State, now: float) -> None:
        if before == State.INIT and state in FREE:
            self.world.forecasts.start(now)
        if STOP_CATEGORY[state] <= 2 and self.machine.reasons:
            self._events.append(Event("stopped", self.machine.reasons[0]))

    def _allow(self, state: State, period: float) -> None:
        allowed = self.survey.speed_scale if state in FREE else 0.0
        rise = self.parameters.speed_rise * min(max(period, 0.0), LONGEST_TICK)
        self.speed_scale = min(allowed, self.speed_scale + rise)

    def _move(self, state: State, now: float, period: float) -> None:
        if state == State.EMERGENCY_STOP:
            self._let_go()
            return
        request = self._request
        rise = self.parameters.stiffness_rise * min(max(period, 0.0), LONGEST_TICK)
        if state in FREE and request is not None:
            self._follow(request, now, period)
            self._stiffness = min(request.stiffness_scale, self._stiffness + rise)
            return
        self._trajectory_id, self._request_stamp = 0, 0.0
        self._effort *= EFFORT_DECAY
        self._stiffness = min(1.0, self._stiffness + rise)
        self._damping = 1.0
        if state == State.CONTROLLED_STOP and self.joints.blocked:
            # Pressing on against what blocks the robot helps nobody: the set-point yields.
            self._limiter.follow(
                self.joints.position, self._rest, speed_scale=RELIEF_SPEED, period=period
            )
        else:
            self._limiter.brake(period)

    def _follow(self, request: Request, now: float, period: float) -> None:
        since = now - request.stamp
        if since > self.parameters.extrapolation:
            # Nobody says how the motion goes on: slow down rather than guess.
            self._limiter.brake(period)
        else:
            self._limiter.follow(
                request.position + request.velocity * max(since, 0.0),
                request.velocity,
                speed_scale=self.speed_scale,
                period=period,
            )
        self._effort[:] = self._request_effort
        self._damping = request.damping_scale
        self._trajectory_id, self._request_stamp = request.trajectory_id, request.stamp
        if request.trajectory_id:
            self.machine.moved = True
            self.passed_trajectory_id = request.trajectory_id

    def _let_go(self) -> None:
        self._trajectory_id, self._request_stamp = 0, 0.0
        self._stiffness = 0.0
        self._damping = 1.0
        self._effort[:] = 0.0
        if self.joints.known:
            self._limiter.place(self.joints.position)
