"""The name server, and looking names up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

from pyroplug_nameserver.broadcast import BroadcastServer
from pyroplug_nameserver.cleaning import AutoCleaner
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.lookup import lookup, yplookup
from pyroplug_nameserver.server import NameServer
from pyroplug_nameserver.storages.memory import MemoryStore
from pyroplug_nameserver.storages.sql import SqlStore

from pyroplug.api import URI, start_ns, start_ns_loop
from pyroplug.contracts import NameRecord, NameStore

__all__ = [
    "AutoCleaner",
    "BroadcastServer",
    "MemoryStorage",
    "NameServer",
    "NameServerDaemon",
    "SqlStorage",
    "lookup",
    "main",
    "start_ns",
    "start_ns_loop",
    "yplookup",
]


_Entry = tuple[str, set[str]]


class _Mapping(MutableMapping[str, _Entry], NameStore):  # type: ignore[misc]  # see get
    """What Pyro5's storages are as well: a mapping from names to their URIs and tags.

    ``get`` alone is the name server's own, and gives a record.
    """

    def __getitem__(self, name: str) -> _Entry:
        record: Any = self.get(name)
        if record is None:
            raise KeyError(name)
        return record.uri, set(record.tags)

    def __setitem__(self, name: str, entry: tuple[str | URI, Iterable[str] | None]) -> None:
        uri, tags = entry
        self.put(NameRecord(name, str(uri), frozenset(tags or ())), replace=True)

    def __delitem__(self, name: str) -> None:
        if not self.remove([name]):
            raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (record.name for record in self.find(with_tags=False))

    def __len__(self) -> int:
        return self.count()

    def clear(self) -> None:
        """Forget all names."""
        self.remove([*self])

    def remove_items(self, items: Iterable[str]) -> None:
        """Forget these names; those that are not there do not matter."""
        self.remove(items)

    def everything(self, return_metadata: bool = False) -> dict[str, Any]:
        """Each name's URI, with ``return_metadata`` a tuple of it and its set of tags."""
        return _answer(self.find(with_tags=return_metadata), return_metadata)

    def optimized_prefix_list(self, prefix: str, return_metadata: bool = False) -> dict[str, Any]:
        """The same, of the names that begin so."""
        return _answer(self.find(prefix=prefix, with_tags=return_metadata), return_metadata)

    def optimized_regex_list(self, _regex: str, _return_metadata: bool = False) -> None:
        """Nothing: patterns are the name server's business."""

    def optimized_metadata_search(
        self,
        metadata_all: Iterable[str] | None = None,
        metadata_any: Iterable[str] | None = None,
        return_metadata: bool = False,
    ) -> dict[str, Any]:
        """The same, of the names that have all of some tags, or any of them."""
        all_of, any_of = frozenset(metadata_all or ()), frozenset(metadata_any or ())
        if not all_of and not any_of:
            return {}
        return _answer(self.find(all_of=all_of, any_of=any_of, with_tags=return_metadata), return_metadata)


def _answer(records: Iterable[NameRecord], return_metadata: bool) -> dict[str, Any]:
    if return_metadata:
        return {record.name: (record.uri, set(record.tags)) for record in records}
    return {record.name: record.uri for record in records}


class MemoryStorage(MemoryStore, _Mapping):  # type: ignore[misc]
    """Keeps names in memory."""

    def __init__(self, **entries: _Entry) -> None:
        super().__init__()
        self.update(entries)


class SqlStorage(SqlStore, _Mapping):  # type: ignore[misc]
    """Keeps names in a file of SQLite's."""

    def __init__(self, dbfile: str) -> None:
        """
        :raises ValueError: no file is named.
        :raises NamingError: it cannot be used.
        """
        if not dbfile or dbfile == ":memory:":
            raise ValueError(f"{dbfile!r} is no file: use MemoryStorage for names that need not last")
        super().__init__(dbfile)


def main(args: Any = None) -> None:
    """Run a name server, with the options that Pyro5's has."""
    from pyroplug_nameserver.commands.ns import main as run

    run(args)


if __name__ == "__main__":
    main()
