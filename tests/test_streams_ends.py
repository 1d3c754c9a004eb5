"""How streams end, where they may be had again, whose they are, and how many."""

from __future__ import annotations

import contextlib
import gc
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pyroplug.context import ClientConnection
from pyroplug.errors import PyroError
from pyroplug.streams import State, StreamTable

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


class TestEnds:
    def test_with_the_last_items(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        source = Source(clock, 5)
        taker = two(Taker(table, source))
        threads.run()
        assert source.closed == 1
        assert taker.take() == [2, 3, 4]
        assert taker.state == State.ENDED

    def test_it_is_kept_until_the_client_asks_for_something_else(
        self, clock: Clock, table: StreamTable
    ) -> None:
        taker = Taker(table, iter([0, 1]))
        assert taker.ask() == [[0, 1], State.ENDED]
        assert taker.ask() == [[0, 1], State.ENDED]
        other = table.open(iter([5]), taker.client)
        assert len(table) == 1
        with pytest.raises(PyroError, match="terminated"):
            taker.ask()
        assert table.next_items(other, 0, 9, taker.client) == [[5], State.ENDED]
        table.close("some other", taker.client)
        assert len(table) == 0

    def test_or_for_a_while(self, clock: Clock, table: StreamTable) -> None:
        taker = Taker(table, iter([0, 1]))
        taker.take()
        clock.now += 31
        table.housekeeping()
        assert len(table) == 0

    def test_smaller_portions_of_the_last_items_are_to_be_had_beside_another_stream(
        self, table: StreamTable
    ) -> None:
        taker = Taker(table, iter([0, 1, 2]))
        other = table.open(iter([5, 6]), taker.client)
        assert taker.ask() == [[0, 1, 2], State.ENDED]
        assert taker.take(1) == [0]
        assert table.next_item(other, taker.client) == 5
        assert taker.take(1) == [1]
        assert taker.take(1) == [2]
        assert taker.state == State.ENDED

    @pytest.mark.parametrize(
        "error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt(), StopIteration(4)]
    )
    def test_an_error_has_its_place_behind_the_items(
        self, clock: Clock, table: StreamTable, threads: ByHand, error: BaseException
    ) -> None:
        source = Source(clock, 4, error)
        taker = two(Taker(table, source))
        threads.run()
        assert taker.take() == [2, 3]
        assert taker.state == State.FAILED
        with pytest.raises(type(error)) as caught:
            table.next_item(taker.stream_id, taker.client)
        assert caught.value is error
        assert len(table) == 0
        assert source.closed == 1

    def test_an_error_at_once(self, clock: Clock, table: StreamTable) -> None:
        taker = Taker(table, Source(clock, 0, ValueError("bad")))
        assert taker.take() == []
        assert taker.state == State.FAILED

    def test_errors_leave_no_garbage_in_cycles(
        self, clock: Clock, table: StreamTable, threads: ByHand
    ) -> None:
        def failing() -> Iterator[int]:
            yield from range(3)
            raise ValueError("bad")

        def take_all() -> None:
            taker = two(Taker(table, failing()))
            threads.run()
            taker.take()
            with contextlib.suppress(ValueError):
                table.next_item(taker.stream_id, taker.client)

        take_all()
        gc.collect()
        gc.disable()
        try:
            take_all()
            assert gc.collect() == 0
        finally:
            gc.enable()


class TestAnswersThatDoNotArrive:
    def test_are_given_again(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        taker = two(Taker(table, Source(clock, 20)))
        threads.run()
        lost = taker.ask()
        taker.reconnect()
        assert [taker.take(), taker.state] == lost
        while taker.state == State.MORE:
            threads.run()
            taker.take()
        assert taker.items == list(range(20))

    def test_in_smaller_portions(self, table: StreamTable) -> None:
        taker = Taker(table, iter(range(20)))
        taker.ask(10)
        assert taker.take(1) == [0]
        assert taker.take(3) == [1, 2, 3]
        assert taker.take() == [4, 5, 6, 7, 8, 9]
        taker.take()
        assert taker.items == list(range(20))

    @pytest.mark.parametrize("position", [1, 5, -1, 3.0, True, None, "0"])
    def test_but_not_what_arrived_or_never_was(self, table: StreamTable, position: Any) -> None:
        taker = Taker(table, iter(range(200)))
        taker.take(3)
        taker.take(1)
        with pytest.raises(PyroError, match=r"position|cannot go to"):
            table.next_items(taker.stream_id, position, 9, taker.client)
        assert taker.take(2) == [4, 5]

    @pytest.mark.parametrize("most", [0, -1, 2.0, None, "5"])
    def test_wrong_numbers(self, table: StreamTable, most: Any) -> None:
        taker = Taker(table, iter(range(200)))
        with pytest.raises(PyroError, match="how many"):
            table.next_items(taker.stream_id, 0, most, taker.client)


class TestOwners:
    def test_another_client_is_told_to_come_back(self, table: StreamTable) -> None:
        taker = Taker(table, iter("abc"))
        other = ClientConnection(None)
        assert table.next_items(taker.stream_id, 0, 9, other) == [[], State.IN_USE]
        table.client_lost(taker.client)
        assert table.next_items(taker.stream_id, 0, 9, other) == [["a", "b", "c"], State.ENDED]

    def test_of_no_stream(self, table: StreamTable) -> None:
        wrong: Any
        for wrong in ("other", None, 5, [], {}):
            with pytest.raises(PyroError, match="terminated"):
                table.next_items(wrong, 0, 9, ClientConnection(None))

    def test_a_client_that_is_gone_gets_a_stream_that_lingers(self, clock: Clock) -> None:
        for linger, kept in ((30.0, 1), (0.0, 0)):
            table = new_table(clock, linger=linger)
            client, source = ClientConnection(None), Source(clock)
            table.client_lost(client)
            stream_id = table.open(source, client)
            assert len(table) == kept
            assert source.closed == 1 - kept
            with pytest.raises(PyroError, match="terminated"):
                table.next_item(stream_id, client)
            clock.now += 31
            table.housekeeping()
            assert len(table) == 0

    def test_so_many_a_client(self, clock: Clock) -> None:
        table = new_table(clock, per_client=3)
        mine, other = ClientConnection(None), ClientConnection(None)
        ids = [table.open(Source(clock), mine) for _ in range(3)]
        table.open(Source(clock), other)
        source = Source(clock)
        refusals: list[str] = []
        table.refused = lambda limit, what: refusals.append(limit)
        with pytest.raises(PyroError, match=r"3 open iterators already.*ITER_STREAMS_PER_CLIENT"):
            table.open(source, mine)
        assert refusals == ["ITER_STREAMS_PER_CLIENT"]
        assert source.closed == 1
        table.close(ids[0], mine)
        table.open(Source(clock), mine)
        table.client_lost(mine)
        assert len(table) == 4

    def test_what_has_ended_does_not_count(self, clock: Clock) -> None:
        table = new_table(clock, per_client=1)
        client = ClientConnection(None)
        for _ in range(3):
            stream_id = table.open(iter([1]), client)
            assert table.next_items(stream_id, 0, 9, client) == [[1], State.ENDED]

    def test_any_number(self, clock: Clock) -> None:
        table, client = new_table(clock, per_client=0), ClientConnection(None)
        for _ in range(2000):
            table.open(iter([1]), client)
        assert len(table) == 2000


class TestClosing:
    def test_while_it_runs_ahead(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        source = Source(clock)
        taker = two(Taker(table, source))
        source.within = lambda: table.close(taker.stream_id, taker.client) if source.taken == 3 else None
        threads.run()
        assert (source.taken, source.closed) == (4, 1)
        with pytest.raises(PyroError, match="terminated"):
            taker.take()

    @pytest.mark.parametrize("how", ["close", "all", "lost", "lifetime"])
    def test_before_it_runs_ahead(self, clock: Clock, how: str) -> None:
        threads = ByHand()
        table = new_table(clock, threads, linger=0.0, lifetime=100.0)
        source = Source(clock)
        taker = two(Taker(table, source))
        if how == "close":
            table.close(taker.stream_id, taker.client)
        elif how == "all":
            table.close_all()
            assert threads.closed == 1
        elif how == "lost":
            table.client_lost(taker.client)
        else:
            clock.now += 101
            table.housekeeping()
        assert source.closed == 1
        threads.run()
        assert (source.taken, source.closed) == (2, 1)

    def test_whoever_waits_is_told(self, clock: Clock, table: StreamTable, threads: ByHand) -> None:
        source = Source(clock)
        taker = two(Taker(table, source))
        waits, told, outcome = threading.Event(), threading.Event(), []

        def wait() -> None:
            with pytest.raises(PyroError, match="terminated") as caught:
                taker.take()
            outcome.append(caught.value)
            told.set()

        def within() -> None:
            thread = threading.Thread(target=wait)
            thread.start()
            waits.wait(0.1)  # it is either in there or will be; both have to work
            table.close(taker.stream_id, taker.client)
            thread.join(20)

        source.within = within
        threads.run()
        assert told.is_set()
        assert source.closed == 1
