"""An object to serve in tests that has iterators of all kinds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from pyroplug.api import current_context, expose

from .support import PATIENCE


@expose
class Streamer:
    """Has iterators of all kinds.

    :ivar taken: how many items generators have made.
    :ivar over: how many of them have been closed or have ended.
    """

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.taken = 0
        self.over = 0
        self.seen: list[Any] = []
        self.threads: set[int] = set()

    def _noting(self, items: Iterator[Any]) -> Iterator[Any]:
        try:
            for item in items:
                self.taken += 1
                self.threads.add(threading.get_ident())
                self.seen.append((current_context.client, current_context.correlation_id))
                yield item
        finally:
            self.over += 1

    def count(self, end: int) -> Iterator[int]:
        return self._noting(iter(range(end)))

    @property
    def numbers(self) -> Iterator[int]:
        return self._noting(iter(range(20)))

    def at_hand(self, end: int) -> Iterator[int]:
        return iter(list(range(end)))

    def two_then_wait(self) -> Iterator[Any]:
        yield 1
        yield 2
        assert self.go_on.wait(PATIENCE)
        yield 3

    def noted_two_then_wait(self) -> Iterator[Any]:
        return self._noting(self.two_then_wait())

    def go(self) -> str:
        self.go_on.set()
        return "gone on"

    def failing(self, end: int) -> Iterator[int]:
        yield from range(end)
        raise ValueError("no more of these")

    def with_a_bad_one(self, at: int) -> Iterator[Any]:
        return self._noting(iter([*range(at), threading.Lock(), "behind"]))

    def with_a_bad_one_at_hand(self, at: int) -> Iterator[Any]:
        return iter([*range(at), threading.Lock(), "behind"])

    def blocks(self, count: int, size: int) -> Iterator[Any]:
        for number in range(count):
            yield [[[[number, "x" * size]]]]  # so deep that nobody sees how large it is

    def value(self, value: Any) -> Any:
        return value
