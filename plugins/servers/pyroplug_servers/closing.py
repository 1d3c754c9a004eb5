"""Who closes a server: one thread, once, whoever else tries at the same time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from . import limits

__all__ = ["Closing"]


class Closing:
    """The state of a server's end. ``begun`` never becomes false again."""

    def __init__(self) -> None:
        self.begun = False
        self.deadline = 0.0
        """When the monotonic clock says this, running calls have had their time."""
        self.swept = False
        """Whether nobody looks after idle connections any more."""
        self._closer = 0
        self._lock = threading.RLock()
        self._done = threading.Event()
        self.is_done = self._done.is_set

    def claim(self, deadline: float, is_inside: Callable[[], bool]) -> bool:
        """Whether the caller is to close the server; if not, it is closed now, or soon.

        Another thread that is at it is waited for, a little longer than the deadline, unless that one may be
        waiting for this one. If it fails, for instance by Ctrl-C, the next caller takes over.
        """
        me = threading.get_ident()
        while True:
            with self._lock:
                if self._done.is_set() or self._closer == me:
                    return False
                if not self._closer:
                    self._closer, self.deadline, self.begun = me, deadline, True
                    return True
            if is_inside() or not self._wait(deadline + limits.MARGIN):
                return False

    def done(self) -> None:
        """Everything is closed."""
        self._done.set()

    def release(self) -> None:
        """The caller does no more."""
        self._closer = 0

    def _wait(self, deadline: float) -> bool:
        """Wait for the other thread: whether there is time left."""
        while self._closer and not self._done.is_set():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self._done.wait(min(left, 0.05))
        return True
