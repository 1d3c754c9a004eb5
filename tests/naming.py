"""A name service as somebody else would write it: names in a dictionary, and no server anywhere."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from pyroplug.config import Configuration
from pyroplug.contracts import LookupContext
from pyroplug.errors import NamingError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import PluginSet

from .running import settings


class Book:
    """Looks names up in ``entries``, which a test may change.

    :ivar asked: each URI that was to be looked up, the delay, and the context.
    :ivar answer: called instead, if a test sets it.
    """

    name = "book"

    def __init__(self, **entries: Any) -> None:
        self.entries: dict[str, Any] = entries
        self.asked: list[tuple[str, float, LookupContext]] = []
        self.located: list[tuple[Any, ...]] = []
        self.started: list[Any] = []
        self.answer: Any = None

    def resolve(self, uri: str, delay: float, context: LookupContext, /) -> Any:
        self.asked.append((uri, delay, context))
        if self.answer is not None:
            return self.answer()
        name = uri.partition(":")[2]
        if name not in self.entries:
            raise NamingError(f"the book has no {name}")
        return str(self.entries[name])

    def locate(self, *arguments: Any) -> Any:
        self.located.append(arguments)
        return self if self.answer is None else self.answer()

    def start(self, *arguments: Any) -> Any:
        self.started.append(arguments)
        return ("uri", "daemon", None) if self.answer is None else self.answer()

    def serve(self, *arguments: Any) -> None:
        self.started.append(arguments)

    def register(self, name: str, uri: Any) -> None:
        """What a name server has; for who located this one."""
        self.entries[name] = str(uri)

    def __enter__(self) -> Book:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    @property
    def plugins(self) -> PluginSet:
        """Our own plugins, and this one."""
        offer = SimpleNamespace(pyroplug_name_services=hookimpl(lambda: [self]))
        return PluginSet(plugins={"book": offer}, warn=lambda text: None)


def by_the_book(**changes: Any) -> Configuration:
    """A configuration that names it."""
    return settings(NAME_SERVICE="book", **changes)
