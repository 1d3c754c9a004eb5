"""The object that remote callers know as ``Pyro.NameServer``: names and tags in, addresses out.

Where names are kept is a store's business, how much of them anybody may bring that of ``limits``, and who
may call at all that of the daemon. The server's own name is in no store: it is laid over whatever is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pyroplug.api import URI, current_context, expose, idempotent
from pyroplug.config import Configuration, config
from pyroplug.contracts import NameRecord, NameStore
from pyroplug.errors import NamingError
from pyroplug.patterns import Pattern
from pyroplug.uri import NAMESERVER_NAME

from .limits import Limits, Quota

__all__ = ["OWN_TAGS", "NameServer"]

OWN_TAGS = frozenset({"class:Pyro5.nameserver.NameServer"})
"""The tags of the name server's own entry, by which programs look for name servers."""
_NONE: frozenset[str] = frozenset()


class NameServer:
    """A flat table of names. What can be called from afar are exactly Pyro5's eight methods."""

    def __init__(
        self,
        storageProvider: NameStore | None = None,  # noqa: N803 - Pyro5's name
        *,
        own: Callable[[], str] | None = None,
        config: Configuration = config,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """
        :param storageProvider: where names are kept; ``None`` for memory.
        :param own: gives the URI of this server's own entry; ``None`` for no such entry.
        :param config: for the limits, and how long names live.
        :param clock: what time it is, in seconds since the epoch.
        """
        if storageProvider is None:
            from .storages.memory import MemoryStore

            self.storage: NameStore = MemoryStore()
        else:
            self.storage = storageProvider
        self._own_uri = own
        self._limits = Limits.of(config)
        self._quota = Quota(self._limits, self.storage)
        self._lease: float = config.NS_LEASE
        self._clock = clock
        self._lock = threading.RLock()

    # What remote callers call

    @expose
    @idempotent
    def count(self) -> int:
        """How many names there are, with the server's own."""
        names = self.storage.count()
        if self._own_uri is None:
            return names
        return names + (self.storage.get(NAMESERVER_NAME) is None)

    @expose
    @idempotent
    def ping(self) -> None:
        """Nothing: who gets an answer knows that the server is there."""

    @expose
    @idempotent
    def lookup(self, name: str, return_metadata: bool = False) -> Any:
        """The URI of a name, with ``return_metadata`` a tuple of it and its set of tags.

        :raises NamingError: the name is unknown.
        """
        record = self._get(_name(name))
        uri = URI(record.uri)
        return (uri, set(record.tags)) if return_metadata else uri

    @expose
    def register(
        self, name: str, uri: str | URI, safe: bool = False, metadata: Iterable[str] | None = None
    ) -> None:
        """Keep a name; one that is there is replaced, unless it shall be ``safe``.

        :param metadata: tags by which it can be looked up as well.
        :raises NamingError: the name is taken, reserved, or too much for the server's limits.
        :raises TypeError: the name is no text, the URI is neither a text nor a URI, or the tags are none.
        :raises PyroError: the text is no URI.
        """
        if not isinstance(uri, (str, URI)):
            raise TypeError(f"a name stands for a URI or a text, not for a {type(uri).__name__}")
        text = uri if isinstance(uri, str) else str(uri)
        self._limits.check_uri(text)
        URI(text)
        record = NameRecord(_name(name), text, self._limits.tags(metadata), self._expiry())
        self._limits.check_name(name)
        self._refuse_own(name, "registered")
        with self._quota.room_for(record, _client()):
            if not self.storage.put(record, replace=not safe):
                raise NamingError(
                    f"name already registered: {name}",
                    hint="remove it first, or register it without `safe` to replace it",
                )

    @expose
    def set_metadata(self, name: str, metadata: Iterable[str] | None) -> None:
        """Replace the tags of a name.

        :raises NamingError: the name is unknown or reserved, or there are too many tags.
        :raises TypeError: the name is no text, or the tags are none.
        """
        tags = self._limits.tags(metadata)
        self._refuse_own(_name(name), "given other tags")
        record = self.storage.get(name)
        if record is None:
            raise unknown(name)
        with self._quota.room_for(record._replace(tags=tags), _client()):
            if not self.storage.tag(name, tags):
                raise unknown(name)

    @expose
    def remove(self, name: str | None = None, prefix: str | None = None, regex: str | None = None) -> int:
        """Forget a name, or those that begin so, or those that a pattern matches: how many that were.

        The server's own name is never among them.

        :raises NamingError: the pattern is unusable.
        """
        if name:
            return self._forget([_name(name)])
        if not prefix and not regex:
            return 0
        with self._lock:
            return self._forget([record.name for record in self._found(prefix, regex, with_tags=False)])

    @expose
    @idempotent
    def list(
        self, prefix: str | None = None, regex: str | None = None, return_metadata: bool = False
    ) -> dict[str, Any]:
        """All names, those that begin so, or those that a pattern matches, and the text of each one's URI.

        :param regex: what the whole of a name matches; :mod:`pyroplug.patterns` says how.
        :param return_metadata: tuples of the URI's text and a set of tags instead.
        :raises ValueError: both a prefix and a pattern are given.
        :raises NamingError: the pattern is unusable, or there are too many names for one answer.
        """
        if prefix and regex:
            raise ValueError("a prefix or a pattern can be asked for, not both")
        return self._limits.answer(
            self._found(prefix, regex, with_tags=bool(return_metadata)), return_metadata
        )

    @expose
    @idempotent
    def yplookup(
        self,
        meta_all: Iterable[str] | None = None,
        meta_any: Iterable[str] | None = None,
        return_metadata: bool = True,
    ) -> dict[str, Any]:
        """The names that have all of some tags, or any of them; as ``list`` gives names.

        :raises ValueError: both are given.
        :raises TypeError: the tags are none.
        :raises NamingError: there are too many names for one answer.
        """
        if meta_all and meta_any:
            raise ValueError("all of some tags, or any of them can be asked for, not both")
        tags = self._limits.tags(meta_all or meta_any)
        if not tags:
            return {}
        own = [record for record in self._own() if (tags <= record.tags if meta_all else tags & record.tags)]
        all_of, any_of = (tags, _NONE) if meta_all else (_NONE, tags)
        found = self.storage.find(all_of=all_of, any_of=any_of, with_tags=bool(return_metadata))
        return self._limits.answer(self._overlaid(found, own), return_metadata)

    # For this process

    def everything(self) -> Iterator[tuple[str, str]]:
        """The names that are kept, and the text of each one's URI."""
        for record in self.storage.find(with_tags=False):
            yield record.name, record.uri

    def forget_stale(self, name: str, uri: str) -> bool:
        """Forget a name, unless it stands for something else by now: whether it was forgotten."""
        with self._lock:
            record = self.storage.get(name)
            return record is not None and record.uri == uri and self._forget([name]) > 0

    def _get(self, name: str) -> NameRecord:
        record = next(self._own(), None) if name == NAMESERVER_NAME else None
        record = record or self.storage.get(name)
        if record is None:
            raise unknown(name)
        return record

    def _own(self) -> Iterator[NameRecord]:
        """The server's own entry, if it has one."""
        if self._own_uri is not None:
            yield NameRecord(NAMESERVER_NAME, self._own_uri(), OWN_TAGS)

    def _overlaid(self, found: Iterable[NameRecord], own: Iterable[NameRecord]) -> Iterator[NameRecord]:
        """Records of the store, with the server's own entry in the place of any that has its name."""
        yield from own
        if self._own_uri is None:
            yield from found
        else:
            yield from (record for record in found if record.name != NAMESERVER_NAME)

    def _found(self, prefix: str | None, regex: str | None, with_tags: bool) -> Iterator[NameRecord]:
        if regex:
            pattern = Pattern(regex)
            matches = pattern.matches
            candidates = self.storage.find(prefix=pattern.prefix, with_tags=with_tags)
            own = [record for record in self._own() if matches(record.name)]
            return self._overlaid((one for one in candidates if matches(one.name)), own)
        begin = prefix or ""
        if not isinstance(begin, str):
            raise TypeError(f"a prefix is a text, not a {type(begin).__name__}")
        own = [record for record in self._own() if record.name.startswith(begin)]
        return self._overlaid(self.storage.find(prefix=begin, with_tags=with_tags), own)

    def _forget(self, names: Sequence[str]) -> int:
        if self._own_uri is not None:
            names = [name for name in names if name != NAMESERVER_NAME]
        if not names:
            return 0
        removed = self.storage.remove(names)
        self._quota.forget(names)
        return removed

    def _refuse_own(self, name: str, what: str) -> None:
        if name == NAMESERVER_NAME and self._own_uri is not None:
            raise NamingError(
                f"the name {NAMESERVER_NAME} is reserved: it cannot be {what}",
                hint="it is the name server's own; choose another name",
            )

    def _expiry(self) -> float | None:
        return self._clock() + self._lease if self._lease else None


def unknown(name: str) -> NamingError:
    """The error for a name that is not there."""
    return NamingError(f"unknown name: {name}")


def _name(name: Any) -> str:
    if not isinstance(name, str):
        raise TypeError(f"a name is a text, not a {type(name).__name__}")
    return name


def _client() -> Any:
    """The connection that a request came by; ``None`` for a call from within this process."""
    return current_context.client
