"""What is remembered of a store is never behind what the store has told, and saves asking it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver.daemon import opened_store
from pyroplug_nameserver.remembered import RememberedStore

from pyroplug.config import Configuration
from pyroplug.contracts import NameRecord, NameStorage
from pyroplug.errors import NamingError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import PluginSet
from pyroplug.testing import NameStorageSuite
from pyroplug.testing.clock import FakeClock
from pyroplug.testing.names import DictStorage, DictStore, Place
from pyroplug.testing.threads import at_once


class TestOverAPlainStore(NameStorageSuite):
    """It is a store like any other."""

    durable = shared = True

    @pytest.fixture
    def clock(self) -> FakeClock:
        return FakeClock(time.time())

    @pytest.fixture
    def address(self) -> str:
        return "anywhere"

    @pytest.fixture
    def storage(self, clock: FakeClock) -> NameStorage:
        class Remembered(DictStorage):
            def open(self, address: str, settings: Any, /) -> Any:
                return RememberedStore(super().open(address, settings), 3, clock)

        return Remembered(clock=clock)


class Elsewhere:
    """A registry in which something may happen at any moment of a lookup; counts what it is asked."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.changed: Callable[[str | None], object] = print
        self.asked = 0
        self.meanwhile: Callable[[], object] = int
        self.watched = True

    def get(self, name: str, /) -> NameRecord | None:
        self.asked += 1
        meanwhile, self.meanwhile = self.meanwhile, int
        version = self.versions.get(name)
        meanwhile()
        return None if version is None else NameRecord(name, str(version))

    def watch(self, changed: Callable[[str | None], object], /) -> Callable[[], None]:
        self.changed = changed

        def stop() -> None:
            self.watched = False

        return stop

    def close(self) -> None:
        assert not self.watched


names = st.sampled_from("ab")
news = st.one_of(
    st.tuples(st.just("change"), names),
    st.tuples(st.just("tell"), names),
    st.tuples(st.just("change and tell"), names),
    st.tuples(st.just("tell all")),
)
step = st.recursive(
    news | st.tuples(st.just("get"), names, st.lists(news, max_size=2)),
    lambda inner: st.tuples(st.just("get"), names, st.lists(inner, max_size=3)),
    max_leaves=5,
)


@given(st.lists(step, max_size=12), st.integers(1, 3))
def test_it_is_never_behind_what_was_told(steps: list[Any], most: int) -> None:
    """Whatever happens while the registry is asked, and within that again: changes, news of them, lookups."""
    registry: Any = Elsewhere()
    registry.versions.update(a=1, b=1)
    store = RememberedStore(registry, most)
    told: dict[str, int] = {}

    def run(steps: list[Any]) -> None:
        for what, *rest in steps:
            if "change" in what:
                registry.versions[rest[0]] += 1
            if what in ("tell", "change and tell"):
                told[rest[0]] = registry.versions[rest[0]]
                registry.changed(rest[0])
            elif what == "tell all":
                told.update(registry.versions)
                registry.changed(None)
            elif what == "get":
                name, inner = rest
                least = told.get(name, 0)
                registry.meanwhile = lambda inner=inner: run(inner)
                found = store.get(name)
                registry.meanwhile = int
                assert (0 if found is None else int(found.uri)) >= least
                assert len(store._known) <= most

    run(steps)
    assert not store._asking  # or it would grow for ever
    store.close()


def test_many_threads() -> None:
    """Who is told that a change is complete finds it."""
    place, latest = Place(), [0, 0]
    stores = [RememberedStore(DictStore(place, time.time)) for _ in range(2)]

    def use(number: int) -> None:
        store = stores[number % 2]
        for version in range(1, 150):
            if number < 2:  # the only one to put this name
                store.put(NameRecord(str(number), str(version)), replace=True)
                latest[number] = version
            for name in (0, 1):
                least = latest[name]
                found = store.get(str(name))
                assert least <= (int(found.uri) if found else 0)

    at_once("what is remembered is not behind", 6, use)


@pytest.fixture
def registry() -> Any:
    registry = Elsewhere()
    registry.versions.update(a=1, b=1, c=1)
    return registry


def test_it_asks_once(registry: Any) -> None:
    store = RememberedStore(registry)
    for _ in range(3):
        assert store.get("a") == NameRecord("a", "1")
    assert registry.asked == 1
    registry.changed("b")
    store.get("a")
    assert registry.asked == 1
    registry.changed("a")
    store.get("a")
    assert registry.asked == 2
    registry.changed(None)
    store.get("a")
    assert registry.asked == 3


def test_what_is_not_there_is_asked_for_each_time(registry: Any) -> None:
    """Who asks for names that are not there fills nobody's memory."""
    store = RememberedStore(registry)
    for number in range(3):
        assert store.get("nobody") is None
        assert registry.asked == number + 1
    assert not store._known


def test_the_oldest_is_forgotten_for_a_new_one(registry: Any) -> None:
    store = RememberedStore(registry, 2)
    for name in ("a", "b", "c", "b", "c"):
        store.get(name)
    assert registry.asked == 3
    store.get("a")
    assert registry.asked == 4


def test_a_lease_ends_without_being_told() -> None:
    clock = FakeClock(1000.0)
    registry: Any = Elsewhere()
    registry.get = lambda name: NameRecord(name, "", expires=1010.0) if clock() < 1010.0 else None
    store = RememberedStore(registry, clock=clock)
    assert store.get("a")
    clock.advance(10.0)
    assert store.get("a") is None
    assert not store._known


def test_a_registry_that_fails_is_asked_again(registry: Any) -> None:
    store = RememberedStore(registry)

    def fail() -> None:
        raise NamingError("on purpose")

    registry.meanwhile = fail
    with pytest.raises(NamingError, match="on purpose"):
        store.get("a")
    assert store.get("a") == NameRecord("a", "1")
    assert not store._asking


def test_what_was_known_is_not_when_it_is_closed() -> None:
    store = RememberedStore(DictStore(Place(), time.time))
    store.put(NameRecord("a", "1"), replace=True)
    store.get("a")
    store.close()
    with pytest.raises(NamingError):
        store.get("a")


def test_whoever_watches_finds_what_is_new() -> None:
    store = RememberedStore(DictStore(Place(), time.time))
    store.put(NameRecord("a", "1"), replace=True)
    seen: list[Any] = []
    stop = store.watch(lambda name: seen.append(store.get(str(name))))
    store.get("a")
    store.put(NameRecord("a", "2"), replace=True)
    stop()
    store.close()
    assert seen == [NameRecord("a", "2")]


def test_it_needs_room(registry: Any) -> None:
    with pytest.raises(ValueError, match="room for one record"):
        RememberedStore(registry, 0)


@pytest.mark.parametrize("watched", [True, False])
def test_a_name_server_remembers_what_a_store_tells_of(watched: bool) -> None:
    """And nothing of another one's."""

    class Unwatched(DictStore):
        watch = None  # type: ignore[assignment]

    storage = DictStorage(DictStore if watched else Unwatched)

    class Plugin:
        @hookimpl
        def pyroplug_name_storages(self) -> list[Any]:
            return [storage]

    plugins = PluginSet(plugins={"own": Plugin()})
    store = opened_store("dict:anywhere", Configuration(environ={}), plugins)
    assert isinstance(store, RememberedStore) == watched
    store.put(NameRecord("a", "1"), replace=True)
    assert store.get("a") == storage.places["anywhere"].kept["a"]
    store.close()
