"""A connection that is served: with its session, and what is under way in it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from pyroplug.contracts import Connection, Session, direct_io

from . import limits
from .outbox import Outbox

__all__ = ["Link"]


class Link:
    """One connection. It belongs to one thread at a time; ``finished`` is guarded by the server's lock."""

    __slots__ = (
        "arrived",
        "backlog",
        "begun",
        "buffer",
        "connection",
        "doom",
        "fd",
        "finished",
        "greeted",
        "is_given",
        "late",
        "lends",
        "mask",
        "opened",
        "outbox",
        "owner",
        "parked",
        "place",
        "recv_failed",
        "recv_into",
        "session",
        "since",
        "stalled",
        "touched",
    )

    def __init__(self, connection: Connection, session: Session, now: float) -> None:
        """Raises ``ConnectionClosedError`` if it is closed already."""
        self.connection = connection
        self.session = session
        self.fd = connection.fileno()
        direct = direct_io(connection)
        self.outbox = Outbox(connection, direct)
        self.recv_into: Callable[[memoryview], int | None] = connection.recv_into
        """Receives, and may raise ``OSError``, for ``recv_failed``, beside what a connection raises."""
        self.recv_failed: Callable[[Connection, OSError], None] = _raise
        self.lends = direct is not None
        """Whether that is the connection's direct way; what has arrived is always seen by the poller then."""
        self.buffer: memoryview | None = None
        """What the session has given last to receive into, as long as it goes on being valid."""
        if direct is not None:
            self.recv_into, self.recv_failed = direct.recv_into, direct.recv_failed
        self.backlog: Iterator[Any] | None = None
        """Requests that wait until a slow reader has taken earlier answers."""
        self.mask = 0
        """What the poller watches it for."""
        self.parked = True
        """Whether the poller has it, and no thread."""
        self.owner = 0
        """The thread in which it is being served, 0 for none."""
        self.opened = now
        self.since = now
        """When it was last seen to be in use."""
        self.begun = 0.0
        """Since when ``arrived`` is counted; 0 unless a message has begun to arrive and is not whole."""
        self.arrived = 0
        """Bytes of that message."""
        self.greeted = 0.0
        """When the answer that accepted the peer began to wait for it; 0 if it did not have to wait."""
        self.place = 0
        """What it has of the server, see ``places``."""
        self.late = False
        """Whether it is to be looked at when its thread lets go of it: its time seemed to be over."""
        self.touched = True
        """Whether it was used since somebody looked."""
        self.doom = ""
        """Why it is to be closed instead of being served."""
        self.stalled = False
        """Whether nothing is read from it until some of its one-way calls have run."""
        self.is_given = False
        """Whether the user made it, and may go on using it: nothing more is taken from it than is ours."""
        self.finished = False
        """Whether its session has been told that it is lost."""

    def received(self, count: int, requests: int) -> None:
        """Take note of bytes that were not just one whole message.

        :param requests: how many messages are whole by now.
        """
        if not self.session.unfinished:
            self.begun = 0.0
        elif requests or not self.begun:
            self.begun, self.arrived = time.monotonic(), 0
        else:
            self.arrived += count

    @property
    def has_its_greeting_to_take(self) -> bool:
        """Whether the peer is accepted, and has not taken the answer that says so."""
        return bool(self.outbox.size) and self.greeted == self.outbox.since

    def is_slow(self, now: float, seconds: float) -> str:
        """Whether a message takes too long, in either direction: which, in words.

        :param seconds: what each message has; those of which enough arrives in that time get as long again.
        """
        outbox = self.outbox
        if self.begun and (outbox.size or self.stalled):  # it is not the peer who lets it wait
            self.begun, self.arrived = now, 0
        if self.begun and now - self.begun >= seconds:
            if self.arrived < limits.LEAST_RATE * (now - self.begun):
                return "a message that it had begun did not arrive"
            self.begun, self.arrived = now, 0
        if outbox.size and now - outbox.window >= seconds:
            if outbox.moved < limits.LEAST_RATE * (now - outbox.window):
                return "it did not take its answer"
            outbox.window, outbox.moved = now, 0
        return ""


def _raise(_connection: Connection, error: OSError) -> None:
    raise error
