"""Objects for people: what the page's tests open, fill in and call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from pyroplug.api import expose, idempotent, oneway

NASTY = "<img src=x onerror=alert(1)>'\"`</script><script>alert(2)</script>&lt;\u202egnp.exe"
"""A text that is markup, ends quotes, and shows its end in front."""


class OutOfStock(Exception):
    """A class that clients do not know."""


@expose
class Shop:
    """A little of everything.

    :ivar noted: what was called without an answer.
    """

    def __init__(self) -> None:
        self._noted = threading.Event()
        self._go_on = threading.Event()
        self._left = threading.Event()
        self._reads = 0

    def price(self, article: str, count: int = 1) -> dict[str, Any]:
        return {"article": article, "count": count, "total": count * 4.5, "currency": "EUR"}

    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return {"args": args, "kwargs": kwargs}

    @idempotent
    def catalogue(self) -> list[dict[str, Any]]:
        return [
            {
                "id": 7000000000000000000001,
                "name": "Assam",
                "price": 4.0,
                "tags": ["black", "loose"],
                "left": 12,
            },
            {"id": 7000000000000000000002, "name": "Sencha", "price": 6.25, "tags": ["green"], "left": 0},
            {"id": 7000000000000000000003, "name": "茉莉花茶", "price": 5.5, "tags": [], "left": None},
        ]

    def numbers(self, count: int) -> list[int]:
        return list(range(count))

    def buy(self, article: str, count: int = 1) -> None:
        raise ValueError(f"only 3 of {article} are left, and not {count}", {"left": 3})

    def fail(self, text: str = NASTY) -> None:
        raise OutOfStock(text)

    @oneway
    def note(self, text: str = "") -> None:
        self._noted.set()

    def nothing(self) -> None:
        return None

    def text(self) -> str:
        return NASTY

    def ticks(self, count: int = 3) -> Iterator[dict[str, Any]]:
        for number in range(count):
            yield {"tick": number, "price": 4.5 + number / 4}

    def forever(self) -> Iterator[int]:
        """One item, and another one each time that somebody says so."""
        try:
            yield 1
            while self._go_on.wait(60):
                yield 2
        finally:
            self._left.set()

    def broken(self) -> Iterator[str]:
        yield "first"
        raise KeyError("no more")

    def wait(self) -> str:
        self._go_on.wait(60)
        return "waited"

    @property
    def opened(self) -> int:
        self._reads += 1
        return self._reads

    @property
    def owner(self) -> dict[str, str]:
        return {"name": "Ada", "town": "Delft"}
