"""How much time a call has, from connecting to the last byte of its answer."""

from __future__ import annotations

import time
from collections.abc import Callable

from .contracts import Connection
from .errors import TimeoutError

__all__ = ["TimeLimit", "finite"]

_SLACK = 1 / 20
"""Of a limit: a connection's own limit is set anew only if it is wrong by more than that."""
_LONGEST = 1e9
"""Seconds, some thirty years. The system refuses to wait for ten times as long."""


def finite(seconds: float | None) -> float | None:
    """The seconds that somebody set as a limit; ``None`` for ever, as 0 and more than a lifetime mean."""
    return seconds if seconds and seconds <= _LONGEST else None


class TimeLimit:
    """The time limit of one call after the other.

    A connection knows how long one receive may wait, and no more than that: a server that sends a byte now
    and then would be waited for without end. So the connection is given what is left of the call's time,
    but only where something had to be waited for; as long as answers come in one piece it just keeps the
    whole limit.

    :ivar seconds: what each call has; ``None`` for ever.
    """

    __slots__ = ("_clock", "_ends", "_given", "seconds")

    def __init__(self, seconds: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        """
        :param clock: seconds since whenever.
        """
        self.seconds = seconds
        self._clock = clock
        self._ends = 0.0
        self._given: float | None = None  # what the connection was told last

    def begin(self) -> None:
        """The time of another call begins."""
        if self.seconds is not None:
            self._ends = self._clock() + self.seconds

    def left(self) -> float | None:
        """The seconds that are left; ``None`` for ever.

        :raises TimeoutError: there are none.
        """
        if self.seconds is None:
            return None
        left = self._ends - self._clock()
        if left <= 0:
            raise self.error("nothing came")
        return left

    def error(self, what: str) -> TimeoutError:
        """The error that says what did not happen in time."""
        return TimeoutError(f"{what} within {self.seconds:g} seconds")

    def forget(self) -> None:
        """The next connection is a new one, which has no limit yet."""
        self._given = None

    def reset(self, connection: Connection) -> None:
        """Give a connection all the time of a call."""
        if self._given != self.seconds:
            self.restore(connection)

    def restore(self, connection: Connection) -> None:
        """Likewise, for a connection that has been told something else meanwhile."""
        connection.set_timeout(self.seconds)
        self._given = self.seconds

    def hold(self, connection: Connection) -> None:
        """Give a connection what is left of this call's time.

        :raises TimeoutError: there is nothing left.
        """
        left = self.left()
        if left is None or self.seconds is None:
            self.reset(connection)
        elif self._given is None or self._given - left > self.seconds * _SLACK:
            connection.set_timeout(left)
            self._given = left
