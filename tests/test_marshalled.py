"""Plain values are written as marshal reads them, and read as marshal writes them; nothing else is read."""

from __future__ import annotations

import contextlib
import marshal
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import marshalled
from pyroplug.errors import ProtocolError

simple = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 100), 1 << 100)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(max_size=12)
    | st.binary(max_size=12)
)
plain = st.recursive(
    simple,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        | st.frozensets(simple, max_size=4)
        | st.frozensets(simple, max_size=4).map(set)
    ),
    max_leaves=12,
)


@given(plain)
def test_marshal_reads_what_is_written(value: Any) -> None:
    assert marshal.loads(marshalled.dump(value)) == value


@given(plain, st.integers(2, 4))
def test_what_marshal_writes_is_read(value: Any, version: int) -> None:
    read = marshalled.load(marshal.dumps(value, version))
    assert read == value
    assert type(read) is type(value)


def test_simple_values_are_read_where_they_are_referred_to() -> None:
    text, number = "x" * 300, 1 << 90
    value = ([text, number, ()], (text, number, ()), {"again": text})
    assert marshalled.load(marshal.dumps(value, 4)) == value


def test_containers_are_not_taken_twice() -> None:
    """Some hundred bytes could stand for a key that nobody can hash in a lifetime."""
    pair: object = (1.5, 2.5)
    tower = [pair]
    for _ in range(12):
        pair = (pair, pair)
        tower.append(pair)
    for value in ([tower, {tower[12]}], [tower[5], tower[5]]):
        with pytest.raises(ProtocolError, match=r"referred to|deep"):
            marshalled.load(marshal.dumps(value, 4))
    selfish = b"\xdb\x01\x00\x00\x00r\x00\x00\x00\x00"
    with pytest.raises(ProtocolError, match="referred to"):
        marshalled.load(selfish)


def test_large_values_are_refused_at_once() -> None:
    with pytest.raises(ProtocolError, match="bytes beside a message"):
        marshalled.load(bytes(marshalled.LARGEST + 1))
    with pytest.raises(ProtocolError, match="too large a number"):
        marshalled.load(marshal.dumps(1 << 15 * (marshalled.MOST_DIGITS + 1)))
    number = (1 << 15 * marshalled.MOST_DIGITS) - 1
    assert marshalled.load(marshal.dumps(number)) == number


@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_else(data: bytes) -> None:
    try:
        value = marshalled.load(data)
    except ProtocolError:
        return
    again = marshal.loads(marshalled.dump(value))
    assert again == value or "nan" in repr(value)


@given(plain, st.integers(0, 200), st.integers(0, 255))
def test_damaged_bytes_raise_nothing_else(value: Any, at: int, byte: int) -> None:
    data = bytearray(marshal.dumps(value))
    data[at % len(data)] = byte
    with contextlib.suppress(ProtocolError):
        marshalled.load(data)


def test_a_claim_of_many_items_takes_no_memory() -> None:
    with pytest.raises(ProtocolError, match="too early"):
        marshalled.load(b"(\xff\xff\xff\x7f")
    with pytest.raises(ProtocolError, match="too early"):
        marshalled.load(b"(\x00\x00\x00\x10N")


def test_code_is_not_read() -> None:
    with pytest.raises(ProtocolError, match="type code"):
        marshalled.load(marshal.dumps((lambda: 1).__code__))


def test_nothing_is_nested_too_deeply() -> None:
    deep: Any = ()
    for _ in range(marshalled.DEEPEST + 1):
        deep = (deep,)
    with pytest.raises(ProtocolError, match="deep"):
        marshalled.dump(deep)
    with pytest.raises(ProtocolError, match="deep"):
        marshalled.load(marshal.dumps(deep))


@pytest.mark.parametrize("value", [object(), range(3), bytearray(b"x"), [range(3)], {"a": object()}])
def test_what_is_not_plain_is_not_written(value: Any) -> None:
    with pytest.raises(ProtocolError, match="plain values"):
        marshalled.dump(value)


@given(st.text(max_size=300))
def test_texts(text: str) -> None:
    assert marshal.loads(marshalled.dump_text(text)) == text
    assert marshalled.load_text(marshal.dumps(text)) == text


def test_a_text_is_expected() -> None:
    with pytest.raises(ProtocolError, match="expected a text, not a int"):
        marshalled.load_text(marshal.dumps(7))


PRIME = (1 << 61) - 1
KEYS = [marshalled.dump(PRIME * number) for number in range(1, 20_001)]
COUNT = len(KEYS).to_bytes(4, "little")


@pytest.mark.parametrize(
    "data",
    [
        b"{" + b"".join(key + b"N" for key in KEYS) + b"0",
        b"<" + COUNT + b"".join(KEYS),
        b">" + COUNT + b"".join(b")\1" + key for key in KEYS),
    ],
    ids=["dictionary", "set", "tuples"],
)
def test_keys_that_were_made_to_have_one_hash_are_refused_soon(data: bytes) -> None:
    began = time.process_time()
    with pytest.raises(ProtocolError, match="same hash"):
        marshalled.load(data)
    assert time.process_time() - began < 2.0
    numbers = b"".join(marshalled.dump(number << 70) for number in range(5000))
    assert len(marshalled.load(b"<" + (5000).to_bytes(4, "little") + numbers)) == 5000
