"""A plain transport over sockets of this machine: what the suites serve and call plugins with.

It is written to be read, and to be changed by subclasses: every use of a socket is in ``_receive`` and
``_transmit``. For work there are faster ones.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pyroplug.contracts import Buffer, DirectIO, Peer, Settings
from pyroplug.errors import AddressError, ConnectionClosedError, TimeoutError

__all__ = ["LoopbackConnection", "LoopbackListener", "LoopbackTransport"]

HOST = "127.0.0.1"
_LONGEST_POLL = 1e6
_NO_WAIT = 0

_Result = TypeVar("_Result")


class LoopbackConnection:
    """A connection over a socket, which never waits in the system: what has to wait, polls."""

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.peer = peer
        self._timeout: float | None = None
        self._blocking = True
        self._closed = False
        self._users = 0
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}{' closed' if self._closed else ''}>"

    @property
    def direct(self) -> DirectIO | None:
        """The same, by its two functions."""
        mine = type(self)
        return DirectIO(
            self._receive_directly, self._send_directly, _NO_WAIT, mine.recv_failed, mine.send_failed
        )

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return -1 if self._closed else self.sock.fileno()

    # Receiving and sending

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there."""

        def receive() -> int | None:
            try:
                return self._receive(buffer)
            except BlockingIOError:
                if not self._blocking:
                    return 0 if self._closed else None
                raise

        return self._use(receive, select.POLLIN, "received from")

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        deadline = self._deadline()
        for buffer in buffers:
            view = memoryview(buffer).cast("B") if memoryview(buffer).nbytes else memoryview(b"")
            while len(view):
                view = view[self._use(self._transmit, select.POLLOUT, "sent to", view, deadline=deadline) :]
        if self._closed:
            raise self._lost("was closed on this side")

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was, 0 if none."""
        total = 0
        for buffer in buffers:
            view = memoryview(buffer).cast("B") if memoryview(buffer).nbytes else memoryview(b"")
            try:
                with self._used():
                    sent = self._transmit(view) if len(view) else 0
            except OSError as error:
                return total if total else self.send_failed(error)
            total += sent
            if sent < len(view):
                break
        if self._closed:
            raise self._lost("was closed on this side")
        return total

    def recv_failed(self, error: OSError) -> None:
        """What a failed ``direct.recv_into`` means."""
        if not isinstance(error, BlockingIOError):
            raise self._lost(f"broke: {error}") from error
        if self._blocking:
            raise TimeoutError(f"nothing could be received from {self.peer}") from error

    def send_failed(self, error: OSError) -> int:
        """What a failed ``direct.send`` means."""
        if isinstance(error, BlockingIOError):
            return 0
        raise self._lost(f"broke: {error}") from error

    # For subclasses

    def _receive(self, buffer: memoryview) -> int:
        """Receive without waiting; raises ``OSError``."""
        return self.sock.recv_into(buffer)

    def _transmit(self, view: memoryview) -> int:
        """Send without waiting; raises ``OSError``."""
        return self.sock.send(view)

    # How it works

    def _receive_directly(self, buffer: memoryview) -> int:
        """As ``recv_into``, but that what it cannot do is an ``OSError``."""
        deadline = self._deadline()
        while True:
            try:
                return self._receive(buffer)
            except BlockingIOError:
                if not self._blocking or (deadline is not None and time.monotonic() >= deadline):
                    raise
                self._poll(select.POLLIN, deadline)

    def _send_directly(self, data: Buffer, _no_wait: int) -> int:
        return self._transmit(memoryview(data).cast("B"))

    def _use(
        self,
        function: Callable[..., _Result],
        event: int,
        done: str,
        *args: Any,
        deadline: float | None = None,
    ) -> _Result:
        """Call a function as often as it takes until it does not have to wait."""
        deadline = self._deadline() if deadline is None else deadline
        try:
            with self._used():
                while True:
                    try:
                        return function(*args)
                    except BlockingIOError:
                        self._wait(event, deadline, done)
        except OSError as error:
            raise self._lost(f"broke: {error}") from error

    def _wait(self, event: int, deadline: float | None, done: str) -> None:
        if not self._blocking:
            raise TimeoutError(f"nothing could be {done} {self.peer} without waiting")
        if deadline is not None and time.monotonic() >= deadline:
            raise TimeoutError(f"nothing could be {done} {self.peer} within {self._timeout:g} seconds")
        self._poll(event, deadline)

    def _poll(self, event: int, deadline: float | None) -> None:
        left = _LONGEST_POLL if deadline is None else deadline - time.monotonic()
        poll = select.poll()
        poll.register(self.sock, event)
        poll.poll(max(0.0, min(left, _LONGEST_POLL)) * 1000)

    def _deadline(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _lost(self, how: str) -> ConnectionClosedError:
        return ConnectionClosedError(f"the connection with {self.peer} {how}")

    # Modes and ends

    def set_timeout(self, seconds: float | None, /) -> None:
        """The longest that one receive may wait, and that one send may take; ``None`` for ever."""
        if self._closed:
            raise self._lost("was closed on this side")
        self._timeout = seconds
        self._blocking = True

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""
        if self._closed:
            raise self._lost("was closed on this side")
        self._blocking = False

    def pending(self) -> bool:
        """Never: what has arrived is in the system, where selectors see it."""
        return False

    def wants_write(self) -> bool:
        """Never."""
        return False

    def shutdown(self) -> None:
        """End the stream both ways."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent; receiving goes on."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """End it. Whoever is at work in it leaves first, and then the descriptor goes."""
        if self._pid != os.getpid():
            self.sock.close()
            return
        self.shutdown()
        with self._lock:
            self._closed = True
            if not self._users:
                self.sock.close()

    @contextlib.contextmanager
    def _used(self) -> Iterator[None]:
        with self._lock:
            if self._closed:
                raise self._lost("was closed on this side")
            self._users += 1
        try:
            yield
        finally:
            with self._lock:
                self._users -= 1
                if self._closed and not self._users:
                    self.sock.close()


