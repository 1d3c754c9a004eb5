"""What a server refused because of a limit: counted, and told in the log once a burst.

Whoever keeps a limit tells it here; how the peer is told is its own business.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from .loggers import logger

__all__ = ["TELL_EVERY", "Refusals"]

log = logger(__name__)

TELL_EVERY = 60.0
"""Seconds between two lines of the log about the same limit: a flood of peers does not fill the disk."""


class _Tally:
    """What one limit has refused."""

    __slots__ = ("count", "told", "untold", "what")

    def __init__(self, now: float) -> None:
        self.count = self.untold = 0
        self.told = now - TELL_EVERY
        self.what = ""


class Refusals:
    """Counts refusals by the limit that they are due to. For any thread."""

    def __init__(self, lock: AbstractContextManager[Any], clock: Callable[[], float]) -> None:
        """
        :param lock: reentrant, as a signal handler may come in between.
        :param clock: seconds since whenever.
        """
        self._lock = lock
        self._clock = clock
        self._tallies: dict[str, _Tally] = {}

    def note(self, limit: str, what: str) -> None:
        """Count a refusal. The first one of a burst is logged at once, a long burst every minute.

        :param limit: the configuration item, or what else its name is. There are few of them, and they are
            not made of what peers send.
        :param what: who was refused what, and why, for people.
        """
        with self._lock:
            now = self._clock()
            tally = self._tallies.get(limit)
            if tally is None:
                tally = self._tallies[limit] = _Tally(now)
            tally.count += 1
            tally.untold += 1
            tally.what = what
            line = _due(tally, now)
        if line:
            log.warning("%s", line)

    def counts(self) -> dict[str, int]:
        """How often each limit has refused something so far, by its name."""
        with self._lock:
            return {limit: tally.count for limit, tally in sorted(self._tallies.items())}

    def housekeeping(self) -> None:
        """Tell what a burst that is over had more than was told."""
        with self._lock:
            now = self._clock()
            lines = [_due(tally, now) for tally in self._tallies.values()]
        for line in filter(None, lines):
            log.warning("%s", line)

    def __str__(self) -> str:
        """All counts in one line; empty where there are none."""
        return ", ".join(f"{limit} {count}" for limit, count in self.counts().items())


def _due(tally: _Tally, now: float) -> str:
    """What is to be logged now, if anything."""
    if not tally.untold or now - tally.told < TELL_EVERY:
        return ""
    others, tally.untold, tally.told = tally.untold - 1, 0, now
    return f"{tally.what} (and {others} more of the kind)" if others else tally.what
