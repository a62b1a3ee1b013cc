"""Which nodes live, as their heartbeats tell, and what their silence demands.

A node that was never heard is starting: it demands nothing, because nothing has moved by it. One
that was heard once and falls silent does. One that sends its heartbeat but says that it does not work
(inactive, or a loop of it hangs) is as good as silent.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.reasons import Reason
from dynamical_safety.watchdog_parameters import SafetyWatchdogParameters

TWINS_TOLD = 2.0  # time that two processes of one name are told after the last sign of it [s]


@dataclass(frozen=True, slots=True)
class SilenceRule:
    """What the silence of a node demands: soon (``pause``), and when it lasts (``loss``)."""

    pause: Demand = Demand.NONE
    loss: Demand = Demand.NONE


_COMMAND_PATH = SilenceRule(Demand.PROTECTIVE_STOP, Demand.CONTROLLED_STOP)
_SUPPORTING = SilenceRule()
RULES: Mapping[str, SilenceRule] = {
    **dict.fromkeys(graph.topic("heartbeat").writers, _SUPPORTING),
    graph.ROBOT_DRIVER: _COMMAND_PATH,
    graph.SAFETY_GATE: _COMMAND_PATH,
    graph.CONTROL: _COMMAND_PATH,
    graph.PERCEPTION: _COMMAND_PATH,
    # Its motion ends by itself when no chunks come; nothing has to be found out before it goes on.
    graph.SKILL_SERVER: SilenceRule(Demand.PROTECTIVE_STOP, Demand.PROTECTIVE_STOP),
}


@dataclass(slots=True)
class _Life:
    """What is known of one node; times are monotonic [s]."""

    heard: float = -math.inf
    worked: float = -math.inf
    run: int = 0
    before: int = 0
    restarts: int = 0
    twins: float = -math.inf


class Heartbeats:
    """The lives of all nodes. Times are monotonic [s].

    Args:
        parameters: How long a silence is borne.
    """

    def __init__(self, parameters: SafetyWatchdogParameters) -> None:
        self._parameters = parameters
        self._lives = {name: _Life() for name in RULES}
        self.strangers = 0

    def take(self, node: str, *, active: bool, run: int, now: float) -> None:
        """Take in one heartbeat.

        Args:
            node: Who sent it.
            active: Whether it says that it works.
            run: Number of its process.
            now: When it came.
        """
        life = self._lives.get(node)
        if life is None:
            self.strangers += 1
            return
        if life.heard != -math.inf and run != life.run:
            # The run before comes again: the new one did not replace it, both live.
            if run == life.before:
                life.twins = now
            else:
                life.restarts += 1
            life.before = life.run
        life.run, life.heard = run, now
        if active:
            life.worked = now

    def forgive(self, unwatched: float) -> None:
        """Leave out a time in which nobody listened [s]: what was said in it is still to be read."""
        for life in self._lives.values():
            life.heard += unwatched
            life.worked += unwatched

    def silence(self, node: str, now: float) -> float:
        """Time since a node last said that it works [s]; inf = it never has."""
        return now - self._lives[node].worked

    @property
    def starting(self) -> tuple[str, ...]:
        """Nodes that have not worked yet."""
        return tuple(name for name, life in self._lives.items() if life.worked == -math.inf)

    @property
    def restarts(self) -> Mapping[str, int]:
        """How often nodes were restarted, where they were."""
        return {name: life.restarts for name, life in self._lives.items() if life.restarts}

    def silent(self, now: float) -> tuple[str, ...]:
        """Nodes that worked once and do not now."""
        pause = self._parameters.node_pause
        return tuple(
            name for name, life in self._lives.items() if pause < now - life.worked < math.inf
        )

    def findings(self, now: float) -> list[Finding]:
        """What is wrong with the nodes."""
        findings = []
        for name, life in self._lives.items():
            silence = now - life.worked
            if self._parameters.node_pause < silence < math.inf:
                findings.append(self._silent(name, silence=silence, now=now))
            if now - life.twins < TWINS_TOLD:
                reason = Reason(
                    ErrorCode.NODE_SILENT,
                    name,
                    f"two processes send the heartbeat of node {name!r}: which of them is heard "
                    "nobody knows; end one",
                    2.0,
                    1.0,
                )
                findings.append(Finding(RULES[name].pause, reason))
        return findings

    def _silent(self, name: str, *, silence: float, now: float) -> Finding:
        parameters, life, rule = self._parameters, self._lives[name], RULES[name]
        lost = silence > parameters.node_loss
        limit = parameters.node_loss if lost else parameters.node_pause
        what = (
            "says that it does not work (inactive, or a loop of it hangs), for"
            if now - life.heard <= parameters.node_pause
            else "has been silent for"
        )
        reason = Reason(
            ErrorCode.NODE_SILENT,
            name,
            f"node {name!r} {what} {silence:.1f} s, limit is {limit:g} s",
            silence,
            limit,
        )
        return Finding(rule.loss if lost else rule.pause, reason)
