"""Payloads that claim more than they hold, and keys that were made to meet: little memory, little time."""

from __future__ import annotations

import struct
import time
import tracemalloc
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_msgpack import MsgpackSerializer, claims

from pyroplug.errors import SerializeError
from pyroplug.values import ClassRegistry

settings: Any = None
codec = MsgpackSerializer().codec(settings, ClassRegistry())

PRIME = (1 << 61) - 1
"""Numbers that differ by a multiple of it have the same hash."""


def array(claim: int) -> bytes:
    return b"\xdd" + claim.to_bytes(4, "big")


def most_memory(payload: bytes) -> int:
    tracemalloc.start()
    try:
        with pytest.raises(SerializeError, match="MessagePack"):
            codec.loads(payload)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("size", [5, 50, 500, 1024, 1025, 5000, 60_000, 1_000_000])
@pytest.mark.parametrize("times", [1, 10, 100, 1000, 10_000])
def test_what_nested_arrays_claim_is_not_taken(size: int, times: int) -> None:
    for head in (array(size), b"\xdc" + min(size, 0xFFFF).to_bytes(2, "big"), array(0xFFFFFFFF)):
        payload = (head * times)[:size]
        payload += bytes(size - len(payload))
        assert most_memory(payload) < (4 << 20) + 16 * size


def test_in_a_call_with_a_class_it_is_the_same() -> None:
    payload = array(50_000) * 1000 + b"\xa9__class__" + bytes(45_000)
    for form in (bytes, bytearray, memoryview):
        assert most_memory(form(payload)) < 16 * len(payload)


values = st.recursive(
    st.none() | st.integers(-(1 << 63), (1 << 64) - 1) | st.floats() | st.binary(max_size=30) | st.text(),
    lambda inner: st.lists(inner, max_size=40) | st.dictionaries(st.text(max_size=3), inner, max_size=20),
)


@given(values)
def test_what_claims_no_more_than_it_holds_passes(value: Any) -> None:
    claims.check_claims(msgpack.packb([value] * 20 + ["x" * claims.HARMLESS]))


def extension(code: int, data: bytes) -> bytes:
    assert len(data) < 256
    return b"\xc7" + bytes((len(data), code)) + data


def keyed(keys: list[bytes]) -> bytes:
    return b"\xdf" + len(keys).to_bytes(4, "big") + b"".join(key + b"\x01" for key in keys)


def complex_number(real: float, imag: float) -> bytes:
    return extension(0x30, struct.pack("<dd", real, imag))


CROWDS = {
    "large integers": [extension(0x31, str((5 + number) * PRIME).encode()) for number in range(20_000)],
    "complex numbers": [complex_number(1e15 - 1000003 * number, number) for number in range(20_000)],
}


@pytest.mark.parametrize("name", CROWDS)
@pytest.mark.parametrize("beside", [b"\xc0", b"\xa9__class__"])
def test_keys_with_one_hash_are_refused_soon(name: str, beside: bytes) -> None:
    began = time.process_time()
    with pytest.raises(SerializeError, match="same hash"):
        codec.loads(b"\x92" + beside + keyed(CROWDS[name]))
    assert time.process_time() - began < 1.0


def test_many_extensions_are_fine() -> None:
    numbers = [complex(number, -number) for number in range(5000)]
    large = [number << 100 for number in range(1, 5000)]
    for value in (numbers, large, dict.fromkeys(numbers, 1), dict.fromkeys(large, 1), {"x": [numbers, {}]}):
        assert codec.loads(codec.dumps(value)) == value
    assert codec.loads(codec.dumps([bytes(100_000), numbers])) == [bytes(100_000), numbers]


def test_many_extensions_and_classes_are_fine() -> None:
    class Thing:
        def __init__(self, number: complex) -> None:
            self.number = number

    classes = ClassRegistry()
    classes.register_class_to_dict(Thing, lambda thing: {"__class__": "thing", "number": thing.number})
    classes.register_dict_to_class("thing", lambda _, data: Thing(data["number"]))
    aware = MsgpackSerializer().codec(settings, classes)
    made = aware.loads(aware.dumps([Thing(complex(number, 1)) for number in range(3000)]))
    assert [thing.number for thing in made] == [complex(number, 1) for number in range(3000)]
