"""Memory to receive large values into."""

from __future__ import annotations

from contextlib import suppress
from io import BytesIO

__all__ = ["fresh_memory", "passing_memory"]

_LARGEST = 1 << 23
"""Bytes of the largest piece that this is done for, as each thread may keep as much as that."""
_SMALLEST = 1 << 16
_MORE = 1 << 18

_seen = 0  # bytes of the largest piece so far


def fresh_memory(size: int) -> BytesIO:
    """So many bytes; ``getvalue()`` gives them without a copy."""
    if size > _seen:
        _prepare(size)
    # Fresh bytes come cleared from the system, page by page as they are used, and getvalue() does not
    # copy them; a bytearray would be cleared at once, and copied to become bytes.
    return BytesIO(bytes(size))


def passing_memory(size: int) -> BytesIO:
    """So many bytes for a moment only: what others of this size take is not kept for the next ones."""
    return BytesIO(bytes(size))


def _prepare(size: int) -> None:
    """Have the C library keep what values of this size take, for the next ones.

    glibc gives memory back when twice as much is free as the largest piece ever freed was. A text and the
    bytes it is read from are a little more than that: they would go and come with each message, page by page,
    which takes longer than to receive it. Freeing a larger piece once raises the mark. None of it is touched,
    so that it takes no memory.
    """
    global _seen  # noqa: PLW0603  # there is one C library in a process
    if _SMALLEST <= size <= _LARGEST:
        _seen = size
        with suppress(MemoryError):  # then it goes without
            bytes(size + size // 8 + _MORE)
