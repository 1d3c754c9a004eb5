"""A bounded pool of threads: grows when there is work, shrinks when there is none.

A thread that has just taken a task makes sure that another one is on its way to the next task, if there is
one. So a task waits for a thread only if all that there may be are in tasks; and a thousand short tasks wake
one or two threads, and not one each.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from . import limits
from .faults import contain, log

__all__ = ["Waiting", "Workers"]

Task = TypeVar("Task")


class Waiting(Protocol[Task]):
    """Holds tasks. Its methods are called one at a time."""

    def __len__(self) -> int:
        """How many there are."""

    def append(self, task: Task, /) -> None:
        """Add one."""

    def ready(self) -> bool:
        """Whether there is one that another thread may take."""

    def popleft(self) -> Task:
        """Take that one, to be worked on in this thread."""

    def finished(self) -> None:
        """The one that this thread took is over."""

    def clear(self) -> None:
        """Drop all."""


class Workers(Generic[Task]):
    """Threads that work on tasks, in the order in which they were submitted.

    Nothing that a task raises ends a thread. They are daemon threads: one that is stuck in a task does not
    keep the process alive.
    """

    def __init__(
        self,
        name: str,
        minimum: int,
        maximum: int,
        prepare: Callable[[], Callable[[Task], None]],
        waiting: Waiting[Task] | None = None,
    ) -> None:
        """
        :param name: what the threads are called, before a number.
        :param minimum: how many threads stay once they were needed.
        :param prepare: called in each new thread; gives what works on a task there.
        :param waiting: what holds the tasks that wait, empty; ``None`` for the order of their submission.
        """
        self._name = name
        self._minimum = minimum
        self.maximum = maximum
        self._prepare = prepare
        self._waiting: Waiting[Task] | deque[Task] = deque() if waiting is None else waiting
        self._is_ready: Callable[[], object] = (
            self._waiting.__len__ if waiting is None else waiting.ready  # a task that waits may be taken
        )
        self._finished: Callable[[], None] | None = None if waiting is None else waiting.finished
        # Reentrant, as a signal handler may close the server in the middle of submit().
        self._lock = threading.RLock()
        # All that may still be alive, for close() to wait for; ended ones are sorted out now and then.
        self._threads: list[threading.Thread] = []
        self._running = 0  # those that take tasks
        self._asleep = 0  # those of them that wait to be woken
        self._coming = 0  # those of them that are on their way to a task
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._outstanding = 0  # tasks that wait or are worked on
        self._closed = False
        self.done = 0
        """How many tasks were worked on."""
        self.full = False
        """Whether each thread that there may be has a task, so that another one would have to wait."""

    def __len__(self) -> int:
        """How many threads there are."""
        return self._running

    @property
    def outstanding(self) -> int:
        """How many tasks wait, or are being worked on."""
        return self._outstanding

    @property
    def all_busy(self) -> bool:
        """Whether there are as many threads as there may be, each of them in a task."""
        return self._running == self.maximum and not self._asleep and not self._coming

    def __contains__(self, thread: threading.Thread) -> bool:
        """Whether it is one of these threads."""
        return thread in self._threads

    def submit(self, task: Task) -> bool:
        """Have a thread work on it: whether that was accepted; not if the pool is closed."""
        with self._lock:
            if self._closed:
                return False
            self._outstanding += 1
            self.full = self._outstanding >= self.maximum
            self._waiting.append(task)
            if not self._coming:
                self._call_one()
        return True

    def end(self) -> None:
        """Take no more tasks; the threads end when those that are there are finished. Waits for nothing."""
        with self._lock:
            self._closed = self.full = True
            self._end_threads()

    def close(self, deadline: float) -> None:
        """Finish all tasks, until the monotonic clock reaches ``deadline``; no thread starts another then."""
        self.end()
        self.join(deadline)
        with self._lock:
            dropped = self._empty()
            self._end_threads()
        if dropped:
            log.warning("%s: %d waiting calls were dropped, as the server was closed", self._name, dropped)

    def join(self, deadline: float) -> None:
        """Wait for all threads but the caller's to end."""
        for thread in list(self._threads):
            if thread.is_alive() and thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _call_one(self) -> None:
        """Have another thread come for a task, if there may be one more."""
        if self._asleep:
            self._asleep -= 1
            self._coming += 1
            self._wakeups.put(None)
        elif self._running < self.maximum:
            self._start()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=f"{self._name}-{next(self._numbers)}", daemon=True)
        self._threads = [*(other for other in self._threads if other.is_alive()), thread]
        # Before it starts: Ctrl-C may come while start() waits for it.
        self._running += 1
        self._coming += 1
        try:
            thread.start()
        except RuntimeError as error:
            # The task waits for another thread; the next submit tries again.
            log.error("%s: cannot start thread number %d: %s", self._name, self._running, error)
            self._running -= 1
            self._coming -= 1

    def _end_threads(self) -> None:
        for _ in range(self._asleep):
            self._wakeups.put(None)
        self._coming += self._asleep
        self._asleep = 0

    def _run(self) -> None:
        work = self._prepare()
        task = self._next(0)
        while task is not None:
            try:
                work(task)
            except BaseException as error:
                contain(f"{self._name}: a call failed", error)
            del task  # it may hold much, and it may take long until there is another one
            task = self._next(1)

    def _next(self, done: int) -> Task | None:
        """The next task; ``None`` if this thread is to end.

        :param done: how many the thread has just done; if none, it is one of those on their way.
        """
        while True:
            with self._lock:
                if done:
                    if self._finished is not None:
                        self._finished()
                    self.done += done
                    self._outstanding -= done
                    self.full = self._closed or self._outstanding >= self.maximum
                    done = 0
                else:
                    self._coming -= 1
                if self._is_ready():
                    task = self._waiting.popleft()
                    if not self._coming and self._is_ready():
                        self._call_one()
                    return task
                if self._closed:
                    self._running -= 1
                    return None
                self._asleep += 1
            if not self._sleep():
                return None

    def _sleep(self) -> bool:
        """Wait to be woken: false if that does not happen, and this thread is to end."""
        while True:
            try:
                self._wakeups.get(timeout=limits.WORKER_IDLE)
                return True
            except queue.Empty:
                pass
            with self._lock:
                # Whoever has just called one has counted it as awake already; its signal will come.
                if self._asleep and self._running > max(self._minimum, self._outstanding):
                    self._asleep -= 1
                    self._running -= 1
                    return False

    def _empty(self) -> int:
        """Throw away the tasks that nobody took: how many."""
        dropped = len(self._waiting)
        self._waiting.clear()
        return dropped
