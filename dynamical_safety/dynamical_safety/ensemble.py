"""The forecast ensemble: several forecasters vote, and the vote errs on the safe side.

The analytic forecast (constant velocity, ``Separation.predicted``) is made in the gate and always
votes, with weight 1. Learned forecasters vote with the weights that the parameters give them.

======================================  =====================================================
one voter expects contact               slow
one voter is missing                    slow: it counts as an alarm for its weight
alarms and missing of weight 2 or more  stop
======================================  =====================================================

A voter that nobody asked for may slow the robot while it is heard, and no more: its absence, and
its weight in the vote for a stop, are 0. A calm forecast never takes an alarm back at once: alarms
last for ``forecast_hold``, so that neither a flicker nor a second writer under the same name hides
one. Source: the idea of redundant, diverse channels with an m-out-of-n vote, IEC 61508-6, annex B.
"""

import math
from dataclasses import dataclass, replace
from enum import IntEnum

from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.errors import EnsembleError
from dynamical_safety.forecast import Forecast
from dynamical_safety.parameters import SafetyGateParameters
from dynamical_safety.reasons import Reason
from dynamical_safety.separation import Separation

ANALYTIC = "analytic"
ANALYTIC_WEIGHT = 1.0
# Voters that nobody asked for; more at once are no honest mistake.
_GUESTS = 4
_AHEAD = 0.1  # all stamps come from clocks that agree this well [s]


class VoteState(IntEnum):
    """What a voter says; numbers as in ``ForecastVote.msg``."""

    UNKNOWN = 0
    CALM = 1
    ALARM = 2
    MISSING = 3


