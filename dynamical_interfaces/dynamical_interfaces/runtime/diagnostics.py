"""Health of a node, kept as named entries and sent on ``/diagnostics`` once a second (REP-107)."""

import threading
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

LEVELS = {
    "ok": DiagnosticStatus.OK,
    "warn": DiagnosticStatus.WARN,
    "error": DiagnosticStatus.ERROR,
    "stale": DiagnosticStatus.STALE,
}


class Diagnostics:
    """Named health entries of one node; any thread may set one.

    Args:
        node: Fully qualified node name, e.g. ``/thor_001/perception``.
    """

    def __init__(self, node: str) -> None:
        self._node = node
        self._entries: dict[str, DiagnosticStatus] = {}
        self._lock = threading.Lock()

    def set(self, name: str, level: str, message: str, **values: Any) -> bool:
        """Set one entry; returns whether its level changed (worth one line in the log)."""
        status = DiagnosticStatus(
            level=LEVELS[level],
            name=f"{self._node}: {name}",
            message=message,
            hardware_id=self._node,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()],
        )
        with self._lock:
            before = self._entries.get(name)
            self._entries[name] = status
        return (before.level if before else DiagnosticStatus.OK) != status.level

    def message(self, stamp: Any) -> DiagnosticArray:
        """All entries as one message with that header stamp."""
        array = DiagnosticArray()
        array.header.stamp = stamp
        with self._lock:
            array.status = list(self._entries.values())
        return array
