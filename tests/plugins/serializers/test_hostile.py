"""Numbers that take ever longer to read: those who have a limit for them keep it."""

from __future__ import annotations

import sys

import pytest

from pyroplug.errors import SerializeError

from .codecs import ours

SIZE = 1 << 18

DIGITS = {
    "serpent": b"1" * SIZE,
    "json": b"1" * SIZE,
    "msgpack": b"\xc9" + SIZE.to_bytes(4, "big") + b"\x31" + b"1" * SIZE,
}


@pytest.mark.parametrize("name", DIGITS)
def test_digits(name: str) -> None:
    for load in (ours(name).loads, ours(name).loads_call):
        with pytest.raises(SerializeError):
            load(DIGITS[name])
    assert sys.get_int_max_str_digits() < SIZE
