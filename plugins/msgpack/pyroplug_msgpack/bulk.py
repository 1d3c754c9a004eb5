"""Large byte strings and texts: they go past the packer and the unpacker, which would copy them.

In their place is a placeholder, an extension that nobody else can know: it holds a secret of this process,
and never leaves it. What goes over the wire is what the packer would have written, byte for byte.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Sequence
from typing import Any

import msgpack

from pyroplug.contracts import Buffer

__all__ = ["LARGE", "MAY_BE_LARGE", "Replacing", "find_bulk", "is_large", "put_together"]

LARGE = 1 << 16
"""Bytes, or characters, from which on it is worth it. Lengths from here on take four bytes on the wire."""
_LARGEST = (1 << 32) - 1
_FLAT = frozenset((bytes, bytearray, str))
"""Types whose values are large if their length is."""
MAY_BE_LARGE = _FLAT | {memoryview, list, tuple}
"""Types of which it takes a closer look; see :func:`is_large`. Dictionaries are not looked into: nearly all
of them are small, and a small message must not notice that somebody looks."""
_DEPTH = 2

_CODE, _SECRET = 0x7F, os.urandom(16)
_PLACEHOLDER = msgpack.ExtType(_CODE, _SECRET)
_MARK = b"\xd8" + bytes((_CODE,)) + _SECRET  # as the packer writes it
_BIN32, _STR32 = 0xC6, 0xDB
_HEADER = struct.Struct(">BI")


# Out -------------------------------------------------------------------------------------------------


def is_large(value: Any, depth: int = _DEPTH) -> bool:
    """Whether a value of a type in ``MAY_BE_LARGE`` is large. A list is judged by its first value."""
    kind = type(value)
    if kind in _FLAT:
        return len(value) >= LARGE
    if kind is memoryview:
        return _is_large_view(value)
    return bool(depth and value) and type(value[0]) in MAY_BE_LARGE and is_large(value[0], depth - 1)


def _is_large_view(view: memoryview) -> bool:
    try:
        return view.nbytes >= LARGE
    except ValueError:  # it was released; the packer refuses it
        return False


class Replacing:
    """A value with placeholders for what is large in it."""

    def __init__(self, value: Any) -> None:
        """
        :param value: of a call, the tuple that is packed for it.

        Raises ``UnicodeEncodeError`` for texts that cannot be encoded.
        """
        self._found: list[tuple[int, Buffer]] = []
        self.value = self._replaced(value, _DEPTH + 2)

    def _replaced(self, value: Any, depth: int) -> Any:
        kind = type(value)
        if kind is list or kind is tuple:
            if not depth:
                return value
            return [self._replaced(item, depth - 1) for item in value]  # to the packer a tuple is the same
        if kind is dict and depth:
            return {key: self._replaced(item, depth - 1) for key, item in value.items()}
        return self._taken(value) if kind in MAY_BE_LARGE and is_large(value) else value

    def _taken(self, value: Any) -> Any:
        if type(value) is memoryview:
            if not (value.c_contiguous and value.format in _PLAIN_FORMATS):
                return value  # the packer's to refuse
            if value.format != "B" or value.ndim != 1:
                value = value.cast("B")
        code = _BIN32
        if type(value) is str:
            code, value = _STR32, value.encode()
        if len(value) > _LARGEST:
            return value.decode() if code == _STR32 else value
        self._found.append((code, value))
        return _PLACEHOLDER

    def parts(self, packed: bytes) -> tuple[Buffer, ...] | None:
        """What to send, given the packed value; ``None`` if there is not what was replaced, and no more."""
        between = packed.split(_MARK)
        if not self._found or len(between) != len(self._found) + 1:
            return None
        parts: list[Buffer] = []
        for before, (code, data) in zip(between, self._found, strict=False):
            parts += (before + _HEADER.pack(code, len(data)), data)
        return (*parts, between[-1]) if between[-1] else tuple(parts)


_PLAIN_FORMATS = frozenset("?bBcehHiIlLqQnNfd")


# In --------------------------------------------------------------------------------------------------

_TOKENS = 64
"""How many tokens are looked at, so that a payload of many small ones is not read twice."""

_may_be_header = re.compile(rb"(?s)[\xc6\xdb](?!\0\0)..").search


def _sizes() -> list[tuple[int, int]]:
    """For each first byte of a token: how many bytes tell its length, and how many follow beside those.

    Containers are their headers alone, for what is in them comes after. The one byte that is no token at
    all is among the empty ones: the unpacker refuses it.
    """
    sizes = [(0, 0)] * 256
    for code in range(0xA0, 0xC0):
        sizes[code] = (0, code & 0x1F)
    for code, width in ((0xC4, 1), (0xC5, 2), (_BIN32, 4), (0xD9, 1), (0xDA, 2), (_STR32, 4)):
        sizes[code] = (width, 0)
    for code, width in ((0xC7, 1), (0xC8, 2), (0xC9, 4)):
        sizes[code] = (width, 1)
    for code in range(0xCA, 0xD9):
        sizes[code] = (0, (4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17)[code - 0xCA])
    for code in (0xDC, 0xDE):
        sizes[code] = (0, 2)
    for code in (0xDD, 0xDF):
        sizes[code] = (0, 4)
    return sizes


_SIZES = _sizes()


def find_bulk(head: bytes, size: int, /) -> tuple[int, int] | None:
    """See :class:`~pyroplug.contracts.BulkCodec`."""
    if not _may_be_header(head):
        return None
    at, end = 0, len(head) - _HEADER.size
    for _ in range(_TOKENS):
        if at > end:
            return None
        code = head[at]
        width, more = _SIZES[code]
        length = int.from_bytes(head[at + 1 : at + 1 + width], "big")
        at += 1 + width
        if length >= LARGE and code in (_BIN32, _STR32):
            return (at, length) if at + length <= size and at + length > len(head) else None
        at += more + length
    return None


def put_together(
    pieces: Sequence[Any], read_extension: Callable[[int, bytes], Any]
) -> tuple[bytes, Callable[[int, bytes], Any]]:
    """A payload in pieces as one with placeholders, and what reads the extensions in it."""
    between: list[bytes] = []
    for before, _ in zip(pieces[::2], pieces[1::2], strict=False):
        between += (before[: -_HEADER.size], _MARK)
    if len(pieces) % 2:
        between.append(pieces[-1])
    found = iter(
        [(before[-_HEADER.size], bulk) for before, bulk in zip(pieces[::2], pieces[1::2], strict=False)]
    )

    def read(code: int, data: bytes) -> Any:
        if code != _CODE or data != _SECRET:
            return read_extension(code, data)
        header, bulk = next(found)
        return bulk.decode() if header == _STR32 else bulk

    return b"".join(between), read
