"""One robot's part in a task while it is carried out: barriers around steps, words to the others.

Thread-safe: steps run in threads of their own, and words come and go from another one.
"""

import threading
from collections.abc import Callable

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import CoordinationError
from dynamical_skills.plan import SkillStep
from dynamical_skills.teamwork.party import Party
from dynamical_skills.teamwork.roles import CONDUCT, asked, before
from dynamical_skills.teamwork.word import Bearing, Phase, Word

_PAUSE = 0.02  # between two looks at a barrier [s]
_PHASE_OF_CODE = {
    ErrorCode.NONE: Phase.DONE,
    ErrorCode.CANCELLED: Phase.CANCELLED,
    ErrorCode.PREEMPTED: Phase.CANCELLED,
}

Wait = Callable[[float], None]


class Participation:
    """See ``execution.StepHooks`` and ``policies.policy.Team``, which it is.

    Args:
        party: This robot's view of the task.
        clock: Monotonic time [s].
        say: Sends a word to the other robots.
        end: Ends the execution with a code and a sentence; called once, from ``beat``.
        steps: Steps in the plan, for the progress that is told.
        ask: Skills that a leader asks for when it begins.
        bearing: How this robot holds itself, asked for only if others mirror it.
        report: Called with what it waits for, again and again while it waits.
    """

    def __init__(
        self,
        party: Party,
        *,
        clock: Callable[[], float],
        say: Callable[[Word], None],
        end: Callable[[ErrorCode, str], None],
        steps: int = 1,
        ask: tuple[str, ...] = (),
        bearing: Callable[[], Bearing | None] = lambda: None,
        report: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._party, self._clock, self._say, self._end = party, clock, say, end
        self._ask, self._bearing, self._report, self._steps = ask, bearing, report, max(1, steps)
        self._conduct = CONDUCT[party.own.role]
        self._lock = threading.RLock()
        self._over = False
        self._done = 0

    # --- words ----------------------------------------------------------------------------------
    def hear(self, word: Word) -> None:
        """Take in another robot's word."""
        with self._lock:
            self._party.hear(word, self._clock())

    def beat(self) -> None:
        """Tell the others, and look whether they are still there; about ten times a second."""
        with self._lock:
            if self._over:
                return
            bearing = self._bearing() if self._party.mirrored else None
            self._say(self._party.say(bearing=bearing))
            try:
                self._party.check(self._clock())
            except CoordinationError as error:
                # Only once: what ends the execution does not get better.
                self._over = True
                self._say(
                    self._party.say(
                        phase=Phase.FAILED, error_code=int(error.code), error_text=error.text
                    )
                )
                self._end(error.code, error.text)

    def leave(self, code: int, text: str) -> None:
        """The execution has ended with that code; nothing is said after this."""
        with self._lock:
            phase = _PHASE_OF_CODE.get(ErrorCode(code), Phase.FAILED)
            if not self._over:
                self._say(self._party.say(phase=phase, error_code=int(code), error_text=text))
            self._over = True

    # --- steps ----------------------------------------------------------------------------------
    def before_step(self, step: SkillStep, wait: Wait) -> None:
        """Gather, wait to be asked, meet the others: whatever the role has to.

        Raises:
            CoordinationError: If the robots do not find together.
        """
        self.gather(wait)
        skill_id = step.skill_ids[0]
        if self._conduct.when_asked:
            self._until("waiting to be asked", lambda: self._party.led(asked(skill_id)), wait)
        if self._conduct.at_barriers:
            self.reach(before(step.step_id))
            self._until(
                "waiting at a barrier", lambda: self._party.passed(before(step.step_id)), wait
            )
        with self._lock:
            self._say(self._party.say(phase=Phase.WORKING, skill_id=skill_id))

    def after_step(self, step: SkillStep, wait: Wait) -> None:
        """Tell how far it is."""
        del step, wait
        with self._lock:
            self._done += 1
            self._say(self._party.say(progress=min(1.0, self._done / self._steps)))

    def gather(self, wait: Wait) -> None:
        """Wait until there are enough robots, and ask for what is wanted of assistants.

        Raises:
            CoordinationError: PARTNERS_MISSING, PARTNERS_TOO_MANY, COORDINATION_INVALID.
        """
        self._until("gathering", lambda: self._party.gathered(self._clock()), wait)
        for skill_id in self._ask:
            self.reach(asked(skill_id))

    def _until(self, phase: str, holds: Callable[[], bool], wait: Wait) -> None:
        while True:
            with self._lock:
                if holds():
                    return
            self._report(phase)
            wait(_PAUSE)

    # --- for skills -----------------------------------------------------------------------------
    def reach(self, barrier: str) -> None:
        """See ``Team``."""
        with self._lock:
            self._say(self._party.reach(barrier))

    def met(self, barrier: str) -> bool:
        """See ``Team``."""
        with self._lock:
            return self._party.met(barrier)

    def leader_bearing(self) -> Bearing | None:
        """See ``Team``."""
        with self._lock:
            leader = self._party.leader
            return None if leader is None or leader is self._party.own else leader.bearing

    def leader_done(self) -> bool:
        """See ``Team``."""
        with self._lock:
            return self._party.leader_done()

    def leader_progress(self) -> Word | None:
        """The newest word of the leader."""
        with self._lock:
            return self._party.leader
