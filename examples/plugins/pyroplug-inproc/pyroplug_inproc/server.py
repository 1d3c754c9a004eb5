"""A server model without file descriptors: a thread for each connection, and an event for newcomers."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from pyroplug.contracts import Connection, HasFileno, Listener, Server, SessionHost, Settings, Spawn
from pyroplug.errors import ConfigError, DaemonError

from .conversation import Conversation
from .transport import InprocListener

__all__ = ["InprocServer", "InprocServerModel"]

_HOUSEKEEPING = 2.0
_MOST_ONEWAY = 16  # of one connection, at a time

log = logging.getLogger(__name__)


class InprocServerModel:
    """For daemons that listen at ``./inproc:NAME`` and nowhere else."""

    name = "inproc"
    aliases: frozenset[str] = frozenset()

    def create(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
        /,
    ) -> InprocServer:
        """A server for one daemon."""
        foreign = [one.location for one in listeners if not isinstance(one, InprocListener)]
        if foreign or connections:
            raise ConfigError(
                f"the server model 'inproc' cannot serve {foreign[0] if foreign else 'connected sockets'}",
                hint="it serves ./inproc:NAME only: choose another one (SERVERTYPE) for anything else",
            )
        return InprocServer(host, [one for one in listeners if isinstance(one, InprocListener)], settings)


class InprocServer:
    """The loop takes newcomers in; ``conversation`` is what happens in the threads."""

    def __init__(self, host: SessionHost, listeners: list[InprocListener], settings: Settings) -> None:
        self._host = host
        self._listeners = listeners
        self._timeout: float | None = settings.COMMTIMEOUT or None
        self._pause = min(settings.POLLTIMEOUT, _HOUSEKEEPING)
        self._next_housekeeping = time.monotonic() + self._pause
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._conversations: set[Conversation] = set()
        self._threads: set[threading.Thread] = set()
        self._closing = False
        self._running = threading.Lock()
        for listener in listeners:
            listener.arrived = self.wake

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """Nothing that an outside event loop could watch."""
        return ()

    def run(self, running: Callable[[], bool], /) -> None:
        """Serve until ``running()`` is false."""
        if not self._running.acquire(blocking=False):
            raise DaemonError("the server is running already")
        try:
            while not self._closing and running():
                self._woken.wait(self._pause)
                self._woken.clear()
                self.events(())
        finally:
            self._running.release()

    def events(self, ready: Iterable[HasFileno], /) -> None:
        """Take newcomers in, and look at the clock."""
        for listener in self._listeners:
            while (connection := listener.accept()) is not None:
                self._take_in(connection)
        if time.monotonic() >= self._next_housekeeping:
            self._next_housekeeping = time.monotonic() + self._pause
            self._host.housekeeping()

    def combine(self, other: Server, /) -> None:
        """Impossible: there is nothing of another server's that it could wait for."""
        raise DaemonError("the server model 'inproc' serves no other server's connections")

    def wake(self) -> None:
        """Make ``run`` ask ``running()`` at once."""
        self._woken.set()

    def _take_in(self, connection: Connection) -> None:
        try:
            connection.set_timeout(self._timeout)
            session = self._host.open_session(connection, self._spawner())
        except Exception:
            log.exception("no session for the connection with %s", connection.peer)
            connection.close()
            return
        conversation = Conversation(connection, session, self._ended, given=False)
        with self._lock:
            self._conversations.add(conversation)
        self._start(conversation.run)
        if self._closing:
            conversation.retire()

    def _ended(self, conversation: Conversation) -> None:
        with self._lock:
            self._conversations.discard(conversation)

    def _spawner(self) -> Spawn:
        """Runs one connection's one-way calls: where too many are running, it has to wait, and no other."""
        places = threading.Semaphore(_MOST_ONEWAY)

        def spawn(call: Callable[[], None], connection: Connection, size: int, /) -> None:
            def run() -> None:
                try:
                    call()
                except BaseException:
                    log.exception("a one-way call of %s failed", connection.peer)
                finally:
                    places.release()

            places.acquire()
            self._start(run)

        return spawn

    def _start(self, target: Callable[[], None]) -> None:
        def run() -> None:
            try:
                target()
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="inproc", daemon=True)
        with self._lock:
            self._threads.add(thread)
        thread.start()

    def close(self, grace: float, /) -> None:
        """End it all: running calls get ``grace`` seconds, then they are cut off."""
        deadline = time.monotonic() + max(0.0, grace)
        self._closing = True
        self.wake()
        for listener in self._listeners:
            listener.close()
        for conversation in list(self._conversations):
            conversation.retire()
        with self._lock:
            is_inside = threading.current_thread() in self._threads
        if is_inside:  # a call closes the server: it is answered when it returns
            return
        self._join(deadline)
        for conversation in list(self._conversations):
            conversation.cut_off("the server was closed")
        self._join(time.monotonic() + 0.5)

    def _join(self, deadline: float) -> None:
        while True:
            with self._lock:
                thread = next(iter(self._threads), None)
            left = deadline - time.monotonic()
            if thread is None or left <= 0:
                return
            thread.join(left)
