"""Requests that were seen before, so that a retry does not move the robot twice.

Answers are kept in memory. That a request was taken is kept on disk as well, before it reaches the
robot: a retry after a restart of the bridge moves nothing either.
"""

import asyncio
import contextlib
import hashlib
import json
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FILE_NAME = "idempotency.jsonl"
LIFETIME = 24 * 3600.0  # [s]
CAPACITY = 4096


@dataclass(frozen=True, slots=True)
class Remembered:
    """A request seen before.

    Attributes:
        fingerprint: Of what it asked for.
        answer: Its answer, maybe still on its way; ``None`` = lost with the bridge that gave it.
        time: When it came, seconds since 1970 [s].
    """

    fingerprint: str
    answer: "asyncio.Future[Any] | None"
    time: float


class IdempotencyStore:
    """Requests by caller and key; the oldest of very many, and those of yesterday, are forgotten.

    Args:
        folder: Where they outlive the bridge; ``None`` = they do not.
        clock: Seconds since 1970 [s].

    Raises:
        OSError: The file cannot be read or written.
    """

    def __init__(
        self, folder: Path | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = None if folder is None else folder / FILE_NAME
        self._clock = clock
        self._seen: OrderedDict[str, Remembered] = OrderedDict()
        if self._path is not None and self._path.exists():
            self._load(self._path)

    def find(self, caller: str, key: str) -> Remembered | None:
        """What is remembered of that caller's key."""
        found = self._seen.get(_name(caller, key))
        if found is not None and self._clock() - found.time > LIFETIME:
            return None
        return found

    def remember(
        self, caller: str, key: str, fingerprint: str, answer: "asyncio.Future[Any]"
    ) -> None:
        """Keep a request, in memory; the oldest makes room."""
        self._seen[_name(caller, key)] = Remembered(fingerprint, answer, self._clock())
        self._seen.move_to_end(_name(caller, key))
        while len(self._seen) > CAPACITY:
            self._seen.popitem(last=False)

    def forget(self, caller: str, key: str) -> None:
        """Let the caller try again: the request never reached the robot.

        If that cannot be written it is forgotten until a restart only, which is the safe side.
        """
        if self._seen.pop(_name(caller, key), None) is not None:
            with contextlib.suppress(OSError):
                self._append({"name": _name(caller, key), "forget": True})

    def keep(self, caller: str, key: str) -> None:
        """Keep a remembered request on disk; it is there when this returns.

        Raises:
            OSError: It cannot be written: the request must not be carried out.
        """
        name = _name(caller, key)
        seen = self._seen[name]
        self._append({"name": name, "fingerprint": seen.fingerprint, "time": seen.time})

    def _append(self, entry: dict[str, Any]) -> None:
        if self._path is None:
            return
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            line = json.dumps(entry).encode() + b"\n"
            if os.write(descriptor, line) < len(line):
                raise OSError("only part of the line could be written")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _load(self, path: Path) -> None:
        known: dict[str, Remembered] = {}
        for line in path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
                name = str(entry["name"])
                known.pop(name, None)
                if not entry.get("forget"):
                    known[name] = Remembered(entry["fingerprint"], None, float(entry["time"]))
            except (ValueError, TypeError, KeyError):
                continue  # torn by a crash: that request was not carried out
        fresh = [(n, r) for n, r in known.items() if self._clock() - r.time <= LIFETIME]
        self._seen.update(fresh[-CAPACITY:])
        beside = path.with_name(path.name + ".new")
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            for name, seen in self._seen.items():
                entry = {"name": name, "fingerprint": seen.fingerprint, "time": seen.time}
                stream.write(json.dumps(entry) + "\n")
        beside.replace(path)


def _name(caller: str, key: str) -> str:
    """One name of both; what a caller chose as key need not be kept."""
    return hashlib.sha256(f"{len(caller)}:{caller}{key}".encode("utf-8", "replace")).hexdigest()
