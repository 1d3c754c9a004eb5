"""Closing a socket that other threads may be using."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import threading

__all__ = ["Lease"]


class Lease:
    """Keeps a socket open while somebody uses it: whoever leaves last closes it.

    A descriptor that is closed under a waiting thread may be another file's when that thread looks again.

    :ivar closed: nobody may enter any more.
    """

    __slots__ = ("_lock", "_sock", "_users", "closed")

    def __init__(self, sock: socket.socket) -> None:
        self.closed = False
        self._sock = sock
        self._users = 0
        self._lock = threading.RLock()  # signal handlers may close what they interrupt

    def enter(self) -> None:
        """Begin to use it. Raises ``OSError`` if it is closed."""
        with self._lock:
            if self.closed:
                raise OSError(errno.EBADF, os.strerror(errno.EBADF))
            self._users += 1

    def leave(self) -> None:
        """The counterpart of ``enter``, and of ``end``."""
        with self._lock:
            self._users -= 1
            if self.closed and not self._users:
                self._close()

    def end(self) -> bool:
        """Have it closed as soon as nobody uses it: whether that is new. If so, the caller has entered."""
        with self._lock:
            if self.closed:
                return False
            self.closed = True
            self._users += 1
            return True

    def abandon(self) -> None:
        """Close a forked process's copy: whoever used it, or had the lock, stayed behind."""
        self.closed = True
        self._close()

    def _close(self) -> None:
        with contextlib.suppress(OSError):
            self._sock.close()
