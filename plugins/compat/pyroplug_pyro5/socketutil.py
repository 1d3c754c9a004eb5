"""Helpers for sockets that programs have made themselves a habit of. pyroplug itself uses none of them."""

from __future__ import annotations

import builtins
import ipaddress
import socket
import ssl
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeAlias

from pyroplug.config import config
from pyroplug.context import ClientConnection as SocketConnection
from pyroplug.errors import ConnectionClosedError, TimeoutError

__all__ = [
    "SocketConnection",
    "bind_unused_port",
    "create_bc_socket",
    "create_socket",
    "family_str",
    "find_probably_unused_port",
    "get_interface",
    "get_ip_address",
    "get_ssl_context",
    "interrupt_socket",
    "receive_data",
    "send_data",
    "set_keepalive",
    "set_nodelay",
    "set_noinherit",
    "set_reuseaddr",
]

IPAddress: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Host: TypeAlias = "str | IPAddress"

_ELSEWHERE = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Addresses that belong to nobody: the way to them is the way to anybody."""
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_CHUNK = 64 * 1024


# Addresses -------------------------------------------------------------------------------------------


def get_ip_address(hostname: str, workaround127: bool = False, version: int | None = None) -> IPAddress:
    """The address of a host.

    :param workaround127: instead of a loopback address, that by which others reach this machine.
    :param version: 4 or 6; 0 for any, ``None`` for what ``PREFER_IP_VERSION`` says. It does not matter for
        a ``hostname`` that is an address.
    :raises OSError: the host has no such address.
    """
    version = config.PREFER_IP_VERSION if version is None else version
    try:
        address = ipaddress.ip_address(hostname)
    except ValueError:
        address = _resolved(hostname or "localhost", version)
    if workaround127 and address.is_loopback:
        return get_interface(_ELSEWHERE[address.version]).ip
    return address


def _resolved(hostname: str, version: int) -> IPAddress:
    family = _FAMILIES.get(version, socket.AF_UNSPEC)
    found = socket.getaddrinfo(hostname, None, family, socket.SOCK_STREAM)
    return ipaddress.ip_address(found[0][4][0])


def get_interface(ip_address: Host) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface:
    """The address of this machine's own that packets to another one come from. None is sent.

    :param ip_address: the other one; also a host name.
    :raises OSError: there is no way to it.
    """
    address = get_ip_address(str(ip_address))
    with socket.socket(_FAMILIES[address.version], socket.SOCK_DGRAM) as sock:
        sock.connect((str(address), 9))
        return ipaddress.ip_interface(sock.getsockname()[0])


def find_probably_unused_port(family: int = socket.AF_INET, socktype: int = socket.SOCK_STREAM) -> int:
    """A port that nobody on this machine uses; somebody may do so the next moment.

    A daemon with port 0 has one that is its own.
    """
    with socket.socket(family, socktype) as sock:
        return bind_unused_port(sock, "::1" if family == socket.AF_INET6 else "127.0.0.1")


def bind_unused_port(sock: socket.socket, host: Host = "localhost") -> int:
    """Bind a socket to a free port, which is returned. Raises ``OSError``."""
    sock.bind((str(host), 0))
    return int(sock.getsockname()[1])


# Sockets ---------------------------------------------------------------------------------------------


def create_socket(
    bind: Any = None,
    connect: Any = None,
    reuseaddr: bool = False,
    keepalive: bool = True,
    timeout: float | None = -1,
    noinherit: bool = False,
    ipv6: bool = False,
    nodelay: bool = True,
    sslContext: ssl.SSLContext | None = None,
) -> socket.socket:
    """A stream socket that listens, or is connected, or neither.

    :param bind: listen here: ``(host, port)``, or the path of a Unix socket.
    :param connect: connect with this, likewise.
    :param timeout: seconds; -1, 0 or ``None`` for the process's default.
    :param noinherit: without effect: sockets are not inherited by other programs unless one asks for it.
    :param ipv6: the family, where the address does not tell it.
    :param sslContext: for TLS; its handshake is part of connecting, or of accepting.
    :raises ValueError: both are to be done.
    :raises OSError: it cannot be done.
    """
    if bind is not None and connect is not None:
        raise ValueError("a socket can listen or be connected, not both")
    address = connect if bind is None else bind
    sock: socket.socket = socket.socket(_family(address, ipv6), socket.SOCK_STREAM)
    try:
        if reuseaddr:
            set_reuseaddr(sock)
        if keepalive:
            set_keepalive(sock)
        if nodelay:
            set_nodelay(sock)
        if timeout is not None and timeout > 0:
            sock.settimeout(timeout)
        if bind is not None:
            sock.bind(bind)
            sock.listen()
        elif connect is not None:
            sock.connect(connect)
        if sslContext is not None:
            name = connect[0] if isinstance(connect, tuple) else None
            sock = sslContext.wrap_socket(sock, server_side=bind is not None, server_hostname=name)
    except BaseException:
        sock.close()
        raise
    return sock


def _family(address: Any, ipv6: bool) -> int:
    if isinstance(address, (str, bytes, Path)):
        return socket.AF_UNIX
    if address is not None and address[0]:
        found = socket.getaddrinfo(address[0], address[1], type=socket.SOCK_STREAM)
        families = [family for family, *_ in found]
        wanted = socket.AF_INET6 if ipv6 else socket.AF_INET
        return wanted if wanted in families else families[0]
    return socket.AF_INET6 if ipv6 else socket.AF_INET


def create_bc_socket(
    bind: Any = None, reuseaddr: bool = False, timeout: float | None = -1, ipv6: bool = False
) -> socket.socket:
    """A datagram socket that may broadcast.

    :param bind: ``(host, port)`` to receive at.
    :param timeout: as for :func:`create_socket`.
    :raises OSError: it cannot be made.
    """
    sock = socket.socket(socket.AF_INET6 if ipv6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        if reuseaddr:
            set_reuseaddr(sock)
        if timeout is not None and timeout > 0:
            sock.settimeout(timeout)
        if bind is not None:
            sock.bind(bind)
    except BaseException:
        sock.close()
        raise
    return sock


def set_reuseaddr(sock: socket.socket) -> None:
    """Let it listen at an address that was in use a moment ago."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)


