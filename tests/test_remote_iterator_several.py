"""The client's side, where the other side gives several items in an answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pyroplug.errors import (
    ConnectionClosedError,
    MessageTooLargeError,
    ProtocolError,
    PyroError,
    SerializeError,
    TimeoutError,
)
from pyroplug.remote_iterator import MOST, PAUSES, RemoteIterator
from pyroplug.streams import State
from pyroplug.uri import DAEMON_NAME

MORE, ENDED, FAILED, IN_USE = map(int, State)


class Source:
    """A connection whose other side gives what it is told to: values, and errors that are raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[Any, ...]] = []
        self.connected = True
        self.mine = True
        self.abandoned_streams: list[str] = []
        self.paused: list[float] = []

    def check_owner(self) -> None:
        if not self.mine:
            raise PyroError("not the owner")

    def call(
        self, method: str, args: Sequence[Any], kwargs: Any, flags: int = 0, object_id: str | None = None
    ) -> Any:
        assert object_id == DAEMON_NAME
        assert args[0] == "s"
        self.check_owner()
        self.calls.append((method.removeprefix("get_next_stream_"), *args[1:]))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def pause(self, seconds: float) -> None:
        self.paused.append(seconds)


def test_asks_when_it_has_none_left() -> None:
    source = Source([[1, 2], MORE], [(3,), MORE], [[4, 5], ENDED])
    iterator = RemoteIterator(source, "s", several=True)
    assert source.calls == []
    assert next(iterator) == 1
    assert source.calls == [("items", 0, MOST)]
    assert [next(iterator), next(iterator)] == [2, 3]
    assert list(iterator) == [4, 5]
    assert list(iterator) == []
    assert source.calls == [("items", 0, MOST), ("items", 2, MOST), ("items", 3, MOST)]
    del iterator
    assert source.abandoned_streams == []


def test_there_may_be_none() -> None:
    source = Source([[], ENDED])
    assert list(RemoteIterator(source, "s", several=True)) == []


def test_what_the_iterator_raises_comes_behind_the_items() -> None:
    source = Source([[1, 2], FAILED], ValueError("bad"))
    iterator = RemoteIterator(source, "s", several=True)
    assert [next(iterator), next(iterator)] == [1, 2]
    assert len(source.calls) == 1
    with pytest.raises(ValueError, match="bad"):
        next(iterator)
    assert source.calls[1:] == [("item",)]
    assert list(iterator) == []


def test_the_value_of_a_generator_arrives() -> None:
    source = Source([[], FAILED], StopIteration("value"))

    def outer() -> Any:
        return (yield from RemoteIterator(source, "s", several=True))

    with pytest.raises(StopIteration) as caught:
        next(outer())
    assert caught.value.value == "value"


def test_what_was_received_needs_the_connection_and_its_owner() -> None:
    source = Source([[1, 2, 3], MORE], [[4], ENDED])
    iterator = RemoteIterator(source, "s", several=True)
    assert next(iterator) == 1
    source.connected = False
    with pytest.raises(ConnectionClosedError, match="is not connected"):
        next(iterator)
    source.connected = True
    assert next(iterator) == 2
    source.mine = False
    with pytest.raises(PyroError, match="not the owner"):
        next(iterator)
    source.mine = True
    assert list(iterator) == [3, 4]


@pytest.mark.parametrize("error", [ConnectionClosedError("gone"), TimeoutError("slow"), KeyboardInterrupt()])
def test_it_goes_on_where_an_answer_was_lost(error: BaseException) -> None:
    source = Source([[1], MORE], error, [[2], ENDED])
    iterator = RemoteIterator(source, "s", several=True)
    assert next(iterator) == 1
    with pytest.raises(type(error)):
        next(iterator)
    assert list(iterator) == [2]
    assert source.calls == [("items", 0, MOST), ("items", 1, MOST), ("items", 1, MOST)]


@pytest.mark.parametrize("error", [SerializeError("bad"), MessageTooLargeError("large"), ValueError("odd")])
def test_what_cannot_be_sent_together_comes_one_by_one(error: Exception) -> None:
    source = Source(error, [[1], MORE], [[2, 3], MORE], [[4, 5], ENDED])
    assert list(RemoteIterator(source, "s", several=True)) == [1, 2, 3, 4, 5]
    assert source.calls == [("items", 0, MOST), ("items", 0, 1), ("items", 1, 2), ("items", 3, 4)]


@pytest.mark.parametrize("error", [SerializeError("bad"), ValueError("odd")])
def test_an_item_that_cannot_be_sent_at_all_is_the_end(error: Exception) -> None:
    source = Source(error, [[1], MORE], error, error)
    iterator = RemoteIterator(source, "s", several=True)
    assert next(iterator) == 1
    with pytest.raises(type(error)):
        next(iterator)
    assert source.calls[-2:] == [("items", 1, 2), ("items", 1, 1)]
    assert list(iterator) == []
    assert source.abandoned_streams == ["s"]


def test_trouble_is_never_taken_for_the_end() -> None:
    error = PyroError("item stream terminated")
    source = Source(*[error] * 3, [[1], ENDED])
    iterator = RemoteIterator(source, "s", several=True)
    for _ in range(2):
        with pytest.raises(PyroError, match="terminated"):
            next(iterator)
    assert list(iterator) == [1]


def test_comes_back_while_the_server_has_not_noticed_that_it_was_away() -> None:
    source = Source([[], IN_USE], [[], IN_USE], [[1], ENDED])
    assert list(RemoteIterator(source, "s", several=True)) == [1]
    assert source.paused == list(PAUSES[:2])


def test_but_not_for_ever() -> None:
    source = Source(*[[[], IN_USE]] * (len(PAUSES) + 1), [[1], ENDED])
    iterator = RemoteIterator(source, "s", several=True)
    with pytest.raises(TimeoutError, match="nothing is lost"):
        next(iterator)
    assert source.paused == list(PAUSES)
    assert list(iterator) == [1]


@pytest.mark.parametrize("answer", [None, 5, [], [1], [[1], 2, 3], [5, 0], [[1], "x"], [[1], None], "xy"])
def test_what_is_no_answer(answer: Any) -> None:
    iterator = RemoteIterator(Source(answer), "s", several=True)
    with pytest.raises(ProtocolError, match="invalid data"):
        next(iterator)


def test_an_answer_without_items_ends_no_loop_and_begins_none() -> None:
    source = Source([[], MORE], StopIteration())
    assert list(RemoteIterator(source, "s", several=True)) == []


def test_closing_forgets_what_was_received() -> None:
    source = Source([[1, 2, 3], MORE])
    iterator = RemoteIterator(source, "s", several=True)
    assert next(iterator) == 1
    iterator.close()
    iterator.close()
    assert list(iterator) == []
    assert source.abandoned_streams == ["s"]
