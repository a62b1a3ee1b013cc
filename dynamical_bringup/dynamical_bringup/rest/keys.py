"""API keys: how they look, and the file of what is kept of them.

A key is ``dyn_<8 characters id>_<43 characters secret>`` with 256 random bits; only its SHA-256 is
kept. A fast hash is right for random keys: there is nothing to guess, and a slow one would be a
lever for anyone who wants to keep the robot busy.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dynamical_bringup.rest.principal import Principal, Scope

_KEY = re.compile(r"dyn_([0-9a-z]{8})_([0-9A-Za-z_-]{43})")
_NOBODY = hashlib.sha256(b"nobody holds this key").hexdigest()
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"
OWNER = "owner"
# Stores of the first releases named a role.
_SCOPES_OF_ROLE: Mapping[str, tuple[str, ...]] = {
    "operator": tuple(Scope),
    "swarm": (Scope.OBSERVE, Scope.OPERATE),
    "viewer": (Scope.OBSERVE,),
}


class KeyStoreError(ValueError):
    """A key cannot be made or taken back; the sentence says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredKey:
    """What is kept of a key: enough to recognise it, not enough to use it.

    Attributes:
        id: First part of the key, by which it is known.
        sha256: Of the whole key, hexadecimal.
        scopes: What it may do.
        created: When, ISO 8601.
        name: Who has it, in words.
        expires: Seconds since 1970 from which on it is void; 0 = never [s].
        revoked: Since when it is void, ISO 8601; empty = it is not.
    """

    id: str
    sha256: str
    scopes: tuple[str, ...]
    created: str
    name: str = ""
    expires: float = 0.0
    revoked: str = ""

    def is_valid(self, now: float) -> bool:
        """Whether it opens anything; ``now`` in seconds since 1970 [s]."""
        return not self.revoked and (self.expires == 0.0 or now < self.expires)


def new_key() -> str:
    """A fresh random key."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(8))
    return f"dyn_{key_id}_{secrets.token_urlsafe(32)}"


def digest(key: str) -> str:
    """What is stored of a key, hexadecimal."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, in one step."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(descriptor)
    beside.replace(path)


class KeyStore:
    """The keys of this robot, in ``<folder>/keys.json``, readable by the owner alone.

    The bridge is the only one that writes it.

    Raises:
        ValueError: The file is not what this class writes; the sentence names it.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / "keys.json"
        self._plain = folder / "api_key"
        self._keys: dict[str, StoredKey] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            try:
                entries = [_stored(entry) for entry in json.loads(self._path.read_text())]
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(
                    f"{self._path} is not a key store ({error}); remove it to start with a new key"
                ) from None
            self._keys = {entry.id: entry for entry in entries}

    def ensure_key(self) -> str:
        """Create the first key if the owner has none; return the id of the owner's key.

        The key itself goes to ``<folder>/api_key`` (mode 0600), from where the command line takes
        it.
        """
        if self._plain.exists():
            principal = self.find(self._plain.read_text().strip(), now=time.time())
            if principal is not None:
                return principal.id
        key = new_key()
        entry = self.add(key, scopes=tuple(Scope), name=OWNER)
        write_private(self._plain, key + "\n")
        return entry.id

    def add(
        self, key: str, *, scopes: Iterable[str], name: str = "", expires: float = 0.0
    ) -> StoredKey:
        """Store what recognises a key.

        Args:
            key: The key itself; see ``new_key``.
            scopes: What it may do.
            name: Who has it, in words.
            expires: Seconds since 1970 from which on it is void; 0 = never [s].

        Raises:
            KeyStoreError: A scope is unknown, or there is none, or it does not look like a key.
        """
        wanted = tuple(scope for scope in Scope if scope in set(scopes))
        unknown = sorted(set(scopes) - set(Scope))
        if unknown or not wanted:
            raise KeyStoreError(
                f"there is no scope {unknown[0] if unknown else ''!r}; scopes are {', '.join(Scope)}"
            )
        match = _KEY.fullmatch(key)
        if match is None:
            raise KeyStoreError("a key looks like dyn_<8 characters>_<43 characters>")
        entry = StoredKey(
            id=match[1],
            sha256=digest(key),
            scopes=wanted,
            created=_now(),
            name=name,
            expires=expires,
        )
        self._write({**self._keys, entry.id: entry})
        return entry

    def revoke(self, key_id: str, *, now: float) -> StoredKey:
        """Make a key void for good.

        Raises:
            KeyError: There is no such key.
            KeyStoreError: It is the last one that may administer.
        """
        entry = self._keys[key_id]
        if entry.revoked:
            return entry
        rest = [key for key in self._keys.values() if key.id != key_id and key.is_valid(now)]
        if not any(Scope.ADMINISTER in key.scopes for key in rest):
            raise KeyStoreError(
                f"key {key_id!r} is the last one that may administer; create another one first"
            )
        entry = replace(entry, revoked=_now())
        self._write({**self._keys, key_id: entry})
        return entry

    def all(self) -> list[StoredKey]:
        """Every key that ever was, oldest first."""
        return list(self._keys.values())

    def find(self, key: str, *, now: float) -> Principal | None:
        """Who holds this key; ``now`` in seconds since 1970 [s].

        The work is the same for a wrong secret, a wrong id and no key.
        """
        match = _KEY.fullmatch(key)
        entry = self._keys.get(match[1]) if match else None
        same = hmac.compare_digest(digest(key), entry.sha256 if entry else _NOBODY)
        if entry is None or not same or not entry.is_valid(now):
            return None
        return Principal(entry.id, frozenset(map(Scope, entry.scopes)))

    def still_holds(self, principal: Principal, *, now: float) -> bool:
        """Whether whoever was let in before would be let in now."""
        entry = self._keys.get(principal.id)
        return entry is None or entry.is_valid(now)

    def _write(self, keys: dict[str, StoredKey]) -> None:
        text = json.dumps([asdict(known) for known in keys.values()], indent=1)
        write_private(self._path, text + "\n")
        self._keys = keys


def _stored(entry: dict[str, Any]) -> StoredKey:
    known = dict(entry)
    role = known.pop("role", None)
    if role is not None:
        known["scopes"] = _SCOPES_OF_ROLE[role]
    known["scopes"] = tuple(Scope(scope) for scope in known["scopes"])
    return StoredKey(**known)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
