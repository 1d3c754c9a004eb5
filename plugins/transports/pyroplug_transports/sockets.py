"""A connection and a listener over a stream socket, whatever its family.

Here is the way that every byte takes, so each operation is one system call and, as far as possible, one
Python function. How sockets are made, named and reached is up to the modules of the transports.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import select
import socket
import struct
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache

from pyroplug.contracts import Buffer, Connection, DirectIO, Peer

from .oserrors import accept_error, connection_error, no_wait

__all__ = ["BACKLOG", "NO_WAIT", "SocketConnection", "SocketListener", "timeval"]

BACKLOG = 4096
"""How many callers may queue up; the system cuts it down to what it allows (``somaxconn``)."""

IOV_MAX: int = os.sysconf("SC_IOV_MAX") if os.sysconf("SC_IOV_MAX") > 0 else 1024
"""How many buffers one ``sendmsg`` takes."""

NO_WAIT = int(socket.MSG_DONTWAIT)  # as an enum's member it would be converted at each call
_MODE_IS_INHERITED = sys.platform != "linux"
"""Whether an accepted socket may be non-blocking because its listener is, without Python knowing it."""
_NO_MEMORY = memoryview(b"")
_LONGEST_WAIT = 2**31 - 1
_LONGEST_POLL = 1e6


@lru_cache(maxsize=32)  # a server sets the same one for each of its connections
def timeval(seconds: float | None) -> bytes:
    """A C ``struct timeval``: at least a microsecond, as zero means for ever there; ``None`` is for ever."""
    if seconds is None:
        return struct.pack("@ll", 0, 0)
    return struct.pack("@ll", *divmod(max(1, int(min(seconds, _LONGEST_WAIT) * 1_000_000)), 1_000_000))


class SocketConnection:
    """A :class:`~pyroplug.contracts.Connection` that owns a connected stream socket.

    The time limit of receiving is the socket's own (``SO_RCVTIMEO``): with ``settimeout`` Python would poll
    before each operation. The system has none for a send as a whole: where there is a limit, sending does
    not wait in the system but in between, and no clock is read as long as everything goes out at once. In
    non-blocking mode ``send`` raises ``TimeoutError`` where it would have to wait; ``send_some`` is made for
    that mode, and works in the other as well.

    A process that was forked off may close its copy without disturbing this one's conversation.
    """

    __slots__ = (
        "__weakref__",
        "_blocking",
        "_closed",
        "_flags",
        "_pid",
        "_recv_into",
        "_send",
        "_timeout",
        "peer",
        "sock",
    )

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        """Take over ``sock``; raises ``OSError``, and then leaves the socket to the caller."""
        if _MODE_IS_INHERITED or sock.gettimeout() is not None:
            sock.setblocking(True)
        self.peer = peer
        self.sock = sock
        self._blocking = True
        self._closed = False
        self._timeout: float | None = None
        self._flags = 0  # of a send
        self._pid = os.getpid()
        # Bound once: looking them up costs as much as the call itself.
        self._recv_into: Callable[[memoryview], int] = sock.recv_into
        self._send: Callable[..., int] = sock.send

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}{' closed' if self._closed else ''}>"

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return -1 if self._closed else self.sock.fileno()

    @property
    def direct(self) -> DirectIO | None:
        """The socket's own functions."""
        mine = type(self)
        return DirectIO(self._recv_into, self._send, NO_WAIT, mine._direct_recv_failed, mine._send_failed)

    @property
    def _sendmsg(self) -> Callable[..., int]:
        return self.sock.sendmsg

    # Receiving and sending

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there."""
        try:
            return self._recv_into(buffer)
        except OSError as error:
            return self._recv_failed(error, buffer)

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        try:
            if len(buffers) == 1:
                buffer = buffers[0]
                sent = self._send(buffer, self._flags)
                if sent == (buffer.nbytes if type(buffer) is memoryview else len(buffer)):
                    return
            elif len(buffers) <= IOV_MAX:
                sent = missing = self._sendmsg(buffers, (), self._flags)
                for buffer in buffers:
                    missing -= buffer.nbytes if type(buffer) is memoryview else len(buffer)
                if not missing:
                    return
            else:
                sent = 0
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise connection_error(self.peer, "sending", error) from error
        self._send_rest(buffers, sent)

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was, 0 if none."""
        try:
            if len(buffers) == 1:
                return self._send(buffers[0], NO_WAIT)
            return self._sendmsg(buffers[:IOV_MAX], (), NO_WAIT)
        except OSError as error:
            return self._send_failed(error)

    def _send_rest(self, buffers: Sequence[Buffer], sent: int) -> None:
        """Send what is left after ``sent`` bytes, in linear time: only views are cut, never bytes."""
        views = [memoryview(buffer).cast("B") for buffer in buffers if memoryview(buffer).nbytes]
        first = _advance(views, 0, sent)
        deadline = math.inf if self._timeout is None else time.monotonic() + self._timeout
        while first < len(views):
            try:
                first = _advance(views, first, self._sendmsg(views[first : first + IOV_MAX], (), self._flags))
            except BlockingIOError as error:
                self._wait_for_room(deadline - time.monotonic(), error)
            except OSError as error:
                raise connection_error(self.peer, "sending", error) from error

    def _recv_failed(self, error: OSError, _buffer: memoryview) -> int | None:
        """What a failed receive means; a subclass may try again."""
        if not isinstance(error, BlockingIOError):
            raise connection_error(self.peer, "receiving", error) from error
        if self._blocking:
            raise no_wait(self.peer, "receiving", self._timeout, error) from error
        return None

    def _direct_recv_failed(self, error: OSError) -> None:
        self._recv_failed(error, _NO_MEMORY)

    def _send_failed(self, error: OSError) -> int:
        if isinstance(error, BlockingIOError):
            return 0
        raise connection_error(self.peer, "sending", error) from error

    def _wait_for_room(self, left: float, error: OSError) -> None:
        """Wait until something can be sent, ``left`` seconds at most, or nearly so."""
        if not self._blocking or left <= 0:
            raise no_wait(self.peer, "sending", self._timeout if self._blocking else None, error) from error
        poll = select.poll()
        with contextlib.suppress(ValueError):  # closed in the meantime: sending will tell
            poll.register(self.sock, select.POLLOUT)
            poll.poll(min(left, _LONGEST_POLL) * 1000)

    # Modes

    def set_timeout(self, seconds: float | None, /) -> None:
        """How long one receive may wait, and one send may take; ``None`` for ever. Implies blocking mode."""
        try:
            self._check_open()
            if not self._blocking:
                self.sock.setblocking(True)
                self._blocking = True
            if seconds != self._timeout:
                self._limit_waits(seconds)
                self._timeout = seconds
                self._flags = 0 if seconds is None else NO_WAIT
        except OSError as error:
            raise connection_error(self.peer, "setting its time limit", error) from error

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""
        try:
            if self._closed:
                self._check_open()
            self.sock.setblocking(False)
        except OSError as error:
            raise connection_error(self.peer, "making it non-blocking", error) from error
        self._blocking = False

    def pending(self) -> bool:
        """Never: what has arrived waits in the system, where selectors see it."""
        return False

    def wants_write(self) -> bool:
        """Never: receiving waits for bytes and for nothing else."""
        return False

    def _check_open(self) -> None:
        if self._closed:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    def _limit_waits(self, seconds: float | None) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeval(seconds))

    # The end

    def shutdown(self) -> None:
        """End the stream both ways, so that a thread waiting in it wakes up."""
        try:  # noqa: SIM105  # suppress() takes longer, and connections come and go
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent; receiving goes on."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Give back what the operating system lent; a thread that waits in the connection wakes up."""
        self._closed = True
        if self._pid == os.getpid():
            self.shutdown()  # close() alone would leave it waiting
        try:  # noqa: SIM105  # as above
            self.sock.close()
        except OSError:
            pass


