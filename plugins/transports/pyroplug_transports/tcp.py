"""The transport over TCP, IPv4 and IPv6, with TLS or without: addresses are ``host:port`` and ``[v6]:port``.

A listener is one socket at one address, as a URI names one. Nothing here knows URIs.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from pyroplug.contracts import Connection, Peer, Settings
from pyroplug.errors import AddressError

from .addresses import join_address, malformed, split_address
from .oserrors import connect_error, listen_error
from .sockets import BACKLOG, SocketConnection, SocketListener
from .wildcard import WildcardListener, is_wildcard

if TYPE_CHECKING:
    from .tls_contexts import Contexts

__all__ = ["TcpTransport"]

_SHORTEST_ATTEMPT = 0.001
_IPV4 = int(socket.AF_INET)
_TRY_NEXT = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})

Accepted: TypeAlias = "Callable[[socket.socket, object, str], Connection]"
Connected: TypeAlias = "Callable[[socket.socket, Peer, float | None], Connection]"


class TcpTransport:
    """TCP, with TLS where SSL is on. It owns the locations without a scheme.

    Host names are looked up by the system, which cannot be interrupted; the time it takes counts, though.
    """

    name = "tcp"
    scheme = None

    def __init__(self) -> None:
        self._made: Contexts | None = None

    @property
    def _contexts(self) -> Contexts:
        """The TLS contexts in use; importing what makes them takes longer than most programs need it."""
        if self._made is None:
            from .tls_contexts import Contexts

            self._made = Contexts()
        return self._made

    def listen(self, address: str, settings: Settings, /) -> SocketListener:
        """Listen at ``host:port``; port 0 picks a free one, an empty host stands for all addresses.

        Who listens on all addresses tells each client the one by which it came, and others the one that
        most of them can reach.

        Raises ``ConfigError`` where SSL is on and the certificates are unusable.
        """
        host, port = split_address(address)
        accepted: Accepted = _accepted
        if settings.SSL:
            from .tls import acceptor

            accepted = acceptor(settings, self._contexts, self.name)
        bind_host = host or ("::" if settings.PREFER_IP_VERSION == 6 else "0.0.0.0")
        try:
            sock = _bound(_resolve(bind_host, port, settings, socket.AI_PASSIVE), settings)
        except OSError as error:
            raise listen_error(address, error) from error
        real_host, real_port = sock.getsockname()[:2]
        if is_wildcard(real_host):
            return WildcardListener(sock, accepted, settings.PREFER_IP_VERSION)
        return SocketListener(sock, join_address(host, real_port), accepted)

    def connect(self, address: str, settings: Settings, timeout: float | None, /) -> Connection:
        """Connect to ``host:port`` within ``timeout`` seconds, trying the host's addresses in turn.

        Raises ``HandshakeError`` where TLS fails, and ``ConfigError`` where its certificates are unusable.
        """
        host, port = split_address(address)
        if not host or not port:
            missing = "port" if host else "host"
            raise AddressError(
                f"cannot connect to {address!r}: the {missing} is missing", hint="write it as host:port"
            )
        deadline = None if timeout is None else time.monotonic() + timeout
        connected: Connected = _connected
        if settings.SSL:
            from .tls import connector

            connected = connector(settings, self._contexts, host)
        try:
            sock, peer = _first_reached(_resolve(host, port, settings), settings, deadline)
        except OSError as error:
            raise connect_error(address, error, timeout) from error
        try:
            return connected(sock, peer, _share(deadline, 1))
        except BaseException:
            sock.close()
            raise

    def adopt(self, _channel: Any, _settings: Settings, /) -> None:
        """Connected sockets are adopted by the transport ``socketpair``, whatever their family."""
        return

    def loopback_address(self, _folder: str, /) -> str:
        """Any free port, for this machine alone."""
        return "127.0.0.1:0"

    def loopback_pair(self) -> None:
        """Nothing: it adopts nothing."""
        return


def _resolve(host: str, port: int, settings: Settings, flags: int = 0) -> list[tuple[int, Any]]:
    """(family, socket address) pairs, the preferred IP version first, otherwise in the system's order."""
    prefer = settings.PREFER_IP_VERSION
    if prefer not in (0, 4, 6):
        raise AddressError(
            f"cannot look up {host!r}: PREFER_IP_VERSION is {prefer!r}",
            hint="set it to 4, 6, or 0 for no preference",
        )
    if _is_ipv4(host):
        return [(int(socket.AF_INET), (host, port))]
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=flags)
    except ValueError as error:
        # Raised for what cannot even be asked: an empty or too long label, a NUL.
        raise malformed(
            join_address(host, port), str(error), "check the spelling of the host name"
        ) from error
    targets = list(dict.fromkeys((int(family), target) for family, _, _, _, target in found))
    preferred = {0: None, 4: socket.AF_INET, 6: socket.AF_INET6}[prefer]
    targets.sort(key=lambda target: preferred is not None and target[0] != preferred)
    return targets


