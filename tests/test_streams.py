from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pyroplug.context import ClientConnection
from pyroplug.errors import PyroError
from pyroplug.streams import StreamTable

from .conversation import Clock


def items(closed: list[str], count: int = 100, error: BaseException | None = None) -> Iterator[int]:
    try:
        yield from range(count)
        if error is not None:
            raise error
    finally:
        closed.append("closed")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def closed() -> list[str]:
    return []


@pytest.fixture
def mine() -> ClientConnection:
    return ClientConnection(None)


@pytest.fixture
def other() -> ClientConnection:
    return ClientConnection(None)


def new_table(clock: Clock, lifetime: float = 0.0, linger: float = 30.0) -> StreamTable:
    return StreamTable(threading.Lock(), clock, lifetime=lifetime, linger=linger)


@pytest.fixture
def table(clock: Clock) -> StreamTable:
    return new_table(clock)


def assert_over(table: StreamTable, stream_id: Any, client: ClientConnection) -> None:
    with pytest.raises(PyroError, match=r"^item stream terminated$"):
        table.next_item(stream_id, client)


class TestItems:
    def test_come_one_after_the_other(
        self, table: StreamTable, mine: ClientConnection, closed: list[str]
    ) -> None:
        stream_id = table.open(items(closed, 2), mine)
        assert len(table) == 1
        assert [table.next_item(stream_id, mine) for _ in range(2)] == [0, 1]
        assert len(table) == 1
        with pytest.raises(StopIteration):
            table.next_item(stream_id, mine)
        assert closed == ["closed"]
        assert len(table) == 0
        assert_over(table, stream_id, mine)

    def test_streams_have_ids_that_nobody_guesses(self, table: StreamTable, mine: ClientConnection) -> None:
        ids = {table.open(iter("ab"), mine) for _ in range(20)}
        assert len(ids) == 20
        assert all(len(stream_id) == 36 and stream_id.isascii() for stream_id in ids)

    @pytest.mark.parametrize(
        "error", [ValueError("bad"), SystemExit(3), GeneratorExit(), KeyboardInterrupt()]
    )
    def test_an_error_ends_the_stream(
        self, table: StreamTable, mine: ClientConnection, closed: list[str], error: BaseException
    ) -> None:
        stream_id = table.open(items(closed, 0, error), mine)
        with pytest.raises(type(error)) as caught:
            table.next_item(stream_id, mine)
        assert caught.value is error
        assert len(table) == 0
        assert_over(table, stream_id, mine)

    @pytest.mark.parametrize("wrong", ["other", "", None, 5, [], {}])
    def test_of_no_stream(self, table: StreamTable, mine: ClientConnection, wrong: Any) -> None:
        assert_over(table, wrong, mine)
        table.close(wrong, mine)

    def test_of_an_iterator_that_cannot_be_closed(self, table: StreamTable, mine: ClientConnection) -> None:
        stream_id = table.open(iter([1]), mine)
        assert table.next_item(stream_id, mine) == 1
        table.close(stream_id, mine)
        assert len(table) == 0


class TestOwners:
    def test_nobody_else_gets_items_or_closes(
        self, table: StreamTable, mine: ClientConnection, other: ClientConnection, closed: list[str]
    ) -> None:
        stream_id = table.open(items(closed), mine)
        assert_over(table, stream_id, other)
        table.close(stream_id, other)
        assert closed == []
        assert table.next_item(stream_id, mine) == 0

    def test_whoever_comes_first_goes_on_after_the_connection_is_lost(
        self, table: StreamTable, mine: ClientConnection, other: ClientConnection, closed: list[str]
    ) -> None:
        stream_id = table.open(items(closed), mine)
        kept = table.open(items(closed), other)
        assert table.next_item(stream_id, mine) == 0
        table.client_lost(mine)
        assert table.next_item(stream_id, other) == 1
        assert_over(table, stream_id, mine)
        assert table.next_item(kept, other) == 0

    def test_that_come_back_before_their_end_is_noticed_can_close(
        self, table: StreamTable, mine: ClientConnection, other: ClientConnection, closed: list[str]
    ) -> None:
        stream_id, kept = table.open(items(closed), mine), table.open(items(closed), mine)
        table.next_item(stream_id, mine)
        table.close(stream_id, other)
        assert (closed, len(table)) == ([], 2)
        table.client_lost(mine)
        assert (closed, len(table)) == (["closed"], 1)
        assert table.next_item(kept, other) == 0

    def test_can_be_closed_while_it_lingers(
        self, table: StreamTable, mine: ClientConnection, other: ClientConnection, closed: list[str]
    ) -> None:
        stream_id = table.open(items(closed), mine)
        table.next_item(stream_id, mine)
        table.client_lost(mine)
        table.close(stream_id, other)
        assert closed == ["closed"]
        assert len(table) == 0