def set_nodelay(sock: socket.socket) -> None:
    """Send small pieces at once; without effect on what is not TCP."""
    if sock.family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def set_keepalive(sock: socket.socket) -> None:
    """Have the system notice when the other side is gone."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def set_noinherit(sock: socket.socket) -> None:
    """Keep it from programs that this one starts."""
    sock.set_inheritable(False)


def family_str(sock: socket.socket) -> str:
    """``IPv4``, ``IPv6``, ``Unix``, or ``???`` for another family."""
    names = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6", socket.AF_UNIX: "Unix"}
    return names.get(sock.family, "???")


def interrupt_socket(address: Any) -> None:
    """Connect with a listening socket and let go again, so that what waits for it wakes up.

    A daemon's loop is ended by ``Daemon.shutdown``, which needs nothing of the kind.
    """
    with suppress(OSError), socket.create_connection(address[:2], 1) as sock:
        sock.sendall(b"!" * 16)


# Bytes -----------------------------------------------------------------------------------------------


def receive_data(sock: socket.socket, size: int) -> bytes:
    """Exactly so many bytes.

    :raises ConnectionClosedError: there will not be so many.
    :raises TimeoutError: the socket's own time limit ran out.
    """
    data = bytearray()
    while len(data) < size:
        try:
            piece = sock.recv(min(size - len(data), _CHUNK))
        except builtins.TimeoutError:
            raise TimeoutError(f"received {len(data)} of {size} bytes in time") from None
        except OSError as error:
            raise ConnectionClosedError(f"the connection is lost: {error}") from error
        if not piece:
            raise ConnectionClosedError(f"the connection was closed after {len(data)} of {size} bytes")
        data += piece
    return bytes(data)


def send_data(sock: socket.socket, data: bytes) -> None:
    """All of it.

    :raises ConnectionClosedError: the connection broke.
    :raises TimeoutError: the socket's own time limit ran out.
    """
    try:
        sock.sendall(data)
    except builtins.TimeoutError:
        raise TimeoutError(f"{len(data)} bytes could not be sent in time") from None
    except OSError as error:
        raise ConnectionClosedError(f"the connection is lost: {error}") from error


# TLS -------------------------------------------------------------------------------------------------


def get_ssl_context(
    servercert: str = "",
    serverkey: str = "",
    clientcert: str = "",
    clientkey: str = "",
    cacerts: str = "",
    keypassword: str = "",
) -> ssl.SSLContext:
    """A context for a server if ``servercert`` is given, otherwise for a client; a new one each time.

    :param cacerts: a file or a folder with the certificates to trust; empty for the system's.
    :raises ValueError: certificates of both kinds are given.
    :raises OSError: a file is missing or unusable.
    """
    if servercert and (clientcert or clientkey):
        raise ValueError("a context is for a server or for a client: it has one certificate, not both")
    purpose = ssl.Purpose.CLIENT_AUTH if servercert else ssl.Purpose.SERVER_AUTH
    context = ssl.create_default_context(purpose)
    certificate, key = (servercert, serverkey) if servercert else (clientcert, clientkey)
    if certificate:
        context.load_cert_chain(certificate, key or None, keypassword or None)
    if cacerts:
        where = Path(cacerts)
        context.load_verify_locations(**{"capath" if where.is_dir() else "cafile": cacerts})
    return context
