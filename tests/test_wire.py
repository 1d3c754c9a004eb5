from __future__ import annotations

import zlib
from uuid import UUID

import pytest

from pyroplug import wire
from pyroplug.errors import MessageTooLargeError, ProtocolError
from pyroplug.wire import Flags, MessageType
from tests.messages import (
    EXAMPLE,
    PING,
    feed,
    new_receiver,
)


class TestEncode:
    def test_gives_the_bytes_that_real_pyro5_gives(self) -> None:
        payload = EXAMPLE[50:]
        corr = UUID("11223344-5566-7788-99aa-bbccddeeff00").bytes
        buffers = wire.encode(MessageType.INVOKE, 1, 0, 1, payload, {"XYZZ": b"hi"}, corr)
        assert b"".join(buffers) == EXAMPLE
        assert b"".join(wire.encode(MessageType.PING, 42, 0, 0, b"ping")) == PING

    def test_a_large_payload_is_passed_on_uncopied(self) -> None:
        payload = bytearray(wire.JOIN_LIMIT + 1)
        buffers = wire.encode(MessageType.RESULT, 4, 0, 7, payload, {"ABCD": b"x"})
        assert buffers[-1] is payload
        assert len(buffers) == 2

    def test_the_parts_of_a_payload_are_passed_on_uncopied(self) -> None:
        first, second = bytes(wire.JOIN_LIMIT), bytearray(wire.JOIN_LIMIT)
        buffers = wire.encode(MessageType.RESULT, 4, 0, 7, (b"a", first, b"b", second), {"ABCD": b"x"})
        assert buffers[1] is first
        assert buffers[3] is second
        whole = wire.encode(MessageType.RESULT, 4, 0, 7, b"a" + first + b"b" + second, {"ABCD": b"x"})
        assert b"".join(buffers) == b"".join(whole)
        large_first = wire.encode(MessageType.RESULT, 4, 0, 7, (bytes(wire.JOIN_LIMIT + 1), b"b"))
        assert len(large_first) == 3

    @pytest.mark.parametrize("compress", [False, True])
    def test_a_payload_in_parts_is_the_same_message(self, compress: bool) -> None:
        for parts in ((b"a", b"bc"), (b"x" * 60, b"y" * 60), (b"", bytes(wire.JOIN_LIMIT), b"z")):
            sent = [
                b"".join(wire.encode(4, 1, 0, 0, payload, compress=compress))
                for payload in (parts, b"".join(parts))
            ]
            received = [feed(new_receiver(), [data])[0].payload for data in sent]
            assert received == [b"".join(parts)] * 2
            assert len(sent[0]) == len(sent[1])

    def test_small_parts_go_out_in_one_buffer(self) -> None:
        [buffer] = wire.encode(4, 1, 0, 0, (b"a", b"b", b"c"), {"ABCD": b"x"})
        assert buffer.endswith(b"xabc")

    def test_limit_counts_all_parts(self) -> None:
        wire.encode(4, 1, 0, 0, (b"x" * 50, b"x" * 50), limit=100)
        with pytest.raises(MessageTooLargeError, match="101 bytes"):
            wire.encode(4, 1, 0, 0, (b"x" * 50, b"x" * 51), limit=100)

    def test_compresses_only_what_is_worth_it(self) -> None:
        [small] = wire.encode(4, 1, 0, 0, b"x" * 100, compress=True)
        [large] = wire.encode(4, 1, 0, 0, b"x" * 101, compress=True)
        assert small[40:] == b"x" * 100
        assert zlib.decompress(large[40:]) == b"x" * 101
        assert large[9] & Flags.COMPRESSED
        assert not small[9] & Flags.COMPRESSED

    @pytest.mark.parametrize("key", ["abc", "abcde", "", "äbcd", 1234])
    def test_refuses_annotation_ids(self, key: str) -> None:
        with pytest.raises(ProtocolError, match="four ASCII"):
            wire.encode(4, 1, 0, 0, b"", {key: b""})

    @pytest.mark.parametrize("value", ["text", None, 3, [1]])
    def test_refuses_annotation_values(self, value: bytes) -> None:
        with pytest.raises(ProtocolError, match="carry bytes"):
            wire.encode(4, 1, 0, 0, b"", {"ABCD": value})

    def test_annotations_may_be_any_bytes(self) -> None:
        view = memoryview(b"a-b-c")[::2]
        wide = memoryview(bytearray(8)).cast("I")
        data = b"".join(wire.encode(4, 1, 0, 0, b"", {"AAAA": bytearray(b"1"), "BBBB": view, "CCCC": wide}))
        [message] = feed(new_receiver(), [data])
        assert {k: bytes(v) for k, v in message.annotations.items()} == {
            "AAAA": b"1",
            "BBBB": b"abc",
            "CCCC": bytes(8),
        }

    def test_limit_counts_payload_and_annotations(self) -> None:
        wire.encode(4, 1, 0, 0, b"x" * 88, {"ABCD": b"1234"}, limit=100)
        with pytest.raises(MessageTooLargeError, match="101 bytes"):
            wire.encode(4, 1, 0, 0, b"x" * 89, {"ABCD": b"1234"}, limit=100)
