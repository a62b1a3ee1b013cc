"""Who a request comes from: a key, a ticket, or the address of a trusted network."""

import ipaddress
import time
from collections.abc import Callable, Iterable

from dynamical_bringup.rest.keys import KeyStore
from dynamical_bringup.rest.principal import Principal, Scope
from dynamical_bringup.rest.tickets import Tickets

HEADER = "X-API-Key"
TRUSTED_SCOPES = frozenset({Scope.OBSERVE, Scope.OPERATE})

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


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
    """Decides who a request comes from.

    Args:
        keys: The keys.
        tickets: The tickets.
        trusted: Networks whose peers need no key.
        clock: Seconds since 1970 [s].
    """

    def __init__(
        self,
        keys: KeyStore,
        *,
        tickets: Tickets | None = None,
        trusted: tuple[Network, ...] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._tickets = Tickets() if tickets is None else tickets
        self._trusted = trusted
        self._clock = clock

    def identify(self, *, key: str, peer: str, from_browser: bool) -> Principal | None:
        """The caller, or ``None``.

        Args:
            key: Value of the key header; empty = none sent.
            peer: Address of the other end.
            from_browser: A web page makes the request. Such a peer is never trusted by its
            address:
                any page open in a browser on that machine could move the robot.
        """
        principal = self._keys.find(key, now=self._clock())
        if principal is not None or key or from_browser or not self._trusted:
            return principal
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return None
        if any(address in network for network in self._trusted):
            return Principal(f"network:{peer}", TRUSTED_SCOPES)
        return None

    def redeem(self, ticket: str) -> Principal | None:
        """Whose ticket it is; a key that is void by now makes its tickets void too."""
        principal = self._tickets.redeem(ticket, now=time.monotonic())
        if principal is None or not self._keys.still_holds(principal, now=self._clock()):
            return None
        return principal
