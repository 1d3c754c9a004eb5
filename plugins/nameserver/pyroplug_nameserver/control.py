"""What ``nsc`` asks a name server, ours or Pyro5's, and how it shows what it is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pyroplug.errors import NamingError, SerializeError

__all__ = ["Entry", "Names", "shown"]


_UNSAYABLE = (TypeError, ValueError, SerializeError)
"""Pyro5's name server cannot say every answer with every serializer; the same can be asked in another way."""


class Entry(NamedTuple):
    """A name, what it stands for, and its tags."""

    name: str
    uri: str
    tags: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """For people."""
        yield f"{shown(self.name)} --> {shown(self.uri)}"
        yield from self.tag_lines()

    def tag_lines(self) -> Iterator[str]:
        """The tags alone, if there are any."""
        if self.tags:
            yield f"    tags: {', '.join(map(shown, self.tags))}"


class Names:
    """A name server, through a proxy of it. Every method may raise what the proxy's calls raise."""

    def __init__(self, proxy: Any) -> None:
        self._proxy = proxy

    @property
    def uri(self) -> str:
        """The name server's address."""
        return str(self._proxy._pyroUri)

    def ping(self) -> None:
        """Nothing, if it answers."""
        self._proxy.ping()

    def prefixed(self, prefix: str) -> list[Entry]:
        """The names that begin with something; all of them for nothing."""
        return self._list(prefix or None, None)

    def matching(self, pattern: str) -> list[Entry]:
        """The names that a regular expression matches, as the name server understands that."""
        return self._list(None, pattern)

    def tagged(self, tags: Iterable[str], *, every: bool) -> list[Entry]:
        """The names that have all of the tags, or any of them."""
        wanted = list(tags)
        return _entries(self._proxy.yplookup(wanted if every else None, None if every else wanted, True))

    def lookup(self, name: str) -> Entry:
        """One name.

        :raises NamingError: it is unknown.
        """
        try:
            uri, tags = self._proxy.lookup(name, True)
        except _UNSAYABLE:
            uri = self._proxy.lookup(name)
            tags = self._proxy.list(name, None, True)[name][1]
        return Entry(name, str(uri), tuple(sorted(tags)))

    def register(self, name: str, uri: str, *, replace: bool = False) -> None:
        """Have a name stand for an object.

        :raises NamingError: it stands for one already, and that is not to be replaced.
        """
        try:
            self._proxy.register(name, uri, not replace)
        except NamingError as error:
            said = str(error).partition("\n")[0]
            if "already registered" not in said:
                raise
            # The server's own advice, if it has any, is for programs.
            raise NamingError(said, hint="remove it first, or say --replace") from error

    def remove(self, name: str) -> None:
        """Forget a name.

        :raises NamingError: it is unknown, or not to be forgotten.
        """
        if not self._proxy.remove(name):
            raise NamingError(f"nothing was removed: {name!r} is unknown, or the name server's own")

    def remove_matching(self, pattern: str) -> int:
        """Forget the names that a regular expression matches: how many these were."""
        return int(self._proxy.remove(None, None, pattern))

    def set_tags(self, name: str, tags: Iterable[str]) -> None:
        """Replace a name's tags.

        :raises NamingError: it is unknown.
        """
        self._proxy.set_metadata(name, sorted(set(tags)))

    def _list(self, prefix: str | None, pattern: str | None) -> list[Entry]:
        try:
            return _entries(self._proxy.list(prefix, pattern, True))
        except _UNSAYABLE:
            found = self._proxy.list(prefix, pattern, False)
            tagged = {name: self._proxy.lookup(name, True)[1] for name in found}
            return _entries({name: (uri, tagged[name]) for name, uri in found.items()})


def shown(text: str) -> str:
    """A text that anybody may have registered, with what would give a terminal orders escaped."""
    return text if text.isprintable() else ascii(text)[1:-1]


def _entries(found: Mapping[str, Any]) -> list[Entry]:
    return [Entry(name, str(uri), tuple(sorted(tags))) for name, (uri, tags) in sorted(found.items())]
