"""A cache over a store that tells of changes: a lookup is a look into memory, and never behind what was told.

A registry that lives elsewhere takes a journey for each lookup. What it answered is remembered until it tells
of a change, or until the lease is over. A store that cannot be watched is not for this: nobody would know
when to forget.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from pyroplug.contracts import NameRecord, WatchedNameStore

__all__ = ["RememberedStore"]


class RememberedStore:
    """A store's names, with those remembered that were looked up lately. For any thread.

    Only ``get`` is answered from memory; all else is asked of the store, each time.
    """

    def __init__(
        self, store: WatchedNameStore, most: int = 10_000, clock: Callable[[], float] = time.time
    ) -> None:
        """
        :param store: the store; it is watched from now on.
        :param most: how many records are remembered; of more, the oldest is forgotten.
        :param clock: what time it is, in seconds since the epoch, for leases.
        :raises ValueError: ``most`` is less than 1.
        :raises NamingError: the store cannot be watched now.
        """
        if most < 1:
            raise ValueError(f"a cache needs room for one record at least, and {most} is less")
        self._store = store
        self._most = most
        self._clock = clock
        self._lock = Lock()  # guards what follows; looking into the table needs no lock
        self._known: dict[str, NameRecord] = {}
        self._asking: dict[str, list[object]] = {}
        self._stop = store.watch(self._forget)
        self._closed = False

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none, which is not remembered."""
        known = self._known.get(name)
        if known is not None and (known.expires is None or known.expires > self._clock()):
            return known
        # What is told of while the store is asked may not be in its answer: this one is not remembered then.
        question = object()
        with self._lock:
            self._asking.setdefault(name, []).append(question)
        found = None
        try:
            found = self._store.get(name)
        finally:
            with self._lock:
                unchanged = self._answered(name, question)
                if unchanged and found is not None and not self._closed:
                    if len(self._known) >= self._most and name not in self._known:
                        del self._known[next(iter(self._known))]
                    self._known[name] = found
                elif unchanged:
                    self._known.pop(name, None)
        return found

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false if the name is there and may not be replaced."""
        return self._store.put(record, replace=replace)

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name: false if it is not there."""
        return self._store.tag(name, tags)

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there."""
        return self._store.remove(names)

    def count(self) -> int:
        """How many names there are."""
        return self._store.count()

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, by name."""
        return self._store.find(prefix=prefix, all_of=all_of, any_of=any_of, with_tags=with_tags)

    def watch(self, changed: Callable[[str | None], object], /) -> Callable[[], None]:
        """Have each change told. What is remembered of it is forgotten before."""

        def forgotten(name: str | None) -> None:
            self._forget(name)
            changed(name)

        return self._store.watch(forgotten)

    def close(self) -> None:
        """Close the store, and watch it no more."""
        with self._lock:
            self._closed = True
            self._known = {}
        self._stop()
        self._store.close()

    def _answered(self, name: str, question: object) -> bool:
        """With the lock held: whether nothing was told while the store was asked."""
        questions = self._asking.get(name, [])
        if question not in questions:
            return False
        questions.remove(question)
        if not questions:
            del self._asking[name]
        return True

    def _forget(self, name: str | None) -> None:
        with self._lock:
            if name is None:
                self._known.clear()
                self._asking.clear()
            else:
                self._known.pop(name, None)
                self._asking.pop(name, None)
