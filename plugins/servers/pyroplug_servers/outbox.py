"""What is still to be sent on a connection."""

from __future__ import annotations

import select
import time
from collections.abc import Iterable, Sequence

from pyroplug.contracts import Buffer, Connection, DirectIO
from pyroplug.errors import CommunicationError

from . import limits

__all__ = ["Outbox", "flush_all", "writable"]


class Outbox:
    """Sends without ever waiting, and keeps what did not go out. Nothing is copied."""

    __slots__ = (
        *("_direct", "_no_wait", "_send_failed", "_views"),
        *("connection", "moved", "since", "size", "window"),
    )

    def __init__(self, connection: Connection, direct: DirectIO | None) -> None:
        """
        :param direct: the connection's direct way, if it has one.
        """
        self.connection = connection
        self.size = 0
        """Bytes still to be sent."""
        self.since = 0.0
        """When the first of them began to wait, as long as there are any."""
        self.window = 0.0
        """Since when ``moved`` is counted: the bytes that the peer has taken since then."""
        self.moved = 0
        if direct is not None:
            self._direct, self._no_wait, self._send_failed = direct.send, direct.no_wait, direct.send_failed
        else:
            self._direct = None  # type: ignore[assignment]
        self._views: Sequence[memoryview] = ()

    def send(self, buffers: Sequence[Buffer]) -> bool:
        """Send, or keep for later: whether nothing is left. Raises ``ConnectionClosedError``."""
        if self.size:
            sent = 0
        elif (
            (direct := self._direct) is not None and len(buffers) == 1 and type(buffer := buffers[0]) is bytes
        ):
            try:
                sent = direct(buffer, self._no_wait)
            except OSError as error:
                sent = self._send_failed(self.connection, error)
            if sent == len(buffer):
                return True  # nearly always
        else:
            sent = self.connection.send_some(buffers)
        total = sum(buffer.nbytes if type(buffer) is memoryview else len(buffer) for buffer in buffers)
        if sent == total and not self.size:
            return True
        if not self.size:
            self.since = self.window = time.monotonic()
            self.moved = 0
        self.size += total - sent
        self._keep(buffers, sent)
        return False

    def flush(self) -> bool:
        """Send one more portion: whether nothing is left. Raises ``ConnectionClosedError``."""
        if self.size:
            self._drop(self.connection.send_some(self._views[: limits.FLUSH_BUFFERS]))
        return not self.size

    def flush_until(self, deadline: float) -> None:
        """Flush until nothing is left, or the monotonic clock reaches ``deadline``."""
        while not self.flush() and time.monotonic() < deadline:
            writable(self.connection, deadline - time.monotonic())

    def _keep(self, buffers: Sequence[Buffer], sent: int) -> None:
        views = [*self._views]
        for buffer in buffers:
            view = memoryview(buffer).cast("B") if len(buffer) else memoryview(b"")
            if sent < len(view):
                views.append(view[sent:])
            sent = max(0, sent - len(view))
        self._views = views

    def _drop(self, sent: int) -> None:
        self.size -= sent
        self.moved += sent
        views, done = [*self._views], 0
        while sent:
            view = views[done]
            if sent < len(view):
                views[done] = view[sent:]
                break
            sent -= len(view)
            done += 1
        self._views = views[done:]


def flush_all(outboxes: Iterable[Outbox], deadline: float) -> None:
    """Flush all of them side by side, until the monotonic clock reaches ``deadline``."""
    poll, waiting = select.poll(), {}
    for outbox in outboxes:
        fd = outbox.connection.fileno()
        if fd >= 0 and outbox.size:
            poll.register(fd, select.POLLOUT)
            waiting[fd] = outbox
    while waiting and time.monotonic() < deadline:
        for fd, _ in poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            try:
                done = waiting[fd].flush()
            except CommunicationError:
                done = True
            if done:
                poll.unregister(fd)
                del waiting[fd]


def writable(connection: Connection, seconds: float) -> bool:
    """Wait up to ``seconds`` until something can be sent: whether it can."""
    fd = connection.fileno()
    if fd < 0:
        return False
    poll = select.poll()
    poll.register(fd, select.POLLOUT)
    return bool(poll.poll(max(0.0, seconds) * 1000))
