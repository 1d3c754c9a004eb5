"""The laws of payloads in several buffers, and of codecs that have large byte strings received apart."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import strategies as st

from pyroplug.contracts import Codec, Serializer, joined
from pyroplug.errors import SecurityError, SerializeError
from pyroplug.receiver import Receiver
from pyroplug.wire import Message, MessageType, encode

from .comparing import same
from .serializer_support import SerializerSupport, shown, told
from .strategies import cut
from .suite import Breach, for_all

__all__ = ["BulkLaws"]

LARGE = 1 << 17
SIZES = (0, 1, 1000, 65_535, 65_536, LARGE)


class BulkLaws(SerializerSupport):
    """Large values."""

    @pytest.mark.parametrize("kind", ["bytes", "bytearray", "memoryview", "text"])
    def test_large_values_are_read_like_small_ones(self, codec: Codec, kind: str) -> None:
        """A codec may have a way of its own for large values; nobody can tell from what comes out."""
        small, large = _made(kind, 10), _made(kind, LARGE)
        try:
            codec.dumps(small)
        except SerializeError:
            pytest.skip(f"the serializer does not carry {kind}")
        for wrap in (lambda it: it, lambda it: [1, it, 2], lambda it: {"x": [it], "y": it}):
            expected = wrap(codec.loads(joined(codec.dumps(small))))
            for value, payload in (
                (wrap(small), codec.dumps(wrap(small))),
                (wrap(large), codec.dumps(wrap(large))),
            ):
                self.is_payload(payload, value)
                if _shape(codec.loads(joined(payload))) != _shape(expected):
                    raise Breach(
                        "a large value is read as the same types as a small one",
                        f"{shown(value)} became {told(codec.loads(joined(payload)))}",
                    )
            call = codec.dumps_call("o", "m", (wrap(large),), {"k": wrap(large)})
            _, _, (argument,), kwargs = codec.loads_call(joined(call))
            loaded = codec.loads(joined(codec.dumps(wrap(large))))
            if not same([argument, kwargs], [loaded, {"k": loaded}]):
                raise Breach(
                    "a large argument arrives like a large result", f"{kind} of {LARGE} bytes did not"
                )

    def test_large_values_from_any_pieces(self, codec: Codec, serializer: Serializer) -> None:
        """As they are received: a bulk codec gets the large byte strings in memory of their own."""
        if not hasattr(codec, "find_bulk"):
            pytest.skip("the codec has no find_bulk: it is no BulkCodec")
        letters = st.builds(
            lambda byte, size: byte * size, st.sampled_from([b"x", b"\xc6"]), st.sampled_from(SIZES)
        )
        values = st.recursive(
            letters | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
            ),
            max_leaves=5,
        )

        def check(value: Any, cuts: list[int]) -> None:
            for kind, payload, load in (
                (MessageType.RESULT, codec.dumps(value), codec.loads),
                (MessageType.INVOKE, codec.dumps_call("o", "m", (value,), {"k": value}), codec.loads_call),
            ):
                whole = bytes(joined(payload))
                pieces = self.received(codec, serializer.wire_id, int(kind), whole, cuts)
                if b"".join(pieces if isinstance(pieces, tuple) else (pieces,)) != whole:
                    raise Breach("the pieces are the payload", f"those of {shown(value)} are not")
                if not same(load(pieces), load(whole)):
                    raise Breach(
                        "a payload in pieces is read like one that is whole",
                        f"{shown(value)} in {len(pieces)} pieces became {told(load(pieces))}",
                    )

        for_all(check, value=values, cuts=st.lists(st.integers(1, 1 << 20), max_size=4))

    def test_looking_for_large_byte_strings_raises_nothing(self, codec: Codec) -> None:
        """Whatever a stranger has sent; and what is found lies within the payload."""
        find = getattr(codec, "find_bulk", None)
        if find is None:
            pytest.skip("the codec has no find_bulk: it is no BulkCodec")
        head = bytes(joined(codec.dumps([b"x" * LARGE])))[:4096]

        def check(start: bytes, size: int, at: int) -> None:
            for data in (start, head[:at] + start + head[at:]):
                try:
                    found = find(data, size)
                except Exception as error:
                    raise Breach(
                        "find_bulk raises nothing",
                        f"for {shown(data)}, {size} it raised {type(error).__name__}: {error}",
                    ) from error
                if found is not None and not 0 < found[0] <= len(data) < found[0] + found[1] <= size:
                    raise Breach(
                        "a byte string that find_bulk finds begins within the head, not at its start, reaches"
                        " beyond it, and ends within the payload",
                        f"of {shown(data)} ({len(data)} bytes) and a payload of {size} it said {found}",
                    )

        for_all(check, start=st.binary(max_size=60), size=st.integers(0, 1 << 33), at=st.integers(0, 20))

    def test_damaged_payloads_in_pieces_are_refused(self, codec: Codec, serializer: Serializer) -> None:
        """In pieces as in one."""
        if not hasattr(codec, "find_bulk"):
            pytest.skip("the codec has no find_bulk: it is no BulkCodec")
        good = bytes(joined(codec.dumps([b"x" * LARGE, "end"])))

        def check(at: int, byte: int, length: int) -> None:
            data = bytearray(good[: max(1, len(good) - length)])
            data[at % min(len(data), 40)] = byte
            pieces = self.received(codec, serializer.wire_id, int(MessageType.RESULT), bytes(data), ())
            for payload in (pieces, bytes(data)):
                try:
                    codec.loads(payload)
                except (SerializeError, SecurityError):
                    continue
                except Exception as error:
                    raise Breach(
                        "damaged data raises SerializeError, also in pieces",
                        f"byte {at} as {byte:#x}, {length} bytes missing: {type(error).__name__}: {error}",
                    ) from error

        for_all(check, at=st.integers(0, 40), byte=st.integers(0, 255), length=st.integers(0, 12))

    def received(self, codec: Codec, wire_id: int, kind: int, payload: bytes, cuts: Any) -> Any:
        """A payload as it comes out of a receiver that knows the codec."""
        receiver = Receiver(1 << 26)
        receiver.codecs = {wire_id: codec}
        stream = b"".join(encode(kind, wire_id, 0, 0, payload))
        scratch, messages = memoryview(bytearray(16_384)), list[Message]()
        for piece in cut(stream, cuts):
            rest = memoryview(piece)
            while rest:
                room = receiver.get_buffer(scratch)
                count = min(len(room), len(rest))
                room[:count] = rest[:count]
                del room
                messages += receiver.buffer_updated(count)
                rest = rest[count:]
        (message,) = messages
        return message.payload


def _made(kind: str, size: int) -> Any:
    if kind == "text":
        return "x" * size
    return {"bytes": bytes, "bytearray": bytearray, "memoryview": memoryview}[kind](b"x" * size)


def _shape(value: Any) -> Any:
    """Types all through, and nothing of what is in texts and byte strings."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value), [_shape(item) for item in value]
    return type(value)
