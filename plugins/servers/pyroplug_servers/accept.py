"""Taking in newcomers, and pausing where the system has no room for them."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from pyroplug.contracts import Connection, Listener, SessionHost

from . import limits
from .faults import contain
from .poller import IN
from .reactor import Reactor

__all__ = ["Acceptor"]

log = logging.getLogger(__name__)


class Acceptor:
    """Accepts for all listeners of a server, in the thread of its loop."""

    def __init__(
        self,
        reactor: Reactor,
        listeners: Sequence[Listener],
        admit: Callable[[Connection], None],
        hurry: Callable[[], None],
        host: SessionHost,
    ) -> None:
        """
        :param admit: takes each new connection over. Raises nothing.
        :param hurry: has :meth:`tick` called soon.
        :param host: takes note of what a limit refuses.
        """
        self._reactor = reactor
        self._admit = admit
        self._hurry = hurry
        self._host = host
        self._watched: dict[Listener, int] = {}
        self._paused: dict[Listener, float] = {}
        self._all = tuple(listeners)
        self._closed = False
        self._crowd = 1  # how many may come at once
        self._lonely = 0  # of those that come, how many are taken for the only ones without a further look
        for listener in self._all:
            self._watch(listener)

    @property
    def listeners(self) -> list[Listener]:
        """Those at which newcomers are taken in now; a look at them ends the pauses that are over."""
        self.tick(time.monotonic())
        return list(self._watched)

    @property
    def paused(self) -> bool:
        """Whether a listener is left alone for a moment."""
        return bool(self._paused)

    def tick(self, now: float) -> None:
        """End the pauses that are over."""
        for listener, until in list(self._paused.items()):
            if now >= until and not self._closed:
                del self._paused[listener]
                self._watch(listener)

    def close(self) -> None:
        """Close all listeners. From any thread."""
        self._closed = True
        for listener in self._all:
            fd = self._watched.pop(listener, None)
            if fd is not None:
                self._reactor.remove(fd)
            listener.close()

    def _watch(self, listener: Listener) -> None:
        fd = listener.fileno()
        if fd >= 0:
            self._watched[listener] = fd
            self._reactor.add(fd, IN, self._ready, listener)

    def _unwatch(self, listener: Listener) -> None:
        fd = self._watched.pop(listener, None)
        if fd is not None:
            self._reactor.remove(fd)

    def _ready(self, listener: Listener, _mask: int) -> None:
        try:
            for _ in range(self._crowd):
                connection = listener.accept()
                if connection is None or self._closed:
                    self._crowd, self._lonely = 1, limits.ACCEPTS
                    break
                self._admit(connection)
            else:
                # Most newcomers come alone, and it takes a system call to find that out.
                if self._lonely:
                    self._lonely -= 1
                else:
                    self._crowd = min(2 * self._crowd, limits.ACCEPTS)
                return
            if connection is not None:
                connection.close()
        except Exception as error:
            self._failed(listener, error)
        except BaseException as error:
            contain(f"accepting connections at {listener.location} failed", error)

    def _failed(self, listener: Listener, error: Exception) -> None:
        self._unwatch(listener)
        if self._closed:
            return
        if listener.fileno() < 0:
            log.warning("no more connections are accepted at %s: the listener was closed", listener.location)
            return
        self._host.refused(
            limits.OPEN_FILES, f"accepting pauses for {limits.ACCEPT_PAUSE:g} seconds: {error}"
        )
        self._paused[listener] = time.monotonic() + limits.ACCEPT_PAUSE
        self._hurry()
