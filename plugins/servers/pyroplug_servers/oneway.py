"""One-way calls: outside the connection's own turn, on a bounded number of threads."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pyroplug.contracts import Connection

from . import limits
from .fair import FairQueue, Task
from .faults import contain
from .links import Link
from .workers import Workers

__all__ = ["OneWayCalls"]

log = logging.getLogger(__name__)

Call = Callable[[], None]


class OneWayCalls:
    """Runs calls: those of one connection in the order in which they come, as far as a pool can.

    A connection that has too many of them waiting is *stalled*: its server reads nothing more from it until
    some of them have begun to run. So clients are slowed down, nothing is lost, and what waits is bounded.
    """

    def __init__(self, name: str, threads: int, hurry: Callable[[], None]) -> None:
        """
        :param threads: how many calls run at a time, at most.
        :param hurry: has :meth:`go_on` called soon.
        """
        self.calls = self._calls = FairQueue(threads)
        """Those that wait. It is told at any time whether a connection may have too many: ``crowded``."""
        self._calls.on_progress = self._see_progress
        self._workers: Workers[Task] = Workers(
            f"pyroplug-{name}-oneway", 0, threads, lambda: _run, self._calls
        )
        self._submit = self._workers.submit
        self._hurry = hurry
        self._lock = threading.RLock()
        self._stalled: dict[int, Link] = {}
        self._done, self._since, self._told = 0, time.monotonic(), False

    def __contains__(self, thread: threading.Thread) -> bool:
        return thread in self._workers

    @property
    def outstanding(self) -> int:
        """How many calls wait, or are running."""
        return self._workers.outstanding

    def spawn(self, call: Call, connection: Connection, size: int, /) -> None:
        """Run a connection's call soon; in this thread if the server is closing.

        :param size: how many bytes wait with it.
        """
        task = (call, id(connection), size)
        submit = self._submit
        if not submit(task):
            _run(task)

    def try_spawn(self, call: Call) -> bool:
        """Run a call of the server's own soon, unless the server is closing: whether it will run."""
        return self._workers.submit((call, 0, 0))

    def is_over(self, connection: Connection) -> bool:
        """Whether it has too many calls waiting, and is to be stalled."""
        return self._calls.is_over(id(connection))

    def stall(self, link: Link) -> None:
        """Take note that nothing more is read from a connection, which then belongs to no thread."""
        with self._lock:
            self._stalled[id(link.connection)] = link
            self._calls.stalled = True
        self._see_progress(id(link.connection))  # there may be none to come

    def _see_progress(self, owner: int) -> None:
        """A connection's call is over: see whether to go on with it. In any thread."""
        if owner in self._stalled and self._calls.is_calm(owner):
            self._calls.stalled = False  # until then: it looks at all that are stalled
            self._hurry()

    def go_on(self, resume: Callable[[Link], None]) -> None:
        """Call ``resume`` with the connections that have too many calls waiting no longer."""
        if not self._stalled:
            return
        self._tell()
        with self._lock:
            calm = [owner for owner in self._stalled if self._calls.is_calm(owner)]
            links = [self._stalled.pop(owner) for owner in calm]
            self._calls.stalled = bool(self._stalled)
        for link in links:
            if not link.finished:
                resume(link)

    def _tell(self) -> None:
        """Tell people, unless the calls are short ones and just many."""
        done, now = self._workers.done, time.monotonic()
        if done != self._done:
            self._done, self._since, self._told = done, now, False
        elif now - self._since >= limits.STUCK and self._workers.all_busy and not self._told:
            self._told = True
            log.warning(
                "all %d threads for one-way calls are busy and %d calls wait: nothing more is read from "
                "%d connections until it gets better (configuration item ONEWAY_THREADS)",
                self._workers.maximum,
                len(self._calls),
                len(self._stalled),
            )

    def close(self, deadline: float) -> None:
        """Finish what is there until the monotonic clock reaches ``deadline``."""
        self._calls.lift()
        self._workers.close(deadline)
        if self._stalled:
            log.warning(
                "the server was closed, and ran no more one-way calls of %d clients", len(self._stalled)
            )
            self._stalled.clear()

    def join(self, deadline: float) -> None:
        """Wait for the threads to end."""
        self._workers.join(deadline)


def _run(task: Task) -> None:
    try:
        task[0]()
    except BaseException as error:
        contain("a one-way call failed", error)
