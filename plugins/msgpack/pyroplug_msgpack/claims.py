"""What a payload claims beyond what is in it, and keys that were made to slow a dictionary down.

The unpacker takes memory for an array on its header's word. It refuses one that claims more items than the
payload has bytes, but a thousand of them may be nested, each of which claims as many as it may.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack

from pyroplug.contracts import Buffer

__all__ = ["HARMLESS", "ManyExtensionsError", "check_claims", "counted", "dict_of"]

HARMLESS = 1024
"""Bytes of the largest payload that can claim no more than a few megabytes, whatever is in it."""
_SO_LARGE = 4 << 20
"""From here on claims cost addresses, and no more memory than empty arrays would that are really there."""
_CROWD = 1000
"""Keys, or values that may be keys, from which on they are looked at."""

_ARRAYS = (0xDC, 0xDD)


def check_claims(data: Buffer) -> None:
    """Make sure that the arrays in a payload of more than ``HARMLESS`` bytes are no longer than they claim.

    :raises Exception: what the unpacker raises; it goes through the payload and makes nothing of it.
    """
    size = len(data)
    if not HARMLESS < size <= _SO_LARGE:
        return
    if type(data) is bytes and _ARRAYS[0] not in data and _ARRAYS[1] not in data:
        return
    unpacker = msgpack.Unpacker(max_buffer_size=size, read_size=1)
    unpacker.feed(data)
    unpacker.skip()


class ManyExtensionsError(Exception):
    """There are so many extensions that, as keys, they could be made to have the same hash."""


def counted(read: Callable[[int, bytes], Any]) -> Callable[[int, bytes], Any]:
    """The same reader of extensions, which raises :exc:`ManyExtensionsError` when there are many."""
    left = _CROWD

    def reading(code: int, data: bytes) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise ManyExtensionsError
        return read(code, data)

    return reading


def dict_of(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    """A dictionary; making it is sure not to take a time that grows with the square of its size.

    :raises ValueError: it would.
    """
    if len(pairs) > _CROWD and len({hash(key) for key, _ in pairs}) < len(pairs) // 2:
        raise ValueError("many keys have the same hash")
    return dict(pairs)
