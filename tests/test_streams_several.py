"""Several items an answer: from what is at hand, and from iterators that run ahead, with threads by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import pytest

from pyroplug.context import ClientConnection, current_call, current_context
from pyroplug.streams import ROOM, State, StreamTable
from pyroplug.wire import Message

from .conversation import Clock
from .streaming import ByHand, Source, Taker, new_table, two


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def threads() -> ByHand:
    return ByHand()


@pytest.fixture
def table(clock: Clock, threads: ByHand) -> StreamTable:
    return new_table(clock, threads)


class TestAtHand:
    @pytest.mark.parametrize(
        "items",
        [[1, 2, 3], (1, 2, 3), range(1, 4), {1: 1, 2: 2, 3: 3}, {1, 2, 3}, deque([1, 2, 3]), b"\1\2\3"],
    )
    def test_all_at_once(self, table: StreamTable, threads: ByHand, items: Any) -> None:
        taker = Taker(table, iter(items))
        assert taker.take() == [1, 2, 3]
        assert taker.state == State.ENDED
        assert not threads.tasks

    def test_not_more_than_wanted_or_allowed(self, table: StreamTable) -> None:
        taker = Taker(table, iter(range(200)))
        assert len(taker.take(5)) == 5
        assert len(taker.take()) == 64
        assert taker.items == list(range(69))

    def test_not_many_large_ones(self, table: StreamTable) -> None:
        taker = Taker(table, iter([bytes(ROOM // 2)] * 10))
        assert [len(taker.take()) for _ in range(5)] == [2] * 5

    def test_one_at_a_time_if_that_is_wanted(self, clock: Clock, threads: ByHand) -> None:
        taker = Taker(new_table(clock, threads, prefetch=0), iter([1, 2, 3]))
        assert [taker.take() for _ in range(4)] == [[1], [2], [3], []]
        assert taker.state == State.ENDED


class TestRunningAhead:
    def test_begins_when_two_items_came_quickly(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        source = Source(clock)
        taker = Taker(table, source)
        assert taker.take() == [0]
        assert not threads.tasks
        assert taker.take() == [1]
        assert (source.taken, len(threads.tasks)) == (2, 1)

    def test_goes_further_each_time(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        taker = two(Taker(table, Source(clock)))
        portions = []
        for _ in range(6):
            threads.run()
            portions.append(len(taker.take()))
        assert portions == [4, 8, 16, 32, 64, 64]
        assert taker.items == list(range(sum(portions) + 2))

    def test_goes_as_far_as_is_allowed(self, clock: Clock, threads: ByHand) -> None:
        source = Source(clock)
        taker = two(Taker(new_table(clock, threads, prefetch=3), source))
        threads.run()
        assert source.taken == 5
        assert taker.take() == [2, 3, 4]

    def test_does_not_pile_up_bytes(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        taken = []

        def large() -> Iterator[bytes]:
            while True:
                taken.append(1)
                yield bytes(ROOM // 2)

        taker = Taker(table, large())
        for _ in range(4):
            taker.take()
            threads.run()
        assert len(taken) == 2 + 2 + 2 + 2

    def test_never_where_it_is_forbidden(self, clock: Clock, threads: ByHand) -> None:
        source = Source(clock)
        taker = Taker(new_table(clock, threads, prefetch=0), source)
        for number in range(10):
            assert taker.take() == [number]
            assert source.taken == number + 1
            assert not threads.tasks

    def test_never_without_threads(self, clock: Clock) -> None:
        source = Source(clock)
        taker = Taker(new_table(clock), source)
        assert [taker.take() for _ in range(3)] == [[0], [1], [2]]
        assert source.taken == 3

    def test_never_for_whoever_asks_as_pyro5_does(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        source = Source(clock)
        taker = Taker(table, source)
        assert [table.next_item(taker.stream_id, taker.client) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert (source.taken, threads.tasks) == (5, [])

    @pytest.mark.parametrize(("prefetch", "started"), [(-1, 0), (20, 1)])
    def test_beside_an_object_that_expects_one_call(
        self, clock: Clock, threads: ByHand, prefetch: int, started: int
    ) -> None:
        table = new_table(clock, threads, prefetch=prefetch)
        client = ClientConnection(None)
        stream_id = table.open(Source(clock), client, alone=True)
        for position in range(3):
            assert table.next_items(stream_id, position, 9, client) == [[position], State.MORE]
        assert len(threads.tasks) == started

    def test_not_for_a_slow_iterator(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        source = Source(clock)
        source.costs = dict.fromkeys(range(10), 0.5)
        taker = Taker(table, source)
        assert [taker.take() for _ in range(5)] == [[0], [1], [2], [3], [4]]
        assert not threads.tasks

    def test_for_a_slow_one_if_its_client_takes_longer(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        source = Source(clock)
        source.costs = dict.fromkeys(range(10), 0.5)
        taker = Taker(table, source)
        for _ in range(2):
            taker.take()
            clock.now += 0.6
        assert threads.run() == 1
        assert taker.take() == [2, 3, 4, 5]

    def test_not_beyond_a_slow_item(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        source = Source(clock)
        source.costs = {3: 0.5}
        taker = two(Taker(table, source))
        threads.run()
        assert source.taken == 4
        assert taker.take() == [2, 3]
        assert not threads.tasks
        assert taker.take() == [4]
        assert len(threads.tasks) == 1

    def test_what_is_ready_does_not_wait_for_the_rest(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        source = Source(clock)
        taker = two(Taker(table, source))
        portions: list[Any] = []
        source.within = lambda: portions.append(taker.take()) if source.taken == 4 else None
        threads.run()
        assert portions == [[2, 3]]

    def test_a_thread_that_is_late_is_not_waited_for(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        taker = two(Taker(table, Source(clock)))
        assert taker.take() == [2]
        assert len(threads.tasks) == 1
        threads.run()
        assert taker.take() == [3, 4, 5, 6]

    def test_without_a_thread_to_be_had_it_goes_on(self, clock: Clock) -> None:
        taker = Taker(new_table(clock, ByHand(full=True)), Source(clock))
        assert [taker.take() for _ in range(5)] == [[0], [1], [2], [3], [4]]

    def test_sees_the_request(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        client = ClientConnection(None)
        seen = []

        def looking() -> Iterator[int]:
            while True:
                context = current_context
                seen.append((context.client, context.seq, dict(context.annotations), context.correlation_id))
                context.response_annotations = {"MINE": b"x"}
                yield 1

        stream_id = table.open(looking(), client)
        before = current_call.get()
        message = Message(4, 1, 0, 7, b"payload", {"ANNO": b"1"}, bytes(range(16)))
        for position in range(2):
            token = current_call.set([client, message])
            table.next_items(stream_id, position, 9, client)
            current_call.reset(token)
            message.state = None
        threads.run()
        assert len(seen) > 4
        assert all(each == seen[0] for each in seen)
        assert seen[0][:3] == (client, 7, {"ANNO": b"1"})
        assert message.state is None
        assert current_call.get() is before
