"""Any split of a stream gives the same messages, and nothing that a peer sends raises anything."""

from __future__ import annotations

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
from tests.messages import (
    EXAMPLE,
    LIMIT,
    PING,
    annotations,
    bytes_of,
    facts,
    feed,
    messages,
    new_receiver,
    split,
)


class TestReceiver:
    @given(messages)
    def test_decodes_what_was_encoded(self, message: Message) -> None:
        for compress in (False, True):
            [received] = feed(new_receiver(), [bytes_of(message, compress=compress)])
            assert facts(received) == facts(message)

    @given(st.lists(messages, max_size=4), st.lists(st.integers(0, 5000), max_size=12), st.integers(64, 700))
    def test_every_split_gives_the_same_messages(
        self, sent: list[Message], cuts: list[int], scratch: int
    ) -> None:
        stream = b"".join(map(bytes_of, sent))
        receiver = new_receiver()
        received = feed(receiver, split(stream, cuts), memoryview(bytearray(scratch)))
        assert [facts(m) for m in received] == [facts(m) for m in sent]
        assert receiver.idle
        assert receiver.error is None

    def test_every_two_way_split_of_the_recorded_call(self) -> None:
        stream = EXAMPLE + PING
        for cut in range(len(stream) + 1):
            received = feed(new_receiver(), [stream[:cut], stream[cut:]])
            assert [facts(m) for m in received] == [facts(m) for m in feed(new_receiver(), [stream])]
            assert received[0].payload == EXAMPLE[50:]

    def test_the_scratch_memory_may_be_shared(self) -> None:
        scratch = memoryview(bytearray(128))
        one, two = new_receiver(), new_receiver()
        received: tuple[list[Message], list[Message]] = ([], [])
        for start in range(0, len(EXAMPLE), 7):
            received[0].extend(feed(one, [EXAMPLE[start : start + 7]], scratch))
            received[1].extend(feed(two, [EXAMPLE[start : start + 7]], scratch))
        assert facts(received[0][0]) == facts(received[1][0])
        assert received[0][0].payload == EXAMPLE[50:]

    def test_a_large_payload_is_received_into_memory_of_its_size(self) -> None:
        message = Message(5, 4, 0, 1, bytes(range(256)) * 4096)
        data = bytes_of(message)
        receiver = new_receiver(1 << 21)
        assert feed(receiver, [data[:100_000]]) == []
        assert len(receiver.get_buffer(memoryview(b""))) == len(data) - 100_000
        [received] = feed(receiver, [data[100_000:]])
        assert received.payload == message.payload

    @given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5))
    def test_arbitrary_bytes_never_raise(self, data: bytes, cuts: list[int]) -> None:
        receiver = new_receiver()
        feed(receiver, split(data, cuts))
        if len(data) >= 6 and data[:6] != wire.PREFIX:
            assert isinstance(receiver.error, ProtocolError)

    @given(st.binary(max_size=300), st.integers(0, 255), st.integers(0, 0xFFFF))
    def test_arbitrary_bytes_behind_a_sound_header_never_raise(
        self, body: bytes, size: int, flags: int
    ) -> None:
        header = wire._HEADER.pack(wire.PREFIX, 4, 1, flags, 0, size, len(body), bytes(16), 0, wire.MAGIC)
        whole, halves = new_receiver(), new_receiver()
        a = feed(whole, [header + body + bytes(size)])
        b = feed(halves, [header[:20], header[20:] + body[:5], body[5:] + bytes(size)])
        assert list(map(facts, a)) == list(map(facts, b))
        assert str(whole.error) == str(halves.error)

    def test_recognises_strangers_by_their_first_bytes(self) -> None:
        receiver = new_receiver()
        assert feed(receiver, [b"GE"]) == [wire.FAULT]
        assert receiver.error is not None
        assert "not a Pyro message" in str(receiver.error)
        assert feed(receiver, [EXAMPLE]) == []  # nothing new is told

    def test_names_another_protocol_version(self) -> None:
        receiver = new_receiver()
        feed(receiver, [b"PYRO\x00\x30"])
        assert "invalid protocol version: 48" in str(receiver.error)

    def test_checks_the_magic_number(self) -> None:
        receiver = new_receiver()
        feed(receiver, [PING[:38] + b"\0\0" + PING[40:]])
        assert "magic" in str(receiver.error)

    @pytest.mark.parametrize("first", [40, 100, 1000])
    def test_checks_the_size_before_taking_memory(self, first: int) -> None:
        header = wire._HEADER.pack(wire.PREFIX, 4, 3, 0, 9, 0x7FFFFFFF, 0x7FFFFFFF, bytes(16), 0, wire.MAGIC)
        receiver = new_receiver(limit=1000)
        assert feed(receiver, [(header + bytes(1000))[:first]], memoryview(bytearray(2000))) == [wire.FAULT]
        assert isinstance(receiver.error, MessageTooLargeError)
        assert receiver.broken is not None
        assert (receiver.broken.sequence, receiver.broken.serializer_id) == (9, 3)

    def test_the_limit_holds_for_a_message_that_comes_in_one_piece(self) -> None:
        receiver = new_receiver(limit=50)
        assert feed(receiver, [bytes_of(Message(4, 1, 0, 3, bytes(51)))]) == [wire.FAULT]
        assert isinstance(receiver.error, MessageTooLargeError)

    def test_the_limit_holds_for_what_decompression_yields(self) -> None:
        bomb = bytes_of(Message(4, 1, 0, 5, bytes(LIMIT + 1)), compress=True)
        receiver = new_receiver(limit=LIMIT)
        assert len(bomb) < 3000
        assert feed(receiver, [bomb]) == [wire.FAULT]
        assert isinstance(receiver.error, MessageTooLargeError)
        assert receiver.broken is not None
        assert receiver.broken.payload == b""

    @pytest.mark.parametrize("damage", [lambda d: d[:-5], lambda d: d + b"more", lambda d: b"??" + d])
    def test_damaged_compression(self, damage: object) -> None:
        payload = damage(zlib.compress(b"x" * 500))  # type: ignore[operator]
        receiver = new_receiver()
        assert feed(receiver, wire.encode(4, 1, Flags.COMPRESSED, 0, payload)) == [wire.FAULT]
        assert "compressed payload" in str(receiver.error)

    @pytest.mark.parametrize(
        "chunks", [b"ABC", b"ABCD\0\0\0", b"ABCD\0\0\0\5four", b"AB\xffD\0\0\0\0", b"ABCD\xff\xff\xff\xff"]
    )
    def test_damaged_annotations(self, chunks: bytes) -> None:
        header = wire._HEADER.pack(wire.PREFIX, 4, 1, 0, 0, 2, len(chunks), bytes(16), 0, wire.MAGIC)
        receiver = new_receiver()
        assert feed(receiver, [header + chunks + b"hi"]) == [wire.FAULT]
        assert "annotation" in str(receiver.error)

    def test_the_last_of_two_equal_annotations_counts(self) -> None:
        chunks = b"ABCD\0\0\0\1aABCD\0\0\0\1b"
        header = wire._HEADER.pack(wire.PREFIX, 4, 1, 0, 0, 0, len(chunks), bytes(16), 0, wire.MAGIC)
        [message] = feed(new_receiver(), [header + chunks])
        assert bytes(message.annotations["ABCD"]) == b"b"


