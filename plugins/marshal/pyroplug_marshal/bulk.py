"""Large byte strings that are a result, or arguments: they are sent from where they are, and not written.

In their place short byte strings are written, which hold a secret of this process and never leave it.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Sequence
from typing import Any

from pyroplug.contracts import Buffer, Payload

__all__ = ["MAY_BE_LARGE", "is_large", "on_its_own", "with_large"]

MAY_BE_LARGE = frozenset((bytes, bytearray, memoryview))
_LARGE = 1 << 16
_LARGEST = (1 << 31) - 1

_SECRET = os.urandom(16)
_SIZE = struct.Struct("<I")
_MARK = _SIZE.pack(len(_SECRET)) + _SECRET


def is_large(value: Any) -> bool:
    """Whether a value of a type in ``MAY_BE_LARGE`` is large enough, and not too large for the format."""
    if type(value) is not memoryview:
        return _LARGE <= len(value) <= _LARGEST
    try:
        return value.c_contiguous and value.format in "bBc" and _LARGE <= value.nbytes <= _LARGEST
    except ValueError:  # it was released
        return False


def on_its_own(value: Any) -> Payload:
    """What is written for a large value that is all there is."""
    data = _bytes_of(value)
    return b"s" + _SIZE.pack(len(data)), data


def with_large(args: Sequence[Any], write: Callable[[list[Any]], bytes]) -> Payload:
    """What ``write`` gives for some arguments, with those in it that are large.

    Raises what ``write`` raises.
    """
    large: list[Buffer] = []
    small: list[Any] = []
    for value in args:
        goes_apart = type(value) in MAY_BE_LARGE and is_large(value)
        if goes_apart:
            large.append(_bytes_of(value))
        # A new one each time, for marshal notices what is the same.
        small.append(bytes(bytearray(_SECRET)) if goes_apart else value)
    between = write(small).split(_MARK)
    if len(between) != len(large) + 1:
        return write([*args])
    parts: list[Buffer] = []
    for before, data in zip(between, large, strict=False):
        parts += (before + _SIZE.pack(len(data)), data)
    return (*parts, between[-1])


def _bytes_of(value: Any) -> Buffer:
    flat = type(value) is not memoryview or (value.format == "B" and value.ndim == 1)
    data: Buffer = value if flat else value.cast("B")
    return data
