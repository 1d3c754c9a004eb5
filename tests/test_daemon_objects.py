"""The objects of a daemon: registered, known by addresses and proxies, forgotten."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Daemon, DaemonObject, Proxy, config, expose
from pyroplug.errors import DaemonError
from pyroplug.plugins import PluginSet
from pyroplug.uri import URI
from pyroplug.values import registry

from .running import BOTH_MODELS, Running, Way, settings


@expose
class Thing:
    def name(self) -> str:
        return "thing"


@expose
class Slotted:
    __slots__ = ("__weakref__", "size")

    def name(self) -> str:
        return "slotted"


class Derived(Thing):
    pass


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    with Daemon(config=settings()) as daemon:
        yield daemon


# Registering


def test_registering_gives_an_address(daemon: Daemon) -> None:
    thing = Thing()
    uri = daemon.register(thing, "thing")
    assert uri == URI(f"PYRO:thing@{daemon.locationStr}")
    assert daemon.objectsById["thing"] is thing
    assert (thing._pyroId, thing._pyroDaemon) == ("thing", daemon)  # type: ignore[attr-defined]


def test_ids_that_nobody_can_guess(daemon: Daemon) -> None:
    first, second = daemon.register(Thing()), daemon.register(Thing())
    assert first.object.startswith("obj_")
    assert len(first.object) == len("obj_") + 32
    assert first != second


def test_a_taken_id(daemon: Daemon) -> None:
    first, second = Thing(), Thing()
    daemon.register(first, "thing")
    with pytest.raises(DaemonError, match="'thing'") as caught:
        daemon.register(second, "thing")
    assert caught.value.hint
    assert daemon.objectsById["thing"] is first
    daemon.register(second, "thing", force=True)
    assert daemon.objectsById["thing"] is second


def test_an_object_twice(daemon: Daemon) -> None:
    thing = Thing()
    daemon.register(thing, "one")
    with pytest.raises(DaemonError, match="'one'"):
        daemon.register(thing, "two")
    daemon.register(thing, "two", force=True)
    assert daemon.uriFor(thing).object == "two"
    assert daemon.objectsById["one"] is thing
    daemon.unregister("one")
    assert daemon.uriFor(thing).object == "two"
    daemon.register(thing, "two", force=True)
    assert daemon.uriFor(thing).object == "two"


def test_what_was_replaced_is_registered_no_longer(daemon: Daemon) -> None:
    old, new = Thing(), Thing()
    daemon.register(old, "thing")
    daemon.register(new, "thing", force=True)
    for ask in (daemon.uriFor, daemon.unregister, daemon.proxyFor):
        with pytest.raises(DaemonError, match="not registered"):
            ask(old)
    assert daemon.objectsById["thing"] is new
    assert daemon.register(old, "again").object == "again"


def test_an_object_of_another_daemon_is_not_registered_in_this_one(daemon: Daemon) -> None:
    mine, theirs = Thing(), Thing()
    daemon.register(mine, "thing")
    with Daemon(config=settings()) as other:
        other.register(theirs, "thing")
        for ask in (daemon.uriFor, daemon.unregister):
            with pytest.raises(DaemonError, match="not registered"):
                ask(theirs)
    assert daemon.objectsById["thing"] is mine


def test_what_a_closed_daemon_had_is_free_for_others(daemon: Daemon) -> None:
    thing = Thing()
    with Daemon(config=settings()) as other:
        other.register(thing, "thing")
        other.register(Derived, "class")
        for target in (thing, Derived):
            with pytest.raises(DaemonError, match="registered already"):
                daemon.register(target)
    for target in (thing, Derived):
        uri = daemon.register(target)
        assert daemon.uriFor(target) == uri
        daemon.unregister(target)


def test_a_class_and_its_instances_are_different_things(daemon: Daemon) -> None:
    daemon.register(Derived, "class")
    try:
        assert daemon.objectsById["class"] is Derived
        assert daemon.uriFor(Derived()).object == "class"
        instance = Derived()
        assert daemon.register(instance, "instance").object == "instance"
        assert daemon.uriFor(instance).object == "instance"
        base = Thing()
        with pytest.raises(DaemonError):
            daemon.uriFor(base)
        assert daemon.register(Thing, "base").object == "base"
    finally:
        daemon.unregister(Derived)
        daemon.unregister(Thing)


def test_a_derived_class_is_registered_by_itself(daemon: Daemon) -> None:
    daemon.register(Thing, "base")
    try:
        with pytest.raises(DaemonError, match="not registered"):
            daemon.uriFor(Derived)
        assert daemon.register(Derived, "derived").object == "derived"
        daemon.unregister(Derived)
        assert daemon.uriFor(Thing).object == "base"
    finally:
        daemon.unregister(Thing)


@pytest.mark.parametrize("object_id", [5, b"thing", ("a",), Thing()])
def test_ids_are_texts(daemon: Daemon, object_id: Any) -> None:
    with pytest.raises(TypeError, match="text"):
        daemon.register(Thing(), object_id)


def test_what_takes_no_attributes_cannot_be_registered(daemon: Daemon) -> None:
    with pytest.raises(AttributeError, match="_pyroId"):
        daemon.register(Slotted(), "slotted")
    assert "slotted" not in daemon.objectsById


def test_a_failed_registration_replaces_nothing(daemon: Daemon) -> None:
    thing = Thing()
    daemon.register(thing, "thing")
    with pytest.raises(AttributeError):
        daemon.register(Slotted(), "thing", force=True)
    assert daemon.objectsById["thing"] is thing
    assert daemon.uriFor(thing).object == "thing"


def test_a_class_that_exposes_nothing() -> None:
    class Hidden:
        def name(self) -> str:
            return "hidden"

    with Daemon(config=settings()) as daemon:
        for target in (Hidden, Hidden(), 5, object()):
            with pytest.raises(DaemonError, match=r"Hidden|int|object") as caught:
                daemon.register(target)
            assert "@expose" in str(caught.value.hint)
        assert list(daemon.objectsById) == ["Pyro.Daemon"]


# Forgetting


def test_unregistering(daemon: Daemon) -> None:
    for by in (lambda thing: thing, lambda _: "thing"):
        thing = Thing()
        daemon.register(thing, "thing")
        daemon.unregister(by(thing))
        assert "thing" not in daemon.objectsById
        assert not hasattr(thing, "_pyroId")
        assert not hasattr(thing, "_pyroDaemon")


def test_unregistering_what_is_not_there(daemon: Daemon) -> None:
    daemon.unregister("nobody")
    with pytest.raises(DaemonError, match="not registered"):
        daemon.unregister(Thing())
    with pytest.raises(ValueError, match="None"):
        daemon.unregister(None)


def test_the_daemons_own_object_stays(daemon: Daemon) -> None:
    own = daemon.objectsById["Pyro.Daemon"]
    daemon.unregister("Pyro.Daemon")
    daemon.unregister(own)
    assert daemon.objectsById["Pyro.Daemon"] is own
    assert isinstance(own, DaemonObject)


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
def test_weak_registration(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way)
    thing = Thing()
    running.daemon.register(thing, "thing", weak=True)
    proxy = running.proxy()
    assert proxy.name() == "thing"
    del thing
    gc.collect()
    assert "thing" not in running.daemon.objectsById
    with pytest.raises(DaemonError, match="thing"):
        proxy.name()


def test_a_class_cannot_be_registered_weakly(daemon: Daemon) -> None:
    with pytest.raises(TypeError, match="weak"):
        daemon.register(Thing, weak=True)
    assert not hasattr(Thing, "_pyroId")


def test_a_weakly_registered_object_does_not_keep_the_daemon() -> None:
    thing = Thing()
    daemon = Daemon(config=settings())
    daemon.register(thing, weak=True)
    daemon.close()
    daemon.unregister(thing)
    gone = weakref.ref(daemon)
    del daemon
    gc.collect()
    assert gone() is None


def test_a_closed_daemon_is_not_kept_by_anything() -> None:
    daemon = Daemon(config=settings())
    gone = weakref.ref(daemon)
    daemon.close()
    del daemon
    gc.collect()
    assert gone() is None


# Addresses and proxies


def test_any_text_has_an_address(daemon: Daemon) -> None:
    assert daemon.uriFor("whatever").object == "whatever"
    for target in (Thing(), Thing, 5, None):
        with pytest.raises(DaemonError, match="not registered"):
            daemon.uriFor(target)


def test_proxies_know_their_objects(daemon: Daemon) -> None:
    thing = Thing()
    daemon.register(thing, "thing")
    for by in ("thing", thing):
        proxy = daemon.proxyFor(by)
        assert proxy._pyroMethods == {"name"}
        assert proxy._pyroConnection is None
        assert proxy._pyroUri == daemon.uriFor("thing")
    with pytest.raises(DaemonError, match="unknown object"):
        daemon.proxyFor("nobody")
    with pytest.raises(DaemonError, match="not registered"):
        daemon.proxyFor(Thing())


def test_proxies_have_the_daemons_plugins_and_configuration() -> None:
    plugins = PluginSet(block=["serpent"])
    own = settings(SERIALIZER="json", SERIALIZERS_ACCEPTED=("json",), MAX_RETRIES=3)
    with Daemon(config=own, plugins=plugins) as daemon:
        daemon.register(Thing(), "thing")
        proxy = daemon.proxyFor("thing")
        assert proxy._pyroMaxRetries == 3
        assert proxy._pyroChannel.plugins() is plugins
    assert config.MAX_RETRIES == 0


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
def test_methods_that_come_later(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class Growing:
        def first(self) -> int:
            return 1

    running = run_daemon(way, thing=Growing())
    proxy = running.proxy()
    proxy._pyroBind()
    Growing.second = expose(lambda self: 2)  # type: ignore[attr-defined]
    Growing.second.__name__ = "second"  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        _ = proxy.second
    running.daemon.resetMetadataCache("thing")
    proxy._pyroGetMetadata()
    assert proxy.second() == 2
    with pytest.raises(DaemonError):
        running.daemon.resetMetadataCache("nobody")


# Daemons as values


def test_a_daemon_travels_as_an_empty_one(daemon: Daemon) -> None:
    made = registry.from_dict(registry.to_dict(daemon))
    assert isinstance(made, Daemon)
    assert "Daemon" in repr(made)
    assert made.locationStr == ""
    made.close()
    made.shutdown()
    with pytest.raises(Exception, match="closed"):
        made.requestLoop()


def test_an_object_that_refers_to_its_daemon_travels(run_daemon: Callable[..., Running]) -> None:
    @expose
    class Owner:
        def daemon(self) -> Any:
            return self._pyroDaemon  # type: ignore[attr-defined]

    assert isinstance(run_daemon(thing=Owner()).proxy().daemon(), Daemon)


def test_pickled_proxies_of_a_daemon(daemon: Daemon) -> None:
    daemon.register(Thing(), "thing")
    twin: Proxy[Any] = pickle.loads(pickle.dumps(daemon.proxyFor("thing")))
    assert twin._pyroMethods == {"name"}
