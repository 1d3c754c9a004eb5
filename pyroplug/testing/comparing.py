"""When two values are the same: equal, and of equal types, all through."""

from __future__ import annotations

from typing import Any

__all__ = ["same"]


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal and of equal types, all through, their order included.

    ``nan`` is the same as ``nan``, and ``0.0`` not as ``-0.0``. Exceptions are the same if their classes have
    the same name, and their arguments and attributes are the same.
    """
    return bool(_fingerprint(left) == _fingerprint(right))


def _fingerprint(value: Any) -> Any:
    kind = type(value)
    if isinstance(value, BaseException):
        return kind.__name__, _fingerprint(value.args), _fingerprint(vars(value))
    if kind in (float, complex):
        return kind, repr(value)
    if isinstance(value, (list, tuple)):
        return kind, [_fingerprint(item) for item in value]
    if isinstance(value, dict):
        return kind, [(_fingerprint(key), _fingerprint(item)) for key, item in value.items()]
    if isinstance(value, (set, frozenset)):
        return kind, {(type(item), item) for item in value}
    return kind, value
