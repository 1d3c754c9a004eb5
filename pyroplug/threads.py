"""Threads for short tasks: those that have nothing to do wait a moment for the next one, and then end."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from .loggers import logger

__all__ = ["SpareThreads"]

log = logger(__name__)

Task = Callable[[], None]

PATIENCE = 1.0
"""Seconds for which a thread waits for another task."""


class SpareThreads:
    """Runs each task at once. Satisfies :class:`~pyroplug.streams.Threads`."""

    def __init__(self, name: str) -> None:
        """
        :param name: what the threads are called.
        """
        self._name = name
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._idle = 0
        self._closed = 0  # how often

    def condition(self) -> threading.Condition:
        """A new condition, whose lock is reentrant."""
        return threading.Condition()

    def start(self, task: Task, /) -> None:
        """Run a task in a thread of its own; what it raises is logged.

        :raises RuntimeError: the system has no room for another thread.
        """
        with self._changed:
            if self._idle > len(self._tasks):
                self._tasks.append(task)
                self._changed.notify()
                return
        # A daemon, as nobody can tell how long the task takes, and the process may want to end.
        threading.Thread(target=self._work, args=(task,), name=self._name, daemon=True).start()

    def close(self) -> None:
        """Have the threads end that have nothing to do; the others end after their tasks."""
        with self._changed:
            self._closed += 1
            self._changed.notify_all()

    def _work(self, task: Task | None) -> None:
        closed = self._closed
        while task is not None:
            try:
                task()
            except BaseException:
                log.exception("a task in the thread %r failed", threading.current_thread().name)
            task = None  # nothing of it is kept while waiting
            task = self._next(closed)

    def _next(self, closed: int) -> Task | None:
        with self._changed:
            self._idle += 1
            self._changed.wait_for(lambda: self._tasks or self._closed != closed, PATIENCE)
            self._idle -= 1
            return self._tasks.popleft() if self._tasks else None
