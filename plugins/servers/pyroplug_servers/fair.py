"""A queue of one-way calls in which no connection has others wait for all of its calls.

Each connection with calls has a lane, and the lanes take turns. The queue also tells which connections have
so much waiting that nothing more is to be read from them for a while. It takes no lock: whoever uses it does.

As long as one connection alone has small calls waiting, nobody has to take turns. Then ``slip`` and
``another`` add calls and take them without a lock: each is one operation of a ``deque``, which is atomic.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from threading import get_ident
from typing import TypeAlias

from . import limits

__all__ = ["FairQueue", "Task"]

Task: TypeAlias = "tuple[Callable[[], None], int, int]"
"""A call, whose it is, and how many bytes wait with it."""


class _Lane:
    """The calls of one connection.

    :ivar counted: how many of them are among those that the queue has counted.
    :ivar size: bytes of those that are not small.
    :ivar running: how many of them are being run.
    :ivar listed: whether it is among those that take turns.
    """

    __slots__ = ("calls", "counted", "listed", "owner", "running", "size")

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.calls: deque[Task] = deque()
        self.counted = self.size = self.running = 0
        self.listed = False


class FairQueue:
    """Gives calls in the order of their arrival for each connection, one of each connection in turn.

    :ivar crowded: whether a connection may have too much waiting; see :meth:`is_over`.
    :ivar stalled: whether somebody waits for calls to be over: ``on_progress`` is told whose call was it,
        at the latest when the connection has become calm.
    """

    def __init__(self, threads: int) -> None:
        """
        :param threads: how many calls run at a time, at most.
        """
        self.crowded = self.stalled = False
        self.on_progress: Callable[[int], None] = _nothing
        self._free = threads
        self._lanes: dict[int, _Lane] = {}
        self._turns: deque[_Lane] = deque()
        self._alone: _Lane | None = None  # the only one that is listed, unless large calls wait in it
        self._at_work: dict[int, _Lane] = {}  # by thread
        self._count = self._size = 0
        self._share = limits.ONEWAY_SHARE
        self._least, self._least_bytes = limits.ONEWAY_LEAST, limits.ONEWAY_LEAST_BYTES
        self._most_alone = max(limits.ONEWAY_QUEUE // 4, self._least)
        self._calm_alone = max(limits.ONEWAY_QUEUE // 8, self._least // 2)
        # Of smaller ones, as many as one connection may have take no more bytes than any may have.
        self._small = self._least_bytes // self._most_alone

    def __len__(self) -> int:
        """How many calls wait."""
        return sum(len(lane.calls) for lane in list(self._turns))

    def append(self, task: Task) -> None:
        """Add a call."""
        _, owner, size = task
        lane = self._lanes.get(owner)
        if lane is None:
            lane = self._lanes[owner] = _Lane(owner)
        if size > self._small:
            lane.size += size
            self._size += size
        lane.calls.append(task)
        self.settle(lane)

    def slip(self, task: Task) -> object:
        """Add a call without a lock, where that can be done: ``None`` if not.

        :returns: true if that is all; else what :meth:`settle_for` and :meth:`take_back` want to know.
        """
        lane = self._alone
        if lane is None or lane.owner != task[1] or task[2] > self._small:
            return None
        calls = lane.calls
        calls.append(task)
        if len(calls) >= self._most_alone:
            self.crowded = True
        # Who unlists it says so first, and looks then whether a call has come.
        return True if self._alone is lane else lane

    def settle_for(self, slipped: object, task: Task) -> None:
        """A call that has slipped in gets its turn, unless somebody has taken it."""
        assert isinstance(slipped, _Lane)
        if task not in slipped.calls:
            return
        if self._lanes.get(slipped.owner) is slipped:
            self.settle(slipped)
        else:  # nothing is kept of the connection any more
            self.append(task)

    def take_back(self, slipped: object, task: Task) -> bool:
        """Remove a call that has slipped in: false if somebody has taken it."""
        lane = slipped if isinstance(slipped, _Lane) else self._lanes.get(task[1])
        if lane is None or task not in lane.calls:
            return False
        lane.calls.remove(task)
        return True

    def settle(self, lane: _Lane) -> None:
        """See to it that it is listed if it has calls; count them."""
        if lane.calls and not lane.listed:
            lane.listed = True
            self._turns.append(lane)
        self._see_who_is_alone()
        self._recount(lane)
        if self._is_much():
            self.crowded = True

    def _is_much(self) -> bool:
        alone = self._alone is not None
        return self._size > self._least_bytes or self._count > (
            self._most_alone - 1 if alone else self._least
        )

    def _recount(self, lane: _Lane) -> None:
        count = len(lane.calls)
        self._count += count - lane.counted
        lane.counted = count

    def _see_who_is_alone(self) -> None:
        turns, before = self._turns, self._alone
        lane = turns[0] if len(turns) == 1 else None
        self._alone = None if lane is None or lane.size else lane
        if before is not None and before is not self._alone:
            self._recount(before)

    def ready(self) -> bool:
        """Whether there is a call that another thread may take.

        The more threads a connection has, the more have to be free before it gets another one: whatever the
        calls of some connections do, those of others find a thread.
        """
        turns = self._turns
        most = self._share * self._free
        for _ in range(len(turns)):
            lane = turns[0]
            if not lane.calls:  # they were taken without the lock
                self._unlist(lane)
            elif not lane.running or lane.running < most:
                return True
            else:
                turns.rotate(-1)
        return False

    def take(self) -> Task | None:
        """Take a call, to be run in this thread; ``None`` if there is none that may be taken."""
        while self.ready():
            lane = self._turns[0]
            try:
                task = lane.calls.popleft()
            except IndexError:  # just taken without the lock
                continue
            size = task[2]
            if size > self._small:
                lane.size -= size
                self._size -= size
            lane.running += 1
            self._free -= 1
            self._at_work[get_ident()] = lane
            if not lane.calls:
                self._unlist(lane)
            else:
                self._recount(lane)
                if len(self._turns) > 1:
                    self._turns.rotate(-1)
                elif self._alone is not lane:
                    self._see_who_is_alone()
            if self.crowded:
                self.crowded = self._is_much()
            return task
        return None

    def another(self, task: Task) -> Task | None:
        """Take another call of the same connection without a lock, if nobody else waits.

        :param task: the call that this thread has just run; its connection's next one takes its place.
        """
        lane = self._alone
        if lane is None or lane.owner != task[1]:
            return None
        calls = lane.calls
        if self.stalled and len(calls) <= self._calm_alone:
            return None  # and finished() tells
        try:
            return calls.popleft()
        except IndexError:
            return None

    def finished(self) -> None:
        """The call that this thread took last is over."""
        lane = self._at_work.pop(get_ident())
        lane.running -= 1
        self._free += 1
        if not lane.running and not lane.calls:
            if lane.listed:
                self._turns.remove(lane)
                self._turns.appendleft(lane)
                self._unlist(lane)
            if not lane.listed:
                self._count -= lane.counted  # one may be slipping in, and goes to another lane then
                lane.counted = 0
                del self._lanes[lane.owner]
        if self.stalled:
            self.on_progress(lane.owner)

    def _unlist(self, lane: _Lane) -> None:
        """The lane, whose turn it is, has no calls; but one may just be slipping in."""
        self._alone = None
        self._turns.popleft()
        lane.listed = False
        if not lane.calls:
            self._size -= lane.size
            lane.size = 0
        self.settle(lane)

    def lift(self) -> None:
        """Let any connection have any number of threads from now on."""
        self._share = sys.maxsize

    def clear(self) -> None:
        """Drop all calls that wait."""
        self._alone = None
        for lane in self._turns:
            lane.calls.clear()
            lane.counted, lane.size, lane.listed = 0, 0, False
        self._turns.clear()
        self._count = self._size = 0

    def is_over(self, owner: int) -> bool:
        """Whether nothing more is to be read from a connection: it has too many calls, or bytes, waiting."""
        lane = self._lanes.get(owner)
        if lane is None:
            return False
        most, most_bytes = limits.ONEWAY_QUEUE, limits.ONEWAY_QUEUE_BYTES
        count, size = len(lane.calls), lane.size
        total = self._count - lane.counted + count
        return (count > limits.ONEWAY_LEAST and (4 * count > most or total > most)) or (
            size > limits.ONEWAY_LEAST_BYTES and (4 * size > most_bytes or self._size > most_bytes)
        )

    def is_calm(self, owner: int) -> bool:
        """Whether it has so little waiting that reading goes on."""
        lane = self._lanes.get(owner)
        if lane is None:
            return True
        count, size = len(lane.calls), lane.size
        if 2 * count <= limits.ONEWAY_LEAST and 2 * size <= limits.ONEWAY_LEAST_BYTES:
            return True
        most, most_bytes = limits.ONEWAY_QUEUE, limits.ONEWAY_QUEUE_BYTES
        return 8 * count <= most and 8 * size <= most_bytes and not self.is_over(owner)


def _nothing(_owner: int) -> None:
    pass
