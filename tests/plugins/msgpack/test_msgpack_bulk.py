"""What is large goes past packer and unpacker, and nobody can tell from the bytes or from the values."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgpack
import pyroplug_msgpack.bulk as module
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_msgpack import MsgpackSerializer

from pyroplug.contracts import BulkCodec, joined, size_of
from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry
from pyroplug.wire import Message
from tests.messages import bytes_of, feed, new_receiver, split

LARGE = module.LARGE
RESULT, INVOKE, MSGPACK = 5, 4, 4


def make_codec(classes: ClassRegistry | None = None) -> BulkCodec:
    return MsgpackSerializer().codec(None, classes or ClassRegistry())  # type: ignore[arg-type, return-value]


def packed(value: Any) -> bytes:
    return bytes(msgpack.packb(value))


def received(payload: bytes, cuts: Iterable[int] = (), kind: int = RESULT, scratch: int = 16384) -> Any:
    """A payload as it comes out of a receiver that knows the codec."""
    receiver = new_receiver(1 << 24)
    receiver.codecs = {MSGPACK: make_codec()}
    stream = bytes_of(Message(kind, MSGPACK, 0, 0, payload))
    [message] = feed(receiver, split(stream, cuts), memoryview(bytearray(scratch)))
    assert joined(message.payload) == payload
    return message.payload


sizes = st.sampled_from([0, 1, LARGE - 1, LARGE, LARGE + 1, LARGE + 5000])
byte_strings = st.builds(lambda letter, size: letter * size, st.sampled_from([b"x", b"\xc6", b"\xdb"]), sizes)
large = st.one_of(
    byte_strings,
    byte_strings.map(bytearray),
    byte_strings.map(memoryview),
    st.builds(lambda letter, size: letter * size, st.sampled_from(["x", "ü", "語"]), sizes),
)
small = st.one_of(st.none(), st.integers(-(2**31), 2**31), st.floats(allow_nan=False), st.text(max_size=40))
values = st.recursive(
    large | small,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=3),
    ),
    max_leaves=6,
)


def plain(value: Any) -> Any:
    """What becomes of a value on the other side."""
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


# Out


@given(value=values)
def test_the_bytes_are_those_of_the_packer(value: Any) -> None:
    codec = make_codec()
    assert joined(codec.dumps(value)) == packed(value)
    assert size_of(codec.dumps(value)) == len(packed(value))
    for args, kwargs in (((value,), {}), ([value, 5], {"x": value}), (value, None), ((1,), {"x": value})):
        assert joined(codec.dumps_call("o", "m", args, kwargs)) == packed(["o", "m", args, kwargs])


@pytest.mark.parametrize("make", [bytes, bytearray, lambda size: memoryview(bytearray(size))])
def test_what_is_large_is_sent_from_its_own_memory(make: Any) -> None:
    codec, data = make_codec(), make(LARGE)
    for payload in (
        codec.dumps(data),
        codec.dumps([data]),
        codec.dumps(([data, 1], 0)),
        codec.dumps([data] * 50),
        codec.dumps_call("o", "m", (data,), {}),
        codec.dumps_call("o", "m", (1, [data, {"x": data}]), {}),
        codec.dumps_call("o", "m", (), {"x": data}),
        codec.dumps_call("o", "m", data, None),
    ):
        assert isinstance(payload, tuple)
        assert any(part is data for part in payload)


def test_views_of_any_shape() -> None:
    codec = make_codec()
    data = bytes(range(256)) * (LARGE // 64)
    for view in (memoryview(data).cast("I"), memoryview(data).cast("B", (4, LARGE)), memoryview(data)[7:]):
        payload = codec.dumps(view)
        assert isinstance(payload, tuple)
        assert codec.loads(joined(payload)) == bytes(view)
    for view in (memoryview(data)[::2], memoryview(b"")[:0], memoryview(data).cast("B", (4, LARGE))[::2]):
        try:
            expected = packed(view)
        except BufferError:
            with pytest.raises(SerializeError):
                codec.dumps(view)
        else:
            assert codec.dumps(view) == expected


def test_what_the_packer_refuses_is_refused() -> None:
    codec = make_codec()
    released = memoryview(bytes(LARGE))
    released.release()
    for value in ("\ud800" * LARGE, released, [bytes(LARGE), object()], [b"x" * LARGE, "\ud800"]):
        with pytest.raises(SerializeError):
            codec.dumps(value)
        with pytest.raises(SerializeError):
            codec.dumps_call("o", "m", (value,), {})


def test_what_converters_raise_passes() -> None:
    class Thing:
        pass

    def fail(_: Thing) -> Any:
        raise LookupError("on purpose")

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, fail)
    with pytest.raises(LookupError, match="on purpose"):
        make_codec(classes).dumps([bytes(LARGE), Thing()])


def test_a_value_that_knows_the_secret_is_sent_nevertheless() -> None:
    """Only this process can make one: then all of it goes through the packer."""
    codec = make_codec()
    value = [bytes(LARGE), msgpack.ExtType(module._CODE, module._SECRET), module._MARK]
    assert codec.dumps(value) == packed(value)


# In


@given(value=values, cuts=st.lists(st.integers(0, 1 << 20), max_size=6), scratch=st.integers(64, 70000))
def test_values_come_back_from_any_pieces(value: Any, cuts: list[int], scratch: int) -> None:
    codec = make_codec()
    assert codec.loads(received(packed(value), cuts, scratch=scratch)) == plain(value)
    call = received(packed(["o", "m", [value], {"x": value}]), cuts, INVOKE, scratch)
    assert codec.loads_call(call) == ("o", "m", [plain(value)], {"x": plain(value)})


@pytest.mark.parametrize("wrap", [lambda data: data, lambda data: [[1, data], 2], lambda data: {"x": data}])
def test_the_program_gets_the_memory_that_was_received_into(wrap: Any) -> None:
    pieces = received(packed(wrap(b"y" * (4 * LARGE))))
    value = make_codec().loads(pieces)
    while isinstance(value, (list, dict)):
        value = value["x"] if isinstance(value, dict) else value[-1] if value[-1] != 2 else value[0]
    assert value is pieces[1]


def test_several_in_one_message() -> None:
    several = [bytes((number,)) * (LARGE + number) for number in range(20)]
    pieces = received(packed(several))
    assert [len(piece) for piece in pieces[1::2]] == [len(each) for each in several]
    assert make_codec().loads(pieces) == several


def test_objects_of_classes_among_them() -> None:
    class Thing:
        def __init__(self, content: bytes) -> None:
            self.content = content

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, lambda thing: {"__class__": "thing", "content": thing.content})
    classes.register_dict_to_class("thing", lambda _, data: Thing(data["content"]))
    codec = make_codec(classes)
    pieces = received(bytes(joined(codec.dumps([Thing(bytes(LARGE)), bytes(LARGE)]))))
    assert len(pieces) == 4
    thing, data = codec.loads(pieces)
    assert (type(thing), thing.content, data) == (Thing, bytes(LARGE), bytes(LARGE))


def test_the_bytes_of_a_class_name_within_bytes_are_just_bytes() -> None:
    data = b"\xa9__class__" * LARGE
    assert make_codec().loads(received(packed([data]))) == [data]


@given(head=st.binary(max_size=200), size=st.integers(0, 1 << 33))
def test_looking_for_it_raises_nothing(head: bytes, size: int) -> None:
    found = module.find_bulk(head, size)
    if found is not None:
        start, length = found
        assert 0 < start <= len(head) < start + length <= size


@given(prefix=st.binary(max_size=60), rest=st.binary(max_size=60), claimed=st.integers(0, 2 * LARGE))
def test_whatever_a_stranger_sends_is_read_as_if_it_came_whole(
    prefix: bytes, rest: bytes, claimed: int
) -> None:
    codec = make_codec()
    payload = prefix + b"\xc6" + claimed.to_bytes(4, "big") + bytes(LARGE) + rest
    outcomes = []
    for data in (payload, received(payload)):
        try:
            outcomes.append(codec.loads(data))
        except SerializeError:
            outcomes.append(SerializeError)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize(
    "payload",
    [
        b"\xc6\xff\xff\xff\xff" + bytes(LARGE),  # more than there is
        b"\x92\xc6\x00\x01\x00\x00" + bytes(LARGE),  # and then nothing
        b"\xc6\x00\x01\x00\x00" + bytes(LARGE + 1),  # and then more
        b"\xdb\x00\x01\x00\x00" + b"\xff" * LARGE,  # no UTF-8
        b"\xdd\xff\xff\xff\xff\xc6\x00\x01\x00\x00" + bytes(LARGE),  # a list of that many
        b"\xc1\xc6\x00\x01\x00\x00" + bytes(LARGE),  # no MessagePack
    ],
)
def test_damage(payload: bytes) -> None:
    codec = make_codec()
    for data in (payload, received(payload)):
        for load in (codec.loads, codec.loads_call):
            with pytest.raises(SerializeError):
                load(data)


def test_forged_placeholders() -> None:
    codec = make_codec()
    forged = msgpack.ExtType(module._CODE, bytes(16))
    for value in ([bytes(LARGE), forged], [forged, bytes(LARGE)]):
        with pytest.raises(SerializeError, match="extension 127"):
            codec.loads(received(packed(value)))
    with pytest.raises(SerializeError, match="extension 127"):
        codec.loads(packed(msgpack.ExtType(module._CODE, module._SECRET)))
    with pytest.raises(SerializeError):  # who knows the secret gets no more than there is
        codec.loads(received(packed([bytes(LARGE), msgpack.ExtType(module._CODE, module._SECRET)])))


def test_what_comes_late_or_is_small_is_received_as_a_whole() -> None:
    for value in (["x"] * 100 + [bytes(LARGE)], [bytes(5000), bytes(LARGE)], [bytes(LARGE - 1)], [1] * LARGE):
        assert isinstance(received(packed(value)), bytes)
