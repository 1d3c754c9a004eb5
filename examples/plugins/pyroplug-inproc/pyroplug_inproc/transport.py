"""Listening and connecting within one process, at ``./inproc:NAME``: names are this process's own."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from pyroplug.contracts import Settings
from pyroplug.errors import AddressError

from .connection import InprocConnection, connected

__all__ = ["InprocListener", "InprocTransport"]

_BACKLOG = 100
_listeners: dict[str, InprocListener] = {}
_lock = threading.Lock()


class InprocTransport:
    """Connections in memory. It owns the locations ``./inproc:NAME``."""

    name = "inproc"
    scheme = "inproc"

    def listen(self, address: str, settings: Settings, /) -> InprocListener:
        """Listen under a name that nobody in this process listens under."""
        if not address:
            raise AddressError("cannot listen: the name is empty", hint="write it as ./inproc:NAME")
        with _lock:
            if address in _listeners:
                raise AddressError(
                    f"cannot listen on {address!r}: somebody in this process does already",
                    hint="choose another name, or close that daemon",
                )
            listener = _listeners[address] = InprocListener(address)
        return listener

    def connect(self, address: str, settings: Settings, timeout: float | None, /) -> InprocConnection:
        """Connect to whoever listens under a name."""
        with _lock:
            listener = _listeners.get(address)
        client = None if listener is None else listener.call()
        if client is None:
            failed = AddressError(
                f"cannot connect to {address!r}: nobody in this process listens there, or too many wait",
                hint="start the daemon in this very process, or use another transport",
            )
            failed.passing = True
            raise failed
        return client

    def adopt(self, channel: Any, settings: Settings, /) -> None:
        """Nothing: there are no connections but its own."""
        return

    def loopback_address(self, folder: str, /) -> None:
        """Nothing: other processes cannot connect to anything here."""
        return

    def loopback_pair(self) -> None:
        """Nothing: it adopts nothing."""
        return


class InprocListener:
    """Waits for connections under one name.

    :ivar arrived: called in the client's thread when one waits.
    """

    sock = None

    def __init__(self, address: str) -> None:
        self.arrived: Callable[[], None] = lambda: None
        self._address = address
        self._waiting: deque[InprocConnection] = deque()
        self._lock = threading.Lock()
        self._closed = False

    @property
    def location(self) -> str:
        """Where others in this process can reach it."""
        return f"./inproc:{self._address}"

    def fileno(self) -> int:
        """Always -1: there is no file descriptor."""
        return -1

    def call(self) -> InprocConnection | None:
        """A new client's end; ``None`` where it cannot wait for being accepted."""
        client, server = connected(f"{self._address} {uuid4().hex[:8]}", "inproc", self.location)
        with self._lock:
            if self._closed or len(self._waiting) >= _BACKLOG:
                return None
            self._waiting.append(server)
        self.arrived()
        return client

    def accept(self) -> InprocConnection | None:
        """The next connection, ``None`` if nobody waits."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def close(self) -> None:
        """Stop listening; who waits is turned away. May be called twice."""
        with self._lock:
            self._closed = True
            waiting = list(self._waiting)
            self._waiting.clear()
        with _lock:
            if _listeners.get(self._address) is self:
                del _listeners[self._address]
        for connection in waiting:
            connection.close()
