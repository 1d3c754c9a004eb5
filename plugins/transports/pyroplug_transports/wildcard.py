"""Listening on all addresses at once, and which of them to tell others. Nothing is ever sent from here."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence

from pyroplug.contracts import Connection

from .addresses import join_address
from .sockets import SocketListener

__all__ = ["WildcardListener", "is_wildcard", "outward_address"]

_ELSEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that the standards keep free for examples: nobody's, and always far away."""
_DISCARD = 9
_HERE = {socket.AF_INET: "localhost", socket.AF_INET6: "::1"}


def is_wildcard(host: str) -> bool:
    """Whether a socket's own address stands for all of this machine's."""
    return host in ("0.0.0.0", "::")


class WildcardListener(SocketListener):
    """A TCP listener on all addresses of this machine, none of which is its own.

    ``location`` names the address from which this machine would talk to others, as it is now; without any
    network it is this machine's for itself. A client is told the address by which it came.
    """

    __slots__ = ("_families", "_known", "_port")

    def __init__(
        self,
        sock: socket.socket,
        connection: Callable[[socket.socket, object, str], Connection],
        preferred: int = 0,
    ) -> None:
        """
        :param preferred: the IP version to name where there is a choice: 4, 6, or 0 for the socket's own.
        """
        self._port: int = sock.getsockname()[1]
        self._families = _families(sock, preferred)
        self._known = join_address(_HERE[socket.AddressFamily(sock.family)], self._port)
        super().__init__(sock, "", connection)

    @property
    def location(self) -> str:
        """Where most others can reach it."""
        for family in self._families:
            host = outward_address(family)
            if host is not None:
                self._known = join_address(host, self._port)
                break
        return self._known  # while the network is down, what was right before

    def _reached(self, sock: socket.socket) -> str:
        import ipaddress  # for whoever listens on all addresses

        host, port = sock.getsockname()[:2]
        address = ipaddress.ip_address(host.partition("%")[0])
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            return join_address(str(address.ipv4_mapped), port)
        if address.version == 6 and address.is_link_local:
            return self.location  # that one would need the name of the client's own network card
        return join_address(host, port)


def outward_address(family: socket.AddressFamily) -> str | None:
    """The address from which this machine would talk to others; ``None`` if it has no way to."""
    import ipaddress

    try:
        # Connecting a datagram socket chooses a route, and sends nothing.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_ELSEWHERE[family], _DISCARD))
            host: str = probe.getsockname()[0]
    except OSError:
        return None
    address = ipaddress.ip_address(host.partition("%")[0])
    return None if address.is_link_local or address.is_loopback or address.is_unspecified else host


def _families(sock: socket.socket, preferred: int) -> Sequence[socket.AddressFamily]:
    """What the socket listens on, the best to tell others first."""
    if sock.family == socket.AF_INET:
        return (socket.AF_INET,)
    if sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        return (socket.AF_INET6,)
    families = (socket.AF_INET6, socket.AF_INET)
    return families[::-1] if preferred == 4 else families
