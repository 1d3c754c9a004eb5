"""TLS over a connected stream socket. The handshake happens while the connection is used.

The socket itself never blocks: a TLS stream is one state for both directions, which only one thread at a
time may touch, and never while it waits. So each step is tried under a lock, and waiting is done by polling
outside of it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import math
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from pyroplug.contracts import Buffer, Peer
from pyroplug.errors import PyroError

from .lease import Lease
from .oserrors import connection_error, no_wait
from .tls_errors import handshake_error, is_alert, is_just_an_end, reason_of

__all__ = ["TlsConnection"]

log = logging.getLogger(__name__)

RECORD = 16384
"""Bytes in the largest TLS record; OpenSSL receives and sends one at a time."""

MOST = 16 * RECORD
"""Bytes that one receive takes at most, so that a fast sender does not keep a loop busy."""

SLICE = 0.02
"""Seconds that a thread waits, at most, for what another thread may have received or sent meanwhile."""

_LONGEST_WAIT = 1e6

_Data = TypeVar("_Data")


class TlsConnection:
    """A :class:`~pyroplug.contracts.Connection` that owns a TLS socket.

    ``sock`` is an :class:`ssl.SSLSocket`, whose mode is the connection's business. Once the handshake is
    over, ``peer.facts`` has ``tls_version``, ``cipher`` and, if the other side had one and it was verified,
    its ``certificate`` as :meth:`ssl.SSLSocket.getpeercert` gives it.

    After ``end_of_data`` the other side sees the stream's end and may still answer. ``close`` says farewell
    as TLS knows it (close_notify), and waits for no answer. A stream that ends without is taken to have
    ended all the same.
    """

    __slots__ = (
        "__weakref__",
        "_ahead",
        "_blocking",
        "_ended",
        "_established",
        "_finished",
        "_heard",
        "_kept",
        "_lease",
        "_lock",
        "_pid",
        "_timeout",
        "_wants_write",
        "peer",
        "sock",
    )

    def __init__(self, sock: ssl.SSLSocket, peer: Peer) -> None:
        """Take over ``sock``, which has not shaken hands. Raises ``OSError``."""
        sock.setblocking(False)
        # A message is several writes here, and the handshake too: each would wait for a delayed answer.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peer = peer
        self.sock = sock
        self._lock = threading.RLock()  # signal handlers may close what they interrupt
        self._lease = Lease(sock)
        self._pid = os.getpid()
        self._blocking = True
        self._timeout: float | None = None
        self._established = False  # the handshake is over
        self._heard = False  # something was received; before that, the other side may still refuse
        self._ended = False  # nothing more comes
        self._finished = False  # nothing more goes
        self._wants_write = False
        # OpenSSL wants to go on with the very bytes that it began with, and tells late that it took them.
        self._kept: Buffer = b""
        self._ahead = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}{' closed' if self._lease.closed else ''}>"

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return -1 if self._lease.closed else self.sock.fileno()

    # Receiving and sending

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` if non-blocking and none is there."""
        return self._do(self._read, buffer, "receiving", self._blocking)

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        self._send(buffers, waits=True)

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was, 0 if none."""
        return self._send(buffers, waits=False)

    def handshake(self, seconds: float | None) -> None:
        """Shake hands now, within that time.

        Raises ``HandshakeError``, ``TimeoutError`` and ``ConnectionClosedError``.
        """
        self.set_timeout(seconds)
        self._do(bool, b"", "receiving", True)
        self.set_timeout(None)

    def _send(self, buffers: Sequence[Buffer], waits: bool) -> int:
        views = [view for view in map(_bytes_of, buffers) if view.nbytes]
        offered = sum(map(len, views))
        begun = len(self._kept)
        taken = self._ahead + begun
        deadline = self._deadline() if waits else 0.0
        if not begun or self._send_piece(self._kept, waits, deadline):
            for piece in _pieces(views, taken):
                if not self._send_piece(piece, waits, deadline):
                    break
        # What OpenSSL took beyond that was offered before, and will be again.
        sent = min(self._ahead, offered)
        self._ahead -= sent
        return sent

    def _send_piece(self, piece: Buffer, waits: bool, deadline: float) -> bool:
        """Send up to a record's worth: whether all went out; if not, it is kept for later."""
        rest: Buffer = piece
        while len(rest):
            self._kept = rest
            sent = self._do(self._write, rest, "sending", waits, deadline)
            if sent is None:
                return False
            self._ahead += sent
            rest = memoryview(rest)[sent:]
        self._kept = b""
        return True

    def _do(
        self, step: Callable[[_Data], int], data: _Data, doing: str, waits: bool, deadline: float = 0.0
    ) -> int | None:
        """Try a step until it succeeds: what it gave; ``None`` if it would have to wait, and must not.

        :param deadline: when to give up waiting; 0 for the time limit of one step.
        """
        try:
            self._lease.enter()
            try:
                while True:
                    try:
                        with self._lock:
                            if not self._established:
                                self._shake_hands()
                            return step(data)
                    # The errors are not kept: with this frame, and its buffer, they would be a cycle.
                    except ssl.SSLWantReadError:
                        events = select.POLLIN
                    except ssl.SSLWantWriteError:
                        events = select.POLLOUT
                    if doing == "receiving":
                        self._wants_write = events == select.POLLOUT
                    if not waits:
                        return None
                    deadline = deadline or self._deadline()
                    self._wait(events, deadline, doing)
            finally:
                self._lease.leave()
        except OSError as error:
            raise self._failure(error, doing) from error

    def _read(self, buffer: memoryview) -> int:
        if self._ended or not len(buffer):
            return 0
        try:
            count = self.sock.recv_into(buffer)
        except ssl.SSLZeroReturnError:
            count = 0
        if not count:
            self._ended = True
            return 0
        self._heard = True
        return count if count % RECORD else self._read_more(buffer, count)

    def _read_more(self, buffer: memoryview, count: int) -> int:
        """Go on after a full record, for there probably are others."""
        most = min(len(buffer), MOST)
        # What is wrong, if it is not just that nothing is there, the next receive tells.
        with contextlib.suppress(OSError):
            while count < most and (piece := self.sock.recv_into(buffer[count:most])):
                count += piece
        return count

    def _write(self, data: Buffer) -> int:
        if self._finished:
            raise OSError(errno.EPIPE, os.strerror(errno.EPIPE))
        return self.sock.send(data)

    # The handshake

    def _shake_hands(self) -> None:
        """Take the next step of it. Raises ``OSError``."""
        self.sock.do_handshake()
        certificate = self.sock.getpeercert()
        facts: dict[str, Any] = {
            "tls_version": self.sock.version(),
            "cipher": (self.sock.cipher() or ("",))[0],
        }
        if certificate:  # an empty one has not been verified
            facts["certificate"] = certificate
        self.peer = self.peer._replace(facts={**self.peer.facts, **facts})
        self._established = True

    def _failure(self, error: OSError, doing: str) -> PyroError:
        """What an error of the system, or of OpenSSL, means."""
        if self._lease.closed:
            return connection_error(self.peer, doing, OSError(errno.EBADF, os.strerror(errno.EBADF)))
        if doing == "sending" and not self._heard and is_just_an_end(error):
            error = self._last_word() or error
        if not self._established or (is_alert(error) and not self._heard):
            failure = handshake_error(self.peer, error)
            if self.sock.server_side:
                log.log(logging.DEBUG if is_just_an_end(error) else logging.INFO, "%s", failure.args[0])
            return failure
        return connection_error(self.peer, doing, OSError(error.errno, reason_of(error)))

    def _last_word(self) -> OSError | None:
        """Why the other side hung up, if it has told."""
        try:
            with self._lock:
                self.sock.recv(1)
        except ssl.SSLError as error:
            return error if is_alert(error) else None
        except (OSError, ValueError):
            pass
        return None

    # Waiting

    def set_timeout(self, seconds: float | None, /) -> None:
        """How long one receive may wait, and one send may take; ``None`` for ever. Implies blocking mode."""
        self._check_open("setting its time limit")
        self._timeout = seconds
        self._blocking = True

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""
        self._check_open("making it non-blocking")
        self._blocking = False

    def pending(self) -> bool:
        """Whether bytes are here already that no selector will tell of."""
        with self._lock:
            return self.sock.pending() > 0

    def wants_write(self) -> bool:
        """Whether the last receive waits until something can be sent."""
        return self._wants_write

    def _deadline(self) -> float:
        return math.inf if self._timeout is None else time.monotonic() + self._timeout

    def _wait(self, events: int, deadline: float, doing: str) -> None:
        """Wait until the socket is ready for that, or nearly so. Raises ``TimeoutError``."""
        left = deadline - time.monotonic() if self._blocking else 0.0
        if left <= 0:
            cause = BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            raise no_wait(self.peer, doing, self._timeout if self._blocking else None, cause)
        usual = select.POLLIN if doing == "receiving" else select.POLLOUT
        if not self._established or events != usual:
            left = min(left, SLICE)  # another thread may have taken what this one waits for
        poll = select.poll()
        poll.register(self.sock, events)
        poll.poll(min(left, _LONGEST_WAIT) * 1000)

    def _check_open(self, doing: str) -> None:
        if self._lease.closed:
            raise connection_error(self.peer, doing, OSError(errno.EBADF, os.strerror(errno.EBADF)))

    # The end

    def shutdown(self) -> None:
        """End the stream both ways, so that a thread waiting in it wakes up."""
        self._finished = True
        self._shut(socket.SHUT_RDWR)

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent; receiving goes on."""
        # Without a farewell: OpenSSL would look for the peer's at once, and lose what that has sent before.
        self._finished = True
        self._shut(socket.SHUT_WR)

    def close(self) -> None:
        """Give back what the operating system lent; a thread that waits in the connection wakes up."""
        if self._pid != os.getpid():  # the conversation, and locks that a thread there holds, are another's
            self._lease.abandon()
            return
        if self._lease.end():
            try:
                with self._lock:
                    self._say_farewell()
                self._shut(socket.SHUT_RDWR)
            finally:
                self._lease.leave()

    def _say_farewell(self) -> None:
        if not self._established or self._finished:
            return
        self._finished = self._ended = True  # in any case: without its TLS part the socket is a plain one
        with contextlib.suppress(OSError, ValueError):
            self.sock.unwrap()

    def _shut(self, how: int) -> None:
        # SSLSocket.shutdown would make a plain socket of it.
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.sock, how)


# Sending in pieces -----------------------------------------------------------------------------------


def _bytes_of(buffer: Buffer) -> memoryview:
    view = memoryview(buffer)
    return (
        view if view.format == "B" and view.ndim == 1 else view.cast("B") if view.nbytes else memoryview(b"")
    )


def _pieces(views: Sequence[memoryview], skip: int) -> Iterator[Buffer]:
    """What is left after ``skip`` bytes, a record each: small buffers joined, large ones as they are."""
    gathered = bytearray()
    for view in views:
        start = min(skip, len(view))
        skip -= start
        if gathered or len(view) - start < RECORD:
            room = RECORD - len(gathered)
            gathered += view[start : start + room]
            start += room
            if len(gathered) < RECORD:
                continue
            yield gathered
            gathered = bytearray()
        while len(view) - start >= RECORD:
            yield view[start : start + RECORD]
            start += RECORD
        gathered += view[start:]
    if gathered:
        yield gathered
