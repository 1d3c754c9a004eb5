"""The transport for sockets that the user has connected: one end of ``socket.socketpair()``, or any other.

Such a socket is borrowed: it stays the user's, and stays open. Nothing here makes sockets.
"""

from __future__ import annotations

import errno
import math
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import get_ident
from typing import Any, NoReturn

from pyroplug.contracts import Buffer, Peer, Settings
from pyroplug.errors import AddressError

from .sockets import NO_WAIT, SocketConnection, timeval
from .unix import peer_of

__all__ = ["BorrowedConnection", "SocketPairTransport"]

WAKE_DELAY = 0.05
"""Seconds that a thread waiting in a borrowed socket takes, at most, to notice the connection's end."""

_WAKE_POLL = 0.001
_HINT = "hand it over: Daemon(connected_socket=…) on one side, Proxy(…, connected_socket=…) on the other"


class SocketPairTransport:
    """Sockets that are connected already. They have no address that others could use."""

    name = "socketpair"
    scheme = "socketpair"

    def listen(self, address: str, _settings: Settings, /) -> NoReturn:
        """Always raises :exc:`~pyroplug.errors.AddressError`: there is nothing to listen at."""
        raise AddressError(f"cannot listen on {address!r}: a connected socket has no address", hint=_HINT)

    def connect(self, address: str, _settings: Settings, _timeout: float | None, /) -> NoReturn:
        """Always raises :exc:`~pyroplug.errors.AddressError`: there is nothing to connect to."""
        raise AddressError(f"cannot connect to {address!r}: a connected socket has no address", hint=_HINT)

    def adopt(self, channel: Any, _settings: Settings, /) -> BorrowedConnection | None:
        """A connection over any connected stream socket; ``None`` for what is not a ``socket.socket``.

        Until it is closed the socket's mode and time limit are the connection's business; then they are
        what they were before.
        """
        if not isinstance(channel, socket.socket):
            return None
        if channel.fileno() < 0:
            raise _unusable(channel, "it is closed", "hand over an open, connected socket")
        if channel.type != socket.SOCK_STREAM:
            raise _unusable(channel, "it is not a stream socket", "use socket.SOCK_STREAM")
        if hasattr(channel, "getpeercert"):
            raise _unusable(channel, "it speaks TLS already", "hand over the plain socket")
        try:
            return BorrowedConnection(channel, peer_of(channel, channel.getpeername(), self.name))
        except OSError as error:
            raise _unusable(channel, error.strerror or str(error), "connect it first") from error

    def loopback_address(self, _folder: str, /) -> None:
        """Nothing: it has no addresses."""
        return

    def loopback_pair(self) -> tuple[socket.socket, socket.socket]:
        """A new ``socket.socketpair()``."""
        return socket.socketpair()


class BorrowedConnection(SocketConnection):
    """A connection over a socket that stays the user's.

    Its end must not be the end of the user's stream. So ``shutdown`` ends this connection and leaves the
    socket as it is: a thread that waits in it wakes up within :data:`WAKE_DELAY` seconds, and a selector
    does not notice. ``end_of_data`` does nothing, as there is no way back from it. When ``close`` returns,
    nobody uses the socket any more, and it is as it was before.
    """

    __slots__ = ("_before", "_receiver", "_sender", "_slices")

    direct = None  # who waits in the socket has to announce it

    def __init__(self, sock: socket.socket, peer: Peer) -> None:
        limit = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, len(timeval(None)))
        self._before: tuple[float | None, bytes] | None = (sock.gettimeout(), limit)
        # The threads at work in it, 0 for none. They announce themselves before they look up what to call,
        # and close() replaces what they call before it looks for them: that does without locks.
        self._receiver = self._sender = 0
        super().__init__(sock, peer)
        self._limit_waits(None)
        self._flags = NO_WAIT

    def set_timeout(self, seconds: float | None, /) -> None:
        """How long one receive may wait, and one send may take; ``None`` for ever. Implies blocking mode."""
        super().set_timeout(seconds)
        self._flags = NO_WAIT  # in any case: what waits in the system is not woken up

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there."""
        self._receiver = get_ident()
        try:
            return self._recv_into(buffer)
        except OSError as error:
            return self._recv_failed(error, buffer)
        finally:
            self._receiver = 0
            if self._closed:
                self._give_back()

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        self._sender = get_ident()
        try:
            super().send(buffers)
        finally:
            self._sender = 0
            if self._closed:
                self._give_back()

    @property
    def _sendmsg(self) -> Callable[..., int]:
        return _closed_here if self._send is _closed_here else super()._sendmsg

    def shutdown(self) -> None:
        """End this connection, and not the user's stream."""
        # Whoever waits looks these up anew when its slice of time is over.
        self._recv_into = _closed_here if self._closed else _nothing_comes
        self._send = _closed_here

    def end_of_data(self) -> None:
        """Nothing: the user's socket stays open for sending."""

    def close(self) -> None:
        """Give the socket back to the user as it was. May take ``WAKE_DELAY`` seconds if a thread waits."""
        self.shutdown()
        forked = self._pid != os.getpid()
        if not forked:
            self._wait_for_other_threads()
        self._closed = True
        self.shutdown()
        # The mode belongs to the stream, which a forked process shares with the one that borrowed it.
        if not forked:
            self._give_back()

    def _wait_for_other_threads(self) -> None:
        nobody_else = {0, get_ident()}
        while not nobody_else.issuperset((self._receiver, self._sender)):
            time.sleep(_WAKE_POLL)

    def _give_back(self) -> None:
        """Put the socket's mode back, once.

        A signal handler may close the connection while its own thread waits in it. Then this is left to the
        interrupted operation, which would otherwise go on waiting in a mode that is not its own.
        """
        before = self._before
        if before is None or self._receiver or self._sender:
            return
        self._before = None
        timeout, limit = before
        with suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
            self.sock.settimeout(timeout)

    def _limit_waits(self, seconds: float | None) -> None:
        """Receive in slices; a whole number of them makes up the limit, so no clock has to be read."""
        if seconds is None or math.isinf(seconds):
            self._slices, length = 0, WAKE_DELAY
        else:
            self._slices = max(1, math.ceil(seconds / WAKE_DELAY))
            length = seconds / self._slices
        super()._limit_waits(length)

    def _recv_failed(self, error: OSError, buffer: memoryview) -> int | None:
        slices = 1
        while self._may_wait(error, slices):
            try:
                return self._recv_into(buffer)
            except OSError as again:
                error = again
                slices += 1
        return super()._recv_failed(error, buffer)

    def _wait_for_room(self, left: float, error: OSError) -> None:
        super()._wait_for_room(min(left, WAKE_DELAY), error)

    def _may_wait(self, error: OSError, slices: int) -> bool:
        return isinstance(error, BlockingIOError) and self._blocking and slices != self._slices


def _nothing_comes(_buffer: memoryview) -> int:
    return 0


def _closed_here(*_args: object) -> int:
    raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def _unusable(channel: socket.socket, why: str, hint: str) -> AddressError:
    return AddressError(f"cannot use {channel!r} as a connection: {why}", hint=hint)
