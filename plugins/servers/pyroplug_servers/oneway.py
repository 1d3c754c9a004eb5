"""One-way calls: outside the connection's own turn, on a bounded number of threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from . import limits
from .faults import contain
from .workers import Workers

__all__ = ["OneWayCalls"]

log = logging.getLogger(__name__)

Call = Callable[[], None]


class OneWayCalls:
    """Runs calls in the order in which they come, as far as a pool can."""

    def __init__(self, name: str, threads: int) -> None:
        """
        :param threads: how many calls run at a time, at most.
        """
        self._workers: Workers[Call] = Workers(
            f"pyroplug-{name}-oneway", 0, threads, lambda: _run, limits.ONEWAY_QUEUE
        )
        self._told = False
        self._done, self._since = 0, time.monotonic()

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._workers

    @property
    def outstanding(self) -> int:
        """How many calls wait, or are running."""
        return self._workers.outstanding

    def spawn(self, call: Call) -> None:
        """Run the call soon. If too many wait, the caller has to help: it is slowed down, nothing is lost."""
        workers = self._workers
        while not workers.submit(call):
            # In a burst of short calls the oldest one, to keep their order. Where threads are stuck, the
            # caller's own: it may take long, and is nobody else's business.
            oldest = None if workers.all_busy else workers.take()
            if oldest is None:
                self._tell()
                _run(call)
                return
            _run(oldest)
        self._told = False

    def _tell(self) -> None:
        """Tell people, unless the calls are short ones and just many."""
        done, now = self._workers.done, time.monotonic()
        if done != self._done:
            self._done, self._since = done, now
        elif now - self._since >= limits.STUCK and self._workers.all_busy and not self._told:
            self._told = True
            log.warning(
                "all %d threads for one-way calls are busy and %d calls wait: more of them run in their "
                "connection's own turn until it gets better (configuration item ONEWAY_THREADS)",
                self._workers.maximum,
                limits.ONEWAY_QUEUE,
            )

    def try_spawn(self, call: Call) -> bool:
        """Run the call soon, or not at all if too many wait: whether it will run."""
        return self._workers.submit(call)

    def close(self, deadline: float) -> None:
        """Finish what is there until the monotonic clock reaches ``deadline``."""
        self._workers.close(deadline)

    def join(self, deadline: float) -> None:
        """Wait for the threads to end."""
        self._workers.join(deadline)


def _run(call: Call) -> None:
    try:
        call()
    except BaseException as error:
        contain("a one-way call failed", error)
