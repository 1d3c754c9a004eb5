from __future__ import annotations

import gc
from collections.abc import Sequence
from typing import Any

import pytest

from pyroplug.errors import (
    CommunicationError,
    ConnectionClosedError,
    PyroError,
    SerializeError,
    TimeoutError,
)
from pyroplug.remote_iterator import RemoteIterator
from pyroplug.uri import DAEMON_NAME


class Source:
    """A connection whose other side gives what it is told to: values, and errors that are raised."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.calls: list[tuple[Any, ...]] = []
        self.connected = True
        self.abandoned_streams: list[str] = []

    def call(
        self, method: str, args: Sequence[Any], kwargs: Any, flags: int = 0, object_id: str | None = None
    ) -> Any:
        self.calls.append((method, *args, object_id))
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer


def test_asks_for_each_item_when_it_is_wanted() -> None:
    source = Source(1, 2, StopIteration())
    iterator = RemoteIterator(source, "the-stream")
    assert iter(iterator) is iterator
    assert source.calls == []
    assert next(iterator) == 1
    assert source.calls == [("get_next_stream_item", "the-stream", DAEMON_NAME)]
    assert list(iterator) == [2]
    assert len(source.calls) == 3


def test_after_the_end_nothing_is_asked_or_told() -> None:
    source = Source(StopIteration())
    iterator = RemoteIterator(source, "s")
    assert list(iterator) == []
    assert list(iterator) == []
    iterator.close()
    del iterator
    assert len(source.calls) == 1
    assert source.abandoned_streams == []


def test_an_error_of_the_remote_iterator_ends_it() -> None:
    error = ValueError("bad")
    source = Source(error, 1)
    iterator = RemoteIterator(source, "s")
    with pytest.raises(ValueError, match="bad") as caught:
        next(iterator)
    assert caught.value is error
    assert list(iterator) == []
    assert source.answers == [1]


def test_it_goes_on_after_the_proxy_was_connected_again() -> None:
    source = Source(1, ConnectionClosedError("broken"), 2)
    iterator = RemoteIterator(source, "s")
    assert next(iterator) == 1
    with pytest.raises(ConnectionClosedError, match="broken"):
        next(iterator)
    source.connected = False
    with pytest.raises(ConnectionClosedError, match="is not connected") as caught:
        next(iterator)
    assert "_pyroBind" in (caught.value.hint or "")
    source.connected = True
    assert next(iterator) == 2


def test_an_item_that_cannot_be_read_ends_it_on_the_other_side_too() -> None:
    source = Source(SerializeError("cannot make an object of class X"))
    iterator = RemoteIterator(source, "s")
    with pytest.raises(SerializeError):
        next(iterator)
    assert list(iterator) == []
    assert source.abandoned_streams == ["s"]


@pytest.mark.parametrize("how", ["close", "close twice", "collected"])
def test_the_other_side_is_told_once_that_no_more_are_wanted(how: str) -> None:
    source = Source(1)
    iterator = RemoteIterator(source, "s")
    assert next(iterator) == 1
    if how == "collected":
        del iterator
        gc.collect()
    else:
        for _ in range(1 + (how == "close twice")):
            iterator.close()
        assert list(iterator) == []
        del iterator
    assert source.abandoned_streams == ["s"]
    assert len(source.calls) == 1


def test_nobody_is_told_without_a_connection() -> None:
    source = Source()
    iterator = RemoteIterator(source, "s")
    source.connected = False
    iterator.close()
    assert source.abandoned_streams == []


def test_shows_its_stream_and_whether_it_has_ended() -> None:
    iterator = RemoteIterator(Source(), "s")
    assert repr(iterator) == "<RemoteIterator s>"
    iterator.close()
    assert repr(iterator) == "<RemoteIterator s ended>"


@pytest.mark.parametrize(
    "error",
    [
        PyroError("the calling thread is not the owner"),
        PyroError("item stream terminated"),
        TimeoutError("slow"),
        CommunicationError("no"),
    ],
    ids=str,
)
def test_trouble_on_the_way_is_never_taken_for_the_end(error: PyroError) -> None:
    source = Source(error, error, 5)
    iterator = RemoteIterator(source, "s")
    for _ in range(2):
        with pytest.raises(type(error), match=str(error)):
            next(iterator)
    assert next(iterator) == 5
