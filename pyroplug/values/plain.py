"""Reading what a stranger sends without making anything of it."""

from __future__ import annotations

from typing import Any

from .registry import ClassRegistry

__all__ = ["plain_classes"]

_NUMBERS = frozenset(("float", "complex"))


class _PlainClasses(ClassRegistry):
    """Leaves dictionaries that stand for objects as they are, but for numbers that a format cannot write.

    What it knows of writing is the default way, as nothing is registered in it.
    """

    def _from_dict(self, data: dict[str, Any], done: dict[int, Any]) -> Any:
        name = data.get("__class__")
        return super()._from_dict(data, done) if isinstance(name, str) and name in _NUMBERS else data


plain_classes = _PlainClasses()
"""Satisfies :class:`~pyroplug.contracts.ClassConverter`."""
