"""A queue of one-way calls in which no connection has others wait for all of its calls.

Each connection with calls has a lane, and the lanes take turns. The queue also tells which connections have
so much waiting that nothing more is to be read from them for a while. It takes no lock: whoever uses it does.
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

    :ivar running: how many of them are being run.
    :ivar listed: whether it is among those that take turns.
    """

    __slots__ = ("calls", "listed", "owner", "running", "size")

    def __init__(self, owner: int) -> None:
        self.owner = owner
        self.calls: deque[Task] = deque()
        self.size = self.running = 0
        self.listed = False


class FairQueue:
    """Gives calls in the order of their arrival for each connection, one of each connection in turn.

    :ivar crowded: whether a connection may have too much waiting; see :meth:`is_over`.
    :ivar stalled: whether somebody waits for calls to be over: ``on_progress`` is told whose call was it.
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
        self._at_work: dict[int, _Lane] = {}  # by thread
        self._count = self._size = 0
        self._share = limits.ONEWAY_SHARE
        self._least, self._least_bytes = limits.ONEWAY_LEAST, limits.ONEWAY_LEAST_BYTES

    def __len__(self) -> int:
        """How many calls wait."""
        return self._count

    def append(self, task: Task) -> None:
        """Add a call."""
        _, owner, size = task
        lane = self._lanes.get(owner)
        if lane is None:
            lane = self._lanes[owner] = _Lane(owner)
        lane.calls.append(task)
        lane.size += size
        self._size += size
        self._count += 1
        if not lane.listed:
            lane.listed = True
            self._turns.append(lane)
        if self._count > self._least or self._size > self._least_bytes:
            self.crowded = True

    def ready(self) -> bool:
        """Whether there is a call that another thread may take.

        The more threads a connection has, the more have to be free before it gets another one: whatever the
        calls of some connections do, those of others find a thread.
        """
        turns = self._turns
        if not turns:
            return False
        most = self._share * self._free
        for _ in range(len(turns)):
            if not (running := turns[0].running) or running < most:
                return True
            turns.rotate(-1)
        return False

    def popleft(self) -> Task:
        """Take the call of which :meth:`ready` has just told, to be run in this thread."""
        turns = self._turns
        lane = turns[0]
        task = lane.calls.popleft()
        size = task[2]
        lane.size -= size
        self._size -= size
        self._count -= 1
        lane.running += 1
        self._free -= 1
        self._at_work[get_ident()] = lane
        if not lane.calls:
            turns.popleft()
            lane.listed = False
        elif len(turns) > 1:
            turns.rotate(-1)
        if self.crowded and self._count <= self._least and self._size <= self._least_bytes:
            self.crowded = False
        return task

    def finished(self) -> None:
        """The call that this thread took is over."""
        lane = self._at_work.pop(get_ident())
        lane.running -= 1
        self._free += 1
        if not lane.running and not lane.calls:
            del self._lanes[lane.owner]
        if self.stalled:
            self.on_progress(lane.owner)

    def lift(self) -> None:
        """Let any connection have any number of threads from now on."""
        self._share = sys.maxsize

    def clear(self) -> None:
        """Drop all calls that wait."""
        for lane in self._turns:
            lane.calls.clear()
            lane.size, lane.listed = 0, False
        self._turns.clear()
        self._count = self._size = 0

    def is_over(self, owner: int) -> bool:
        """Whether nothing more is to be read from a connection: it has too many calls, or bytes, waiting."""
        lane = self._lanes.get(owner)
        if lane is None:
            return False
        most, most_bytes = limits.ONEWAY_QUEUE, limits.ONEWAY_QUEUE_BYTES
        count, size = len(lane.calls), lane.size
        return (count > limits.ONEWAY_LEAST and (4 * count > most or self._count > most)) or (
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
