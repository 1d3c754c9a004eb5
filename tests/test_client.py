from __future__ import annotations

import contextlib
import itertools
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import errors, wire
from pyroplug.client import ClientProtocol, StreamReference
from pyroplug.context import current_context
from pyroplug.errors import HandshakeError, MessageTooLargeError, ProtocolError, RemoteError, SerializeError
from pyroplug.values import exception_to_dict
from pyroplug.wire import Flags, Message, MessageType

from .conversation import SERIALIZERS, WIRE_IDS, alone, codec_of, messages_in

PONG = b"pong"


def new_protocol(serializer: str = "serpent", limit: int = 1 << 20, compress: bool = False) -> ClientProtocol:
    return ClientProtocol(codec_of(serializer), WIRE_IDS[serializer], limit=limit, compress=compress)


def receive(protocol: ClientProtocol, *pieces: bytes) -> Message:
    """The one message that the pieces are, as a channel reads it."""
    received: list[Message] = []
    scratch = memoryview(bytearray(300))
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            room = protocol.get_buffer(scratch)
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            del room  # Python 3.13 complains of memory that is lent when it becomes garbage
            rest = rest[count:]
            received += protocol.buffer_updated(count)
    return protocol.only(received)


def answer(
    value: Any, serializer: str = "serpent", kind: int = MessageType.RESULT, flags: int = 0, **parts: Any
) -> bytes:
    payload = codec_of(serializer).dumps(value)
    return b"".join(
        wire.encode(kind, WIRE_IDS[serializer], flags, parts.pop("sequence", 1), payload, **parts)
    )


def failure(
    error: BaseException, serializer: str = "serpent", traceback: Any = ("line\n",), **parts: Any
) -> bytes:
    return answer(exception_to_dict(error, traceback), serializer, flags=Flags.EXCEPTION, **parts)


def accepted(protocol: ClientProtocol, *pieces: bytes) -> Any:
    return alone(lambda: protocol.accepted(receive(protocol, *pieces)))


def result(protocol: ClientProtocol, *pieces: bytes) -> Any:
    def read() -> Any:
        message = receive(protocol, *pieces)
        assert protocol.answer([message], 1) is message
        return protocol.result(message)

    return alone(read)


class TestRequests:
    def test_the_recorded_ones(self) -> None:
        protocol = new_protocol("msgpack")
        tail = "00" * 16 + "00004dc5"
        assert b"".join(protocol.connect("calc", "hello", 0)).hex() == (
            f"5059524f01f60104000000000000001d00000000{tail}"
            "82a968616e647368616b65a568656c6c6fa66f626a656374a463616c63"
        )
        assert b"".join(protocol.call("calc", "add", (2, 3), {}, 0, 1)).hex() == (
            f"5059524f01f60404000000010000000e00000000{tail}94a463616c63a361646492020380"
        )
        assert b"".join(protocol.ping()).hex() == f"5059524f01f6062a000000000000000400000000{tail}70696e67"

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_calls(self, serializer: str) -> None:
        protocol = new_protocol(serializer)
        [message] = messages_in(b"".join(protocol.call("thing", "work", (1, "x"), {"k": 2}, 4, 65535)))
        assert (message.type, message.serializer_id) == (MessageType.INVOKE, WIRE_IDS[serializer])
        assert (message.flags, message.sequence, message.correlation_id) == (4, 65535, None)
        object_id, method, args, kwargs = codec_of(serializer).loads_call(message.payload)
        assert (object_id, method, list(args), kwargs) == ("thing", "work", [1, "x"], {"k": 2})

    def test_take_what_the_context_has_along(self) -> None:
        protocol = new_protocol()

        def task() -> list[bytes]:
            current_context.annotations["TOKN"] = b"t"
            return [
                b"".join(buffers)
                for buffers in (
                    protocol.connect("a", "hi", 0),
                    protocol.call("a", "b", (), {}, 0, 1),
                    protocol.ping(),
                )
            ]

        connect, call, ping = (messages_in(data)[0] for data in alone(task))
        assert bytes(connect.annotations["TOKN"]) == bytes(call.annotations["TOKN"]) == b"t"
        assert dict(ping.annotations) == {}

    def test_that_are_too_large(self) -> None:
        with pytest.raises(MessageTooLargeError, match="allowed 1,000"):
            new_protocol(limit=1000).call("a", "b", ("x" * 1000,), {}, 0, 1)
        with pytest.raises(MessageTooLargeError):
            new_protocol(limit=1000).connect("a", "x" * 1000, 1)

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_that_cannot_be_sent(self, serializer: str) -> None:
        with pytest.raises(SerializeError):
            new_protocol(serializer).call("a", "b", (len,), {}, 0, 1)

    def test_with_annotations_that_cannot_be_sent(self) -> None:
        def task() -> None:
            current_context.annotations["wrong"] = b""
            new_protocol().call("a", "b", (), {}, 0, 1)

        with pytest.raises(ProtocolError, match="four ASCII"):
            alone(task)

    def test_are_compressed_where_that_is_wanted(self) -> None:
        data = b"".join(new_protocol(compress=True).call("a", "b", ("x" * 10_000,), {}, 0, 1))
        assert len(data) < 200
        assert messages_in(data)[0].flags & Flags.COMPRESSED


