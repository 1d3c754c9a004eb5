"""A client that moves a single large value, and has moved none before."""

from __future__ import annotations

from typing import Any

from benchmarks.clients import named, obey
from benchmarks.served import payload

_TINY = 256


class _Transfer:
    def prepare(self, name: str, address: str, way: str, kind: str, size: int) -> None:
        """Connect, and do the same with a tiny value."""
        contestant = named(name)
        contestant.connect(address)
        self._bulk, self._kind = contestant.bulk(), kind
        self._move = self._up if way == "up" else self._down
        for each in (_TINY, size):
            self._size = each
            self._sent: Any = payload(kind, each) if way == "up" else None
            if way == "down":
                self._bulk.hold(kind, each, 1)
            if each == _TINY:
                self.move()

    def move(self) -> bool:
        """Move the value: whether all of it has arrived."""
        return self._move()

    def _up(self) -> bool:
        return self._bulk.take(self._sent) == self._size

    def _down(self) -> bool:
        self._received = self._bulk.give(self._kind, self._size)
        return len(self._received) == self._size


if __name__ == "__main__":
    obey(_Transfer())
