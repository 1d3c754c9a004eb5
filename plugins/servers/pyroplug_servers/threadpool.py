"""The server model ``threadpool``: threads answer calls, and hold no connection that is silent.

The loop's thread owns the listeners and the *parked* connections. One that is ready goes to a worker, which
receives, answers, and then stays with it for a moment: a client that calls in a row is served by plain
blocking receives. When the moment is over, or others have to wait for a worker, the connection is parked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pyroplug.contracts import Connection, Listener, SessionHost, Settings
from pyroplug.errors import CommunicationError, ConfigError, TimeoutError

from . import limits
from .base import BaseServer
from .checks import check_at_least
from .faults import contain
from .links import Link
from .outbox import flush_all, writable
from .poller import IN, ONESHOT, OUT
from .workers import Workers

__all__ = ["ThreadPoolServer"]


class ThreadPoolServer(BaseServer):
    """Connections are blocking, with a short time limit; sending never blocks."""

    name = "threadpool"

    def __init__(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
    ) -> None:
        minimum = check_at_least(settings, "THREADPOOL_SIZE_MIN", 1)
        maximum = check_at_least(settings, "THREADPOOL_SIZE", 1)
        if maximum < minimum:
            raise ConfigError(
                f"configuration item THREADPOOL_SIZE is {maximum}, and THREADPOOL_SIZE_MIN is {minimum}",
                hint="THREADPOOL_SIZE is the larger one",
            )
        self._is_housekeeping = False
        self._workers: Workers[Link] = Workers("pyroplug-threadpool-worker", minimum, maximum, self._prepare)
        self._handler = self._ready  # one for all connections
        super().__init__(host, listeners, connections, settings)

    # In the loop's thread

    def _start(self, link: Link) -> None:
        # No worker waits for a client that has not said hello yet; with TLS that takes several pieces.
        link.connection.set_nonblocking()
        self._reactor.add(link.fd, IN | ONESHOT, self._handler, link)

    def _ready(self, link: Link, _mask: int) -> None:
        if not link.parked:
            return
        if link.late and self._end_if_late(link, time.monotonic()):
            return
        if link.outbox.size:
            self._send_more(link)
        else:
            self._submit(link)

    def _submit(self, link: Link) -> None:
        """Give a parked connection to a worker."""
        link.parked = False
        if not self._workers.submit(link):
            link.parked = True  # for the thread that is closing the server

    def _send_more(self, link: Link) -> None:
        """A slow reader takes some more; a worker goes on when it has all."""
        before = link.outbox.size
        try:
            if not link.outbox.flush():
                link.touched = link.touched or link.outbox.size != before
                self._reactor.change(link.fd, OUT | ONESHOT)
                return
        except (CommunicationError, OSError, ValueError) as error:
            link.doom = str(error)
        self._submit(link)

    def _resume(self, link: Link) -> None:
        link.stalled = False
        self._submit(link)

    def _expire(self, link: Link, reason: str) -> None:
        # A worker does it, as a session's end runs code of the user's.
        self._reactor.remove(link.fd)
        link.doom = reason
        self._submit(link)

    def _housekeep(self) -> None:
        # It may be slow, as users override it; and the next round does not come before this one's end.
        if not self._is_housekeeping:
            self._is_housekeeping = self._oneway.try_spawn(self._housekeep_aside)

    def _housekeep_aside(self) -> None:
        try:
            super()._housekeep()
        finally:
            self._is_housekeeping = False

    # In a worker's thread

    def _prepare(self) -> Callable[[Link], None]:
        scratch = memoryview(bytearray(limits.SCRATCH))
        me = threading.get_ident()

        def work(link: Link) -> None:
            link.owner = me
            try:
                if link.doom:
                    self._finish(link, link.doom)
                else:
                    self._serve(link, scratch)
            except CommunicationError as error:
                self._finish(link, str(error))
            except BaseException as error:
                self._finish(link, "serving it failed")
                contain(f"serving {link.connection.peer} failed", error)

        return work

    def _serve(self, link: Link, scratch: memoryview) -> None:
        """Serve a connection until it is silent, gone, or others wait. Raises ``CommunicationError``."""
        if link.backlog is not None and not self._work_off(link, link.backlog):
            return
        session, workers, links, most = link.session, self._workers, self._links, self._workers.maximum
        recv_into, recv_failed, send = link.recv_into, link.recv_failed, link.outbox.send
        handle_plain, buffer = session.handle_plain, session.get_buffer(scratch)
        while True:
            try:
                try:
                    count = recv_into(buffer)
                except OSError as error:
                    count = recv_failed(link.connection, error)
            except TimeoutError:
                self._await(link)
                return
            if not count:
                if self._stay(link, count):
                    continue
                return
            answer = handle_plain(buffer, count)
            if answer is None:
                buffer = scratch  # what was lent is given back first, see Session.get_buffer
                was_accepted = session.accepted
                if not self._take_in(link, count):
                    return
                if session.accepted and not was_accepted:
                    link.connection.set_timeout(limits.STAY)  # its first call comes soon, as a rule
                buffer = session.get_buffer(scratch)
            elif not send(answer) and not self._push(link, iter(())):
                return
            # As long as there can be a thread for each connection, staying holds up nobody.
            if workers.full and (self._closing.begun or len(links) > most):
                self._park(link)
                return

    def _take_in(self, link: Link, count: int) -> bool:
        """Handle what was received, whatever it is: whether receiving may go on."""
        requests = link.session.buffer_updated(count)
        if link.begun or link.session.unfinished:
            link.received(count, len(requests))
        if requests or link.session.closing:
            return self._work_off(link, iter(requests))
        if count < limits.SMALL_PIECE or self._is_crowded():
            self._park(link)
            return False
        return True

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
                if not self._push(link, requests):
                    return False
            if waiting.crowded and self._oneway.is_over(link.connection):
                self._stall(link, requests)
                return False
        if link.session.closing:
            self._had_last_word(link)
            return False
        return True

    def _push(self, link: Link, requests: Iterator[Any]) -> bool:
        """Send the rest, with a little patience: whether that worked. If not, the poller has it now."""
        if self._closing.begun:
            link.outbox.flush_until(self._closing.deadline)
            return True
        while not link.outbox.flush():
            if not writable(link.connection, 0 if self._is_crowded() else limits.STAY):
                link.backlog = requests
                self._hand_over(link, OUT)
                return False
        return True

    def _stall(self, link: Link, requests: Iterator[Any]) -> None:
        """Leave it alone, poller included, until some of its one-way calls have run."""
        link.backlog = requests
        link.owner = 0
        link.parked = link.stalled = True
        self._oneway.stall(link)  # from here on it may be in another worker's hands

    def _stay(self, link: Link, count: int | None) -> bool:
        """Nothing came without waiting: whether to wait a moment, as for everybody who has been accepted."""
        if count is not None:
            self._finish(link, "the client closed the connection")
        elif link.session.accepted:
            link.connection.set_timeout(limits.STAY)
            return True
        else:
            self._await(link)
        return False

    def _await(self, link: Link) -> None:
        """Nothing is there, or the other direction has to move first."""
        self._hand_over(link, OUT if link.connection.wants_write() else IN)

    def _park(self, link: Link) -> None:
        link.owner = 0
        # No poller would tell of bytes that are pending. Others that wait come first.
        if not (link.connection.pending() and self._workers.submit(link)):
            self._hand_over(link, IN)

    def _hand_over(self, link: Link, mask: int) -> None:
        """Give the connection to the poller. It may be in another worker's hands when this returns."""
        link.owner = 0
        link.touched = True
        link.parked = True
        if self._closing.begun:
            # Whoever closes the server looks after it, or has looked a moment too early.
            if self._closing.swept:
                self._hang_up(link)
            return
        try:
            self._reactor.change(link.fd, mask | ONESHOT)
        except (OSError, ValueError):
            if not self._closing.begun:
                self._finish(link, "the connection was closed")

    def _is_crowded(self) -> bool:
        return self._workers.full and len(self._links) > self._workers.maximum

    # The end

    def _had_last_word(self, link: Link) -> None:
        if self._closing.begun:
            self._hang_up(link)
        else:
            self._part(link, "it was ended on this side")

    def _is_mine(self, link: Link) -> bool:
        return link.owner == threading.get_ident()

    def _is_idle(self, link: Link) -> bool:
        return link.parked and not link.outbox.size and not link.doom

    def _is_busy(self) -> bool:
        return self._workers.outstanding > (threading.current_thread() in self._workers) or super()._is_busy()

    def _is_inside(self) -> bool:
        return threading.current_thread() in self._workers or super()._is_inside()

    def _drain_workers(self) -> None:
        self._workers.end()

    def _drain(self, deadline: float, in_loop: bool) -> None:
        parked = [link for link in list(self._links.values()) if link.parked]
        for link in parked:
            if not link.outbox.size:
                self._finish(link, "the server was closed")
        flush_all([link.outbox for link in parked], deadline)
        self._workers.close(deadline)

    def _join(self, deadline: float) -> None:
        self._workers.join(deadline)
        super()._join(deadline)
