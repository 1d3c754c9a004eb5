"""The validator that looks at where a client connects from."""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from pyroplug.contracts import Hello, Settings
from pyroplug.errors import ConfigError, SecurityError

__all__ = ["AllowNetworks"]

ITEM = "HANDSHAKE_ALLOWED_NETWORKS"
LOCAL = "local"

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_MAPPED_BITS = 96
"""Of an IPv6 address, those before the IPv4 address that is mapped into it."""


class AllowNetworks:
    """Lets in clients from the networks that HANDSHAKE_ALLOWED_NETWORKS lists, and nobody else.

    It goes by the address that the operating system knows, never by what the client says.
    """

    name = "allow-networks"

    def validate(self, hello: Hello, settings: Settings, /) -> None:
        """Agree if the client's address is in one of the networks.

        Raises ``SecurityError`` if it is not, and ``ConfigError`` if the list is unusable.
        """
        entries = settings.HANDSHAKE_ALLOWED_NETWORKS
        # Not taken literally: to ipaddress, a number or bytes would be an address.
        allowed = _allowed(tuple(one if isinstance(one, str) else repr(one) for one in entries))
        peer = hello.peer
        if isinstance(peer.address, (str, bytes)):  # a Unix socket's path, which may be empty
            if not allowed.local:
                raise SecurityError("local connections are not allowed here")
            return
        address = _address_of(peer.address)
        if address is None or not any(address in network for network in allowed.networks):
            raise SecurityError(f"connections from {peer} are not allowed here")


class _Allowed(NamedTuple):
    networks: tuple[Network, ...]
    local: bool


@lru_cache(maxsize=16)
def _allowed(entries: tuple[str, ...]) -> _Allowed:
    networks, local = [], False
    for entry in entries:
        if entry == LOCAL:
            local = True
        else:
            networks.append(_network(entry))
    if not networks and not local:
        raise ConfigError(
            f"configuration item {ITEM}: the list is empty, so that nobody could connect",
            hint=f"list networks such as 192.168.1.0/24, and the word {LOCAL} for Unix sockets",
        )
    return _Allowed(tuple(networks), local)


def _network(entry: str) -> Network:
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as error:
        raise ConfigError(
            f"configuration item {ITEM}: {entry!r} is no network", hint=_advice(entry)
        ) from error
    # Clients with an IPv4 address are looked for under that address only. The prefix is long enough: bits
    # beyond it would have been refused.
    start = network.network_address
    if isinstance(start, ipaddress.IPv6Address) and start.ipv4_mapped:
        return ipaddress.ip_network((start.ipv4_mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _advice(entry: str) -> str:
    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return f"write it as 192.168.1.0/24 or 2001:db8::/32; the word {LOCAL} stands for Unix sockets"
    return f"the network is written {network}, a single address without the slash"


def _address_of(address: Any) -> Address | None:
    """The IP address in what ``getpeername`` gave; ``None`` if it is that of something else."""
    match address:
        case (str(host), *_):
            pass
        case _:
            return None
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