class TestTime:
    @pytest.mark.parametrize("housekeeping", [True, False])
    def test_it_lingers_for_a_while(
        self,
        clock: Clock,
        mine: ClientConnection,
        other: ClientConnection,
        closed: list[str],
        housekeeping: bool,
    ) -> None:
        table = new_table(clock, linger=10)
        stream_id = table.open(items(closed), mine)
        table.next_item(stream_id, mine)
        clock.now += 100
        table.housekeeping()
        assert len(table) == 1  # its client is there
        table.client_lost(mine)
        clock.now += 10
        table.housekeeping()
        assert len(table) == 1
        clock.now += 1
        if housekeeping:
            table.housekeeping()
            assert len(table) == 0
        assert_over(table, stream_id, other)
        assert closed == ["closed"]

    def test_once_somebody_goes_on_it_lingers_no_longer(
        self, clock: Clock, mine: ClientConnection, other: ClientConnection
    ) -> None:
        table = new_table(clock, linger=10)
        stream_id = table.open(iter("abc"), mine)
        table.client_lost(mine)
        clock.now += 9
        assert table.next_item(stream_id, other) == "a"
        clock.now += 9
        table.housekeeping()
        assert table.next_item(stream_id, other) == "b"

    @pytest.mark.parametrize("linger", [0, -1])
    def test_it_may_not_linger_at_all(
        self, clock: Clock, mine: ClientConnection, other: ClientConnection, closed: list[str], linger: float
    ) -> None:
        table = new_table(clock, linger=linger)
        gone, stays = table.open(items(closed), mine), table.open(items([]), other)
        table.next_item(gone, mine)
        table.client_lost(mine)
        assert closed == ["closed"]
        assert table.next_item(stays, other) == 0

    @pytest.mark.parametrize("housekeeping", [True, False])
    def test_it_ends_with_its_life(
        self, clock: Clock, mine: ClientConnection, closed: list[str], housekeeping: bool
    ) -> None:
        table = new_table(clock, lifetime=5)
        stream_id = table.open(items(closed), mine)
        for _ in range(5):
            table.next_item(stream_id, mine)
            clock.now += 1
        table.housekeeping()
        assert len(table) == 1
        clock.now += 0.5
        if housekeeping:
            table.housekeeping()
            assert len(table) == 0
        assert_over(table, stream_id, mine)
        assert closed == ["closed"]

    def test_it_may_live_for_ever(self, clock: Clock, mine: ClientConnection) -> None:
        table = new_table(clock, lifetime=0)
        stream_id = table.open(iter("ab"), mine)
        clock.now += 1e9
        table.housekeeping()
        assert table.next_item(stream_id, mine) == "a"


class Stubborn:
    """Does not let itself be closed."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __iter__(self) -> Stubborn:
        return self

    def __next__(self) -> int:
        return 1

    def close(self) -> None:
        raise self._error


class Riddle(Stubborn):
    """Cannot even be asked whether it has a method to close it."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__dict__"):
            return object.__getattribute__(self, name)
        raise RuntimeError("never")


class TestClosing:
    def test_runs_what_a_generator_has_to_finish(
        self, table: StreamTable, mine: ClientConnection, closed: list[str]
    ) -> None:
        stream_id = table.open(items(closed), mine)
        table.next_item(stream_id, mine)
        table.close(stream_id, mine)
        assert closed == ["closed"]
        table.close(stream_id, mine)
        assert closed == ["closed"]

    def test_all_of_them(self, table: StreamTable, mine: ClientConnection, closed: list[str]) -> None:
        for _ in range(3):
            table.next_item(table.open(items(closed), mine), mine)
        table.close_all()
        assert closed == ["closed"] * 3
        assert len(table) == 0

    @pytest.mark.parametrize("kind", [Stubborn, Riddle])
    @pytest.mark.parametrize("error", [ValueError("no"), SystemExit(), KeyboardInterrupt()])
    def test_whatever_it_raises_harms_nobody(
        self, clock: Clock, kind: Any, error: BaseException, closed: list[str]
    ) -> None:
        mine = ClientConnection(None)
        for end in ("close", "close_all", "client_lost", "housekeeping", "next_item"):
            table = new_table(clock, linger=0 if end == "client_lost" else 5, lifetime=50)
            first, second = table.open(kind(error), mine), table.open(items(closed), mine)
            table.next_item(second, mine)
            if end == "close":
                table.close(first, mine)
                table.close(second, mine)
            elif end == "close_all":
                table.close_all()
            elif end == "client_lost":
                table.client_lost(mine)
            else:
                clock.now += 100
                if end == "housekeeping":
                    table.housekeeping()
                assert_over(table, first, mine)
                assert_over(table, second, mine)
            assert len(table) == 0
            assert closed.pop() == "closed"

    def test_of_one_that_is_running_is_left_to_it(self, table: StreamTable, mine: ClientConnection) -> None:
        ids: list[str] = []

        def ending_itself() -> Iterator[int]:
            table.close(ids[0], mine)
            yield 1

        ids.append(table.open(ending_itself(), mine))
        assert table.next_item(ids[0], mine) == 1
        assert_over(table, ids[0], mine)
