"""The robots of one task, as one of them sees it: who is here, who is waited for, who was lost.

Pure: words in, verdicts out. It holds no clock; ``now`` is monotonic time of this robot [s], and the
age of another robot's word is counted from when it came, so clocks of robots need not agree.

Rules
    Gathering   A robot begins once ``min_robots`` are here (the largest number anybody names), and
                its leader, if its role needs one. What is missing after ``gather_within`` ends it.
    Too many    A robot that finds ``max_robots`` others before it (the smallest number they or it
                name) ends; who has begun, or came first, stays.
    Barriers    ``none``: nobody waits. ``loose``: all but the leader wait for the leader. ``strict``:
                everybody waits for everybody. ``realtime``: the same at the first barrier, and from
                there on followers do as the leader does. Observers and independents neither wait nor
                are waited for. Who is done is waited for no more.
    Loss        A robot that is silent for ``lost_after``, or whose part failed or was cancelled, is
                lost. Without the leader all others end, saying so by its name. Without another
                member, ``strict`` and ``realtime`` end, ``loose`` goes on.
    Succession  Nobody takes over by itself. A new goal in the role leader is accepted once the
                former leader is lost or done; of two leaders the one that came later ends.
    Anew        A member that begins anew is lost to those that had begun with it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from dynamical_interfaces.errors import ErrorCode
from dynamical_skills.errors import CoordinationError
from dynamical_skills.teamwork.word import Phase, Word

# Roles that act beside others; the rest neither waits nor is waited for.
MEMBERS = ("leader", "follower", "assistant")
LED = ("follower", "assistant", "observer")
BINDING = ("strict", "realtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyParameters:
    """Times [s].

    Attributes:
        lost_after: Silence after which a robot counts as lost.
        gather_within: Time for all to come.
        listen_for: Nobody begins before it has listened for this long, who is there already.
    """

    lost_after: float = 1.0
    gather_within: float = 15.0
    listen_for: float = 0.3


@dataclass(slots=True)
class _Heard:
    word: Word
    at: float
    anew: bool = False  # it has begun anew since this robot began with it


class Party:
    """One robot's view of one task.

    Args:
        own: This robot's first word.
        now: Monotonic time at which it joins [s].
        parameters: Times.
    """

    def __init__(
        self, own: Word, *, now: float, parameters: PartyParameters | None = None
    ) -> None:
        self.own = own
        self._parameters = parameters or PartyParameters()
        self._began = now
        self._others: dict[str, _Heard] = {}
        self._members: set[str] = set()  # robots this one has begun with, or that came later
        self._leader: str | None = own.robot_id if own.role == "leader" else None
        self.begun = False

    # --- words ----------------------------------------------------------------------------------
    def hear(self, word: Word, now: float) -> None:
        """Take in another robot's word; older ones and those of other tasks are ignored."""
        if word.coordination_id != self.own.coordination_id:
            return
        if word.robot_id == self.own.robot_id:
            return
        known = self._others.get(word.robot_id)
        if known is not None:
            same = known.word.execution_id == word.execution_id
            if same and (word.sequence <= known.word.sequence or known.word.ended):
                return
            if not same and word.joined < known.word.joined:
                return
        elif word.ended:
            return  # its part was over before this one began
        anew = known is not None and (
            known.anew or (self.begun and known.word.execution_id != word.execution_id)
        )
        self._others[word.robot_id] = _Heard(word, now, anew)
        # Who still gathers may yet be refused, and concerns nobody.
        if self.begun and word.role in MEMBERS and word.phase in (Phase.WORKING, Phase.WAITING):
            self._members.add(word.robot_id)

    def say(self, **changes: object) -> Word:
        """This robot's next word."""
        self.own = replace(self.own, sequence=self.own.sequence + 1, **changes)  # type: ignore[arg-type]
        return self.own

    def reach(self, barrier: str) -> Word:
        """This robot has come to a barrier; saying so again changes nothing."""
        if barrier in self.own.reached:
            return self.own
        return self.say(reached=(*self.own.reached, barrier), phase=Phase.WAITING)

    # --- verdicts -------------------------------------------------------------------------------
    @property
    def leader(self) -> Word | None:
        """The newest word of the leader, once one is known; this robot's own, if it leads."""
        if self._leader is None or self._leader == self.own.robot_id:
            return self.own if self._leader is not None else None
        return self._others[self._leader].word

    def present(self, now: float) -> list[Word]:
        """Robots that are here now, this one among them, in the order in which they came."""
        here = [
            heard.word
            for heard in self._others.values()
            if not heard.word.ended and not self._silent(heard, now)
        ]
        return sorted((self.own, *here), key=lambda word: word.seniority)

    @property
    def members(self) -> tuple[str, ...]:
        """The other robots that this one has begun with, or that came later."""
        return tuple(sorted(self._members))

    def gathered(self, now: float) -> bool:
        """Whether this robot may begin; true for good once it has been.

        Raises:
            CoordinationError: PARTNERS_MISSING, PARTNERS_TOO_MANY or COORDINATION_INVALID.
        """
        if self.begun:
            return True
        here = self.present(now)
        leaders = [word for word in here if word.role == "leader"]
        self._check_leaders(leaders)
        self._check_number(here)
        team = [word for word in here if word not in leaders[1:]]
        team = team[: min(word.max_robots for word in team[: team.index(self.own) + 1])]
        needed = max(word.min_robots for word in team)
        complete = len(team) >= needed and (bool(leaders) or self.own.role not in LED)
        complete = complete and now - self._began >= self._parameters.listen_for
        if complete:
            self.begun = True
            self._leader = leaders[0].robot_id if leaders else None
            self._members = {word.robot_id for word in team if word.role in MEMBERS}
            self._members.discard(self.own.robot_id)
            self.say(phase=Phase.WORKING)
            return True
        if now - self._began > self._parameters.gather_within:
            missing = "" if leaders or self.own.role not in LED else ", none of them a leader"
            raise CoordinationError(
                ErrorCode.PARTNERS_MISSING,
                f"task {self.own.coordination_id!r} needs {needed} robots; after "
                f"{self._parameters.gather_within:g} s there are {len(here)}: {_named(here)}{missing}",
            )
        return False

    def check(self, now: float) -> None:
        """Look whether the task can still go on.

        Raises:
            CoordinationError: LEADER_LOST, PARTNER_LOST, CANCELLED if the leader's part was
                cancelled; before it has begun also those of ``gathered``.
        """
        if not self.begun:
            here = self.present(now)
            self._check_leaders([word for word in here if word.role == "leader"])
            self._check_number(here)
            return
        if self.own.role == "independent":
            return
        # Two that began apart, each unheard by the other: the one that came later ends.
        begun = [word for word in self.present(now) if word.phase is not Phase.GATHERING]
        self._check_leaders([word for word in begun if word.role == "leader"])
        if self._leader not in (None, self.own.robot_id):
            self._check_loss(self._others[str(self._leader)], now, leads=True)
        if self.own.sync_mode in BINDING and self.own.role in MEMBERS:
            for name in sorted(self._members - {self._leader}):
                self._check_loss(self._others[name], now, leads=False)

    def passed(self, barrier: str) -> bool:
        """Whether this robot may go on behind a barrier that it has reached."""
        if self.own.role not in MEMBERS or self.own.sync_mode == "none":
            return True
        if not self.begun or barrier not in self.own.reached:
            return False
        if self.own.sync_mode == "realtime":
            return barrier != self.own.reached[0] or all(map(self._started, self._members))
        if self.own.sync_mode == "strict":
            return all(self._reached(name, barrier) for name in self._members)
        return self._leader in (None, self.own.robot_id) or self._reached(
            str(self._leader), barrier
        )

    def met(self, barrier: str) -> bool:
        """Whether another member has come to a barrier, whatever the sync mode."""
        return any(barrier in self._others[name].word.reached for name in self._members)

    @property
    def mirrored(self) -> bool:
        """Whether this robot leads and somebody does as it does."""
        words = [self.own, *(self._others[name].word for name in self._members)]
        return self.own.role == "leader" and any(word.sync_mode == "realtime" for word in words)

    def led(self, barrier: str) -> bool:
        """Whether the leader has come to a barrier."""
        leader = self.leader
        return leader is not None and barrier in leader.reached

    def leader_done(self) -> bool:
        """Whether the leader's part has come to a good end."""
        leader = self.leader
        return leader is not None and leader.phase is Phase.DONE

    # --- inside ---------------------------------------------------------------------------------
    def _silent(self, heard: _Heard, now: float) -> bool:
        return now - heard.at > self._parameters.lost_after

    def _started(self, name: str) -> bool:
        word = self._others[name].word
        return word.phase is Phase.DONE or bool(word.reached)

    def _reached(self, name: str, barrier: str) -> bool:
        word = self._others[name].word
        return word.phase is Phase.DONE or barrier in word.reached

    def _check_leaders(self, leaders: list[Word]) -> None:
        if self.own.role != "leader" or not leaders or leaders[0] is self.own:
            return
        raise CoordinationError(
            ErrorCode.COORDINATION_INVALID,
            f"{leaders[0].robot_id!r} leads task {self.own.coordination_id!r} already; "
            "another leader is taken once it is lost or done",
        )

    def _check_number(self, here: list[Word]) -> None:
        place = here.index(self.own)
        most = min(word.max_robots for word in here[: place + 1])
        if place < most:
            return
        raise CoordinationError(
            ErrorCode.PARTNERS_TOO_MANY,
            f"task {self.own.coordination_id!r} takes {most} robots; {_named(here[:most])} "
            "came first",
        )

    def _check_loss(self, heard: _Heard, now: float, *, leads: bool) -> None:
        word = heard.word
        who = f"{'the leader' if leads else 'partner'} {word.robot_id!r}"
        code = ErrorCode.LEADER_LOST if leads else ErrorCode.PARTNER_LOST
        if heard.anew:
            raise CoordinationError(code, f"{who} has begun anew")
        if word.phase is Phase.DONE:
            return
        if word.phase is Phase.CANCELLED:
            raise CoordinationError(
                ErrorCode.CANCELLED if leads else code, f"the part of {who} was cancelled"
            )
        if word.phase is Phase.FAILED:
            raise CoordinationError(
                code, f"{who} has failed: {word.error_text or 'no reason told'}"
            )
        if self._silent(heard, now):
            raise CoordinationError(code, f"{who} has been silent for {now - heard.at:.1f} s")


def _named(words: Iterable[Word]) -> str:
    return ", ".join(f"{word.robot_id} ({word.role})" for word in words)
