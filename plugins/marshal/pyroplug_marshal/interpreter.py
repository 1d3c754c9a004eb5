"""Python's own writer and reader, which make and read no code objects: what differs between versions."""

from __future__ import annotations

import marshal
import re
import sys
from collections.abc import Callable
from functools import partial
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
    # and a name takes more than a byte: they are short, and texts are not mistaken for code.
    write, read = marshal.dumps, marshal.loads
    _more = 4 * (6 if sys.version_info < (3, 11) else 5) - 12

    def _searches(counts: bytes) -> tuple[Callable[[bytes], object], ...]:
        """Two searches that begin with one letter each take a tenth of the time of one for either."""
        rest = counts * 3 + b".{%d}[sr\xf3\xf2]" % _more if IS_CPYTHON else b""
        return tuple(re.compile(b"(?s)%s%s" % (letter, rest)).search for letter in (b"c", b"\xe3"))

    _small = 1 << 16
    _search, _search_other = _searches(rb"..\0\0")
    _search_large, _search_other_large = _searches(rb"...\0")

    def may_hold_code(data: bytes) -> object:
        if len(data) >= _small:
            return _search_large(data) or _search_other_large(data)
        # Looking for a single byte takes next to no time.
        return (0x63 in data and _search(data)) or (0xE3 in data and _search_other(data))
