"""Connections whose two ends are in one process: bytes in memory, and nothing of the operating system."""

from __future__ import annotations

import builtins
import threading
import time
from collections.abc import Sequence

from pyroplug.contracts import Buffer, Peer
from pyroplug.errors import ConnectionClosedError, TimeoutError

__all__ = ["InprocConnection", "connected"]

_CAPACITY = 1 << 18
"""Bytes that are kept for a receiver who takes his time."""


class _Stream:
    """One direction. ``changed`` guards it."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.data = bytearray()
        self.ended = False  # by the sender: what is here can still be received
        self.abandoned = False  # by the receiver: nothing can be sent any more

    def end(self) -> None:
        with self.changed:
            self.ended = True
            self.changed.notify_all()

    def abandon(self) -> None:
        with self.changed:
            self.abandoned = True
            self.data.clear()
            self.changed.notify_all()


class InprocConnection:
    """One end. A thread may receive while another sends."""

    sock = None

    def __init__(self, incoming: _Stream, outgoing: _Stream, peer: Peer) -> None:
        self.peer = peer
        self._in, self._out = incoming, outgoing
        self._may_wait, self._timeout = True, None
        self._shut = self._closed = False

    _timeout: float | None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with {self.peer}{' closed' if self._closed else ''}>"

    def fileno(self) -> int:
        """Always -1: there is no file descriptor."""
        return -1

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive at least one byte: how many; 0 at the end; ``None`` for not yet."""
        stream, view, deadline = self._in, buffer.cast("B"), self._deadline()
        with stream.changed:
            while not stream.data:
                self._check_open()
                if self._shut or stream.ended:
                    return 0
                if not self._may_wait:
                    return None
                self._wait(stream.changed, deadline, "received from")
            self._check_open()
            count = min(len(view), len(stream.data))
            view[:count] = stream.data[:count]
            del stream.data[:count]
            stream.changed.notify_all()
            return count

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send all of it."""
        deadline = self._deadline()
        for view in _views(buffers):
            sent = self._put(view)
            while sent < len(view):
                with self._out.changed:
                    if self._is_full():
                        self._wait(self._out.changed, deadline, "sent to")
                sent += self._put(view[sent:])

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send what can be sent without waiting: how many bytes that was."""
        total = 0
        for view in _views(buffers):
            sent = self._put(view)
            total += sent
            if sent < len(view):
                break
        return total

    def set_timeout(self, seconds: float | None, /) -> None:
        """How long a receive, or a whole send, may take; ``None`` for ever."""
        self._check_open()
        self._may_wait, self._timeout = True, seconds

    def set_nonblocking(self) -> None:
        """Never wait again, until ``set_timeout`` is called."""
        self._check_open()
        self._may_wait = False

    def pending(self) -> bool:
        """Whether something is here; no selector would tell of it."""
        return bool(self._in.data)

    def wants_write(self) -> bool:
        """Never: receiving waits for bytes and for nothing else."""
        return False

    def shutdown(self) -> None:
        """End the stream both ways; threads that wait in it wake up, at both ends."""
        self._shut = True
        self._in.abandon()
        self._out.end()

    def end_of_data(self) -> None:
        """Tell the peer that nothing more will be sent."""
        self._out.end()

    def close(self) -> None:
        """End it. May be called twice."""
        self._closed = True
        self.shutdown()

    def _put(self, view: memoryview) -> int:
        stream = self._out
        with stream.changed:
            self._check_open()
            if stream.ended:
                raise ConnectionClosedError(f"the connection with {self.peer} was ended on this side")
            if stream.abandoned:
                raise ConnectionClosedError(f"the connection with {self.peer} was closed by the other side")
            count = min(len(view), _CAPACITY - len(stream.data))
            if count:
                stream.data += view[:count]
                stream.changed.notify_all()
            return count

    def _is_full(self) -> bool:
        stream = self._out
        return len(stream.data) >= _CAPACITY and not (stream.ended or stream.abandoned)

    def _deadline(self) -> float | None:
        return None if self._timeout is None else time.monotonic() + self._timeout

    def _wait(self, changed: threading.Condition, deadline: float | None, doing: str) -> None:
        left = None if deadline is None else min(deadline - time.monotonic(), threading.TIMEOUT_MAX)
        if not self._may_wait or (left is not None and left <= 0):
            limit = f"within {self._timeout:g} seconds" if self._may_wait else "without waiting"
            why = builtins.TimeoutError("the time is over")
            raise TimeoutError(f"nothing could be {doing} {self.peer} {limit}") from why
        changed.wait(left)

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectionClosedError(f"the connection with {self.peer} was closed on this side")


def _views(buffers: Sequence[Buffer]) -> list[memoryview]:
    return [memoryview(one).cast("B") if memoryview(one).nbytes else memoryview(b"") for one in buffers]


def connected(address: str, name: str, location: str) -> tuple[InprocConnection, InprocConnection]:
    """Two ends: the client's and the server's."""
    there, back = _Stream(), _Stream()
    client = InprocConnection(back, there, Peer(address, name))
    return client, InprocConnection(there, back, Peer("", name, reached=location))
