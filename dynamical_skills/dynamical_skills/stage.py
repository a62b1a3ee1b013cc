"""Where the motions of one execution come together: they are mixed, streamed and followed.

Each step of a plan plays its motions from its own thread. No thread is kept for streaming: of the
threads that wait for their motion to end, one looks after all of them, and hands that over when its
own motion has ended. So a step that plans, or waits for something else, never holds up a motion.
"""

import threading
from collections.abc import Callable

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.mixing import Mix, Part
from dynamical_skills.player import PlayerStep, TrajectoryPlayer
from dynamical_skills.policies.policy import SkillError, Trajectory
from dynamical_skills.robot_state import ControlView, SafetyView
from dynamical_skills.streaming import ActionChunk

_FAST = 0.001  # time between two looks until the first command has passed the gate [s]
_CALM = 0.010  # and from then on [s]
_OLDEST = 0.06  # a control status older than this says nothing about where control is now [s]
_AT_END = 1e-6

Report = Callable[[float, bool, float], None]


class Stage:
    """The mix of one execution; thread-safe.

    Args:
        clock: ROS time [s].
        pause: Lets seconds pass; raises when the execution is told to end.
        look: Newest status of control and gate.
        send: Gives a chunk to control.
        trajectory_ids: Gives a larger number at each call.
        clear: Whether a mix of several motions keeps clear of itself and of what is seen.
        on_passed: Called once, when the gate has let the first command through.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        pause: Callable[[float], None],
        look: Callable[[], tuple[ControlView | None, SafetyView | None]],
        send: Callable[[ActionChunk], None],
        trajectory_ids: Callable[[], int],
        clear: Callable[[Trajectory], bool],
        on_passed: Callable[[Trajectory], None],
    ) -> None:
        self._clock = clock
        self._pause = pause
        self._look = look
        self._send = send
        self._ids = trajectory_ids
        self._clear = clear
        self._on_passed = on_passed
        self._changed = threading.Condition(threading.RLock())
        self._mix = Mix()
        self._mixed: Trajectory | None = None
        self._player: TrajectoryPlayer | None = None
        self._step: PlayerStep | None = None
        self._control: ControlView | None = None
        self._safety: SafetyView | None = None
        self._elapsed = 0.0
        self._driver: object | None = None
        self._failure: SkillError | None = None
        self._passed = False
        self._version = 0
        self._last = 0.0
        self.active = 0  # trajectory that control may be executing
        self.waited = 0.0  # time spent waiting for the gate [s]

    def play(self, trajectory: Trajectory, report: Report) -> None:
        """Move until the motion has ended; see ``execution.Body.play``."""
        key = object()
        self._join(key, trajectory, report)
        try:
            while not self._followed(key, report):
                self._pause(_CALM if self._passed else _FAST)
        finally:
            with self._changed:
                # A motion that was interrupted is no part of the next mix; until then, or until
                # the brake, control goes on with it.
                self._mix = self._mix.without(key)
                if self._driver is key:
                    self._driver = None
                self._changed.notify_all()

    def clear_up(self) -> int:
        """Forget all motions, for braking; answers the trajectory that control may be executing."""
        with self._changed:
            number, self.active = self.active, 0
            self._mix, self._player, self._failure = Mix(), None, None
            self._version += 1
            self._changed.notify_all()
            return number

    def _join(self, key: object, trajectory: Trajectory, report: Report) -> None:
        """Bring a motion into the mix, as soon as it is clear of those under way."""
        while True:
            with self._changed:
                version, mix, alone = self._version, self._mix, not self._mix.parts
            if alone or self._clear(self._with(mix, key, trajectory).trajectory()):
                with self._changed:
                    if self._version == version:
                        self._begin(key, self._with(mix, key, trajectory))
                        return
            else:
                # The other motions end by themselves, and then there is room.
                with self._changed:
                    if self._version == version:
                        self._changed.wait(0.02)
                report(0.0, False, trajectory.duration)  # noqa: FBT003 - the listener's own form
                self._pause(0.0)

    def _with(self, mix: Mix, key: object, trajectory: Trajectory) -> Mix:
        try:
            return mix.with_motion(key, trajectory, elapsed=self._reached())
        except ValueError as error:
            raise SkillError(ErrorCode.MOTION_FAILED, str(error)) from error

    def _reached(self) -> float:
        """Time of the mix that control has reached by now [s]: the newest status is a little old."""
        age = 0.0 if self._control is None else self._clock() - self._control.received
        scale = 0.0 if self._safety is None else self._safety.speed_scale
        return self._elapsed + (age * scale if 0.0 < age < _OLDEST and self._elapsed else 0.0)

    def _begin(self, key: object, mix: Mix) -> None:
        self._control, self._safety = self._look()
        mixed = mix.trajectory()
        number = self._ids()
        try:
            self._player = TrajectoryPlayer(mixed, trajectory_id=number, now=self._clock())
        except ValueError as error:
            raise SkillError(ErrorCode.MOTION_FAILED, str(error)) from error
        self._mix, self._mixed, self._elapsed, self._step = mix, mixed, 0.0, None
        self._failure = None
        self.active = number
        self._last = self._clock()
        self._version += 1
        if self._driver is None:
            self._driver = key
        self._changed.notify_all()

    def _followed(self, key: object, report: Report) -> bool:
        """Look after one's own motion, and after all of them if nobody else does; true at its end."""
        with self._changed:
            if self._failure is not None:
                raise self._failure
            if self._driver is None:
                self._driver = key
            if self._driver is key:
                self._drive()
            part, step = self._mix.parts.get(key), self._step
            ended = part is None or self._has_ended(part)
            if ended:
                self._leave(key)
            elapsed = self._elapsed
        if part is not None and step is not None:
            report(part.fraction(elapsed), step.waiting, part.left(elapsed))
        return ended

    def _drive(self) -> None:
        """One look at control and gate, and the chunk that is due."""
        if self._player is None or self._mixed is None:
            return
        now = self._clock()
        if self._step is not None and self._step.waiting:
            self.waited += now - self._last
        self._last = now
        self._control, self._safety = self._look()
        try:
            step = self._player.step(now, self._control, self._safety)
        except SkillError as error:
            self._failure = error
            self._changed.notify_all()
            raise
        if step.chunk is not None:
            self._send(step.chunk)
        if step.passed and not self._passed:
            self._passed = True
            self._on_passed(self._mixed)
        self._step = step
        self._elapsed = max(self._elapsed, self._mixed.duration - step.remaining)

    def _has_ended(self, part: Part) -> bool:
        assert self._mixed is not None
        if self._step is not None and self._step.done:
            return True
        last = part.begun + part.trajectory.duration >= self._mixed.duration - _AT_END
        # The one that ends last has ended when control holds, not when it is near.
        return not last and part.left(self._elapsed) <= _AT_END

    def _leave(self, key: object) -> None:
        self._mix = self._mix.without(key)
        self._version += 1
        if not self._mix.parts:
            self.active, self._player = 0, None
        self._changed.notify_all()