class BulkReader:
    """Stands for a codec: a large byte string is what comes after ``<`` and its length in four bytes."""

    def find_bulk(self, head: bytes, size: int) -> tuple[int, int] | None:
        at = head.find(b"<")
        if at < 0 or at + 5 > len(head):
            return None
        return at + 5, int.from_bytes(head[at + 1 : at + 5], "big")


class Answering:
    """Likewise, with an answer that may be wrong."""

    def __init__(self, answer: tuple[int, int] | None) -> None:
        self.answer = answer

    def find_bulk(self, _head: bytes, _size: int) -> tuple[int, int] | None:
        return self.answer


@pytest.fixture
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HEAD_SIZE", 20)
    monkeypatch.setattr(module, "LARGE", 40)


def asking(codec: Any, limit: int = LIMIT) -> Receiver:
    receiver = new_receiver(limit)
    receiver.codecs = {4: codec}
    return receiver


def bulk(size: int) -> bytes:
    return b"<" + size.to_bytes(4, "big") + b"b" * size


payloads = st.lists(
    st.one_of(st.integers(0, 60).map(bulk), st.binary(max_size=60).map(lambda data: data.replace(b"<", b"")))
).map(b"".join)


@pytest.mark.usefixtures("small_sizes")
class TestBulk:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(payloads, max_size=3),
        st.lists(st.integers(0, 1000), max_size=9),
        st.integers(41, 200),
        annotations,
    )
    def test_every_split_gives_the_same_pieces(
        self, sent: list[bytes], cuts: list[int], scratch: int, notes: dict[str, bytes]
    ) -> None:
        stream = b"".join(bytes_of(Message(5, 4, 0, 0, payload, notes)) for payload in sent)
        whole = feed(asking(BulkReader()), [stream], memoryview(bytearray(max(len(stream), 1))))
        receiver = asking(BulkReader())
        pieces = feed(receiver, split(stream, cuts), memoryview(bytearray(scratch)))
        assert [joined(message.payload) for message in pieces] == sent
        for one, other in zip(whole, pieces, strict=True):
            if isinstance(other.payload, tuple):
                assert other.payload == one.payload or joined(one.payload) == one.payload
                assert all(
                    before[-5:-4] == b"<" for before in other.payload[: len(other.payload) // 2 * 2 : 2]
                )
                assert all(set(each) == {ord("b")} for each in other.payload[1::2])
        assert receiver.idle

    def test_the_memory_is_taken_once_the_codec_was_asked(self) -> None:
        data = bytes_of(Message(5, 4, 0, 1, b"abc" + bulk(5000) + b"xyz"))
        receiver = asking(BulkReader())
        assert feed(receiver, [data[:50]]) == []
        assert len(receiver.get_buffer(memoryview(b""))) == module.HEAD_SIZE - 10
        assert feed(receiver, [data[50:70]]) == []
        assert len(receiver.get_buffer(memoryview(b""))) == 5000 - (70 - 48)
        [message] = feed(receiver, [data[70:]])
        assert message.payload == (b"abc" + bulk(5000)[:5], b"b" * 5000, b"xyz")

    @pytest.mark.parametrize(
        "message",
        [
            Message(5, 3, 0, 0, bulk(100)),  # another serializer
            Message(1, 4, 0, 0, bulk(100)),  # a greeting
            Message(2, 4, 0, 0, bulk(100)),
            Message(5, 4, Flags.KEEP_SERIALIZED, 0, bulk(100)),  # a blob, which nobody may want to read
            Message(5, 4, 0, 0, bulk(34)),  # not large
        ],
    )
    def test_where_it_is_not_asked(self, message: Message) -> None:
        data = bytes_of(message)
        [received] = feed(asking(BulkReader()), [data[:45], data[45:]])
        assert received.payload == message.payload

    def test_it_is_not_asked_about_what_is_compressed(self) -> None:
        data = b"".join(wire.encode(5, 4, 0, 0, bytes(range(33, 60)) * 2 + bulk(1000), compress=True))
        [received] = feed(asking(BulkReader()), [data[:45], data[45:]])
        assert received.payload == bytes(range(33, 60)) * 2 + bulk(1000)

    @pytest.mark.parametrize(
        "answer",
        [
            None,
            (0, 50),
            (20, 50),
            (21, 50),
            (5, 15),
            (5, 10),
            (5, 96),
            (-5, 50),
            (5, -5),
            (5, 0),
            (5, 1 << 40),
        ],
    )
    def test_an_answer_that_cannot_be_right_counts_as_none(self, answer: tuple[int, int] | None) -> None:
        [received] = feed(asking(Answering(answer)), [bytes_of(Message(5, 4, 0, 0, b"x" * 100))])
        assert received.payload == b"x" * 100

    def test_the_limit_is_looked_at_first(self) -> None:
        receiver = asking(BulkReader(), limit=1000)
        assert feed(receiver, [bytes_of(Message(5, 4, 0, 0, bulk(1000)))]) == [wire.FAULT]
        assert isinstance(receiver.error, MessageTooLargeError)

    def test_what_has_arrived_is_given_up(self) -> None:
        receiver = asking(BulkReader())
        feed(receiver, [bytes_of(Message(5, 4, 0, 0, bulk(1000)))[:500]])
        receiver.discard()
        assert receiver.idle
        [received] = feed(receiver, [bytes_of(Message(5, 4, 0, 0, b"y" * 100))])
        assert received.payload == b"y" * 100
