"""Resources for trials of trackers: each remembers whether it was closed, and some are awkward."""

from __future__ import annotations

import itertools
from collections.abc import Callable

__all__ = ["EqualToAll", "Incomparable", "Resource"]


class Resource:
    """Something that remembers how often it was closed, and as the how manieth of all.

    :param action: what closing it does besides.
    """

    _counter = itertools.count()

    def __init__(self, name: str = "", action: Callable[[], object] = int) -> None:
        self.name = name
        self.action = action
        self.closed: list[int] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def close(self) -> None:
        """Note that it was closed."""
        self.closed.append(next(self._counter))
        self.action()


class EqualToAll(Resource):
    """Equal to everything, and not to be hashed."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Incomparable(Resource):
    """Neither to be compared nor to be hashed, nor to be asked whether it is true."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("this resource cannot be compared")

    def __hash__(self) -> int:
        raise TypeError("this resource cannot be hashed")

    def __bool__(self) -> bool:
        raise TypeError("this resource is neither true nor false")
