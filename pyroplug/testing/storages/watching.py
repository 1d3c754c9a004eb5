"""Stores that tell of changes: each of them, soon enough, and no longer than one listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from pyroplug.contracts import NameStore, WatchedNameStore
from pyroplug.testing.suite import Breach
from pyroplug.testing.threads import at_once
from pyroplug.testing.waiting import wait_until

from .support import Clock, OpenStore, StorageTests, done, names_of, record

__all__ = ["WatchingTests"]

IN_TIME = "watch tells of a change not later than a lookup finds it"
HINT = (
    "call 'changed' before the method that changes something returns, and before a lookup gives what is new"
)


class Told:
    """Remembers what it was told. ``None`` stands for every name."""

    def __init__(self) -> None:
        self.names: list[str | None] = []

    def __call__(self, name: str | None) -> None:
        self.names.append(name)

    def knows(self, name: str) -> bool:
        """Whether it was told that this name may have changed; it forgets that then."""
        known = name in self.names or None in self.names
        self.names.clear()
        return known


class WatchingTests(StorageTests):
    """For stores that have ``watch``; others skip it."""

    @pytest.fixture
    def watched(self, store: NameStore) -> WatchedNameStore:
        """The store, if it can be watched."""
        if not isinstance(store, WatchedNameStore):
            pytest.skip("the store has no 'watch'")
        return store

    @pytest.fixture
    def told(self, watched: WatchedNameStore) -> Iterator[Told]:
        """What the store tells."""
        told = Told()
        stop = _watch(watched, told)
        yield told
        done("ending a watch", stop)

    def test_each_change_is_told(self, watched: WatchedNameStore, told: Told, clock: Clock) -> None:
        """When the method returns, it has been."""
        changes: dict[str, Callable[[], object]] = {
            "put": lambda: watched.put(record("a"), replace=False),
            "put with replace": lambda: watched.put(record("a", "PYRO:new@h:1"), replace=True),
            "tag": lambda: watched.tag("a", frozenset("x")),
            "remove": lambda: watched.remove(["a"]),
            "put with a lease": lambda: watched.put(record("a", expires=clock() + self.lease), replace=False),
        }
        for what, change in changes.items():
            done(what, change)
            if not told.knows("a"):
                raise Breach(IN_TIME, f"{what} had returned, and it was not told", HINT)
        clock.advance(self.lease + self.rounding + 0.05)
        if watched.get("a") is None and not told.knows("a"):
            raise Breach(IN_TIME, "a name had lapsed, and it was not told", HINT)

    def test_changes_of_others_are_told(
        self, open_store: OpenStore, watched: WatchedNameStore, told: Told
    ) -> None:
        """Also if nobody asks."""
        if not self.shared:
            pytest.skip("the storage is not shared: see the attribute 'shared'")
        other = open_store()
        changes: dict[str, Callable[[], object]] = {
            "put": lambda: other.put(record("a"), replace=False),
            "tag": lambda: other.tag("a", frozenset("x")),
            "remove": lambda: other.remove(["a"]),
        }
        for what, change in changes.items():
            told.names.clear()
            done(what, change)
            try:
                wait_until(lambda: "a" in told.names or None in told.names, limit=self.patience)
            except AssertionError:
                raise Breach(
                    "watch tells of changes that others make", f"{what} by another store was never told"
                ) from None
            told.names.clear()
            done(f"another {what}", lambda: other.put(record("b"), replace=True))
            wait_until(lambda: watched.get("b") is not None, "what another one put", self.patience)
            if not told.knows("b"):
                raise Breach(IN_TIME, "get found what another store had put, and it was not told", HINT)
            other.remove(["b"])

    def test_who_is_told_may_use_the_store(self, watched: WatchedNameStore) -> None:
        """It looks the name up, for instance."""
        seen: list[object] = []

        def changed(name: str | None) -> None:
            seen.append((watched.get(name or ""), names_of(watched.find()), watched.count()))

        stop = _watch(watched, changed)
        try:
            self.within(
                "put, while who is told of it looks it up,",
                done,
                "put",
                lambda: watched.put(record("a"), replace=False),
            )
        finally:
            stop()
        if not seen:
            raise Breach(IN_TIME, "put had returned, and it was not told", HINT)

    def test_it_ends(self, watched: WatchedNameStore, told: Told) -> None:
        """For one, and not for another."""
        short = Told()
        stop = _watch(watched, short)
        for _ in range(2):
            done("ending a watch", stop)
        watched.put(record("a"), replace=False)
        if short.names:
            raise Breach("nothing is told after a watch was ended", f"it was told {short.names}")
        if not told.knows("a"):
            raise Breach("ending one watch leaves others", "another one was not told", HINT)

    def test_a_cache_is_never_behind(self, watched: WatchedNameStore) -> None:
        """Many threads change names and look them up, in what was remembered until told otherwise."""
        latest: dict[str, int] = {}
        remembered: dict[str, object] = {}
        lock = threading.Lock()

        def changed(name: str | None) -> None:
            with lock:
                remembered.pop(name, None) if name is not None else remembered.clear()

        def use(number: int) -> None:
            name = str(number % 2)
            for version in range(20):
                if number < 2:  # the only ones that put these names
                    watched.put(record(name, f"PYRO:v{version}@h:1"), replace=True)
                    latest[name] = version
                    continue
                least = latest.get(name, -1)
                with lock:
                    found = remembered.get(name)
                if found is not None and int(str(found)[6:-4]) < least:
                    raise Breach(IN_TIME, f"what was remembered is {found}, when v{least} had been put", HINT)
                one = watched.get(name)
                with lock:
                    # only what nobody was told of while it was read may be remembered; here, little is
                    if one is not None and latest.get(name, -1) == least and one.uri == f"PYRO:v{least}@h:1":
                        remembered[name] = one.uri

        stop = _watch(watched, changed)
        try:
            at_once("a watched store works in many threads", 4, use)
        finally:
            stop()


def _watch(store: WatchedNameStore, changed: Callable[[str | None], object]) -> Callable[[], None]:
    stop = done("watch", lambda: store.watch(changed))
    if not callable(stop):
        raise Breach("watch gives a function that ends it", f"it gave {stop!r:.100}")
    return stop  # type: ignore[no-any-return]
