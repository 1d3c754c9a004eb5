"""Who has a place in the server: clients up to a limit, and beyond it one operator.

A connection has none before its peer is about to be accepted; until then ``greeters`` looks after it.
"""

from __future__ import annotations

import resource
import threading

from pyroplug.contracts import Claimed, SessionHost, Settings

from . import limits
from .checks import check_at_least
from .links import Link

__all__ = ["KEPT", "NONE", "PLACE", "Places"]

_CLAIMED = Claimed()
NONE, PLACE, KEPT = 0, 1, 2
"""What a link has: no place, one of those that there are, or the one that is kept for the operator."""


class Places:
    """Gives places to links, and takes them back. For any thread.

    The system's limit of open files counts as a limit as well: the last few descriptors are spare. Who gets
    one of these is let in only as the operator, so that the program still can open a file, and the operator
    still get in.
    """

    def __init__(self, settings: Settings, host: SessionHost) -> None:
        """
        :param host: takes note of what a limit refuses.
        """
        self._most = check_at_least(settings, "MAX_CONNECTIONS", 0)
        self._host = host
        self._lock = threading.RLock()
        self._taken = 0
        self._is_kept_free = True
        self._spare_from = _first_spare()

    def is_spare(self, fd: int) -> bool:
        """Whether a descriptor is one of the last few that the system lets this process open."""
        if fd < self._spare_from:
            return False
        self._spare_from = _first_spare()  # the limit may have been raised meanwhile
        return fd >= self._spare_from

    def claim(self, link: Link, operator: bool) -> Claimed:
        """A place for a link, if there is one.

        :param operator: its peer wants nothing but what the daemon tells of itself.
        """
        with self._lock:
            if self.is_spare(link.fd):
                limit, reason = limits.OPEN_FILES, out_of_files()
            elif self._most and self._taken >= self._most:
                limit = "MAX_CONNECTIONS"
                reason = (
                    f"the server is full: it takes {self._most} connections at a time "
                    "(configuration item MAX_CONNECTIONS); try again later"
                )
            else:
                self._taken += 1
                link.place = PLACE
                return _CLAIMED
            if operator and self._is_kept_free:
                self._is_kept_free = False
                link.place = KEPT
                return Claimed(kept=True)
        self._host.refused(limit, f"{link.connection.peer} is refused: {reason}")
        return Claimed(reason)

    def release(self, link: Link) -> None:
        """Take a link's place back, if it has one."""
        with self._lock:
            place, link.place = link.place, NONE
            self._taken -= place == PLACE
            self._is_kept_free = self._is_kept_free or place == KEPT


def out_of_files() -> str:
    """Why there is no place where the descriptors run out."""
    return "the server is full: it may open no more files (the system's limit: ulimit -n); try again later"


def _first_spare() -> int:
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    if most == resource.RLIM_INFINITY:
        return 1 << 62
    return most - min(limits.SPARE_FILES, most // 4)
