"""Where is the name server? The question that goes to everybody on the network, and what is an answer.

The question is one datagram, the nine bytes of ``QUESTION``. The answer is one as well: the name server's
URI. Here is what both sides have to agree on, and the side that asks.
"""

from __future__ import annotations

import ipaddress
import selectors
import socket
import time
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack
from typing import NamedTuple

from pyroplug.errors import PyroError
from pyroplug.uri import NAMESERVER_NAME, URI

__all__ = [
    "ALL_NODES",
    "ENCODING",
    "LONGEST_ANSWER",
    "QUESTION",
    "Question",
    "Target",
    "targets",
    "uri_of",
    "with_scope",
]

QUESTION = b"GET_NSURI"
"""The whole question."""
ENCODING = "iso-8859-1"
"""Of the answer's text."""
LONGEST_ANSWER = 2048
"""Bytes of an answer. Pyro5's own limit of 100 cuts long host names; a host name has 255 bytes at most."""
ALL_NODES = "ff02::1"
"""The IPv6 multicast group of all machines on a link. Over IPv6 the question goes there, and to ``::1``."""

TRIES = 3
"""Datagrams get lost."""
PAUSE = 0.7
"""Seconds to wait for answers, each time."""
_MOST_DATAGRAMS = 1000
"""That are looked at: whoever sends more than that is no name server."""
_HOPS = 1
"""How far multicast goes: to those on the same link."""

_EVERYBODY = "<broadcast>"
_THIS_MACHINE = "0.0.0.0"


class Target(NamedTuple):
    """Who is asked.

    :ivar family: ``AF_INET`` or ``AF_INET6``.
    :ivar address: the socket's address.
    """

    family: int
    address: tuple[str, int] | tuple[str, int, int, int]

    def __str__(self) -> str:
        host, scope = self.address[0], self.address[3] if len(self.address) > 2 else 0
        return f"{host}%{scope}" if scope else host


def targets(
    addresses: Iterable[str], port: int, prefer: int = 0, interfaces: Sequence[int] = ()
) -> list[Target]:
    """Who is asked, each once.

    :param addresses: as ``BROADCAST_ADDRS`` has them. ``<broadcast>`` stands for everybody on the network,
        and ``0.0.0.0`` for this machine, over IPv4 and IPv6; the others are IPv4 or IPv6 addresses.
    :param port: the UDP port.
    :param prefer: the IP version that comes first, 4 or 6.
    :param interfaces: the numbers of the network interfaces; multicast goes to each of them.
    """
    found: list[Target] = []
    for address in addresses:
        if ":" in address:
            found.append(Target(socket.AF_INET6, (address, port, 0, 0)))
        else:
            found.append(Target(socket.AF_INET, (address, port)))
        if address == _EVERYBODY:
            found += [Target(socket.AF_INET6, (ALL_NODES, port, 0, at)) for at in interfaces]
        elif address == _THIS_MACHINE:
            found.append(Target(socket.AF_INET6, ("::1", port, 0, 0)))
    first = {4: socket.AF_INET, 6: socket.AF_INET6}.get(prefer)
    found.sort(key=lambda target: first is not None and target.family != first)
    return list(dict.fromkeys(found))


def uri_of(datagram: bytes) -> URI | None:
    """The name server's URI that an answer consists of; ``None`` if it is something else."""
    if len(datagram) > LONGEST_ANSWER:
        return None
    try:
        uri = URI(datagram.decode(ENCODING))
    except PyroError:
        return None
    # Nobody on the network may send this process to a socket in its own file system.
    usable = uri.protocol == "PYRO" and uri.object == NAMESERVER_NAME and uri.host is not None
    return uri if usable else None


def with_scope(uri: URI, sender: Sequence[object]) -> URI:
    """The URI that an answer consists of, as it can be used here.

    An address of one link alone is of no use without its scope, the interface that leads there: it is that by
    which the answer has come. What the other side calls its own interface says nothing here.

    :param sender: the socket's address that sent it.
    """
    host, scope = str(uri.host).partition("%")[0], sender[3] if len(sender) > 3 else 0
    if not scope or ":" not in host or not ipaddress.IPv6Address(host).is_link_local:
        return uri
    return URI(f"PYRO:{uri.object}@[{host}%{scope}]:{uri.port}")


class Question:
    """The question, asked some times.

    :ivar asked: whom a datagram could be sent to.
    :ivar failed: whom none could be sent to, and why.
    :ivar ignored: how many answers were none.
    """

    def __init__(self, addresses: Iterable[str], port: int, prefer: int = 0) -> None:
        """
        :param addresses: as for :func:`targets`, as are ``port`` and ``prefer``.
        """
        self.asked: dict[Target, None] = {}
        self.failed: dict[Target, OSError] = {}
        self.ignored = 0
        self._targets = targets(addresses, port, prefer, _interfaces())

    def answers(self, seconds: float) -> Generator[URI, None, None]:
        """What is answered, each URI once, as it comes.

        :param seconds: how long all of it may take; it takes no longer than three tries of 0.7 seconds.
        """
        pause = min(PAUSE, seconds / TRIES)
        seen: set[URI] = set()
        with ExitStack() as stack:
            selector = stack.enter_context(selectors.DefaultSelector())
            sockets = self._open(stack)
            for sock in sockets.values():
                selector.register(sock, selectors.EVENT_READ)
            received = 0
            for _ in range(TRIES):
                if not self._send(sockets):
                    return
                ends = time.monotonic() + pause
                # What has arrived is looked at in any case: whoever takes the answers may take his time.
                while ready := selector.select(max(0.0, ends - time.monotonic())):
                    for key, _events in ready:
                        received += 1
                        uri = self._receive(sockets[key.fileobj.family])  # type: ignore[union-attr]
                        if uri is not None and uri not in seen:
                            seen.add(uri)
                            yield uri
                    if received > _MOST_DATAGRAMS:
                        return

    def _open(self, stack: ExitStack) -> dict[int, socket.socket]:
        sockets: dict[int, socket.socket] = {}
        for family in dict.fromkeys(target.family for target in self._targets):
            try:
                sockets[family] = sock = stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                sock.setblocking(False)
                if family == socket.AF_INET:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                else:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, _HOPS)
            except OSError as error:  # a machine without that IP version
                sockets.pop(family, None)
                self.failed.update((target, error) for target in self._targets if target.family == family)
        return sockets

    def _send(self, sockets: dict[int, socket.socket]) -> bool:
        """Ask everybody: whether anybody could be asked."""
        sent = False
        for target in self._targets:
            if target.family not in sockets:
                continue
            try:
                sockets[target.family].sendto(QUESTION, target.address)
            except OSError as error:  # no such network; there may be others
                self.failed[target] = error
            else:
                self.asked[target], sent = None, True
                self.failed.pop(target, None)
        return sent

    def _receive(self, sock: socket.socket) -> URI | None:
        try:
            datagram, sender = sock.recvfrom(LONGEST_ANSWER + 1)
        except OSError:  # the word of somebody who is not there
            return None
        uri = uri_of(datagram)
        self.ignored += uri is None
        return uri and with_scope(uri, sender)


def _interfaces() -> list[int]:
    try:
        return [number for number, _name in socket.if_nameindex()]
    except OSError:
        return []
