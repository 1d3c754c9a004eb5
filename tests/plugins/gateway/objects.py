"""What the gateway's tests call."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

from pyroplug.api import current_context, expose, idempotent, oneway


class Sample:
    """Some of everything.

    :ivar events: what was called that returns nothing.
    """

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.called = threading.Event()
        self.closed = threading.Event()

    @expose
    def echo(self, message: Any = None) -> Any:
        return message

    @expose
    def arguments(self, *args: Any, **kwargs: Any) -> list[Any]:
        return [args, kwargs]

    @expose
    @idempotent
    def stock(self) -> int:
        return 7

    @expose
    def sell(self) -> str:
        self.events.append("sold")
        self.called.set()
        return "sold"

    @expose
    @oneway
    def note(self, text: str = "") -> None:
        self.events.append(text)
        self.called.set()

    @expose
    @property
    def colour(self) -> dict[str, Any]:
        return {"name": "blue", "share": 0.5}

    @expose
    def fail(self, text: str = "it is broken") -> None:
        raise ValueError(text, {"code": [1, None]})

    @expose
    def correlation(self) -> str:
        return str(current_context.correlation_id)

    @expose
    def numbers(self, count: str = "3") -> Iterator[int]:
        try:
            yield from range(int(count))
        finally:
            self.closed.set()

    @expose
    def letters(self) -> Iterator[str]:
        try:
            while True:
                yield "x" * 1_000_000
        finally:
            self.closed.set()

    @expose
    def half(self) -> Iterator[str]:
        yield "first"
        raise KeyError("no more")

    def secret(self) -> str:
        raise AssertionError("it is not exposed")
