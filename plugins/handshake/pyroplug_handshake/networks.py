"""The validator that looks at where a client connects from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from pyroplug.contracts import Gate, Hello, Settings
from pyroplug.errors import ConfigError, SecurityError

if TYPE_CHECKING:
    import ipaddress

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

    def open(self, settings: Settings, /) -> Gate:
        """What knows the networks. Raises ``ConfigError`` if the list is unusable."""
        networks, local = [], False
        # Not taken literally: to ipaddress, a number or bytes would be an address.
        for entry in (
            one if isinstance(one, str) else repr(one) for one in settings.HANDSHAKE_ALLOWED_NETWORKS
        ):
            if entry == LOCAL:
                local = True
            else:
                networks.append(_network(entry))
        if not networks and not local:
            raise ConfigError(
                f"configuration item {ITEM}: the list is empty, so that nobody could connect",
                hint=f"list networks such as 192.168.1.0/24, and the word {LOCAL} for Unix sockets",
            )
        return _AllowedNetworks(networks, local)


class _AllowedNetworks:
    def __init__(self, networks: Sequence[Network], local: bool) -> None:
        self._networks = networks
        self._local = local

    def validate(self, hello: Hello, /) -> None:
        """Agree if the client's address is in one of the networks."""
        peer = hello.peer
        if isinstance(peer.address, (str, bytes)):  # a Unix socket's path, which may be empty
            if not self._local:
                raise SecurityError("local connections are not allowed here")
            return
        address = _address_of(peer.address)
        if address is None or not any(address in network for network in self._networks):
            raise SecurityError(f"connections from {peer} are not allowed here")


def _network(entry: str) -> Network:
    import ipaddress  # for whoever chooses this validator

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
    import ipaddress

    try:
        network = ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return f"write it as 192.168.1.0/24 or 2001:db8::/32; the word {LOCAL} stands for Unix sockets"
    return f"the network is written {network}, a single address without the slash"


def _address_of(address: Any) -> Address | None:
    """The IP address in what ``getpeername`` gave; ``None`` if it is that of something else."""
    import ipaddress

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
