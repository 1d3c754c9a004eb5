"""Values that are made only of plain types as the library's own text, in two fifths of its time.

The library asks of each value which of some twenty types it is, and has a function for it. Most of what
programs send is of the few types here, and the text of most of these is their ``repr()``. Types are compared
exactly: an instance of a subclass is not plain. Each value is checked and written at once, so that none gets
into the text unchecked, whatever other threads do meanwhile to what it is in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["HEADER", "plain_text"]

HEADER = "# serpent utf-8 python3.2\n"

_AS_REPR: frozenset[type] = frozenset({str, int, bool, type(None)})
_KEYS = frozenset({str, int, bool})
_DEEPEST = 16
"""Few values are nested deeper, except those that contain themselves: they get there soon."""


class _NotPlainError(Exception):
    pass


def plain_text(value: Any) -> str:
    """What the library would write.

    :raises Exception: of any class: the value is not plain, or nobody can write it, or it is being changed.
    """
    if type(value) in _AS_REPR:
        return f"{HEADER}{value!r}"
    return f"{HEADER}{_WRITERS[type(value)](value, 0)}"


# What most values are is asked first, and on the spot: a function call for each would cost half as much
# again. A float minus itself is zero, unless it is infinite or not a number.


def _dict(value: dict[Any, Any], depth: int) -> str:
    if depth == _DEEPEST:
        raise _NotPlainError
    pairs = []
    for key, item in value.items():
        kind = type(item)
        if type(key) is str and (kind is str or kind in _AS_REPR or (kind is float and item - item == 0.0)):
            pairs.append(f"{key!r}:{item!r}")
        elif type(key) in _KEYS:
            pairs.append(f"{key!r}:{_WRITERS[kind](item, depth + 1)}")
        else:
            raise _NotPlainError
    return f"{{{','.join(pairs)}}}"


def _items(value: Iterable[Any], depth: int) -> str:
    if depth == _DEEPEST:
        raise _NotPlainError
    items = []
    for item in value:
        kind = type(item)
        if kind is str or kind in _AS_REPR or (kind is float and item - item == 0.0):
            items.append(repr(item))
        else:
            items.append(_WRITERS[kind](item, depth + 1))
    return ",".join(items)


def _list(value: list[Any], depth: int) -> str:
    return f"[{_items(value, depth)}]"


def _tuple(value: tuple[Any, ...], depth: int) -> str:
    return f"({_items(value, depth)}{',' if len(value) == 1 else ''})"


def _float(value: float, _: int) -> str:
    if value - value == 0.0:
        return repr(value)
    if value > 0:
        return "1e30000"
    return "-1e30000" if value < 0 else "{'__class__':'float','value':'nan'}"


def _repr(value: object, _: int) -> str:
    return repr(value)


_WRITERS: dict[type, Callable[[Any, int], str]] = {
    **dict.fromkeys(_AS_REPR, _repr),
    dict: _dict,
    list: _list,
    tuple: _tuple,
    float: _float,
}
