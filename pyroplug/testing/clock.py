"""A clock that a test moves: for code that is given its clock, as code should be."""

from __future__ import annotations

import threading

__all__ = ["FakeClock"]


class FakeClock:
    """Stands for ``time.monotonic``, and has a ``sleep`` that takes no time. For any thread.

    :ivar slept: the seconds that somebody wanted to sleep, in their order.
    """

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def __call__(self) -> float:
        """What time it is, in seconds."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ``ValueError`` if that would be backwards."""
        if seconds < 0:
            raise ValueError(f"time does not pass backwards: {seconds:g} seconds")
        with self._lock:
            self._now += seconds

    def sleep(self, seconds: float) -> None:
        """Let time pass, and note for how long."""
        self.advance(seconds)
        self.slept.append(seconds)
