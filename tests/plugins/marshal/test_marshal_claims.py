"""Data that claims more than it holds, or refers to itself too often: little memory, little time."""

from __future__ import annotations

import contextlib
import marshal
import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyroplug_marshal import MarshalSerializer
from pyroplug_marshal.claims import check_claims
from pyroplug_marshal.references import check_references

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

settings: Any = None
codec = MarshalSerializer().codec(settings, ClassRegistry())


def refused(data: bytes, why: str) -> int:
    """The most memory that it takes to refuse data, in bytes."""
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(SerializeError, match=why):
            codec.loads(data)
        assert time.process_time() - began < 1.0
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("code", [b"(", b"[", b"<", b">", b"\xa8", b"\xdb", b"\xbc", b"\xbe"])
@pytest.mark.parametrize("claim", [0x7FFFFFFF, 0x100000, 1000])
@pytest.mark.parametrize("times", [1, 10, 300, 1900])
def test_what_containers_claim_is_not_taken(code: bytes, claim: int, times: int) -> None:
    data = (code + claim.to_bytes(4, "little")) * times
    assert refused(data, "claims more|EOF|too short") < (1 << 20) + 16 * len(data)
    data += bytes(claim if claim < 2000 else 0)
    assert refused(data, "claims more|EOF|bad marshal data|NULL|nobody sends") < (1 << 20) + 16 * len(data)


def test_what_it_claims_among_other_things() -> None:
    lie = b"(\xff\xff\xff\x7f"
    for before in (
        b"z\x05lists",
        b"i\1\2\3\4" * 100,
        b"g12345678" * 65,
        b"{NNz\x01x",
        b"l\2\0\0\0\1\0\2\0",
        b"N" * 300,
    ):
        assert refused(b"[\xff\0\0\0" + before + lie, "claims more") < 1 << 20


def test_nothing_is_lost_in_a_text_that_looks_like_a_claim() -> None:
    for text in ("(no claim)", "[[[[[[", "x" * 300 + "(no claim)", "(((((((((" * 100):
        for value in (text, text.encode(), [text, 5], (1.5, [text] * 40), {text: text}):
            assert codec.loads(codec.dumps(value)) == value


def tower(levels: int, code: bytes = b"\xa9") -> bytes:
    """Tuples of two, each twice the one before, as a key."""
    count = b"\2" if code == b"\xa9" else b"\2\0\0\0"
    data = code + count + b"NN"
    for level in range(levels):
        data = code + count + data + b"r" + (levels - level).to_bytes(4, "little")
    return b"{" + data + b"N0"


@pytest.mark.parametrize("code", [b"\xa9", b"\xa8"])
def test_towers_of_tuples_are_refused(code: bytes) -> None:
    assert refused(tower(40, code), "too often") < 1 << 20
    assert codec.loads(tower(6, code))


@pytest.mark.parametrize(
    "data",
    [
        b"<\1\0\0\0\xa9\1r\0\0\0\0",
        b"<\1\0\0\0\xa9\1\xf2\0\0\0\0",
        b"<\2\0\0\0\xce\xa9\1r\0\0\0\0",
        b"[\3\0\0\0\xda\1x\xf2\0\0\0\0<\1\0\0\0\xa9\1r\1\0\0\0",
        b"<\1\0\0\0\xa8\1\0\0\0r\0\0\0\0",
        b"{\xa9\2Nr\0\0\0\0N0",
        b"{\xa9\1)\1r\0\0\0\0N0",
        b"[\2\0\0\0\xda\1x{\xa9\1r\1\0\0\0N0",
        b"[\2\0\0\0" + b"\xfa\xffx" + b"x" * 254 + b"<\1\0\0\0\xa9\1r\1\0\0\0",
    ],
)
def test_a_key_that_contains_itself_does_not_crash_the_interpreter(data: bytes) -> None:
    refused(data, "contains itself")
    with pytest.raises(SerializeError, match="contains itself"):
        codec.loads_call(memoryview(data))


def test_forms_that_nobody_writes_hide_nothing() -> None:
    for hidden in (b"x\0011\0011", b"\x01", b"c" + bytes(300)):
        data = b"[\2\0\0\0" + hidden + b"(\xff\xff\xff\x7f"
        assert refused(data, "nobody sends|code|claims more") < 1 << 20


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 70), 1 << 70)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(max_size=12)
    | st.binary(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=5).flatmap(lambda items: st.sampled_from([items, tuple(items), [items] * 3]))
        | st.dictionaries(st.text(max_size=4), inner, max_size=4)
        | st.frozensets(st.integers(), max_size=4)
        | st.sets(st.text(max_size=3), max_size=4)
    ),
    max_leaves=20,
)


@given(plain, st.integers(2, marshal.version))
@example([0x28, 0x5B] * 200, 4)
@example([1.5] * 70 + [2, 2.5] * 70, 4)
@example([(number, str(number)) for number in range(100)] * 2, 4)
def test_whatever_marshal_writes_passes(value: Any, version: int) -> None:
    data = marshal.dumps([value, value, "x" * 300], version)
    check_claims(data)
    check_references(data)
    for end in range(0, len(data), 7):
        raises_nothing_else(data[:end])


def raises_nothing_else(data: bytes) -> None:
    for check in (check_claims, check_references):
        with contextlib.suppress(ValueError):
            check(data)


@given(st.binary(max_size=300))
def test_whatever_bytes_there_are(data: bytes) -> None:
    raises_nothing_else(data)