@dataclass(frozen=True, slots=True)
class Vote:
    """What one voter says now, as in ``ForecastVote.msg``.

    Attributes:
        model: Who votes.
        state: What it says; UNKNOWN = not heard yet, and not due yet.
        weight: Of the vote.
        probability: Largest probability of contact within the horizon, 0..1; NaN = not heard.
        age: Of the observation it rests on [s]; inf = never heard.
    """

    model: str
    state: VoteState
    weight: float
    probability: float
    age: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the vote allows.

    Attributes:
        speed_scale: 0..1.
        alarm: Why a forecast slows the robot, or ``None``.
        stop: Why the vote stops it, or ``None``.
        missing: Why the absence of a voter slows it, or ``None``.
        votes: Every voter, the analytic one first.
    """

    speed_scale: float
    alarm: Reason | None
    stop: Reason | None
    missing: Reason | None
    votes: tuple[Vote, ...]


class _Voter:
    """One learned voter: its newest forecast, and when it last expected contact."""

    __slots__ = ("alarmed", "asked", "model", "newest", "peak", "weight")

    def __init__(self, model: str, weight: float, *, asked: bool) -> None:
        self.model = model
        self.weight = weight
        self.asked = asked
        self.newest: Forecast | None = None
        self.alarmed = -math.inf
        self.peak = 0.0

    @property
    def stamp(self) -> float:
        return -math.inf if self.newest is None else self.newest.stamp


class ForecastEnsemble:
    """Keeps the newest forecast of every voter and takes the vote.

    Times are ROS time [s].

    Args:
        parameters: Voters, weights, ages, alarm level and what remains allowed.

    Raises:
        EnsembleError: If voters and weights do not fit each other.
    """

    def __init__(self, parameters: SafetyGateParameters) -> None:
        names, weights = parameters.forecast_voters, parameters.forecast_weights
        if len(names) != len(weights):
            raise EnsembleError(
                f"forecast_voters names {len(names)} voters, forecast_weights has {len(weights)}"
            )
        if len({ANALYTIC, *names}) != 1 + len(names) or "" in names:
            raise EnsembleError(
                f"forecast_voters {names}: names must differ from each other and from {ANALYTIC!r}"
            )
        for name, weight in zip(names, weights, strict=True):
            if not 0.0 < weight < math.inf:
                raise EnsembleError(f"weight of voter {name!r} is {weight}, want a number > 0")
        self._parameters = parameters
        self._voters = {
            name: _Voter(name, weight, asked=True)
            for name, weight in zip(names, weights, strict=True)
        }
        self._since = math.inf
        self.refused = 0

    @property
    def stamp(self) -> float:
        """Observation behind the newest forecast of any voter, ROS time [s]; -inf = none yet."""
        return max((voter.stamp for voter in self._voters.values()), default=-math.inf)

    @property
    def started(self) -> bool:
        """Whether voters are due at all."""
        return self._since < math.inf

    def start(self, now: float) -> None:
        """The gate begins to let motion through: voters are due soon."""
        self._since = now

    def shift_stamps(self, jump: float) -> None:
        """The clock that stamps was set by so much [s]."""
        self._since += jump
        for voter in self._voters.values():
            voter.alarmed += jump
            if voter.newest is not None:
                voter.newest = replace(voter.newest, stamp=voter.newest.stamp + jump)

    def take(self, forecast: Forecast, now: float) -> None:
        """Take in a forecast; one without sense, too old or from the future is as good as none."""
        parameters = self._parameters
        old = _age(now, forecast.stamp)
        # A forecast that does not reach as far as the gate looks says nothing about the rest.
        short = not forecast.usable or forecast.reach < parameters.forecast_horizon - 1e-6
        if short or not old <= parameters.forecast_validity:
            self.refused += 1
            return
        voter = self._voters.get(forecast.model) or self._guest(forecast.model, now)
        # Whether newer or not: an alarm that is fresh counts.
        self._look(voter, forecast, now, old)
        if forecast.stamp >= voter.stamp or _age(now, voter.stamp) == math.inf:
            voter.newest = forecast

    def assess(self, separation: Separation, now: float, *, tracks_stamp: float) -> Outlook:
        """Take the vote.

        Args:
            separation: What the gate itself sees; its ``predicted`` is the analytic forecast.
            now: ROS time [s].
            tracks_stamp: Observation that ``separation`` rests on; -inf = none yet.
        """
        parameters = self._parameters
        # A clock that was set back must not make the time of grace longer.
        if now < self._since < math.inf:
            self._since = now
        due = now - self._since > parameters.forecast_missing
        votes = [self._analytic(separation, _age(now, tracks_stamp), due=due)]
        votes += [self._vote(voter, now, due=due) for voter in self._voters.values()]
        weight, alarm, missing = 0.0, None, None
        for vote in votes:
            if vote.state is VoteState.ALARM:
                weight += vote.weight
                if alarm is None or vote.probability > alarm.probability:
                    alarm = vote
            elif vote.state is VoteState.MISSING:
                weight += vote.weight
                if missing is None or vote.age > missing.age:
                    missing = vote
        if alarm is None and missing is None:
            return Outlook(1.0, None, None, None, tuple(votes))
        scale = 1.0
        if alarm is not None:
            scale = parameters.forecast_alarm_speed
        if missing is not None:
            # Else a voter that falls silent would let the robot be faster than one that warns.
            slow = min(parameters.forecast_missing_speed, parameters.forecast_alarm_speed)
            scale = min(scale, slow)
        stop = weight >= parameters.forecast_stop_weight - 1e-9
        return Outlook(
            0.0 if stop else scale,
            None if alarm is None else self._alarm_reason(alarm, separation),
            self._stop_reason(votes, weight) if stop else None,
            None if missing is None else self._missing_reason(missing),
            tuple(votes),
        )

    # --- voters ----------------------------------------------------------------------------------
    def _guest(self, model: str, now: float) -> _Voter:
        guests = [voter for voter in self._voters.values() if not voter.asked]
        if len(guests) >= _GUESTS:
            del self._voters[min(guests, key=lambda voter: voter.alarmed).model]
        voter = self._voters[model] = _Voter(model, 0.0, asked=False)
        return voter

    def _look(self, voter: _Voter, forecast: Forecast, now: float, old: float) -> float:
        """Largest probability within the horizon from now; an alarm is remembered."""
        # Steps count from the observation; what lies in the past by now still counts as near.
        peak = forecast.peak(max(old, 0.0) + self._parameters.forecast_horizon)
        if peak >= self._parameters.forecast_alarm:
            voter.alarmed, voter.peak = now, peak
        return peak

    def _vote(self, voter: _Voter, now: float, *, due: bool) -> Vote:
        parameters = self._parameters
        old = _age(now, voter.stamp)
        probability = math.nan
        fresh = voter.newest is not None and old <= parameters.forecast_validity
        if fresh and voter.newest is not None:
            probability = self._look(voter, voter.newest, now, old)
        voter.alarmed = min(voter.alarmed, now)
        if now - voter.alarmed <= parameters.forecast_hold:
            state, probability = VoteState.ALARM, voter.peak
        elif fresh:
            state = VoteState.CALM
        elif voter.asked and due:
            state = VoteState.MISSING
        else:
            state = VoteState.UNKNOWN
        return Vote(voter.model, state, voter.weight, probability, old)

    def _analytic(self, separation: Separation, old: float, *, due: bool) -> Vote:
        if not old <= self._parameters.forecast_validity:
            state = VoteState.MISSING if due else VoteState.UNKNOWN
            return Vote(ANALYTIC, state, ANALYTIC_WEIGHT, math.nan, old)
        # Beside a robot that stands still for them, people are near but in no danger.
        near = separation.predicted <= self._parameters.stop_distance and not separation.stopped
        if near or math.isnan(separation.predicted):
            return Vote(ANALYTIC, VoteState.ALARM, ANALYTIC_WEIGHT, 1.0, old)
        return Vote(ANALYTIC, VoteState.CALM, ANALYTIC_WEIGHT, 0.0, old)

    # --- reasons ---------------------------------------------------------------------------------
    def _alarm_reason(self, vote: Vote, separation: Separation) -> Reason:
        parameters = self._parameters
        if vote.model == ANALYTIC:
            limit = parameters.stop_distance
            return Reason(
                ErrorCode.COLLISION_FORECAST,
                ANALYTIC,
                f"person {separation.person} will be {max(0.0, separation.predicted):.2f} m near "
                f"within {parameters.forecast_horizon:g} s, stop distance is {limit:.2f} m",
                separation.predicted,
                limit,
            )
        return Reason(
            ErrorCode.COLLISION_FORECAST,
            vote.model,
            f"model {vote.model!r} expects contact within {parameters.forecast_horizon:g} s "
            f"with probability {vote.probability:.2f}, alarm is at "
            f"{parameters.forecast_alarm:.2f}",
            vote.probability,
            parameters.forecast_alarm,
        )

    def _stop_reason(self, votes: list[Vote], weight: float) -> Reason:
        limit = self._parameters.forecast_stop_weight
        said = [
            f"{vote.model!r} {'warns' if vote.state is VoteState.ALARM else 'is missing'}"
            for vote in votes
            if vote.state in (VoteState.ALARM, VoteState.MISSING) and vote.weight > 0.0
        ]
        return Reason(
            ErrorCode.COLLISION_FORECAST,
            "ensemble",
            f"{' and '.join(said)}: weight {weight:g} of the vote, the robot stands still from "
            f"{limit:g}",
            weight,
            limit,
        )

    def _missing_reason(self, vote: Vote) -> Reason:
        limit = self._parameters.forecast_validity
        return Reason(
            ErrorCode.FORECAST_STALE,
            vote.model,
            f"voter {vote.model!r} has never been heard"
            if vote.age == math.inf
            else f"the newest word of voter {vote.model!r} rests on an observation of "
            f"{vote.age:.1f} s ago, at most {limit:g} s are allowed",
            vote.age,
            limit,
        )


def _age(now: float, stamp: float) -> float:
    """Age of a stamp [s]; one from the future is as old as can be."""
    old = now - stamp
    return old if old >= -_AHEAD else math.inf
