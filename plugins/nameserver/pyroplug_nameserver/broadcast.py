"""Answers those who ask the network where the name server is.

Anybody can send a datagram, and in anybody's name. So there is one question and one answer, which is short;
nobody gets many of it; and nothing that is sent to more than one machine goes out from here: the socket is
not allowed to broadcast.
"""

from __future__ import annotations

import contextlib
import ipaddress
import selectors
import socket
import threading
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyroplug.api import URI
from pyroplug.config import Configuration, config
from pyroplug.contracts import NameServerOptions
from pyroplug.errors import AddressError
from pyroplug.uri import NAMESERVER_NAME

from .discovery import ENCODING, LONGEST_ANSWER, QUESTION

if TYPE_CHECKING:
    from pyroplug.api import Daemon

__all__ = ["BroadcastServer", "responder_for"]

PER_ASKER = 20
"""Answers in a second to one address; as many again in a burst."""
IN_ALL = 1000
"""Answers in a second to everybody."""
ASKERS = 1000
"""Addresses that are remembered."""
FORGET_EVERY = 1.0
"""Seconds between two looks at which of them have been quiet."""
BATCH = 100
"""Datagrams that are read in a row."""


class BroadcastServer:
    """A socket that hears the question. It can be served by a daemon's loop, or in a thread of its own.

    :ivar nsUri: the answer.
    :ivar locationStr: where it listens.
    :ivar running: false once it is closed.
    :ivar transportServer: what ``Daemon.combine`` needs of it.
    """

    def __init__(
        self,
        nsUri: URI | str,  # noqa: N803 - Pyro5's name
        bchost: Any = None,
        bcport: int | None = None,
        ipv6: bool = False,
        *,
        everywhere: bool = False,
        config: Configuration = config,
    ) -> None:
        """
        :param nsUri: the name server's URI, as it is reached without any NAT.
        :param bchost: address to listen on; ``None`` for the configuration's ``NS_BCHOST``, or for all.
        :param bcport: UDP port; ``None`` for the configuration's ``NS_BCPORT``, 0 for any that is free.
        :param ipv6: listen for IPv6, also where the URI's host does not say so.
        :param everywhere: the name server listens on all addresses of this machine: each asker is told the
            one that it can reach.
        :param config: the configuration to use.
        :raises AddressError: the address cannot be listened on.
        """
        self.nsUri = URI(nsUri)
        host = str(self.nsUri.host or "")
        wanted = config.NS_BCHOST if bchost is None else str(bchost)
        port = config.NS_BCPORT if bcport is None else bcport
        self._everywhere = everywhere or host in ("0.0.0.0", "::")
        v6 = ipv6 or ":" in host
        self.sock = _bound(wanted or ("::" if v6 else ""), port, v6, config.SOCK_REUSE)
        bound = self.sock.getsockname()
        shown = wanted or bound[0]
        self.locationStr = f"[{shown}]:{bound[1]}" if ":" in shown else f"{shown}:{bound[1]}"
        self.running = True
        self.transportServer = self
        self._rate = _Rate()
        self._wake, self._woken = socket.socketpair()
        self._thread: threading.Thread | None = None

    # In a loop

    @property
    def sockets(self) -> list[BroadcastServer]:
        """What a loop watches for readability; none once it is closed."""
        return [self] if self.running else []

    def events(self, eventsockets: Iterable[Any]) -> None:
        """Answer what has come."""
        for _ in eventsockets:
            self.processRequest()

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self.sock.fileno()

    def getPort(self) -> int:  # noqa: N802 - Pyro5's name
        """The UDP port that it listens on."""
        port: int = self.sock.getsockname()[1]
        return port

    def processRequest(self) -> None:  # noqa: N802 - Pyro5's name
        """Answer those who have asked; it does not wait for any."""
        for _ in range(BATCH):
            try:
                data, asker = self.sock.recvfrom(len(QUESTION) + 1)
            except OSError:  # nothing more; or what some earlier answer has met on its way
                return
            if data == QUESTION and _may_be_answered(asker) and self._rate.allows(asker[0]):
                answer = self._answer(asker)
                with contextlib.suppress(OSError):
                    if len(answer) <= LONGEST_ANSWER:
                        self.sock.sendto(answer, asker)

    def _answer(self, asker: Any) -> bytes:
        uri = str(self.nsUri)
        if self._everywhere:
            reached = _address_towards(asker, self.sock.family)
            if reached is not None:
                joined = f"[{reached}]" if ":" in reached else reached
                uri = f"PYRO:{self.nsUri.object}@{joined}:{self.nsUri.port}"
        return uri.encode(ENCODING, "replace")

    # By itself

    def runInThread(self) -> threading.Thread:  # noqa: N802 - Pyro5's name
        """Answer in a thread of its own, which is started here, until it is closed."""
        thread = threading.Thread(target=self._loop, name="pyroplug-broadcast", daemon=True)
        self._thread = thread
        thread.start()
        return thread

    def _loop(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self.running:
                selector.select()
                if self.running:
                    self.processRequest()

    def close(self) -> None:
        """Answer no more. May be called twice."""
        self.running = False
        with contextlib.suppress(OSError):
            self._wake.send(b"x")
        thread, self._thread = self._thread, None
        if thread is not None and thread is not threading.current_thread():
            thread.join()
        for sock in (self.sock, self._wake, self._woken):
            sock.close()

    def __enter__(self) -> BroadcastServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def responder_for(daemon: Daemon, options: NameServerOptions) -> BroadcastServer | None:
    """The responder for a name server; ``None`` where nobody on the network could reach that."""
    sock = daemon.sock
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return None
    address = ipaddress.ip_address(str(sock.getsockname()[0]).partition("%")[0])
    if address.is_loopback:
        return None
    internal = daemon.uriFor(NAMESERVER_NAME, nat=False)
    return BroadcastServer(
        internal,
        options.bchost,
        options.bcport,
        ipv6=sock.family == socket.AF_INET6,
        everywhere=address.is_unspecified,
        config=daemon.config,
    )


class _Rate:
    """How many answers may still be given: so many a second, and as many again at once."""

    def __init__(self) -> None:
        self._all = _Bucket(IN_ALL, time.monotonic())
        self._askers: dict[str, _Bucket] = {}
        self._forgot = -FORGET_EVERY

    def allows(self, host: str) -> bool:
        """Whether an address gets another answer; if so, it is counted."""
        now = time.monotonic()
        bucket = self._askers.get(host)
        if bucket is None:
            if len(self._askers) >= ASKERS and now - self._forgot >= FORGET_EVERY:
                self._forgot = now
                self._askers = {one: its for one, its in self._askers.items() if not its.full(now)}
            if len(self._askers) >= ASKERS:
                return False
            bucket = self._askers[host] = _Bucket(PER_ASKER, now)
        return bucket.take(now) and self._all.take(now)


class _Bucket:
    __slots__ = ("_left", "_rate", "_then")

    def __init__(self, rate: float, now: float) -> None:
        self._rate = self._left = rate
        self._then = now

    def take(self, now: float) -> bool:
        self._left = min(self._rate, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    def full(self, now: float) -> bool:
        return self._left + (now - self._then) * self._rate >= self._rate


def _bound(host: str, port: int, v6: bool, reuse: bool) -> socket.socket:
    family = socket.AF_INET6 if v6 or ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        if reuse:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setblocking(False)
        found = socket.getaddrinfo(host or None, port, family, socket.SOCK_DGRAM, 0, socket.AI_PASSIVE)
        sock.bind(found[0][4])
    except OSError as error:
        sock.close()
        raise AddressError(
            f"the broadcast responder cannot listen on {host or '*'}, UDP port {port}:"
            f" {error.strerror or error}",
            hint="NS_BCHOST and NS_BCPORT say where; another one may run there already; or do without it",
        ) from error
    return sock


def _may_be_answered(asker: Any) -> bool:
    """Whether an address is one machine's; a sender's can be anything."""
    try:
        address: Any = ipaddress.ip_address(str(asker[0]).partition("%")[0])
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    wide = address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255"
    return not wide and asker[1] > 0


def _address_towards(asker: Any, family: int) -> str | None:
    """The address of this machine from which it talks to another one; ``None`` if it has no way to."""
    try:
        # Connecting a datagram socket chooses a route, and sends nothing.
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect(asker)
            host = str(probe.getsockname()[0])
    except OSError:
        return None
    return host.removeprefix("::ffff:") if "." in host else host.partition("%")[0]
