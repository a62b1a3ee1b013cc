"""The safety gate: one step per millisecond, from what is requested to what the joints may do."""

import math
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dynamical_interfaces.errors import ErrorCode
from dynamical_interfaces.joints import JointLimits
from dynamical_safety.admission import Admission, Request
from dynamical_safety.barriers import RobotBarriers
from dynamical_safety.braking import Braking
from dynamical_safety.capsule_robot import CapsuleRobot
from dynamical_safety.clock_watch import ClockWatch
from dynamical_safety.constraint_filter import ConstraintFilter, FilterStatus
from dynamical_safety.contact import ContactMonitor, load_thresholds
from dynamical_safety.decision import Decision, Event, filter_failure, held_off, overrun
from dynamical_safety.effective_mass import RobotDynamics
from dynamical_safety.efforts import EffortLimiter
from dynamical_safety.extrapolation import Extrapolation
from dynamical_safety.force_limiting import NO_CONTACT, ForceLimiter, ForceOutlook
from dynamical_safety.forecast import Forecast
from dynamical_safety.hazards import HazardSet
from dynamical_safety.intent import PartForecast
from dynamical_safety.kinematics import RobotKinematics
from dynamical_safety.limits import LONGEST_TICK, SetPointLimiter, gate_limits
from dynamical_safety.limits_overlay import LimitsOverlay
from dynamical_safety.link_speeds import LinkSpeeds
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.plausibility import JointPlausibility
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import Separation
from dynamical_safety.state_machine import STOP_CATEGORY, Cause, State, StateMachine
from dynamical_safety.supervision import InputAges, Joints, JointsMonitor, age
from dynamical_safety.supervision_watch import SupervisionMonitor, SupervisionWord
from dynamical_safety.world import Motion, Survey, Tracks, World
from dynamical_safety.zones import ZoneSet

# Slow looks are taken in turn, each every fifth tick: around, at forces, at distances.
SURVEY_TICKS = 5
FORCE_TICK, BARRIER_TICK = 1, 2
FREE = frozenset({State.NORMAL, State.REDUCED})
EFFORT_DECAY = 0.99  # per tick, of the feed-forward torque of a motion that was stopped
RELIEF_SPEED = 0.1  # of the speed limit, at which a blocked joint's set-point yields


