"""A small name server, of which the tests can see what it was asked."""

from __future__ import annotations

import threading

from pyroplug.api import expose
from pyroplug.errors import NamingError


@expose
class Names:
    """Knows names and URIs.

    :ivar asked: which questions it was asked.
    """

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._asked: list[str] = []
        self._lock = threading.Lock()

    def lookup(self, name: str) -> str:
        self._note(f"lookup {name}")
        if name not in self._known:
            raise NamingError(f"unknown name: {name}")
        return self._known[name]

    def list(self) -> dict[str, str]:
        self._note("list")
        return dict(self._known)

    def ping(self) -> None:
        self._note("ping")

    def _note(self, text: str) -> None:
        with self._lock:
            self._asked.append(text)
