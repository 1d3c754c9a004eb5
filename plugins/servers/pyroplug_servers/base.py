"""What both server models do the same way: connections come and go, time passes, the end."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from pyroplug.contracts import Connection, HasFileno, Listener, Server, SessionHost, Settings
from pyroplug.errors import CommunicationError, DaemonError

from . import limits
from .accept import Acceptor
from .checks import check_at_least
from .closing import Closing
from .combine import Combined
from .faults import contain
from .late import LateRequests
from .linger import Lingering, discard_received
from .links import Link
from .oneway import OneWayCalls
from .reactor import Reactor

__all__ = ["BaseServer"]


class BaseServer:
    """A :class:`~pyroplug.contracts.Server` but for how requests are received and answered.

    One thread at a time is in the loop: in ``run``, in ``events``, or closing. A model says what happens with
    a ready connection, and how work that is under way comes to its end.
    """

    name = ""

    def __init__(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
    ) -> None:
        """Serve ``connections``, and those that ``listeners`` bring. Raises ``ConfigError``, ``OSError``."""
        self._max_connections = check_at_least(settings, "MAX_CONNECTIONS", 0)
        self._oneway = OneWayCalls(self.name, check_at_least(settings, "ONEWAY_THREADS", 1), self._hurry)
        self._spawn = self._oneway.spawn
        self._comm_timeout: float = max(0.0, settings.COMMTIMEOUT)
        self._handshake_timeout: float = max(0.0, settings.HANDSHAKE_TIMEOUT)
        self._poll_timeout: float = max(0.0, settings.POLLTIMEOUT)
        self._host = host
        self._lock = threading.RLock()
        self._links: dict[int, Link] = {}
        self._greeting: dict[Link, None] = {}  # not accepted yet, when last looked at
        self._closing = Closing()
        self._pid = os.getpid()
        self._loop, self._loop_thread = threading.RLock(), 0
        self._due = self._sweep_due = 0.0
        # Who polls more often wants the house kept more often: with Pyro5 that is the same thing.
        self._round = min(limits.HOUSEKEEPING, self._poll_timeout or limits.HOUSEKEEPING)
        self._housekeeping_due = time.monotonic() + self._round
        self._wait, self._hurried = 0.0, False
        self._reactor = Reactor()
        self.wake: Callable[[], None] = self._reactor.wake
        """Make ``run`` ask ``running()`` at once. For any thread, and for signal handlers."""
        self._lingering = Lingering(self._reactor, self._hurry)
        self._combined = Combined(self._reactor, _summary)
        try:
            self._acceptor = Acceptor(self._reactor, listeners, self._admit, self._hurry)
        except BaseException:
            self._reactor.close()
            raise
        for connection in connections:
            self._open(connection, handshake=False)

    # The loop

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """What an outside event loop has to watch for readability; asked for anew in each of its turns."""
        if self._closing.begun:
            return ()
        return (*self._acceptor.listeners, *self._client_sockets(), self._reactor)

    def run(self, running: Callable[[], bool], /) -> None:
        """Serve until ``running()`` is false, or the server is closed.

        Raises :exc:`~pyroplug.errors.DaemonError` if it is being served already.
        """
        if self._loop_thread == threading.get_ident() or not self._loop.acquire(blocking=False):
            if self._closing.begun:
                return
            raise DaemonError("the server is running already", hint="one loop serves all its connections")
        self._loop_thread, self._pid = threading.get_ident(), os.getpid()
        try:
            closing, clock, turn = self._closing, time.monotonic, self._reactor.turn
            while not closing.begun and running():
                if clock() >= self._due:
                    self._tick()
                turn(self._wait)
        finally:
            self._loop_thread = 0
            self._loop.release()

    def events(self, ready: Iterable[HasFileno], /) -> None:
        """Serve what is ready; what depends on the clock is looked after as well, also for nothing ready.

        Does nothing while another thread is serving, or from within a call.
        """
        if self._loop_thread == threading.get_ident() or not self._loop.acquire(blocking=False):
            return
        self._loop_thread, self._pid = threading.get_ident(), os.getpid()
        try:
            # The poller knows as well as the caller what is ready, and more: who can be written to.
            if not self._closing.begun:
                if time.monotonic() >= self._due:
                    self._tick()
                self._reactor.turn(0)
            # Bytes are left that the caller cannot see: the reactor, which is watched, tells of them.
            if self._reactor.busy:
                self.wake()
        finally:
            self._loop_thread = 0
            self._loop.release()

    def combine(self, other: Server, /) -> None:
        """Serve another server in this one's loop.

        Raises :exc:`~pyroplug.errors.DaemonError` if that is impossible: it is this one, or either is closed.
        """
        if other is self:
            raise DaemonError("a server cannot be combined with itself")
        if self._closing.begun or (isinstance(other, BaseServer) and other._closing.begun):
            raise DaemonError("cannot combine servers: one of them is closed")
        self._combined.add(other)
        self.wake()

    def _hurry(self) -> None:
        """Something short is under way: look at the clock more often. From any thread."""
        self._hurried = True
        self._due = 0.0
        self.wake()

    def _tick(self) -> None:
        """Do what depends on the clock, and find out when to look at it next."""
        now = time.monotonic()
        self._hurried = False
        pause = self._round
        if self._comm_timeout:
            pause = min(pause, self._comm_timeout / 4)
        if self._handshake_timeout:
            pause = min(pause, self._handshake_timeout / 4)
        if self._lingering or self._acceptor.paused:
            pause = min(pause, limits.URGENT)
        self._due = now + pause
        if self._hurried:  # meanwhile, by another thread
            self._due = pause = 0.0
        self._wait = min(pause, self._poll_timeout)
        self._lingering.tick(now)
        self._acceptor.tick(now)
        self._combined.tick()
        self._oneway.go_on(self._resume)
        self._sweep(now)
        if now >= self._housekeeping_due:
            self._housekeeping_due = now + self._round
            self._housekeep()

    def _housekeep(self) -> None:
        try:
            self._host.housekeeping()
        except BaseException as error:
            contain("housekeeping failed", error)

    def _sweep(self, now: float) -> None:
        """End connections that are silent for too long, and forget those that somebody else closed."""
        for link in list(self._greeting):
            if link.finished or link.session.accepted:
                self._greeting.pop(link, None)
            elif link.parked and self._handshake_timeout and now - link.opened >= self._handshake_timeout:
                self._expire(link, f"it said no hello within {self._handshake_timeout:g} seconds")
        if now < self._sweep_due:
            return
        self._sweep_due = now + (min(limits.HOUSEKEEPING, self._comm_timeout / 4) or limits.HOUSEKEEPING)
        for link in list(self._links.values()):
            if link.touched or link.stalled or not link.parked:
                link.touched, link.since = False, now
            elif link.connection.fileno() < 0:
                self._expire(link, "the connection was closed")
            elif self._comm_timeout and now - link.since >= self._comm_timeout:
                self._expire(link, f"nothing happened for {self._comm_timeout:g} seconds (COMMTIMEOUT)")

    # Connections

    def _admit(self, connection: Connection) -> None:
        """Take over a newcomer, or turn it away where there are too many."""
        if self._max_connections and len(self._links) >= self._max_connections:
            self._refuse(connection)
        else:
            self._open(connection)

    def _refuse(self, connection: Connection) -> None:
        reason = (
            f"the server is full: it takes {self._max_connections} connections at a time "
            "(configuration item MAX_CONNECTIONS); try again later"
        )
        try:
            link = self._new_link(connection, True)
            link.outbox.send(link.session.refuse(reason, passing=True))
            self._part(link, reason)
        except CommunicationError:
            self._finish(link, reason)
        except BaseException as error:
            connection.close()
            contain("refusing a connection failed", error)

    def _new_link(self, connection: Connection, handshake: bool) -> Link:
        session = self._host.open_session(connection, self._spawn, handshake=handshake)
        return Link(connection, session, time.monotonic())

    def _open(self, connection: Connection, handshake: bool = True) -> None:
        try:
            link = self._new_link(connection, handshake)
        except BaseException as error:
            connection.close()
            contain(f"no session for the connection with {connection.peer}", error)
            return
        try:
            stale = self._links.get(link.fd)
            if stale is not None:
                # Somebody else closed that connection, and the system uses its number again.
                self._forget(stale)
                self._expire(stale, "the connection was closed")
            self._links[link.fd] = link
            if handshake:
                self._greeting[link] = None
            else:
                link.is_given = True
            self._start(link)
            if self._closing.begun:
                link.session.retire()
        except (CommunicationError, OSError, ValueError) as error:
            self._finish(link, str(error))
        except BaseException as error:
            self._finish(link, "it could not be served")
            contain(f"cannot serve the connection with {connection.peer}", error)

    def _forget(self, link: Link) -> None:
        """Neither watch nor count it any more."""
        with self._lock:
            if self._links.get(link.fd) is link:
                del self._links[link.fd]
                self._reactor.remove(link.fd)

    def _finish(self, link: Link, reason: str) -> None:
        """The end of a connection: its session is told, once, and it is closed. From any thread."""
        try:
            self._lose(link, reason)
        finally:
            link.connection.close()

    def _part(self, link: Link, reason: str) -> None:
        """The end of a session that has had the last word: the peer gets time to take it."""
        if link.is_given and not link.outbox.size:
            self._finish(link, reason)
            return
        try:
            self._lose(link, reason)
        finally:
            self._lingering.begin(link.outbox)

    def _hang_up(self, link: Link) -> None:
        """The end of a connection whose call was running when the server began to close."""
        try:
            link.outbox.flush_until(self._closing.deadline)
            if not link.is_given:
                link.connection.end_of_data()
                discard_received(link.connection)  # unread bytes would have the answer lost
        except CommunicationError:
            pass  # nobody is there to see it
        finally:
            self._finish(link, "the server was closed")

    def _lose(self, link: Link, reason: str) -> None:
        with self._lock:
            if link.finished:
                return
            link.finished = True
            self._forget(link)
        try:
            link.session.lost(reason)
        except BaseException as error:
            contain(f"the end of the session with {link.connection.peer} failed", error, self._loop_thread)
        if link.is_given:
            self.wake()  # the loop may have been there for it alone

    # The end

    def close(self, grace: float, /) -> None:
        """End it all: see :meth:`pyroplug.contracts.Server.close`.

        Called from within a running call, it leaves that call's connection and thread until that is answered.
        """
        if self._pid != os.getpid():
            self._close_copy()
            return
        deadline = time.monotonic() + max(0.0, grace)
        if not self._closing.claim(deadline, self._is_inside):
            if self._closing.is_done() and not self._is_inside():
                self._join(self._closing.deadline)  # the call that closed it is still to be answered
            return
        with ExitStack() as held:
            held.callback(self._closing.release)
            for link in list(self._links.values()):
                link.session.retire()
            self._drain_workers()
            self._acceptor.close()
            self.wake()
            self._drain(deadline, self._turn_away(deadline, held))
            self._oneway.close(deadline)
            for link in list(self._links.values()):
                if not self._is_mine(link):
                    self._finish(link, "the server was closed")
            self._lingering.close(deadline)
            self._combined.clear()
            self._reactor.close()
            self._join(time.monotonic() + limits.MARGIN)
            self._closing.done()

    def _close_copy(self) -> None:
        """In a forked process: the server is its parent's, which goes on and must not notice."""
        self._closing.begun = True
        for link in list(self._links.values()):
            link.connection.close()
        self._reactor.close()

    def _turn_away(self, deadline: float, held: ExitStack) -> bool:
        """Run nothing any more, and say so, until the running calls end: whether ``held`` has the loop."""
        late = LateRequests(self._hang_up, self._finish)
        in_loop = over = False
        # Who has just been calling may call again, and is told.
        told = time.monotonic() + limits.GLANCE * any(link.touched for link in list(self._links.values()))
        while not over:
            wait = min(limits.GLANCE, max(0.0, deadline - time.monotonic()))
            if not in_loop and self._loop.acquire(timeout=wait):
                held.callback(self._loop.release)
                in_loop, wait = True, 0.0
            over = (now := time.monotonic()) >= deadline or (in_loop and now >= told and not self._is_busy())
            idle = [link for link in list(self._links.values()) if self._is_idle(link)]
            late.answer(idle, wait if in_loop and not over else 0.0)
        self._closing.swept = True
        return in_loop

    def _is_inside(self) -> bool:
        """Whether this thread is running something for the server, which closing would wait for."""
        return self._loop_thread == threading.get_ident() or threading.current_thread() in self._oneway

    def _join(self, deadline: float) -> None:
        self._oneway.join(deadline)

    # For the models

    def _client_sockets(self) -> Sequence[HasFileno]:
        """The connections that an outside event loop watches."""
        return ()

    def _is_mine(self, link: Link) -> bool:
        """Whether this thread is in one of the connection's calls."""
        raise NotImplementedError

    def _is_idle(self, link: Link) -> bool:
        """Whether no thread uses the connection, and none will once the end has begun."""
        raise NotImplementedError

    def _is_busy(self) -> bool:
        """Whether calls are running, this thread's own aside."""
        return self._oneway.outstanding > (threading.current_thread() in self._oneway)

    def _start(self, link: Link) -> None:
        """Begin to serve. Raises ``CommunicationError``, ``OSError``, ``ValueError``."""
        raise NotImplementedError

    def _resume(self, link: Link) -> None:
        """Go on with a stalled connection, in the loop's thread."""
        raise NotImplementedError

    def _expire(self, link: Link, reason: str) -> None:
        """End a parked connection, in the loop's thread."""
        raise NotImplementedError

    def _drain_workers(self) -> None:
        """Tell threads that the end has come."""

    def _drain(self, deadline: float, in_loop: bool) -> None:
        """Let calls that are under way end, have them answered, and finish what is idle."""
        raise NotImplementedError


def _summary(server: Server) -> list[HasFileno] | None:
    return [server._reactor] if isinstance(server, BaseServer) else None
