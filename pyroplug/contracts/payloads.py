"""What a codec writes and reads: one buffer, or several in a row, so that large parts need not be copied."""

from __future__ import annotations

from typing import TypeAlias

from .settings import Buffer

__all__ = ["Payload", "joined", "size_of"]

Payload: TypeAlias = "Buffer | tuple[Buffer, ...]"
"""A payload's bytes: a buffer, or a tuple of buffers that stands for what they give in a row.

Its views are of single bytes, one after the other: what ``view.cast("B")`` gives.
"""


def joined(payload: Payload) -> Buffer:
    """A payload as one buffer; it is copied only if it is in several."""
    return b"".join(payload) if type(payload) is tuple else payload  # type: ignore[return-value]


def size_of(payload: Payload) -> int:
    """How many bytes it has."""
    return sum(map(len, payload)) if type(payload) is tuple else len(payload)