class TestGreeting:
    META = {"methods": ["a"], "oneway": [], "attrs": []}  # noqa: RUF012

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_accepted(self, serializer: str) -> None:
        said = {"handshake": ["welcome"], "meta": self.META}
        data = answer(said, serializer, MessageType.CONNECTOK)
        got = accepted(new_protocol(serializer), data)
        assert list(got["handshake"]) == ["welcome"]
        assert list(got["meta"]["methods"]) == ["a"]

    def test_annotations_can_be_read(self) -> None:
        protocol = new_protocol()
        data = answer({"handshake": 1, "meta": None}, kind=2, annotations={"SRVR": b"s"})

        def task() -> bytes:
            protocol.accepted(receive(protocol, data))
            return bytes(current_context.response_annotations["SRVR"])

        assert alone(task) == b"s"

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_refused_in_its_own_serializer(self, serializer: str) -> None:
        with pytest.raises(HandshakeError, match="no strangers"):
            accepted(new_protocol(serializer), answer("no strangers", serializer, MessageType.CONNECTFAIL))

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_refused_before_a_serializer_was_agreed_on(self, serializer: str) -> None:
        with pytest.raises(HandshakeError, match="no free workers"):
            accepted(new_protocol(serializer), answer("no free workers", "marshal", MessageType.CONNECTFAIL))

    def test_refused_in_a_serializer_that_is_unknown_here(self) -> None:
        data = b"".join(wire.encode(MessageType.CONNECTFAIL, 99, 0, 0, b"?"))
        with pytest.raises(HandshakeError, match="a reason in serializer 99, which is not in use here"):
            accepted(new_protocol(), data)

    @pytest.mark.parametrize("payload", [b"", b"\xff\xff", b"u\xff\xff\xff\xff", b"{"])
    @pytest.mark.parametrize("serializer_id", [1, 2, 3, 4])
    def test_refused_for_a_reason_that_cannot_be_read(self, payload: bytes, serializer_id: int) -> None:
        data = b"".join(wire.encode(MessageType.CONNECTFAIL, serializer_id, 0, 0, payload))
        for serializer in SERIALIZERS:
            with pytest.raises(HandshakeError):
                accepted(new_protocol(serializer), data)

    @pytest.mark.parametrize("kind", [0, 1, 4, 5, 6, 7])
    def test_of_a_wrong_type(self, kind: int) -> None:
        with pytest.raises(ProtocolError, match=rf"invalid msg type {kind} received \(expected: 2\)"):
            accepted(new_protocol(), answer({"handshake": 1, "meta": 2}, kind=kind))

    def test_in_another_serializer(self) -> None:
        data = answer({"handshake": 1, "meta": 2}, "json", MessageType.CONNECTOK)
        with pytest.raises(SerializeError, match="answered with serializer 3, and was asked with 1"):
            accepted(new_protocol(), data)

    @pytest.mark.parametrize("said", [None, 5, [], {}, {"handshake": 1}, {"meta": 1}, ["handshake", "meta"]])
    def test_of_another_shape(self, said: Any) -> None:
        with pytest.raises(ProtocolError, match="lacks the handshake or the metadata"):
            accepted(new_protocol(), answer(said, kind=MessageType.CONNECTOK))

    @pytest.mark.parametrize("data", [b"HTTP/1.1 400 Bad Request", b"PYRO\0\x30", b"!" * 50])
    def test_by_somebody_else(self, data: bytes) -> None:
        with pytest.raises(ProtocolError, match="invalid"):
            accepted(new_protocol(), data)


