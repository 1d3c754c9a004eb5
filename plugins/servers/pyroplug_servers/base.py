"""What both server models do the same way: the loop, the clock, and the end of the server."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack

from pyroplug.contracts import Connection, HasFileno, Listener, Server, SessionHost, Settings
from pyroplug.errors import DaemonError

from . import limits
from .accept import Acceptor
from .checks import check_descriptors
from .combine import Combined
from .connections import Connections
from .faults import contain
from .late import LateRequests
from .links import Link

__all__ = ["BaseServer"]


class BaseServer(Connections):
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
        check_descriptors(self.name, listeners, connections)
        super().__init__(self.name, host, settings)
        self._pid = os.getpid()
        self._loop, self._loop_thread = threading.RLock(), 0
        self._due = 0.0
        # Who polls more often wants the house kept more often: with Pyro5 that is the same thing.
        self._round = min(limits.HOUSEKEEPING, self._poll_timeout or limits.HOUSEKEEPING)
        self._housekeeping_due = time.monotonic() + self._round
        self._wait, self._hurried = 0.0, False
        self._combined = Combined(self._reactor, _summary)
        try:
            self._acceptor = Acceptor(self._reactor, listeners, self._admit, self._hurry, host)
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
            while True:  # a condition here would keep Python from making it faster, as this runs but once
                if closing.begun or not running():
                    break
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
        for seconds in (self._comm_timeout, self._message_timeout, self._greeters.seconds):
            if seconds:
                pause = min(pause, seconds / 4)
        due = self._greeters.next_due()
        if due is not None:
            pause = min(pause, max(due - now, limits.URGENT))
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

    def _drain_workers(self) -> None:
        """Tell threads that the end has come."""

    def _drain(self, deadline: float, in_loop: bool) -> None:
        """Let calls that are under way end, have them answered, and finish what is idle."""
        raise NotImplementedError


def _summary(server: Server) -> list[HasFileno] | None:
    return [server._reactor] if isinstance(server, BaseServer) else None
