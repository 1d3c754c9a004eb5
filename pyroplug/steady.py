"""Payloads that stay what they are until they are sent, whoever still has the values they were made of."""

from __future__ import annotations

import sys
from collections.abc import Callable

from .contracts import Buffer, Payload

__all__ = ["steady"]


def steady(payload: Payload) -> Payload:
    """The payload, with copies of those parts that somebody might change while it waits for a slow reader.

    A part may be the very memory of what a method has returned. Bytes never change. A bytearray to which
    nobody else refers will not be changed either; where there is no telling, it is copied. With views there
    never is, unless they are read-only: who hands out such a view has made up his mind.
    """
    if not isinstance(payload, tuple):
        return payload
    places = range(len(payload))
    return tuple([payload[at] if _is_steady(payload, at) else bytes(payload[at]) for at in places])


def _is_steady(parts: tuple[Buffer, ...], at: int) -> bool:
    kind = type(parts[at])
    if kind is bytes:
        return True
    if kind is bytearray:
        return _count is not None and _references(parts, at) <= _ALONE
    return bool(parts[at].readonly)  # type: ignore[union-attr]


def _references(parts: tuple[Buffer, ...], at: int) -> int:
    assert _count is not None
    return _count(parts[at])


_count: Callable[[object], int] | None = getattr(sys, "getrefcount", None)
# Measured, as versions of Python count differently what a function's own frame refers to.
_ALONE = 0 if _count is None else _references((bytearray(1),), 0)
