"""What marshal data claims beyond what is in it: Python's reader takes that at its word.

Five bytes can claim a tuple of two billion items, for which it takes the memory. A key that is a tuple which
contains itself crashes the interpreter, and one that refers to tuples within tuples takes longer to hash than
anybody lives (``references``). Nearly all data is told to be harmless by searches (``harmless``); the rest is
gone through.
"""

from __future__ import annotations

from itertools import repeat

from pyroplug.contracts import Buffer

from .harmless import LARGEST, is_evident, is_harmless
from .references import check_references, refers_to_heavy
from .tokens import (
    BYTES_OF_LENGTH,
    CODE,
    CONTAINERS,
    HASHED,
    HEAVY_INTEGER,
    HEAVY_TEXT,
    INTEGER,
    IS_REFERRED,
    LONG,
    SHORT,
    SLICE,
    SMALL_TUPLE,
    STEPS,
    TEXT_COMPLEX,
)

__all__ = ["check_claims", "check_items"]

_MANY = 1 << 12
"""Bytes of data from which on its first tokens tell how to go on."""


def check_claims(data: Buffer) -> None:
    """Make sure that data holds what it claims, no code objects, and refers to itself not all too often.

    :raises ValueError: it does not.
    """
    if type(data) is not bytes:
        data = bytes(data)
    size = len(data)
    if size < _MANY and (is_evident(data) or is_harmless(data, 0, 0)):
        return
    at = claimed = heavy = 0
    if size >= _MANY:
        at, claimed, heavy = _gone_through(data, 0, 0, 0, hurried=size <= LARGEST)
        if at < size and is_harmless(data, at, claimed, heavy):
            return
    if at < size:
        _, _, heavy = _gone_through(data, at, claimed, heavy)
    if heavy and refers_to_heavy(data):
        check_references(data)


_RUN = 32
_TOKENS, _LENGTH = 32, 128
"""Tokens of so many bytes each are gone through in less time than a search takes; so many of them tell."""


def check_items(data: bytes) -> int:
    """Go from token to token: all items that are claimed have to be there. An item takes a byte at least.

    It gives the number of values that may be referred to and take long to hash.

    :raises ValueError: they are not there, or one of them is a code object.
    """
    return _gone_through(data, 0, 0, 0)[2]


def _gone_through(  # noqa: PLR0912 - calling a function for each token would take twice as long
    data: bytes, at: int, claimed: int, heavy: int, hurried: bool = False
) -> tuple[int, int, int]:
    """Where it ended, how many items were claimed, and how much that takes long to hash may be referred to.

    Who is hurried stops where tokens become small.
    """
    size, steps = len(data), STEPS
    try:
        while True:
            enough = at + _TOKENS * _LENGTH
            for _ in repeat(None, _TOKENS):
                code = data[at] & ~IS_REFERRED
                step = steps[code]
                if step:
                    at += step
                    if step > 1 and at < size and data[at] & ~IS_REFERRED == code:
                        at = _after_run(data, at, step)
                elif code in SHORT:
                    at += 2 + data[at + 1]
                elif code in CONTAINERS:
                    if code == SMALL_TUPLE:
                        count = data[at + 1]
                        heavy += count > 0 and data[at] > code
                        claimed += count
                        at += 2
                    else:
                        heavy += code in HASHED and data[at] > code
                        claimed += int.from_bytes(data[at + 1 : at + 5], "little")
                        at += 5
                    if claimed > size:
                        raise ValueError("it claims more items than it holds")
                elif code in LONG:
                    count = int.from_bytes(data[at + 1 : at + 5], "little")
                    heavy += count >= HEAVY_TEXT and data[at] > code
                    at += BYTES_OF_LENGTH + count
                elif code == INTEGER:
                    count = abs(int.from_bytes(data[at + 1 : at + 5], "little", signed=True))
                    heavy += count >= HEAVY_INTEGER and data[at] > code
                    at += BYTES_OF_LENGTH + 2 * count
                elif code == TEXT_COMPLEX:
                    at += 2 + data[at + 1]
                    at += 1 + data[at]
                elif code == SLICE:
                    heavy += data[at] > code
                    at += 1
                else:
                    raise ValueError(f"it holds {'a code object' if code == CODE else 'what nobody sends'}")
            if hurried and at < enough:
                return at, claimed, heavy
    except IndexError:  # it is at its end, or cut off
        return size, claimed, heavy


def _after_run(data: bytes, at: int, step: int) -> int:
    """Where tokens of another kind follow on some of the same kind and size, or earlier."""
    codes, count = bytes((data[at] & ~IS_REFERRED, data[at] | IS_REFERRED)), _RUN
    while True:
        codes_there = data[at : at + step * count : step]
        run = len(codes_there) - len(codes_there.lstrip(codes))
        at += step * run
        if run < count:
            return at
        count *= 2
