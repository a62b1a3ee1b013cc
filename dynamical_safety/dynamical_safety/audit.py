"""The audit: every change of zones and hazards, every stop and reset, in a file that only grows.

One JSON object a line. Each line holds the hash of the one before and its own, so that a line that
was changed, removed or put in later is found and named. Cutting off the end is not found by this
chain alone: keep :func:`newest_hash` elsewhere to find that too. The hashes are no signature:
whoever can write the file can make a new chain.
"""

import hashlib
import json
import os
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE_NAME = "audit.jsonl"
FIRST = "0" * 64
# Entries kept while the disk takes none; the oldest are the ones to go.
MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Break:
    """The first line that does not hold: its number from 1, and what is wrong with it."""

    line: int
    problem: str


class AuditLog:
    """Writes the audit of one gate; its methods may be called from any thread.

    What cannot be written, on a full disk say, waits and is written before the next entry.

    Args:
        folder: Where the file is; ``None`` = nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self.path = None if folder is None else folder / FILE_NAME
        self._lock = threading.Lock()
        self._waiting: deque[dict[str, Any]] = deque(maxlen=MOST_WAITING)
        self._end: tuple[int, str] | None = None

    @property
    def waiting(self) -> int:
        """Entries that could not be written yet."""
        return len(self._waiting)

    def append(
        self,
        action: str,
        *,
        source: str,
        now: float,
        before: Any = None,
        after: Any = None,
        version: int = 0,
    ) -> str:
        """Add one entry.

        Args:
            action: What was done: "set_zones", "stop" ...
            source: Who did it, as they named themselves.
            now: When, in seconds since 1970 [s].
            before: What was there; JSON.
            after: What is there now; JSON.
            version: Version in force afterwards.

        Returns:
            What went wrong, or nothing.
        """
        if self.path is None:
            return ""
        self._waiting.append(
            {
                "time": _iso(now),
                "source": source or "unknown caller",
                "action": action,
                "version": version,
                "before": before,
                "after": after,
            }
        )
        return self.flush()

    def flush(self) -> str:
        """Write what waits; returns what went wrong, or nothing."""
        if self.path is None:
            return ""
        try:
            with self._lock:
                while self._waiting:
                    self._write(self._waiting[0])
                    self._waiting.popleft()
        except OSError as error:
            return f"{self.waiting} audit entries could not be written to {self.path}: {error}"
        return ""

    def _write(self, entry: dict[str, Any]) -> None:
        assert self.path is not None
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            if self._end is None:
                _end_torn_line(descriptor, size)
                size = os.fstat(descriptor).st_size
                self._end = _end(self.path.read_bytes())
            count, previous = self._end
            line = sealed({"sequence": count + 1, **entry, "previous": previous})
            try:
                if os.write(descriptor, line) < len(line):
                    raise OSError("only part of the line could be written")
                os.fsync(descriptor)
            except OSError:
                # Half a line would break the chain for good.
                os.ftruncate(descriptor, size)
                raise
        finally:
            os.close(descriptor)
        self._end = (count + 1, json.loads(line)["hash"])


def sealed(entry: dict[str, Any]) -> bytes:
    """The entry as a line, with its hash."""
    return _line({**entry, "hash": _hash(entry)}) + b"\n"


def read(path: Path, *, last: int | None = None) -> list[dict[str, Any]]:
    """Entries of an audit, oldest first; lines that are none are left out.

    Args:
        path: The file; it need not exist.
        last: At most so many of the newest.
    """
    lines = path.read_bytes().splitlines() if path.exists() else []
    if last is not None:
        lines = lines[-last:] if last > 0 else []
    return [entry for line in lines if (entry := _entry(line)) is not None]


def verify(path: Path) -> Break | None:
    """The first line that does not hold, or ``None`` if the whole chain does.

    Raises:
        OSError: If the file cannot be read.
    """
    content = path.read_bytes() if path.exists() else b""
    previous = FIRST
    for number, line in enumerate(content.splitlines(), start=1):
        entry = _entry(line)
        if entry is None:
            return Break(number, "it is not a JSON object: torn by a crash, or written by hand")
        own = entry.pop("hash", None)
        if own != _hash(entry):
            return Break(number, "its hash is not that of its content: it was changed")
        if entry.get("previous") != previous:
            return Break(
                number,
                f"it does not follow line {number - 1}: a line was changed, removed or put in",
            )
        if entry.get("sequence") != number:
            return Break(number, f"it says it is entry {entry.get('sequence')}, not {number}")
        previous = str(own)
    return None


def newest_hash(path: Path) -> str:
    """Hash of the newest entry, to be kept elsewhere; of no entry, 64 zeros."""
    return _end(path.read_bytes() if path.exists() else b"")[1]


def changes(before: dict[str, Any], after: dict[str, Any]) -> tuple[Any, Any]:
    """Only what differs between two sets of named things: what was, and what is; null = nothing."""
    names = [name for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
    return {n: before.get(n) for n in names}, {n: after.get(n) for n in names}


def _end(content: bytes) -> tuple[int, str]:
    """Number of lines, and the hash that the next one must hold."""
    lines = content.splitlines()
    for line in reversed(lines):
        entry = _entry(line)
        if entry is not None and isinstance(entry.get("hash"), str):
            return len(lines), entry["hash"]
    return len(lines), FIRST


def _end_torn_line(descriptor: int, size: int) -> None:
    if size and os.pread(descriptor, 1, size - 1) != b"\n":
        os.write(descriptor, b"\n")


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _hash(entry: dict[str, Any]) -> str:
    return hashlib.sha256(_line(entry)).hexdigest()


def _line(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), default=str).encode()


def _iso(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds")
