"""The object that the bytes are for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyroplug.api import expose, oneway

__all__ = ["Thing"]


@expose
class Thing:
    """Has a member of every kind. None raises what it does not have to."""

    def __init__(self) -> None:
        self._level: Any = 1

    def echo(self, value: Any) -> Any:
        return value

    def count(self) -> Iterator[int]:
        yield from range(5)

    def fail(self) -> None:
        raise TypeError("as it should")

    @oneway
    def note(self, value: Any = None) -> None:
        pass

    @property
    def level(self) -> Any:
        return self._level

    @level.setter
    def level(self, value: Any) -> None:
        self._level = value
