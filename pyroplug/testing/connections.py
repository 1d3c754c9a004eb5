"""Connections that fail as a test needs them to: at a certain byte, after a word, or by being clogged."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

from pyroplug.contracts import NO_PEER, Buffer, Connection, Peer, joined
from pyroplug.errors import ConnectionClosedError, TimeoutError

__all__ = ["FaultyConnection", "ScriptedConnection"]


class ScriptedConnection:
    """A connection without another end: what it receives is written down beforehand, what it sends is kept.

    ``ScriptedConnection(b"head", None, b"body", ConnectionClosedError("reset"))`` gives four bytes, then says
    that nothing is there, gives four more, and breaks. When the script is over, the stream has ended.

    :ivar sent: all that was sent.
    :ivar calls: the names of the other methods that were called, in their order.
    """

    sock = None

    def __init__(
        self,
        *script: bytes | BaseException | None,
        peer: Peer = NO_PEER,
        room: int | None = None,
        most: int | None = None,
    ) -> None:
        """
        :param script: what happens when something is received: bytes come, in as many receives as the buffers
            need; with ``None`` nothing is there; an exception is raised, again and again.
        :param room: how many bytes can be sent until it is clogged; ``None`` for as many as one likes.
        :param most: bytes that one receive gives at most.
        """
        self.peer = peer
        self.room = room
        self.most = most
        self.sent = bytearray()
        self.calls: list[str] = []
        self._script = deque(script)
        self._blocking = True
        self._closed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}{' closed' if self._closed else ''}>"

    def fileno(self) -> int:
        """Always -1: there is none."""
        return -1

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """What the script says; in blocking mode nothing to receive is a ``TimeoutError``."""
        self._check()
        if not self._script:
            return 0
        step = self._script[0]
        if isinstance(step, BaseException):
            raise step
        self._script.popleft()
        if step is None:
            if self._blocking:
                raise TimeoutError(f"nothing could be received from {self.peer}")
            return None
        view = buffer.cast("B")
        count = min(len(view), len(step), self.most or len(step))
        view[:count] = step[:count]
        if count < len(step):
            self._script.appendleft(step[count:])
        return count

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Keep it, or raise ``TimeoutError`` if there is no room for all of it."""
        size = sum(memoryview(buffer).nbytes for buffer in buffers)
        if self.send_some(buffers) < size:
            raise TimeoutError(f"nothing could be sent to {self.peer}")

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Keep what there is room for: how many bytes that was."""
        self._check()
        data = memoryview(joined(tuple(memoryview(buffer).cast("B") for buffer in buffers if len(buffer))))
        count = len(data) if self.room is None else min(len(data), self.room - len(self.sent))
        self.sent += data[:count]
        return count

    def set_timeout(self, _seconds: float | None, /) -> None:
        """Wait again; how long makes no difference."""
        self._check()
        self._blocking = True

    def set_nonblocking(self) -> None:
        """Never wait again."""
        self._check()
        self._blocking = False

    def pending(self) -> bool:
        """Whether the script goes on with bytes."""
        return bool(self._script) and isinstance(self._script[0], bytes)

    def wants_write(self) -> bool:
        """Never."""
        return False

    def shutdown(self) -> None:
        """Noted; the script is over."""
        self.calls.append("shutdown")
        self._script.clear()

    def end_of_data(self) -> None:
        """Noted."""
        self.calls.append("end_of_data")

    def close(self) -> None:
        """Noted; from then on everything raises ``ConnectionClosedError``."""
        self.calls.append("close")
        self._closed = True

    def _check(self) -> None:
        if self._closed:
            raise ConnectionClosedError(f"the connection with {self.peer} was closed on this side")


class FaultyConnection:
    """A connection that works, and fails at a certain byte. It lends nobody its functions.

    :ivar received: how many bytes have been received.
    :ivar sent: how many bytes have been sent.
    """

    direct = None

    def __init__(
        self,
        connection: Connection,
        *,
        most: int | None = None,
        end_at: int | None = None,
        reset_at: int | None = None,
        break_at: int | None = None,
        clog_at: int | None = None,
    ) -> None:
        """
        :param connection: the one that works.
        :param most: bytes that one receive or one send takes at most.
        :param end_at: after how many received bytes the stream ends.
        :param reset_at: after how many received bytes it breaks.
        :param break_at: after how many sent bytes it breaks.
        :param clog_at: after how many sent bytes nothing more can be sent.
        """
        self._connection = connection
        self._most = most
        self._end_at, self._reset_at = end_at, reset_at
        self._break_at, self._clog_at = break_at, clog_at
        self.received = self.sent = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def __repr__(self) -> str:
        return f"<faulty {self._connection!r}>"

    def recv_into(self, buffer: memoryview, /) -> int | None:
        """Receive up to the byte at which it fails."""
        if self.received == self._reset_at:
            raise ConnectionClosedError(f"the connection with {self.peer} broke at byte {self.received}")
        if self.received == self._end_at:
            return 0
        limits = [each - self.received for each in (self._end_at, self._reset_at) if each is not None]
        count = self._connection.recv_into(buffer[: min([len(buffer), *limits, self._most or len(buffer)])])
        self.received += count or 0
        return count

    def send(self, buffers: Sequence[Buffer], /) -> None:
        """Send up to the byte at which it fails."""
        for view in _views(buffers):
            part = view[: self._left(len(view))]
            self._connection.send([part])
            self.sent += len(part)
            if len(part) < len(view):
                self._left(1)
                raise TimeoutError(f"nothing could be sent to {self.peer}")

    def send_some(self, buffers: Sequence[Buffer], /) -> int:
        """Send up to the byte at which it fails: how many bytes that was."""
        views = _views(buffers)
        if not views:
            return self._connection.send_some(buffers)
        left = self._left(len(views[0]))
        if not left:
            return 0
        sent = self._connection.send_some([views[0][: min(left, self._most or left)]])
        self.sent += sent
        return sent

    def _left(self, size: int) -> int:
        """How many of ``size`` bytes can be sent; raises ``ConnectionClosedError`` where it breaks."""
        if self._break_at is not None:
            if self.sent >= self._break_at:
                raise ConnectionClosedError(f"the connection with {self.peer} broke at byte {self.sent}")
            size = min(size, self._break_at - self.sent)
        if self._clog_at is not None:
            size = min(size, self._clog_at - self.sent)
        return size


def _views(buffers: Sequence[Buffer]) -> list[memoryview]:
    return [memoryview(buffer).cast("B") for buffer in buffers if memoryview(buffer).nbytes]