class TestAnswers:
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_values(self, serializer: str) -> None:
        assert list(result(new_protocol(serializer), answer([1, "x", None], serializer))) == [1, "x", None]

    @given(st.lists(st.integers(1, 399), max_size=5))
    def test_in_any_pieces(self, cuts: list[int]) -> None:
        data = answer("x" * 350)
        edges = [0, *sorted(set(cuts)), len(data)]
        pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
        assert result(new_protocol(), *pieces) == "x" * 350

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_exceptions(self, serializer: str) -> None:
        error = ValueError("bad", 5)
        error.colour = "blue"  # type: ignore[attr-defined]
        with pytest.raises(ValueError, match="bad") as caught:
            result(new_protocol(serializer), failure(error, serializer, ["Traceback:\n", "  there\n"]))
        assert caught.value.args == ("bad", 5)
        assert caught.value.colour == "blue"  # type: ignore[attr-defined]
        assert caught.value._pyroTraceback == ["Traceback:\n", "  there\n"]  # type: ignore[attr-defined]
        if sys.version_info >= (3, 11):
            assert caught.value.__notes__ == ["Remote traceback:\nTraceback:\n  there"]

    def test_exceptions_that_would_end_this_process(self) -> None:
        for error in (SystemExit(3), KeyboardInterrupt(), GeneratorExit()):
            with pytest.raises(RemoteError):
                result(new_protocol(), failure(error))

    def test_exceptions_of_unknown_classes(self) -> None:
        class OwnError(Exception):
            pass

        with pytest.raises(RemoteError, match="OwnError: mine"):
            result(new_protocol(), failure(OwnError("mine")))

    @pytest.mark.parametrize("said", [None, "text", 5, [], {"a": 1}, {"__class__": "float", "value": "nan"}])
    def test_exceptions_that_are_none(self, said: Any) -> None:
        with pytest.raises(SerializeError, match="an exception that is none"):
            result(new_protocol(), answer(said, flags=Flags.EXCEPTION))

    def test_streams(self) -> None:
        error = exception_to_dict(ProtocolError("the result is an iterator"), ())
        data = answer(
            error, flags=Flags.EXCEPTION | Flags.ITEM_STREAM_RESULT, annotations={"STRM": b"the-id"}
        )
        found = result(new_protocol(), data)
        assert isinstance(found, StreamReference)
        assert found.stream_id == "the-id"

    def test_streams_that_are_not_to_be_had(self) -> None:
        error = exception_to_dict(ProtocolError("streaming is off"), ())
        with pytest.raises(ProtocolError, match="streaming is off"):
            result(new_protocol(), answer(error, flags=Flags.EXCEPTION | Flags.ITEM_STREAM_RESULT))

    def test_a_stream_annotation_alone_makes_no_stream(self) -> None:
        assert result(new_protocol(), answer(5, annotations={"STRM": b"the-id"})) == 5
        with pytest.raises(ValueError, match="bad"):
            result(new_protocol(), failure(ValueError("bad"), annotations={"STRM": b"the-id"}))

    def test_annotations_are_those_of_the_last_answer(self) -> None:
        protocol = new_protocol()

        def task() -> list[Any]:
            seen = []
            for data in (
                answer(1, annotations={"AAAA": b"1"}),
                answer(1, annotations={"BBBB": b"2"}),
                failure(ValueError(), annotations={"CCCC": b"3"}),
                answer(1),
            ):
                message = receive(protocol, data)
                with contextlib.suppress(ValueError):
                    protocol.result(message)
                seen.append(
                    {key: bytes(value) for key, value in current_context.response_annotations.items()}
                )
            return seen

        assert alone(task) == [{"AAAA": b"1"}, {"BBBB": b"2"}, {"CCCC": b"3"}, {}]

    @pytest.mark.parametrize("payload", [b"", b"\xc1\xff", b"\x81"])
    @pytest.mark.parametrize("flags", [0, Flags.EXCEPTION])
    def test_that_cannot_be_read(self, payload: bytes, flags: int) -> None:
        for serializer in SERIALIZERS:
            data = b"".join(wire.encode(MessageType.RESULT, WIRE_IDS[serializer], flags, 1, payload))
            with pytest.raises(errors.PyroError):
                result(new_protocol(serializer), data)

    def test_unknown_flags_and_a_correlation_id_are_ignored(self) -> None:
        assert result(new_protocol(), answer(5, flags=0xFF80, correlation_id=bytes(range(16)))) == 5


