"""Payloads that were made to do harm, for every serializer: refused soon, with little memory."""

from __future__ import annotations

import sys
import time
import tracemalloc

import pytest

from pyroplug.errors import SerializeError

from .codecs import NAMES, ours

SIZE = 1 << 18

DEEP = {
    "serpent": (b"[", b"]"),
    "json": (b"[", b"]"),
    "msgpack": (b"\x91", b"\xc0"),
    "marshal": (b"[\1\0\0\0", b"N"),
}
DEEP_KEYED = {
    "serpent": (b"{1:", b"}"),
    "json": (b'{"":', b"}"),
    "msgpack": (b"\x81\x01", b"\xc0"),
    "marshal": (b"{N", b"N"),
}
DIGITS = {
    "serpent": b"1" * SIZE,
    "json": b"1" * SIZE,
    "msgpack": b"\xc9" + SIZE.to_bytes(4, "big") + b"\x31" + b"1" * SIZE,
}


def refused(name: str, data: bytes) -> None:
    codec = ours(name)
    for load in (codec.loads, codec.loads_call):
        began = time.process_time()
        with pytest.raises(SerializeError):
            load(data)
        assert time.process_time() - began < 1.0
    tracemalloc.start()
    try:
        with pytest.raises(SerializeError):
            codec.loads(data)
        assert tracemalloc.get_traced_memory()[1] < (4 << 20) + 16 * len(data)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("forms", [DEEP, DEEP_KEYED], ids=["lists", "dictionaries"])
@pytest.mark.parametrize("depth", [20_000, 50_000])
@pytest.mark.parametrize("is_complete", [True, False])
def test_depth(name: str, forms: dict[str, tuple[bytes, bytes]], depth: int, is_complete: bool) -> None:
    opening, closing = forms[name]
    refused(name, opening * depth + closing * (depth if is_complete else 0))


@pytest.mark.parametrize("name", DIGITS)
def test_digits(name: str) -> None:
    refused(name, DIGITS[name])
    assert sys.get_int_max_str_digits() < SIZE


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("byte", [0x00, 0x28, 0x5B, 0x7B, 0x90, 0xA9, 0xDC, 0xDD, 0xDF, 0xFF])
def test_one_byte_again_and_again(name: str, byte: int) -> None:
    refused(name, bytes((byte,)) * SIZE)
