"""What tests of remote iterators share: threads by hand, and an iterator that is looked at while it runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from pyroplug.context import ClientConnection
from pyroplug.streams import State, StreamTable

from .conversation import Clock


class ByHand:
    """Keeps what is to be run in a thread until it is told to run it."""

    def __init__(self, full: bool = False) -> None:
        self.tasks: list[Callable[[], None]] = []
        self.full = full
        self.closed = 0

    def condition(self) -> threading.Condition:
        return threading.Condition()

    def start(self, task: Callable[[], None], /) -> None:
        if self.full:
            raise RuntimeError("can't start new thread")
        self.tasks.append(task)

    def close(self) -> None:
        self.closed += 1

    def run(self) -> int:
        """Run what there is: how many tasks."""
        tasks, self.tasks = self.tasks, []
        for task in tasks:
            task()
        return len(tasks)


class Source:
    """Gives 0, 1, 2 … and sees that it is used as an iterator may be.

    :ivar taken: how many items were taken.
    :ivar closed: how often it was closed.
    :ivar costs: how long each item takes, in seconds; nothing for all others.
    :ivar within: called while it runs.
    """

    def __init__(self, clock: Clock, count: int = 1 << 30, error: BaseException | None = None) -> None:
        self.taken = 0
        self.closed = 0
        self.costs: dict[int, float] = {}
        self.within: Callable[[], object] = lambda: None
        self._clock = clock
        self._count = count
        self._error = error
        self._running = False

    def __iter__(self) -> Source:
        return self

    def __next__(self) -> int:
        assert not self._running, "it runs twice at a time"
        assert not self.closed, "it is closed"
        self._running = True
        try:
            self._clock.now += self.costs.get(self.taken, 0)
            self.within()
        finally:
            self._running = False
        if self.taken == self._count:
            raise self._error or StopIteration
        self.taken += 1
        return self.taken - 1

    def close(self) -> None:
        assert not self._running, "it is closed while it runs"
        self.closed += 1


class Taker:
    """A client that takes items from a stream: those that it has received, and how it goes on."""

    def __init__(self, table: StreamTable, source: Any) -> None:
        self.table = table
        self.client = ClientConnection(None)
        self.stream_id = table.open(source, self.client)
        self.items: list[Any] = []
        self.state = int(State.MORE)

    def ask(self, most: int = 1000) -> list[Any]:
        """What the answer holds, which may still be lost."""
        answer = self.table.next_items(self.stream_id, len(self.items), most, self.client)
        assert len(answer[0]) <= most
        return answer

    def take(self, most: int = 1000) -> list[Any]:
        """The items that come with one answer."""
        items, self.state = self.ask(most)
        self.items += items
        return list(items)

    def reconnect(self) -> None:
        self.table.client_lost(self.client)
        self.client = ClientConnection(None)


def new_table(clock: Clock, threads: ByHand | None = None, **settings: Any) -> StreamTable:
    return StreamTable(
        threading.RLock(), clock, threads=threads, **{"lifetime": 0.0, "linger": 30.0, **settings}
    )


def two(taker: Taker) -> Taker:
    """Have taken two items, after which an iterator runs ahead."""
    assert taker.take() == [0]
    assert taker.take() == [1]
    return taker