@lru_cache(maxsize=128)  # as a rule a program connects to a few, again and again
def _is_ipv4(host: str) -> bool:
    """Whether it is an address in numbers. Asking the system what it means takes longer than to connect."""
    try:
        socket.inet_pton(socket.AF_INET, host)
    except (OSError, ValueError):
        return False
    return True


def _bound(targets: list[tuple[int, Any]], settings: Settings) -> socket.socket:
    """A socket that listens at the first target that this machine has; raises ``OSError``."""
    *others, last = targets
    for target in others:
        try:
            return _listening(*target, settings)
        except OSError as error:
            if error.errno not in _TRY_NEXT:
                raise
    return _listening(*last, settings)


def _listening(family: int, target: Any, settings: Settings) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if settings.SOCK_REUSE:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _tune(sock, settings)  # accepted sockets inherit it
        sock.bind(target)
        sock.listen(BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def _tune(sock: socket.socket, settings: Settings) -> None:
    # As Pyro5 does: a peer whose machine vanished is noticed in the end, even where nobody sends.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if settings.SOCK_NODELAY:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _accepted(sock: socket.socket, address: object, reached: str) -> SocketConnection:
    return SocketConnection(sock, Peer(address, TcpTransport.name, reached=reached))


def _connected(sock: socket.socket, peer: Peer, _seconds: float | None) -> SocketConnection:
    return SocketConnection(sock, peer)


def _first_reached(
    targets: list[tuple[int, Any]], settings: Settings, deadline: float | None
) -> tuple[socket.socket, Peer]:
    """A socket connected to the first target that answers; raises the last one's ``OSError``.

    Each attempt gets an equal share of the time that is left: one silent address does not use it all up.
    """
    for attempts in range(len(targets), 1, -1):
        with contextlib.suppress(OSError):
            return _reached(*targets[-attempts], settings, _share(deadline, attempts))
    return _reached(*targets[-1], settings, _share(deadline, 1))


def _share(deadline: float | None, attempts: int) -> float | None:
    if deadline is None:
        return None
    return max((deadline - time.monotonic()) / attempts, _SHORTEST_ATTEMPT)


def _reached(
    family: int, target: Any, settings: Settings, timeout: float | None
) -> tuple[socket.socket, Peer]:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        _tune(sock, settings)
        # Python's own time limit counts on through interruptions by signals. The connection lifts it.
        if timeout is not None:
            sock.settimeout(timeout)
        sock.connect(target)
        # Of an IPv4 address in numbers only this one means another.
        is_told = family == _IPV4 and target[0] != "0.0.0.0"
        address = target if is_told else sock.getpeername()
        if address == sock.getsockname():
            # The system gave this end the very port that nobody listens at, and TCP shook its own hand.
            raise OSError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    except BaseException:
        sock.close()
        raise
    return sock, Peer(address, TcpTransport.name)
