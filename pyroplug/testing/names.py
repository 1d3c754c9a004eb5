"""A plain storage of names in dictionaries, shared and watched: for tests, and to be broken by subclasses."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from pyroplug.contracts import NameRecord, Settings
from pyroplug.errors import NamingError

__all__ = ["DictStorage", "DictStore", "Place"]

Changed = Callable[[str | None], object]


class Place:
    """What all stores at one address share.

    :ivar broken: true while nothing can be changed.
    """

    def __init__(self) -> None:
        self.kept: dict[str, NameRecord] = {}
        self.watchers: list[Changed] = []
        self.lock: threading.RLock | threading.Lock = threading.RLock()
        self.broken = False


class DictStorage:
    """Its stores at one address share a :class:`Place`, for as long as the storage is there.

    :ivar places: by address.
    """

    name = "dict"

    def __init__(self, made: type[DictStore] | None = None, clock: Callable[[], float] = time.time) -> None:
        """
        :param made: the class of its stores.
        :param clock: what time it is, for leases.
        """
        self.places: dict[str, Place] = defaultdict(Place)
        self._made = made or DictStore
        self._clock = clock

    def open(self, address: str, _settings: Settings, /) -> DictStore:
        """A store at an address: any text."""
        return self._made(self.places[address], self._clock)


class DictStore:
    """One of several at a place. Each change is told while the caller waits."""

    def __init__(self, place: Place, clock: Callable[[], float]) -> None:
        self.place, self.clock, self.closed = place, clock, False

    def get(self, name: str, /) -> NameRecord | None:
        """The record of a name; ``None`` if there is none."""
        with self.working():
            return self.place.kept.get(name)

    def put(self, record: NameRecord, /, *, replace: bool) -> bool:
        """Keep a record: false if the name is there and may not be replaced."""
        self.check(record)
        with self.working(record.name):
            if record.name in self.place.kept and not replace:
                return False
            self.place.kept[record.name] = record
            return True

    def check(self, record: NameRecord) -> None:
        """Raise :exc:`~pyroplug.errors.NamingError` for text that cannot be kept."""
        try:
            "".join([record.name, record.uri, *record.tags]).encode()
        except UnicodeEncodeError:
            raise NamingError("no such text can be kept", hint="choose another one") from None

    def tag(self, name: str, tags: frozenset[str], /) -> bool:
        """Replace the tags of a name: false if it is not there."""
        with self.working(name):
            old = self.place.kept.get(name)
            if old is not None:
                self.place.kept[name] = self.tagged(old, tags)
            return old is not None

    def tagged(self, old: NameRecord, tags: frozenset[str]) -> NameRecord:
        """A record with other tags."""
        return old._replace(tags=tags)

    def remove(self, names: Iterable[str], /) -> int:
        """Forget names: how many of them were there."""
        names = list(names)
        with self.working(*names):
            return sum(self.place.kept.pop(name, None) is not None for name in names)

    def count(self) -> int:
        """How many names there are."""
        with self.working():
            return len(self.place.kept)

    def find(
        self,
        *,
        prefix: str = "",
        all_of: frozenset[str] = frozenset(),
        any_of: frozenset[str] = frozenset(),
        with_tags: bool = True,
    ) -> Iterator[NameRecord]:
        """The records that have all that is asked for, in the order of their names."""
        with self.working():
            found = [one for one in self.listed() if self.begins(one.name, prefix)]
            return iter([one for one in found if self.has(one.tags, all_of, any_of)])

    def listed(self) -> Iterable[NameRecord]:
        """All of them, in order."""
        return [self.place.kept[name] for name in sorted(self.place.kept)]

    def begins(self, name: str, prefix: str) -> bool:
        """Whether a name begins with a prefix."""
        return name.startswith(prefix)

    def has(self, tags: frozenset[str], all_of: frozenset[str], any_of: frozenset[str]) -> bool:
        """Whether these tags are what is asked for."""
        return all_of <= tags and (not any_of or bool(any_of & tags))

    def watch(self, changed: Changed, /) -> Callable[[], None]:
        """Have each change told; what is returned ends that."""
        watchers, heard = self.place.watchers, [True]

        def told(name: str | None) -> None:
            if heard:
                changed(name)

        watchers.append(told)

        def stop() -> None:
            if heard:
                heard.clear()
                watchers.remove(told)

        return stop

    def close(self) -> None:
        """Use it no more."""
        self.closed = True

    @contextmanager
    def working(self, *names: str) -> Iterator[None]:
        """Hold the lock; names that are changed are told of when it is free again."""
        if self.closed or (self.place.broken and names):
            raise NamingError("the storage does not work", hint="mend it, or open it again")
        with self.place.lock:
            lapsed = self.lapse()
            yield
        self.tell(*names, *lapsed)

    def lapse(self) -> list[str]:
        """Forget what has lapsed: which names that were."""
        now, kept = self.clock(), self.place.kept
        names = [one.name for one in kept.values() if one.expires is not None and one.expires <= now]
        for name in names:
            del kept[name]
        return names

    def tell(self, *names: str) -> None:
        """Tell all that watch."""
        for name in names:
            for changed in list(self.place.watchers):
                changed(name)
