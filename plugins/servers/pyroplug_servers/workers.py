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
    """Holds tasks. Its methods are called one at a time, but for ``slip`` and ``another``.

    Those two may be called at any time.
    """

    def __len__(self) -> int:
        """How many there are."""

    def append(self, task: Task, /) -> None:
        """Add one."""

    def slip(self, task: Task, /) -> object:
        """Add one, if that can be done now: ``None`` if not.

        :returns: true if nothing has to follow; else what the next two want to know.
        """

    def settle_for(self, slipped: object, task: Task, /) -> None:
        """Have one that has slipped in taken."""

    def take_back(self, slipped: object, task: Task, /) -> bool:
        """Remove one that has slipped in: false if a thread has taken it."""

    def ready(self) -> bool:
        """Whether there is one that another thread may take."""

    def take(self) -> Task | None:
        """Take that one, to be worked on in this thread; ``None`` if there is none."""

    def another(self, task: Task, /) -> Task | None:
        """Take the next one, if that can be done now.

        :param task: what this thread has just finished, and whose place the next one takes.
        """

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
        self._shared = waiting
        self._plain: deque[Task] = deque()
        self._waiting: Waiting[Task] | deque[Task] = self._plain if waiting is None else waiting
        self._is_ready: Callable[[], object] = (
            self._waiting.__len__ if waiting is None else waiting.ready  # a task that waits may be taken
        )
        # Reentrant, as a signal handler may close the server in the middle of submit().
        self._lock = threading.RLock()
        # All that may still be alive, for close() to wait for; ended ones are sorted out now and then.
        self._threads: list[threading.Thread] = []
        self._running = 0  # those that take tasks
        self._asleep = 0  # those of them that wait to be woken
        self._coming = 0  # those of them that are on their way to a task
        self._wakeups: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._numbers = itertools.count(1)
        self._closed = False
        self.done = 0
        """How many tasks were worked on; without the interpreter's lock some may be missing."""
        self.full = False
        """Whether each thread that there may be has a task, so that another one would have to wait.

        Not kept up to date where others than these threads hold the tasks that wait.
        """

    def __len__(self) -> int:
        """How many threads there are."""
        return self._running

    @property
    def outstanding(self) -> int:
        """How many tasks wait, or are being worked on."""
        return len(self._waiting) + self._running - self._asleep - self._coming

    @property
    def all_busy(self) -> bool:
        """Whether there are as many threads as there may be, each of them in a task."""
        return self._running == self.maximum and not self._asleep and not self._coming

    def __contains__(self, thread: threading.Thread) -> bool:
        """Whether it is one of these threads."""
        return thread in self._threads

    def submit(self, task: Task) -> bool:
        """Have a thread work on it: whether that was accepted; not if the pool is closed."""
        shared = self._shared
        slipped = None if shared is None else shared.slip(task)
        if slipped is True and self._coming:  # who comes looks for tasks when it is there
            return True
        with self._lock:
            if slipped is None:
                if self._closed:
                    return False
                self._waiting.append(task)
            elif shared is not None:
                if self._closed:
                    return not shared.take_back(slipped, task)
                if slipped is not True:
                    shared.settle_for(slipped, task)
            if not self._coming:
                self._call_one()
            self._see_whether_full()
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

    def _see_whether_full(self) -> None:
        if self._shared is None:
            # The sum is that of ``outstanding``, and this happens several times for each task.
            busy = len(self._plain) + self._running - self._asleep - self._coming
            self.full = self._closed or busy >= self.maximum

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
        another = None if self._shared is None else self._shared.another
        task = self._next(False)
        while task is not None:
            try:
                work(task)
            except BaseException as error:
                contain(f"{self._name}: a call failed", error)
            self.done += 1
            task = None if another is None else another(task)
            if task is None:
                task = self._next(True)

    def _next(self, finished: bool) -> Task | None:
        """The next task; ``None`` if this thread is to end.

        :param finished: whether the thread has just done some; if not, it is one of those on their way.
        """
        shared = self._shared
        while True:
            with self._lock:
                if finished:
                    if shared is not None:
                        shared.finished()
                    finished = False
                else:
                    self._coming -= 1
                task = shared.take() if shared is not None else self._take()
                if task is not None:
                    if not self._coming and self._is_ready():
                        self._call_one()
                    return task
                if self._closed:
                    self._running -= 1
                    return None
                self._asleep += 1
                self._see_whether_full()
            if not self._sleep():
                return None

    def _take(self) -> Task | None:
        task = self._plain.popleft() if self._plain else None
        self._see_whether_full()
        return task

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
                if self._asleep and self._running > max(self._minimum, self.outstanding):
                    self._asleep -= 1
                    self._running -= 1
                    return False

    def _empty(self) -> int:
        """Throw away the tasks that nobody took: how many."""
        dropped = len(self._waiting)
        self._waiting.clear()
        return dropped
