"""The server model ``multiplex``: one loop, in the caller's thread, that never waits for a connection."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from typing import Any

from pyroplug.contracts import Connection, HasFileno, Listener, SessionHost, Settings
from pyroplug.errors import CommunicationError

from . import limits
from .base import BaseServer
from .faults import contain
from .links import Link
from .outbox import flush_all
from .poller import IN, OUT

__all__ = ["MultiplexServer"]

_RESUME = 0
"""What no poller gives: a stalled connection is gone on with."""


class MultiplexServer(BaseServer):
    """All connections are non-blocking, and are received into the same memory, one piece each in a turn."""

    name = "multiplex"

    def __init__(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
    ) -> None:
        self._scratch = memoryview(bytearray(limits.SCRATCH))
        self._current: Link | None = None
        self._handler = self._ready  # one for all connections
        super().__init__(host, listeners, connections, settings)

    # Serving

    def _start(self, link: Link) -> None:
        link.connection.set_nonblocking()
        link.mask = IN
        self._reactor.add(link.fd, IN, self._handler, link)

    def _ready(self, link: Link, mask: int) -> None:
        self._current = link
        try:
            if mask != IN or self._closing.begun:
                self._ready_otherwise(link, mask)
                return
            # The way of every call: one piece is received, and what it asks for is answered.
            session = link.session
            buffer = link.buffer
            if buffer is None:
                buffer = session.get_buffer(self._scratch)
            recv_into = link.recv_into
            try:
                count = recv_into(buffer)
            except OSError as error:
                count = link.recv_failed(link.connection, error)
            if not count:
                if count is not None:
                    self._ended(link)
                elif link.connection.wants_write():
                    self._watch(link, OUT)
                return
            link.touched = True
            answer = session.handle_plain(buffer, count)
            if answer is None:
                link.buffer = buffer = None  # what was lent is given back first, see Session.get_buffer
                requests = session.buffer_updated(count)
                if link.begun or session.unfinished:
                    link.received(count, len(requests))
                self._work_off(link, iter(requests))
                return
            link.buffer = buffer
            if (link.outbox.send(answer) or self._may_go_on(link, iter(()))) and (
                not link.lends or session.closing or self._closing.swept
            ):
                self._see_what_follows(link)
        except CommunicationError as error:
            self._finish(link, str(error))
        except BaseException as error:
            self._finish(link, "serving it failed")
            contain(f"serving {link.connection.peer} failed", error)
        finally:
            self._current = None

    def _pending(self, link: Link, mask: int) -> None:
        if not link.finished and link.mask & IN:
            self._ready(link, mask)

    def _ended(self, link: Link) -> None:
        """The peer sends nothing more; it may still want to have its answers."""
        if link.outbox.size:
            self._part(link, "the client closed the connection")
        else:
            self._finish(link, "the client closed the connection")

    # Slow readers

    def _may_go_on(self, link: Link, requests: Iterator[Any]) -> bool:
        """Something could not be sent at once: whether the other requests may be handled nevertheless."""
        if self._closing.begun:
            return True
        if link.outbox.size <= limits.OUTBOX:
            self._watch(link, IN | OUT)
            return True
        link.backlog = requests
        self._watch(link, OUT)
        return False

    def _ready_otherwise(self, link: Link, mask: int) -> None:
        if self._closing.begun:
            # Whoever closes the server looks after it, or has looked a moment too early.
            if self._closing.swept:
                self._hang_up(link)
        elif mask == _RESUME:
            self._watch(link, IN | OUT if link.outbox.size else IN)
            self._work_off(link, link.backlog or iter(()))
        elif not mask & OUT and link.mask & IN:
            self._ready(link, IN)  # receiving tells what is wrong with it
        elif link.outbox.size:
            self._send_more(link, mask)
        elif mask & OUT and link.connection.wants_write():
            self._watch(link, IN)
            self._ready(link, IN)  # receiving goes on where it had to send
        else:
            self._finish(link, "the connection broke")

    def _send_more(self, link: Link, mask: int) -> None:
        """A slow reader takes some more. If there is something to receive, the next turn tells again."""
        before = link.outbox.size
        sent_all = link.outbox.flush()
        if link.outbox.size == before:
            if mask & ~(IN | OUT):
                self._finish(link, "the connection broke")
            return
        link.touched = True
        if link.stalled:
            self._watch(link, 0 if sent_all else OUT)
        elif link.outbox.size <= limits.OUTBOX and (
            link.backlog is None or self._work_off(link, link.backlog)
        ):
            self._watch(link, IN if sent_all and not link.outbox.size else IN | OUT)

    def _work_off(self, link: Link, requests: Iterator[Any]) -> bool:
        """Handle requests that had to wait: whether receiving may go on."""
        link.backlog = None
        session = link.session
        greets = not session.accepted
        handle, waiting = session.handle, self._oneway.calls
        for request in requests:
            buffers = handle(request)
            if buffers and not link.outbox.send(buffers):
                if greets:
                    link.greeted = link.outbox.since
                if not self._may_go_on(link, requests):
                    return False
            if waiting.crowded and self._oneway.is_over(link.connection):
                self._stall(link, requests)
                return False
        return self._see_what_follows(link)

    def _see_what_follows(self, link: Link) -> bool:
        """Requests were handled: whether receiving may go on."""
        if link.session.closing or self._closing.swept:
            self._had_last_word(link)
            return False
        if link.connection.pending():
            self._reactor.again(self._pending, link)
        return True

    def _stall(self, link: Link, requests: Iterator[Any]) -> None:
        """Read nothing more from it until some of its one-way calls have run."""
        link.backlog, link.stalled = requests, True
        self._watch(link, OUT if link.outbox.size else 0)
        self._oneway.stall(link)

    def _resume(self, link: Link) -> None:
        link.stalled = False
        self._ready(link, _RESUME)

    def _watch(self, link: Link, mask: int) -> None:
        if mask != link.mask and not link.finished:
            before, link.mask = link.mask, mask
            try:
                if not mask:  # not even the end is told, which would come again and again
                    self._reactor.remove(link.fd)
                elif before:
                    self._reactor.change(link.fd, mask)
                else:
                    self._reactor.add(link.fd, mask, self._handler, link)
            except (OSError, ValueError) as error:
                self._finish(link, str(error))

    # The end

    def _had_last_word(self, link: Link) -> None:
        if self._closing.begun:
            self._hang_up(link)
        else:
            self._part(link, "it was ended on this side")

    def _expire(self, link: Link, reason: str) -> None:
        self._finish(link, reason)

    def _is_mine(self, link: Link) -> bool:
        return link is self._current and self._loop_thread == threading.get_ident()

    def _is_idle(self, link: Link) -> bool:
        return link is not self._current and not link.outbox.size

    def _drain(self, deadline: float, in_loop: bool) -> None:
        if not in_loop:
            return
        links = [link for link in list(self._links.values()) if not self._is_mine(link)]
        for link in links:
            if not link.outbox.size:
                self._finish(link, "the server was closed")
        flush_all([link.outbox for link in links], deadline)

    def _client_sockets(self) -> Sequence[HasFileno]:
        connections = [link.connection for link in list(self._links.values()) if not link.stalled]
        return [connection for connection in connections if connection.fileno() >= 0]
