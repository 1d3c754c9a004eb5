"""A connection that is served: with its session, and what is under way in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from pyroplug.contracts import Connection, Session, direct_io

from .outbox import Outbox

__all__ = ["Link"]


class Link:
    """One connection. It belongs to one thread at a time; ``finished`` is guarded by the server's lock."""

    __slots__ = (
        "backlog",
        "connection",
        "doom",
        "fd",
        "finished",
        "is_given",
        "mask",
        "opened",
        "outbox",
        "owner",
        "parked",
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
        self.outbox = Outbox(connection)
        direct = direct_io(connection)
        self.recv_into: Callable[[memoryview], int | None] = connection.recv_into
        """Receives, and may raise ``OSError``, for ``recv_failed``, beside what a connection raises."""
        self.recv_failed: Callable[[Connection, OSError], None] = _raise
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


def _raise(_connection: Connection, error: OSError) -> None:
    raise error
