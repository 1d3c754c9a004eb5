"""Connections that are over and whose peer still has to see the last answer.

Closing a connection while bytes of the peer are unread makes the system reset it, and an answer that is
on its way is lost. So the answer is sent, the end is announced, and what the peer still sends is thrown
away for a short time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pyroplug.contracts import Connection
from pyroplug.errors import CommunicationError

from . import limits
from .faults import contain
from .outbox import Outbox, flush_all
from .poller import IN, OUT
from .reactor import Reactor

__all__ = ["Lingering", "discard_received"]


def discard_received(connection: Connection) -> None:
    """Throw away what has arrived already, without waiting. Raises ``ConnectionClosedError``."""
    connection.set_nonblocking()
    scratch = memoryview(bytearray(limits.SCRATCH))
    for _ in range(limits.DISCARDS):
        if not connection.recv_into(scratch):
            break


class _Farewell:
    """One such connection."""

    __slots__ = ("announced", "deadline", "discarded", "ended", "fd", "outbox")

    def __init__(self, outbox: Outbox, fd: int) -> None:
        self.outbox = outbox
        self.fd = fd
        self.deadline = time.monotonic() + limits.LINGER
        self.discarded = 0
        self.announced = False  # everything was sent, and the peer told so
        self.ended = False  # the peer sends nothing more


class Lingering:
    """Owns these connections until they are closed. ``begin`` and ``len`` are for any thread."""

    def __init__(self, reactor: Reactor, hurry: Callable[[], None]) -> None:
        """
        :param hurry: has :meth:`tick` called soon.
        """
        self._reactor = reactor
        self._hurry = hurry
        self._farewells: dict[_Farewell, None] = {}
        self._lock = threading.RLock()
        self._closed = False
        self._scratch = memoryview(bytearray(limits.SCRATCH))

    def __len__(self) -> int:
        return len(self._farewells)

    def begin(self, outbox: Outbox) -> None:
        """Take over a connection that no handler watches any more, with what is still to be sent."""
        farewell = _Farewell(outbox, outbox.connection.fileno())
        try:
            outbox.connection.set_nonblocking()
            outbox.flush()
            if self._is_closed_after_adding(farewell):
                self._end(farewell)
                return
            self._reactor.add(farewell.fd, IN | OUT, self._ready, farewell)
            self._hurry()
        except (CommunicationError, OSError, ValueError):
            self._end(farewell)
        except BaseException as error:
            self._end(farewell)
            contain("closing a connection failed", error)

    def tick(self, now: float) -> None:
        """Close those whose time is over."""
        for farewell in list(self._farewells):
            if now >= farewell.deadline:
                self._end(farewell)

    def close(self, deadline: float) -> None:
        """Send what is left until the monotonic clock reaches ``deadline``, and close them all."""
        with self._lock:
            self._closed = True
            farewells = list(self._farewells)
        flush_all([farewell.outbox for farewell in farewells], deadline)
        for farewell in farewells:
            self._end(farewell)

    def _is_closed_after_adding(self, farewell: _Farewell) -> bool:
        with self._lock:
            full = len(self._farewells) >= limits.LINGER_CONNECTIONS
            self._farewells[farewell] = None
            return self._closed or full

    def _ready(self, farewell: _Farewell, mask: int) -> None:
        try:
            stuck = farewell.outbox.size and not self._send(farewell) and mask & OUT
            if not farewell.outbox.size and not farewell.announced:
                farewell.announced = True
                farewell.outbox.connection.end_of_data()
            if mask & ~OUT:
                self._discard(farewell)
            if farewell.ended and farewell.announced:
                self._end(farewell)
            else:
                # A TLS peer that has not said hello can be written to, and yet nothing can be sent.
                wants = (0 if farewell.ended else IN) | (0 if farewell.announced or stuck else OUT)
                self._reactor.change(farewell.fd, wants)
        except (CommunicationError, OSError, ValueError):
            self._end(farewell)
        except BaseException as error:
            self._end(farewell)
            contain("closing a connection failed", error)

    def _send(self, farewell: _Farewell) -> bool:
        """Send some more: whether that worked. The peer then has more time for the rest."""
        before = farewell.outbox.size
        farewell.outbox.flush()
        if farewell.outbox.size == before:
            return False
        farewell.deadline = time.monotonic() + limits.LINGER
        return True

    def _discard(self, farewell: _Farewell) -> None:
        connection = farewell.outbox.connection
        while not farewell.ended:
            count = connection.recv_into(self._scratch)
            if count is None:
                break
            farewell.discarded += count
            farewell.ended = not count or farewell.discarded > limits.LINGER_BYTES
            if not connection.pending():
                break

    def _end(self, farewell: _Farewell) -> None:
        with self._lock:
            known = self._farewells.pop(farewell, False) is None
        if known:
            self._reactor.remove(farewell.fd)
        connection: Connection = farewell.outbox.connection
        if not farewell.announced and not farewell.outbox.size:
            farewell.announced = True
            connection.end_of_data()
        connection.close()