class LoopbackListener:
    """Listens at a port of this machine that nobody else can reach."""

    def __init__(self, sock: socket.socket, transport: LoopbackTransport) -> None:
        self.sock = sock
        self.location = f"./{transport.scheme}:{sock.getsockname()[1]}"
        self._transport = transport

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return self.sock.fileno()

    def accept(self) -> Any:
        """The next connection, ``None`` if nobody waits."""
        try:
            sock, address = self.sock.accept()
        except OSError:
            return None
        return self._transport.server(sock, Peer(address, self._transport.name, reached=self.location))

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self.sock.close()


class LoopbackTransport:
    """Sockets of this machine: an address is a port number.

    :ivar room: bytes that the system keeps for each side of a connection, as far as it listens to that.
    """

    name = "loopback"
    scheme = "loopback"
    listener: type[LoopbackListener] = LoopbackListener
    client: type[LoopbackConnection] = LoopbackConnection
    server: type[LoopbackConnection] = LoopbackConnection

    def __init__(self, *, room: int = 1 << 16) -> None:
        self.room = room

    def listen(self, address: str, _settings: Settings, /) -> LoopbackListener:
        """Listen at a port; 0 is any."""
        port = self._port(address)
        sock = self._socket()
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setblocking(False)
            sock.bind((HOST, port))
            sock.listen(512)
        except OSError as error:
            sock.close()
            raise AddressError(f"cannot listen at {address!r}: {error}", hint="use port 0") from error
        return self.listener(sock, self)

    def connect(self, address: str, _settings: Settings, timeout: float | None, /) -> LoopbackConnection:
        """Connect with a port."""
        port = self._port(address)
        sock = self._socket()
        try:
            sock.settimeout(timeout)
            sock.connect((HOST, port))
        except OSError as error:
            sock.close()
            failure = AddressError(f"cannot connect to {address!r}: {error}", hint="listen there first")
            failure.passing = True
            raise failure from error
        return self.client(sock, Peer(sock.getpeername(), self.name))

    def adopt(self, channel: Any, _settings: Settings, /) -> None:
        """Nothing."""
        return

    def loopback_address(self, _folder: str, /) -> str:
        """Any free port."""
        return "0"

    def loopback_pair(self) -> None:
        """Nothing: it adopts nothing."""
        return

    def _socket(self) -> socket.socket:
        sock = socket.socket()
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):  # accepted sockets inherit it
            sock.setsockopt(socket.SOL_SOCKET, option, self.room)
        return sock

    def _port(self, address: str) -> int:
        if not (address.isascii() and address.isdigit()) or len(address) > 5 or int(address) > 65535:
            raise AddressError(f"{address!r} is no port", hint="a port is a number from 0 to 65535")
        return int(address)
