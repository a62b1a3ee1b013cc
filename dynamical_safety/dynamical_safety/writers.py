"""Who writes what safety rests on: nobody but those whom the graph contract names.

Tracks, joint states and pictures carry no seal. A node that is not of this robot's graph and writes one
of them, by mistake or not, may say that nobody is there. Its messages cannot be told from true ones by
looking at them; that it is there can, in the discovery data of DDS. One that also takes the name of the
true node is not found this way: that takes transport security (SROS 2).
"""

from collections.abc import Mapping, Sequence

from dynamical_interfaces import graph
from dynamical_interfaces.errors import ErrorCode
from dynamical_safety.findings import Demand, Finding
from dynamical_safety.reasons import Reason

_TRUSTING = frozenset({
    graph.SAFETY_GATE,
    graph.SAFETY_WATCHDOG,
    graph.SAFETY_FORECASTER,
    graph.CONTROL,
    graph.PERCEPTION,
    graph.WORLD_MODEL,
})  # fmt: skip
# Sealed, and refused without the right tag; a second writer of the safe command is the gate's to find.
_SEALED = frozenset({"safe_command", "safety/permit"})
WATCHED = tuple(
    topic for topic in graph.TOPICS if _TRUSTING & {*topic.readers} and topic.name not in _SEALED
)


class WriterWatch:
    """Finds writers that do not belong to the graph.

    Args:
        namespace: The robot's namespace, ``/thor_001``.
        trusted: Names of further nodes that may write any of the topics: players of recordings, relays.
    """

    def __init__(self, namespace: str, trusted: Sequence[str] = ()) -> None:
        self._namespace = namespace.rstrip("/")
        self._trusted = frozenset(trusted)
        self._before: frozenset[tuple[str, str]] = frozenset()
        self._findings: tuple[Finding, ...] = ()

    def take(self, writers: Mapping[str, Sequence[str]]) -> None:
        """Take in what discovery says; a stranger counts when it is seen twice in a row.

        Of a node that has just come up, discovery may know the writers before the name.

        Args:
            writers: Topic of ``WATCHED`` -> full names of the nodes that write it.
        """
        findings, strange = [], set()
        for topic in WATCHED:
            allowed = self._trusted.union(topic.writers)
            for writer in writers.get(topic.name, ()):
                namespace, _, name = writer.rpartition("/")
                if namespace == self._namespace and name in allowed:
                    continue
                strange.add((topic.name, writer))
                if (topic.name, writer) in self._before:
                    findings.append(Finding(Demand.PROTECTIVE_STOP, _reason(writer, topic)))
        self._before, self._findings = frozenset(strange), tuple(findings)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One for each topic and writer."""
        return self._findings


def _reason(writer: str, topic: graph.Topic) -> Reason:
    return Reason(
        ErrorCode.UNKNOWN_WRITER,
        topic.name,
        f"node {writer!r} writes {topic.name}, which is for {' and '.join(topic.writers)} to write; "
        "end it, or name it in trusted_writers of the watchdog",
    )