class SocketListener:
    """A :class:`~pyroplug.contracts.Listener` that owns a listening stream socket."""

    __slots__ = ("__weakref__", "_connection", "_location", "sock")

    def __init__(
        self,
        sock: socket.socket,
        location: str,
        connection: Callable[[socket.socket, object, str], Connection],
    ) -> None:
        """
        :param sock: it listens already.
        :param location: what goes into URIs.
        :param connection: makes a connection of an accepted socket, its peer's address, and the location
            by which that came; may raise ``OSError``.
        """
        sock.setblocking(False)
        self.sock = sock
        self._location = location
        self._connection = connection

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.location!r}{' closed' if self.fileno() < 0 else ''}>"

    @property
    def location(self) -> str:
        """Where it can be reached, in the form that goes into a URI."""
        return self._location

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return self.sock.fileno()

    def accept(self) -> Connection | None:
        """The next connection, ``None`` if nobody waits, or whoever did is gone again."""
        try:
            sock, address = self.sock.accept()
        except BlockingIOError:
            return None
        except OSError as error:
            failure = accept_error(self.location, error)
            if failure is None:
                return None
            raise failure from error
        try:
            return self._connection(sock, address, self._reached(sock))
        except OSError:
            sock.close()
            return None

    def _reached(self, _sock: socket.socket) -> str:
        """The location by which the peer of an accepted socket came; may raise ``OSError``."""
        return self._location

    def close(self) -> None:
        """Stop listening. May be called twice."""
        with contextlib.suppress(OSError):
            self.sock.close()


def _advance(views: list[memoryview], first: int, sent: int) -> int:
    """Take note of ``sent`` more bytes: the index of the first view that is not sent completely."""
    while sent:
        size = len(views[first])
        if sent < size:
            views[first] = views[first][sent:]
            break
        sent -= size
        first += 1
    return first