class TestChecks:
    def test_the_sequence_number(self) -> None:
        with pytest.raises(ProtocolError, match="the answer belongs to request 2, not to 1"):
            result(new_protocol(), answer(5, sequence=2))

    @pytest.mark.parametrize("kind", [0, 1, 2, 4, 6, 7])
    def test_the_type(self, kind: int) -> None:
        with pytest.raises(ProtocolError, match=rf"invalid msg type {kind} received \(expected: 5\)"):
            result(new_protocol(), answer(5, kind=kind))

    def test_the_serializer(self) -> None:
        with pytest.raises(SerializeError, match="answered with serializer 4, and was asked with 1"):
            result(new_protocol(), answer(5, "msgpack"))

    @pytest.mark.parametrize("serializer", ["serpent", "marshal"])
    def test_the_end_of_the_conversation(self, serializer: str) -> None:
        data = answer("the server ends", serializer, MessageType.CONNECTFAIL, sequence=9)
        with pytest.raises(ProtocolError, match="the peer ended the conversation: the server ends"):
            result(new_protocol(), data)

    def test_two_answers_at_once(self) -> None:
        with pytest.raises(ProtocolError, match="more than one answer"):
            result(new_protocol(), answer(1) + answer(2))

    def test_an_answer_and_rubbish(self) -> None:
        with pytest.raises(ProtocolError, match="not a Pyro message"):
            result(new_protocol(), answer(1) + b"rubbish")

    def test_an_answer_that_is_too_large(self) -> None:
        with pytest.raises(MessageTooLargeError, match="allowed 100"):
            result(new_protocol(limit=100), answer("x" * 200))

    def test_a_bomb(self) -> None:
        data = b"".join(wire.encode(5, 1, 0, 1, b"x" * (1 << 20), compress=True))
        with pytest.raises(MessageTooLargeError, match="compressed payload"):
            result(new_protocol(limit=1 << 16), data)

    def test_a_ping(self) -> None:
        protocol = new_protocol()
        protocol.pong(receive(protocol, b"".join(wire.encode(MessageType.PING, 42, 0, 0, PONG))))
        with pytest.raises(ProtocolError, match="expected: 6"):
            protocol.pong(receive(protocol, answer(1)))

    @given(st.binary(min_size=1, max_size=200))
    def test_arbitrary_bytes_are_a_protocol_error_or_not_enough(self, data: bytes) -> None:
        protocol = new_protocol()
        for piece in (data, b"behind"):
            scratch = memoryview(bytearray(300))
            room = protocol.get_buffer(scratch)
            room[: len(piece)] = piece[: len(room)]
            messages = protocol.buffer_updated(min(len(piece), len(room)))
            if messages:
                with pytest.raises(ProtocolError):
                    protocol.only(messages)
                return
