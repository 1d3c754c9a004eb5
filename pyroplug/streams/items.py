"""What there is to know about an iterator and its items before anything is done with them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

__all__ = ["never_waits", "size_of"]

_DICT: dict[Any, Any] = {}
_REVERSIBLE: tuple[Any, ...] = ([], deque(), _DICT, _DICT.values(), _DICT.items())
_ITERABLE: tuple[Any, ...] = ((), "", "ä", b"", bytearray(), set(), range(0), range(1 << 70), *_REVERSIBLE)
_NEVER_WAITS = frozenset(
    (*(type(iter(one)) for one in _ITERABLE), *(type(reversed(one)) for one in _REVERSIBLE))
)
"""Types of iterators over what is in memory already."""

_ENTRY = 16
"""Bytes for an item by itself: a number, or what a list needs for one of its elements."""
_SAMPLE, _DEPTH = 4, 3


def never_waits(iterator: Iterator[Any]) -> bool:
    """Whether the iterator gives each of its items at once, and runs no code of anybody's."""
    return type(iterator) in _NEVER_WAITS


def size_of(item: Any) -> int:
    """About how many bytes an item takes, by a short look at it. Raises nothing."""
    return _size_of(item, _DEPTH)


def _size_of(item: Any, depth: int) -> int:
    kind = type(item)
    if kind in (int, float, bool, type(None)):
        return _ENTRY
    if kind in (bytes, str, bytearray):
        return _ENTRY + len(item)
    if kind in (list, tuple, set, frozenset, dict):
        return _size_of_many(item, depth)
    return _size_of_object(item, depth)


def _size_of_many(items: Any, depth: int) -> int:
    count = len(items)
    try:
        sample = [each for each, _ in zip(items, range(_SAMPLE), strict=False)] if depth else []
        if type(items) is dict:
            sample += [items[key] for key in sample]
    except Exception:  # another thread changes it just now, or a key cannot be compared
        sample = []
    if not sample:
        return _ENTRY * (1 + count)
    return _ENTRY + count * sum(_size_of(each, depth - 1) for each in sample) // min(count, _SAMPLE)


def _size_of_object(item: Any, depth: int) -> int:
    try:
        if isinstance(getattr(type(item), "nbytes", None), _DESCRIPTORS):  # arrays of several libraries
            return _ENTRY + int(item.nbytes)
    except BaseException:  # somebody's own property, or metaclass
        return 4 * _ENTRY
    try:
        state = object.__getattribute__(item, "__dict__")
    except Exception:  # it has none
        return 4 * _ENTRY
    return _ENTRY + _size_of_many(state, max(depth - 1, 0))


_DESCRIPTORS = (type(memoryview.nbytes), property)