class SafetyGate:
    """Decides, tick by tick, what may reach the joints.

    All methods are for one thread; times are ROS time [s].

    Args:
        urdf: The robot's joints.
        mjcf: The robot's model, for the same joints.
        parameters: All numbers.
        overlay: Tightens joint limits.
        zones: Zones in force at start.
        hazards: Kinds of hazards and placed hazards at start.
    """

    def __init__(
        self,
        urdf: JointLimits,
        *,
        mjcf: Path,
        parameters: SafetyGateParameters,
        overlay: LimitsOverlay | None = None,
        zones: ZoneSet | None = None,
        hazards: HazardSet | None = None,
    ) -> None:
        self.parameters = parameters
        self.limits = gate_limits(urdf, parameters, overlay)
        names = self.limits.names
        kinematics = RobotKinematics(mjcf, names)
        self.world = World(
            kinematics, parameters=parameters, zones=zones or ZoneSet(), hazards=hazards
        )
        self.joints = JointsMonitor(self.limits, parameters)
        self.contact = ContactMonitor(
            RobotDynamics(mjcf, names),
            names,
            thresholds=load_thresholds(names),
            parameters=parameters,
        )
        # Each model is placed by its user alone.
        dynamics = RobotDynamics(mjcf, names)
        self.plausibility = JointPlausibility(self.limits, dynamics, parameters)
        self._force_limiter = ForceLimiter(
            dynamics,
            kinematics.spheres,
            limits=self.limits,
            parameters=parameters,
            furniture=self.world.obstacles.furniture,
        )
        self.filter = ConstraintFilter(
            self.limits,
            barriers=RobotBarriers(
                CapsuleRobot(mjcf, joint_names=names, parameters=parameters), parameters
            ),
            parameters=parameters,
        )
        self.supervision = SupervisionMonitor(parameters)
        self.clock = ClockWatch()
        self.machine = StateMachine(
            {"none": 0.0, "settle": parameters.settle_time, "resume": parameters.resume_delay}
        )
        self.speed_scale = 0.0
        self.refused = 0
        self.passed_trajectory_id = 0
        self.ticks = 0
        self.survey = Survey()
        self.force: ForceOutlook = NO_CONTACT
        self.active_constraints: tuple[str, ...] = ()
        self._ages = InputAges(parameters)
        self._admission = Admission(self.limits, parameters)
        reduced = self.limits.reduced(parameters, overlay)
        self._limiter = SetPointLimiter(self.limits, reduced)
        self._efforts = EffortLimiter(self.limits, reduced)
        self._extrapolation = Extrapolation(self.limits.acceleration)
        self._braking = Braking(self.limits.acceleration, self.limits.jerk)
        self._link_speeds = LinkSpeeds(kinematics)
        self._filter_failure: Reason | None = None
        self._motions = np.zeros((2, len(names)))
        self._placed = np.zeros(len(names))
        self._fingers = np.array([bool(re.search(parameters.finger_pattern, n)) for n in names])
        self._request: Request | None = None
        self._request_effort = np.zeros(len(self.limits.names))
        self._effort = np.zeros(len(self.limits.names))
        self._rest = np.zeros(len(self.limits.names))
        self._stopped_at = np.zeros(len(self.limits.names))
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
        if refusal is not None:
            return refusal
        if before == State.EMERGENCY_STOP and self.joints.known:
            # Without torque the robot went where it fell: go on from there. Anywhere else the
            # set-point stays, for what is measured may be wrong, and it would leap there.
            self._limiter.place(self.joints.position)
            self.contact.bear()
        else:
            self.contact.restart()
        self.joints.forgive()
        self.plausibility.restart()
        return None

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
        forecasts: Sequence[Forecast] = (),
        people: tuple[Sequence[PartForecast], float] | None = None,
        supervision: SupervisionWord | None = None,
    ) -> Decision:
        """One tick.

        Args:
            now: ROS time [s].
            period: Time since the last tick [s].
            requests: Requested commands that came since the last tick, oldest first.
            joints: Joint states that came.
            tracks: Tracks that came.
            forecasts: Forecasts that came, of any voter.
            people: Where people and their hands will be, and the stamp of that forecast.
            supervision: Word of the watchdog that came.
        """
        self._events = []
        self._time += max(period, 0.0)
        jump = self.clock.step(now, self._time)
        if jump is not None:
            self._shift_stamps(jump)
        if joints is not None:
            self._take_joints(joints)
        for request in requests:
            self._take_request(request, now)
        if tracks is not None:
            self.world.take_tracks(tracks)
        for forecast in forecasts:
            self.world.take_forecast(forecast, now)
        if people is not None:
            self.world.take_people_forecast(*people)
        if supervision is not None:
            self.supervision.take(supervision, self._time)
        if self.joints.known:
            self._look(now)
        self.ticks += 1
        before = self.machine.state
        state = self.machine.step(self._causes(now, period), self._time)
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
        first, limiter = not self.joints.known, self._limiter
        if not self.joints.take(joints, set_point=limiter.position, time=self._time):
            return
        if first:
            limiter.place(self.joints.position)
        self.contact.take(joints)
        if not self.supervision.followed(self._time):
            self.plausibility.restart()
            return
        self.plausibility.take(
            joints,
            set_point=limiter.position,
            set_velocity=limiter.velocity,
            stiffness_scale=self._stiffness,
            free_torque=self.contact.observer.free_torque,
        )

    def _look(self, now: float) -> None:
        """One of the slow looks, if its turn has come."""
        turn = self.ticks % SURVEY_TICKS
        if turn == 0:
            self._survey(now)
        elif turn == FORCE_TICK:
            self._look_at_forces()
        elif turn == BARRIER_TICK:
            self.filter.refresh(self._posture(), self.world.obstacle_table(now), self._time)

    def _posture(self) -> np.ndarray:
        """Where the links are: fingers, which press on what they hold, as measured. Shape (n,) [rad]."""
        np.copyto(self._placed, self._limiter.position)
        np.copyto(self._placed, self.joints.position, where=self._fingers)
        return self._placed

    def _look_at_forces(self) -> None:
        boxes, centres = self.survey.boxes, self.survey.centres
        if boxes is None or centres is None or not boxes.people:
            self.force = NO_CONTACT
            return
        self._motions[0] = self._limiter.velocity
        self._motions[1] = 0.0 if self._request is None else self._request.velocity
        self._force_limiter.furniture = self.world.obstacles.furniture
        self.force = self._force_limiter.assess(
            self.joints.position,
            centres,
            boxes,
            velocities=self._motions,
            lead=self._limiter.position - self.joints.position,
            stiffness_scale=self._stiffness,
        )

    def _shift_stamps(self, jump: float) -> None:
        """The system clock was set: what was stamped before is as old as it was."""
        self.joints.stamp += jump
        self.world.shift_stamps(jump)
        if self._request is not None:
            self._request = replace(self._request, stamp=self._request.stamp + jump)
        self._admission.shift_stamps(jump)
        self.contact.restart()
        self.plausibility.restart()

    def _take_request(self, request: Request, now: float) -> None:
        reason = self._admission.judge(request, set_point=self._limiter.position, now=now)
        if reason is not None:
            self.refused += 1
            self._events.append(Event("refused", reason, request.source, request.sequence))
            return
        excess = self._admission.excess(request)
        if excess is None and request.effort.size:
            excess = self._efforts.excess(request.effort, self.joints.velocity)
        if excess is not None:
            self._events.append(Event("limited", excess, request.source, request.sequence))
        self._request = request
        self._extrapolation.take(request.position, request.velocity, request.stamp)
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
            rest = self._rest_from(limiter.position, limiter.velocity, limiter.acceleration)
            if request is not None:
                still = np.zeros_like(request.velocity)
                goal = self._rest_from(request.position, request.velocity, still)
        measured, commanded = self.joints.velocity, limiter.velocity
        faster = np.where(np.abs(commanded) > np.abs(measured), commanded, measured)
        motion = Motion(self.joints.position, faster, rest, goal)
        self.survey = self.world.survey(motion, now)

    def _rest_from(
        self, position: np.ndarray, velocity: np.ndarray, acceleration: np.ndarray
    ) -> np.ndarray:
        """Where a motion comes to rest if it is braked now, within the position limits [rad]."""
        rest = np.empty_like(position)
        self._braking.displacement(velocity, acceleration, out=rest)
        rest += position
        return np.clip(rest, self.limits.lower, self.limits.upper, out=rest)

    def _causes(self, now: float, period: float) -> dict[Cause, Reason]:
        causes = {**self.survey.causes} if self.survey.causes else {}
        if self._standing:
            causes.update(self._standing)
        if self._asked:
            causes.update(self._asked)
            self._asked.clear()
        self._ages.add_causes(
            causes,
            joints=age(now, self.joints.stamp),
            tracks=age(now, self.world.tracks_stamp),
            silence=-math.inf if self._request is None else age(now, self._request.stamp),
            moved=self.machine.moved,
        )
        self.joints.add_causes(causes, self._time)
        if self.machine.state != State.EMERGENCY_STOP:  # else it is the robot's own weight
            self.contact.add_causes(causes)
        self.plausibility.add_causes(causes)
        self.force.add_causes(causes)
        causes.update(self.supervision.causes(self._time, moved=self.machine.moved))
        jump = self.clock.reason(self._time)
        if jump is not None:
            causes[Cause.CLOCK_JUMPED] = jump
        if self._filter_failure is not None:
            causes[Cause.FILTER_FAILED] = self._filter_failure
        if period > self.parameters.tick_overrun:
            causes[Cause.TICK_OVERRUN] = overrun(period, self.parameters.tick_overrun)
        return causes

    def _entered(self, state: State, before: State, now: float) -> None:
        ensemble = self.world.ensemble
        if state in FREE and (before == State.INIT or not ensemble.started):
            ensemble.start(now)
        if state == State.CONTROLLED_STOP:
            self._stopped_at[:] = self._limiter.position
        if STOP_CATEGORY[state] <= 2 and self.machine.reasons:
            self._events.append(Event("stopped", self.machine.reasons[0]))

    def _allow(self, state: State, period: float) -> None:
        allowed = 0.0
        if state in FREE:
            allowed = min(self.survey.speed_scale, self.force.speed_scale)
        rise = self.parameters.speed_rise * min(max(period, 0.0), LONGEST_TICK)
        self.speed_scale = min(allowed, self.speed_scale + rise)

    def _move(self, state: State, now: float, period: float) -> None:
        if state == State.EMERGENCY_STOP:
            self._let_go()
            return
        request = self._request
        rise = self.parameters.stiffness_rise * min(max(period, 0.0), LONGEST_TICK)
        if state in FREE and request is not None:
            self._follow(request, now, period, careful=state == State.REDUCED)
            self._stiffness = min(request.stiffness_scale, self._stiffness + rise)
            return
        self._trajectory_id, self._request_stamp = 0, 0.0
        self.active_constraints, self._filter_failure = (), None
        self._effort *= EFFORT_DECAY
        self._stiffness = min(1.0, self._stiffness + rise)
        self._damping = 1.0
        if state == State.CONTROLLED_STOP and (self.joints.blocked or self.contact.yielding):
            # Pressing on against what blocks the robot helps nobody: the set-point yields.
            # Not far, for it may be the encoder that is wrong.
            bound = 2.0 * self.limits.tracking_error
            self._limiter.follow(
                np.clip(self.joints.position, self._stopped_at - bound, self._stopped_at + bound),
                self._rest,
                speed_scale=RELIEF_SPEED,
                period=period,
            )
        else:
            self._limiter.brake(period)

    def _follow(self, request: Request, now: float, period: float, *, careful: bool) -> None:
        since = now - request.stamp
        if since > self.parameters.extrapolation:
            # Nobody says how the motion goes on: slow down rather than guess.
            self._limiter.brake(period)
        else:
            self._approach(request, now, period, careful=careful)
        self._efforts.clip_effort(self._request_effort, self.joints.velocity, out=self._effort)
        self._damping = request.damping_scale
        self._trajectory_id, self._request_stamp = request.trajectory_id, request.stamp
        if request.trajectory_id:
            self.machine.moved = True
            self.passed_trajectory_id = request.trajectory_id

    def _approach(self, request: Request, now: float, period: float, *, careful: bool) -> None:
        """Toward what is requested, as far as limits, link speed and barriers allow."""
        limiter, ahead = self._limiter, self._extrapolation
        ahead.at(now)
        wanted = limiter.propose(
            ahead.position,
            ahead.velocity,
            speed_scale=self.speed_scale,
            period=period,
            # Above its factor the scale itself is the tighter limit, which control knows of.
            reduced=careful and self.speed_scale <= self.parameters.reduced_velocity,
        )
        wanted = self._link_speeds.held(limiter.position, wanted, self.survey.link_speed)
        result = self.filter.filter(wanted, limiter.position, posture=self._posture())
        self._filter_failure = None
        if result.status == FilterStatus.UNCHANGED:
            self.active_constraints = ()
            limiter.commit(wanted, period)
        elif result.must_stop:
            self._filter_failure = filter_failure(result)
            limiter.brake(period)
        else:
            self.active_constraints = tuple(f"{a} - {b}" for a, b in result.active)
            reason = held_off(result)
            self._events.append(Event("limited", reason, request.source, request.sequence))
            limiter.commit(result.velocity, period)

    def _let_go(self) -> None:
        self._trajectory_id, self._request_stamp = 0, 0.0
        self._stiffness = 0.0
        self._damping = 1.0
        self._effort[:] = 0.0
        if self.joints.known:
            self._limiter.place(self.joints.position)
