"""Names in memory: a table, a sorted list of the names for prefixes, and a set of names for each tag."""

from __future__ import annotations

import heapq
import time
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Iterable, Iterator
from threading import Lock

from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError

from .texts import after_prefix, check_texts

__all__ = ["MemoryStore"]

_REBUILD = 500
"""How many times faster a name is taken out of the sorted list than the whole list is made anew."""
_SPARE = 64


class MemoryStore:
    """Names of one process. For any thread.

    A lookup takes no lock: it is one look into a dictionary.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """
        :param clock: what time it is, in seconds since the epoch, for leases.
        """
        self._clock = clock
        self._lock = Lock()  # guards what follows; reading one record needs no lock
        self._records: dict[str, NameRecord] = {}
        self._names: list[str] = []
        self._tagged: dict[str, set[str]] = {}
        self._lapsing: list[tuple[float, str]] = []  # a heap; renewed records leave their old entries in it
        self._closed = False

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none."""
        if self._closed:
            self._refuse()
        record = self._records.get(name)
        if record is None or (record.expires is not None and record.expires <= self._clock()):
            return None
        return record

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false if the name is there and may not be replaced."""
        check_texts(record)
        with self._lock:
            self._begin()
            if not replace and record.name in self._records:
                return False
            self._set(record)
            return True

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name: false if it is not there."""
        with self._lock:
            self._begin()
            record = self._records.get(name)
            if record is None:
                return False
            record = record._replace(tags=tags)
            check_texts(record)
            self._set(record)
            return True

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there."""
        wanted = set(names)
        with self._lock:
            self._begin()
            gone = wanted & self._records.keys()
            self._forget(gone)
            return len(gone)

    def count(self) -> int:
        """How many names there are."""
        with self._lock:
            self._begin()
            return len(self._records)

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, by name: those of one moment."""
        with self._lock:
            self._begin()
            if all_of or any_of:
                names: Collection[str] = sorted(
                    name for name in self._with_tags(all_of, any_of) if name.startswith(prefix)
                )
            else:
                names = self._with_prefix(prefix)
            records = self._records
            return iter([records[name] for name in names])

    def close(self) -> None:
        """Use it no more; all names are gone."""
        with self._lock:
            self._closed = True
            self._records, self._names, self._tagged, self._lapsing = {}, [], {}, []

    # With the lock held

    def _begin(self) -> None:
        if self._closed:
            self._refuse()
        if self._lapsing and self._lapsing[0][0] <= (now := self._clock()):
            lapsed = set()
            while self._lapsing and self._lapsing[0][0] <= now:
                name = heapq.heappop(self._lapsing)[1]
                record = self._records.get(name)
                if record is not None and record.expires is not None and record.expires <= now:
                    lapsed.add(name)
            self._forget(lapsed)

    def _set(self, record: NameRecord) -> None:
        name, old = record.name, self._records.get(record.name)
        if old is None:
            insort(self._names, name)
        if old is None or old.tags != record.tags:
            if old is not None:
                self._untag(old)
            for tag in record.tags:
                self._tagged.setdefault(tag, set()).add(name)
        self._records[name] = record
        if record.expires is not None and (old is None or old.expires != record.expires):
            if len(self._lapsing) > 2 * len(self._records) + _SPARE:
                self._lapsing = [
                    (it.expires, it.name) for it in self._records.values() if it.expires is not None
                ]
                heapq.heapify(self._lapsing)
            else:
                heapq.heappush(self._lapsing, (record.expires, name))

    def _forget(self, names: Collection[str]) -> None:
        for name in names:
            self._untag(self._records.pop(name))
        if len(names) * _REBUILD > len(self._names):
            self._names = [name for name in self._names if name in self._records]
        else:
            for name in names:
                del self._names[bisect_left(self._names, name)]

    def _untag(self, record: NameRecord) -> None:
        for tag in record.tags:
            tagged = self._tagged[tag]
            tagged.discard(record.name)
            if not tagged:
                del self._tagged[tag]

    def _with_prefix(self, prefix: str) -> Collection[str]:
        if not prefix:
            return self._names
        end = after_prefix(prefix)
        start = bisect_left(self._names, prefix)
        return self._names[start : None if end is None else bisect_left(self._names, end, start)]

    def _with_tags(self, all_of: frozenset[str], any_of: frozenset[str]) -> set[str]:
        nothing: set[str] = set()
        found: set[str] | None = None
        if all_of:
            smallest, *others = sorted((self._tagged.get(tag, nothing) for tag in all_of), key=len)
            found = smallest.intersection(*others)
        if any_of:
            either = nothing.union(*(self._tagged.get(tag, nothing) for tag in any_of))
            found = either if found is None else found & either
        return found or nothing

    def _refuse(self) -> None:
        raise NamingError("the storage of names is closed", hint="open it again, or a new one")
