"""A name server as small as can be, in a daemon of the test's own."""

from __future__ import annotations

from typing import Any

from pyroplug.api import URI, expose
from pyroplug.errors import NamingError

__all__ = ["FakeNames"]


@expose
class FakeNames:
    """Knows names and tags; ``calls`` has what it was asked, ``raising`` what it raises instead."""

    def __init__(self, **entries: str) -> None:
        self.entries = entries
        self.tags: dict[str, set[str]] = {}
        self.calls: list[Any] = []
        self.raising: BaseException | None = None

    def lookup(self, name: str, return_metadata: bool = False) -> Any:
        self.calls.append(name)
        if self.raising:
            raise self.raising
        if name not in self.entries:
            raise NamingError(f"unknown name: {name}")
        uri = URI(self.entries[name])
        return (uri, self.tags.get(name, set())) if return_metadata else uri

    def yplookup(self, meta_all: Any = None, meta_any: Any = None, return_metadata: bool = True) -> Any:
        self.calls.append(meta_all)
        if self.raising:
            raise self.raising
        found = {name: self.entries[name] for name, tags in self.tags.items() if set(meta_all or ()) <= tags}
        return {name: (uri, self.tags[name]) for name, uri in found.items()} if return_metadata else found

    def register(self, name: str, uri: Any, safe: bool = False, metadata: Any = None) -> None:
        self.entries[name] = str(uri)
