"""Python's own writer and reader, which make and read no code objects: what differs between versions."""

from __future__ import annotations

import marshal
import re
import sys
from collections.abc import Callable
from functools import partial
from struct import unpack_from
from typing import Any

from pyroplug.contracts import Buffer

__all__ = ["IS_CPYTHON", "may_hold_code", "read", "write"]

IS_CPYTHON = sys.implementation.name == "cpython"

write: Callable[[Any], bytes]
read: Callable[[Buffer], Any]
may_hold_code: Callable[[bytes], object]
"""Whether reading data might make a code object, if it is no longer than 16 MiB.

Newer readers refuse them by themselves."""

if sys.version_info >= (3, 13):
    write, read = partial(marshal.dumps, allow_code=False), partial(marshal.loads, allow_code=False)

    def may_hold_code(_: bytes) -> object:
        return None

else:
    # A code object is a letter, five numbers (six in Python 3.10) of four bytes, and bytes, or a reference
    # to some. The first three numbers count arguments. The reader refuses more of them than there are names,
    # and a name takes more than a byte: they are short, and texts are not mistaken for code. But from Python
    # 3.11 on it adds the first and the third as numbers of 32 bits. Two that are huge together pass, or are
    # less by two, as flags add that much. Bytes of an odd number it refuses.
    write, read = marshal.dumps, marshal.loads
    _size = 4 * (6 if sys.version_info < (3, 11) else 5)
    _even = b"".join(b"\\x%02x" % number for number in range(0, 256, 2))
    _huge = rb"|(?=...[\x3f-\x7f]|.{11}[\x3f-\x7f]).{%d}(?:[r\xf2]|.[%s])" % (_size, _even)
    if sys.version_info < (3, 11):
        _huge = b""

    _Search = Callable[..., "re.Match[bytes] | None"]

    def _form(number: bytes) -> bytes:
        form = b"(?=.{%d}[sr\xf3\xf2]%s)(?=%s()%s)" % (_size, number, number * 3, _huge)
        return form if IS_CPYTHON else b"()"

    def _searches(number: bytes) -> tuple[_Search, ...]:
        """Two searches that begin with one letter each take a tenth of the time of one for either.

        :param number: one that is no larger than the data.
        """
        return tuple(re.compile(b"(?s)%s%s" % (letter, _form(number))).search for letter in (b"c", b"\xe3"))

    def _any_is_code(match: re.Match[bytes] | None, search: _Search) -> bool:
        """Whether one with huge numbers, as four letters of a text are too, or a later one, may be code."""
        while match:
            data, at = match.string, match.start()
            if match.lastindex or (_may_follow(data, at + _size + 1) and _is_huge(data, at + 1)):
                return True
            match = search(data, at + 1)
        return False

    def _may_follow(data: bytes, at: int) -> bool:
        """Whether there may be bytes, and after them a tuple."""
        if data[at] in b"r\xf2":
            if 0xF3 not in data:  # nothing that it could refer to
                return False
            at += 5
        else:
            at += 5 + int.from_bytes(data[at + 1 : at + 5], "little")
        return at < len(data) and data[at] & 0x7F in b"()r"

    def _is_huge(data: bytes, at: int) -> bool:
        arguments, positional, keywords, stack, flags = unpack_from("<5i", data, at)
        is_possible: bool = arguments >= positional >= 0 and min(keywords, stack, flags) >= 0
        return is_possible and arguments + keywords >= (1 << 31) - 2

    _small = 1 << 16
    _search, _other = _searches(rb"..\0\0")
    _search_large, _other_large = _searches(rb"...\0")

    def may_hold_code(data: bytes) -> object:
        search, other = (_search, _other) if len(data) < _small else (_search_large, _other_large)
        # Looking for a single byte takes next to no time.
        return (0x63 in data and (match := search(data)) and _any_is_code(match, search)) or (
            0xE3 in data and (match := other(data)) and _any_is_code(match, other)
        )
