"""The short way of a call sends the very bytes that the plain way sends, and takes the very answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import wire
from pyroplug.errors import ConnectionClosedError
from pyroplug.plain_exchange import plain_exchange
from pyroplug.receiver import Receiver
from pyroplug.time_limit import TimeLimit
from pyroplug.wire import Flags, Message, MessageType
from tests.messages import bytes_of, facts

SERIALIZER = 4
LIMIT = 500
SCRATCH = 700


class Scripted:
    """Receives what it is told to, and remembers what was sent."""

    def __init__(self, *pieces: bytes) -> None:
        self.sent: list[bytes] = []
        self._pieces = list(pieces)

    def send(self, buffers: Sequence[Any]) -> None:
        self.sent += map(bytes, buffers)

    def recv_into(self, buffer: memoryview) -> int:
        if not self._pieces:
            raise ConnectionClosedError("gone")
        piece = self._pieces.pop(0)
        buffer[: len(piece)] = piece
        return len(piece)


def exchange(connection: Any, payload: bytes = b"call", sequence: int = 7) -> tuple[Any, list[Any]]:
    """What comes out, and how much was left to the plain way."""
    left: list[Any] = []
    scratch = memoryview(bytearray(SCRATCH))

    def go_on(count: int | None) -> Sequence[Message]:
        left.append(bytes(scratch[:count]) if count else count)
        return []

    return plain_exchange(connection, scratch, SERIALIZER, LIMIT, go_on, TimeLimit(None), [None])(
        payload, sequence
    ), left


def result(payload: bytes = b"answer", **parts: Any) -> Message:
    usual = {"type": MessageType.RESULT, "serializer_id": SERIALIZER, "flags": 0, "sequence": 7}
    return Message(payload=payload, **{**usual, **parts})


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_what_goes_out_is_what_the_plain_way_sends(payload: bytes, sequence: int) -> None:
    connection = Scripted(b"x")
    exchange(connection, payload, sequence)
    assert connection.sent == list(wire.encode(MessageType.INVOKE, SERIALIZER, 0, sequence, payload))


@given(st.binary(max_size=LIMIT))
def test_a_small_answer_is_taken(payload: bytes) -> None:
    assert exchange(Scripted(bytes_of(result(payload)))) == (payload, [])


@given(st.binary(max_size=LIMIT), st.binary(min_size=16, max_size=16))
def test_so_is_one_with_a_correlation_id(payload: bytes, correlation_id: bytes) -> None:
    """Pyro5 gives one to every answer, and no client reads it."""
    assert exchange(Scripted(bytes_of(result(payload, correlation_id=correlation_id)))) == (payload, [])


@pytest.mark.parametrize(
    "unusual",
    [
        result(type=MessageType.PING),
        result(type=MessageType.CONNECTFAIL),
        result(serializer_id=1),
        result(sequence=8),
        result(flags=Flags.EXCEPTION),
        result(flags=Flags.BATCH),
        result(annotations={"ABCD": b"x"}),
        result(bytes(LIMIT + 1)),
    ],
    ids=repr,
)
def test_everything_else_is_left_to_the_plain_way(unusual: Message) -> None:
    data = bytes_of(unusual)
    assert exchange(Scripted(data)) == ([], [data])


def test_so_is_what_does_not_come_alone_and_in_one_piece() -> None:
    data = bytes_of(result())
    for piece in (data[:10], data[:40], data[:-1], data + b"P", data + data):
        assert exchange(Scripted(piece)) == ([], [piece])
    assert exchange(Scripted(b"")) == ([], [0])


@given(st.binary(max_size=120), st.integers(0, 119), st.integers(0, 255))
def test_damaged_answers_are_never_taken_for_others(payload: bytes, at: int, byte: int) -> None:
    """Whatever the short way takes, the plain way takes as the same answer."""
    data = bytearray(bytes_of(result(payload)))
    data[at % len(data)] = byte
    found, left = exchange(Scripted(bytes(data)))
    receiver = Receiver(LIMIT)
    scratch = memoryview(bytearray(SCRATCH))
    receiver.get_buffer(scratch)[: len(data)] = data
    messages = receiver.buffer_updated(len(data))
    if left:
        assert left == [bytes(data)]
    else:
        [message] = messages
        assert facts(message) == facts(result(found, correlation_id=message.correlation_id))


def test_what_the_connection_raises_passes() -> None:
    with pytest.raises(ConnectionClosedError, match="gone"):
        exchange(Scripted())
