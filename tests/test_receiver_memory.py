"""Memory follows the bytes that were received, not the bytes that were claimed."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pyroplug.receiver as module
from pyroplug import wire
from pyroplug.contracts import joined
from pyroplug.errors import MessageTooLargeError, ProtocolError
from pyroplug.receiver import Receiver
from pyroplug.wire import Flags, Message
from tests.messages import bytes_of, facts, feed, messages, new_receiver, split

GIB = 1 << 30


def header(payload: int, chunks: int = 0, flags: int = 0, serializer: int = 4) -> bytes:
    return wire.pack_header(wire.PREFIX, 4, serializer, flags, 1, payload, chunks, bytes(16), 0, wire.MAGIC)


def taken_for(start: bytes, codec: Any = None) -> int:
    """Bytes of memory that a receiver holds after a message's beginning, untouched ones among them."""
    scratch = memoryview(bytearray(1 << 16))
    tracemalloc.start()
    try:
        receiver = Receiver(GIB)
        receiver.codecs = {4: codec} if codec else {}
        before = tracemalloc.get_traced_memory()[0]
        feed(receiver, [start], scratch)
        assert receiver.error is None
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


class Claiming:
    """A codec to which everything is one byte string, of the size that the message claims."""

    def find_bulk(self, _head: bytes, size: int) -> tuple[int, int]:
        return 5, size - 5


@pytest.mark.parametrize(
    ("payload", "chunks"), [(GIB, 0), (0, GIB), (GIB // 2, GIB // 2), (GIB - (1 << 16), 1 << 16)]
)
@pytest.mark.parametrize("codec", [None, Claiming()])
def test_a_header_gets_little(payload: int, chunks: int, codec: Any) -> None:
    assert taken_for(header(payload, chunks), codec) <= module.FIRST + 10_000
    assert taken_for(header(payload, chunks) + b"x", codec) <= module.FIRST + 10_000


@pytest.mark.parametrize("arrived", [1 << 12, 1 << 18, 1 << 20, (1 << 22) - 1, 1 << 22, 1 << 23])
@pytest.mark.parametrize("codec", [None, Claiming()])
def test_what_has_arrived_gets_a_few_times_as_much(arrived: int, codec: Any) -> None:
    taken = taken_for(header(GIB) + bytes(arrived), codec)
    assert arrived <= taken <= 2 * module.GROWTH * arrived + module.FIRST


def test_a_message_of_which_much_is_there_gets_its_memory_at_once() -> None:
    receiver = new_receiver(GIB)
    feed(receiver, [header(1 << 20) + bytes(50_000)], memoryview(bytearray(1 << 16)))
    assert len(receiver.get_buffer(memoryview(b""))) == (1 << 20) - 50_000


class Reader:
    """Stands for a codec: a large byte string is what comes after ``<`` and its length in four bytes."""

    def find_bulk(self, head: bytes, _size: int) -> tuple[int, int] | None:
        at = head.find(b"<")
        if at < 0 or at + 5 > len(head):
            return None
        return at + 5, int.from_bytes(head[at + 1 : at + 5], "big")


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"FIRST": 8, "GROWTH": 2, "HEAD_SIZE": 20, "LARGE": 40}.items():
        monkeypatch.setattr(module, name, value)


bulk = st.integers(0, 200).map(lambda size: b"<" + size.to_bytes(4, "big") + bytes(range(65, 90)) * 8)


@pytest.mark.usefixtures("small_steps")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(messages | bulk.map(lambda data: Message(5, 4, 0, 0, data)), max_size=4),
    st.lists(st.integers(0, 5000), max_size=12),
    st.integers(41, 300),
)
def test_however_it_grows_the_messages_are_the_same(
    sent: list[Message], cuts: list[int], scratch: int
) -> None:
    receiver = new_receiver()
    receiver.codecs = {4: Reader()}  # type: ignore[dict-item]
    pieces = split(b"".join(map(bytes_of, sent)), cuts)
    received = feed(receiver, pieces, memoryview(bytearray(scratch)))
    for message in received:
        message.payload = joined(message.payload)
    assert [facts(message) for message in received] == [facts(message) for message in sent]
    assert receiver.idle
    assert receiver.error is None


@pytest.mark.parametrize("until", [1, 2])
def test_where_there_is_no_memory_the_peer_is_told(until: int, monkeypatch: pytest.MonkeyPatch) -> None:
    left = until

    def scarce(size: int) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise MemoryError
        return memory(size)

    memory = module.fresh_memory
    monkeypatch.setattr(module, "fresh_memory", scarce)
    monkeypatch.setattr(module, "passing_memory", scarce)
    monkeypatch.setattr(module, "FIRST", 10)
    receiver = new_receiver()
    assert feed(receiver, [header(100_000, serializer=3), bytes(100_000)]) == [wire.FAULT]
    assert isinstance(receiver.error, MessageTooLargeError)
    assert "no memory left for 100,000 bytes" in str(receiver.error)
    assert receiver.broken is not None
    assert receiver.broken.serializer_id == 3


def test_only_memory_for_the_whole_is_kept_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four mebibytes on the way to 64 would be another part of the message's size, as long as it is read."""
    sizes: list[int] = []

    def watched(size: int) -> Any:
        sizes.append(size)
        return memory(size)

    memory = module.fresh_memory
    monkeypatch.setattr(module, "fresh_memory", watched)
    receiver, data = new_receiver(1 << 25), bytes(1 << 16)
    feed(receiver, [header(1 << 22, serializer=3), *[data] * 64])
    assert receiver.idle
    assert sizes == [1 << 22]


def test_the_limit_counts_annotations_and_what_decompression_yields() -> None:
    payload, chunks = zlib.compress(bytes(900)), b"ABCD" + (92).to_bytes(4, "big") + bytes(92)
    for limit, fits in ((1000, True), (999, False)):
        receiver = Receiver(limit)
        received = feed(receiver, [header(len(payload), len(chunks), Flags.COMPRESSED) + chunks + payload])
        assert (receiver.error is None) is fits
        assert (received[0] is not wire.FAULT) is fits


def test_a_bomb_takes_no_more_than_the_limit() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    receiver = Receiver(1 << 20)
    tracemalloc.start()
    try:
        received = feed(receiver, [header(len(bomb), 0, Flags.COMPRESSED) + bomb])
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert received == [wire.FAULT]
    assert isinstance(receiver.error, ProtocolError)
    assert most < 4 << 20
