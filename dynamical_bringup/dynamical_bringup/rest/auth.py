"""Who may call: API keys, trusted networks, roles and what each role may do.

A key is ``dyn_<8 characters id>_<43 characters secret>`` with 256 random bits; only its SHA-256 is
kept. A fast hash is right for random keys: there is nothing to guess, and a slow one would be a
lever for anyone who wants to keep the robot busy.
"""

import hashlib
import hmac
import ipaddress
import json
import os
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

HEADER = "X-API-Key"
_KEY = re.compile(r"dyn_([0-9a-z]{8})_([0-9A-Za-z_-]{43})")
_NOBODY = hashlib.sha256(b"nobody holds this key").hexdigest()
_ID_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Scope(StrEnum):
    """What a route asks for."""

    READ = "read"
    EXECUTE = "execute"
    STOP = "stop"
    ADMINISTER = "administer"


ROLES: Mapping[str, frozenset[Scope]] = {
    "operator": frozenset(Scope),
    "swarm": frozenset({Scope.READ, Scope.EXECUTE, Scope.STOP}),
    "viewer": frozenset({Scope.READ, Scope.STOP}),
}
TRUSTED_ROLE = "swarm"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a request comes from: the key's id (never the key) and the role."""

    id: str
    role: str

    def may(self, scope: Scope) -> bool:
        """Whether the role covers the scope."""
        return scope in ROLES.get(self.role, frozenset())


@dataclass(frozen=True, slots=True)
class StoredKey:
    """What is kept of a key: enough to recognise it, not enough to use it."""

    id: str
    sha256: str
    role: str
    created: str


def new_key() -> str:
    """A fresh random key."""
    key_id = "".join(secrets.choice(_ID_ALPHABET) for _ in range(8))
    return f"dyn_{key_id}_{secrets.token_urlsafe(32)}"


def digest(key: str) -> str:
    """What is stored of a key, hexadecimal."""
    return hashlib.sha256(key.encode()).hexdigest()


def write_private(path: Path, text: str) -> None:
    """Replace a file that only its owner may read, in one step."""
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
    beside.replace(path)


class KeyStore:
    """The keys of this robot, in ``<folder>/keys.json``, readable by the owner alone.

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
                entries = [StoredKey(**entry) for entry in json.loads(self._path.read_text())]
            except (ValueError, TypeError) as error:
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
            principal = self.find(self._plain.read_text().strip())
            if principal is not None:
                return principal.id
        key = new_key()
        entry = self.add(key, role="operator")
        write_private(self._plain, key + "\n")
        return entry.id

    def add(self, key: str, *, role: str) -> StoredKey:
        """Store what recognises a key."""
        if role not in ROLES:
            raise ValueError(f"there is no role {role!r}; roles are {', '.join(ROLES)}")
        match = _KEY.fullmatch(key)
        if match is None:
            raise ValueError("a key looks like dyn_<8 characters>_<43 characters>")
        created = datetime.now(UTC).isoformat(timespec="seconds")
        entry = StoredKey(id=match[1], sha256=digest(key), role=role, created=created)
        self._keys[entry.id] = entry
        text = json.dumps([asdict(known) for known in self._keys.values()], indent=1)
        write_private(self._path, text + "\n")
        return entry

    def find(self, key: str) -> Principal | None:
        """Who holds this key. The work is the same for a wrong secret, a wrong id and no key."""
        match = _KEY.fullmatch(key)
        entry = self._keys.get(match[1]) if match else None
        hashed = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
        same = hmac.compare_digest(hashed, entry.sha256 if entry else _NOBODY)
        return Principal(entry.id, entry.role) if entry is not None and same else None


def parse_networks(entries: Iterable[str]) -> tuple[Network, ...]:
    """Networks whose peers need no key: ``"loopback"`` or CIDR blocks.

    Raises:
        ValueError: An entry is neither, or it is everybody (a block of /0).
    """
    networks: list[Network] = []
    for entry in filter(None, (text.strip() for text in entries)):
        if entry == "loopback":
            networks += [ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128")]
            continue
        try:
            network = ipaddress.ip_network(entry)
        except ValueError as error:
            raise ValueError(
                f"trusted network {entry!r} is neither 'loopback' nor a CIDR block: {error}"
            ) from None
        if network.prefixlen == 0:
            raise ValueError(f"trusted network {entry!r} is the whole world; name smaller blocks")
        networks.append(network)
    return tuple(networks)


class Authenticator:
    """Decides who a request comes from."""

    def __init__(self, keys: KeyStore, *, trusted: tuple[Network, ...] = ()) -> None:
        self._keys = keys
        self._trusted = trusted

    def identify(self, *, key: str, peer: str, from_browser: bool) -> Principal | None:
        """The caller, or ``None``.

        Args:
            key: Value of the key header; empty = none sent.
            peer: Address of the other end.
            from_browser: A web page makes the request. Such a peer is never trusted by its
            address:
                any page open in a browser on that machine could move the robot.
        """
        principal = self._keys.find(key)
        if principal is not None or key or from_browser or not self._trusted:
            return principal
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return None
        if any(address in network for network in self._trusted):
            return Principal(f"network:{peer}", TRUSTED_ROLE)
        return None
