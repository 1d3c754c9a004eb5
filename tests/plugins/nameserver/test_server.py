"""The name server as its callers know it, without any connection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pyroplug_nameserver.server import OWN_TAGS, NameServer
from pyroplug_nameserver.storages import SqlStorage
from pyroplug_nameserver.storages.memory import MemoryStore

from pyroplug.api import URI
from pyroplug.config import Configuration
from pyroplug.contracts import NameRecord
from pyroplug.errors import NamingError, PyroError
from pyroplug.exposure import exposure_of

OWN = "Pyro.NameServer"
OWN_URI = "PYRO:Pyro.NameServer@ns.example:9090"
A = "PYRO:a@host:1"
B = "PYRO:b@host:1"


@pytest.fixture
def config() -> Configuration:
    return Configuration(environ={})


@pytest.fixture(params=["memory", "sql"])
def names(request: pytest.FixtureRequest, tmp_path: Any, config: Configuration) -> Iterator[NameServer]:
    store: Any = MemoryStore()
    if request.param == "sql":
        store = SqlStorage().open(str(tmp_path / "names.db"), config)
    yield NameServer(store, own=lambda: OWN_URI, config=config)
    store.close()


def test_exactly_eight_methods_can_be_called_from_afar() -> None:
    metadata = exposure_of(NameServer).metadata()
    eight = {"count", "list", "lookup", "ping", "register", "remove", "set_metadata", "yplookup"}
    assert metadata["methods"] == eight
    assert not metadata["attrs"]
    assert not metadata["oneway"]


def test_a_name_is_registered_and_looked_up(names: NameServer) -> None:
    assert names.ping() is None
    assert names.register("a", A, metadata=["x", "y", "x"]) is None
    names.register("b", URI(B))
    assert names.lookup("a") == URI(A)
    assert names.lookup("a", return_metadata=True) == (URI(A), {"x", "y"})
    assert names.lookup("b", True) == (URI(B), set())
    assert names.count() == 3
    with pytest.raises(NamingError, match="unknown name: nobody"):
        names.lookup("nobody")


def test_a_name_is_replaced_unless_that_shall_be_safe(names: NameServer) -> None:
    names.register("a", A, metadata={"x"})
    with pytest.raises(NamingError, match="already registered: a"):
        names.register("a", B, safe=True)
    assert names.lookup("a", True) == (URI(A), {"x"})
    names.register("a", B)
    assert names.lookup("a", True) == (URI(B), set())


@pytest.mark.parametrize("wrong", [None, 5, b"PYRO:a@h:1", ["PYRO:a@h:1"]])
def test_a_uri_is_a_text_or_a_uri(names: NameServer, wrong: Any) -> None:
    with pytest.raises(TypeError, match="URI or a text"):
        names.register("a", wrong)


@pytest.mark.parametrize("call", ["lookup", "register", "set_metadata"])
def test_a_name_is_a_text(names: NameServer, call: str) -> None:
    arguments = {"lookup": (), "register": (A,), "set_metadata": (["x"],)}[call]
    with pytest.raises(TypeError, match="a name is a text, not a int"):
        getattr(names, call)(5, *arguments)


def test_a_text_that_is_no_uri_is_not_registered(names: NameServer) -> None:
    with pytest.raises(PyroError, match="invalid URI"):
        names.register("a", "http://example.org")
    assert names.list() == {OWN: OWN_URI}


@pytest.mark.parametrize("wrong", ["tag", b"tag", 5, [5], ["tag", None]])
def test_tags_are_a_collection_of_texts(names: NameServer, wrong: Any) -> None:
    names.register("a", A, metadata={"before"})
    for call in (
        lambda: names.register("a", B, metadata=wrong),
        lambda: names.set_metadata("a", wrong),
        lambda: names.yplookup(meta_all=wrong),
        lambda: names.yplookup(meta_any=wrong),
    ):
        with pytest.raises(TypeError, match=r"tags? (are|is) a"):
            call()
    assert names.lookup("a", True) == (URI(A), {"before"})


def test_tags_are_replaced(names: NameServer) -> None:
    names.register("a", A, metadata={"x"})
    names.set_metadata("a", ("y", "z"))
    assert names.lookup("a", True) == (URI(A), {"y", "z"})
    names.set_metadata("a", None)
    assert names.lookup("a", True) == (URI(A), set())
    with pytest.raises(NamingError, match="unknown name: b"):
        names.set_metadata("b", {"x"})


def test_names_are_listed(names: NameServer) -> None:
    for name in ("test_1", "testX1", "TEST_2", "test%", "other"):
        names.register(name, A, metadata={name})
    assert set(names.list()) == {"test_1", "testX1", "TEST_2", "test%", "other", OWN}
    assert names.list(prefix="test_") == {"test_1": A}
    assert names.list(prefix="test%") == {"test%": A}
    assert set(names.list(prefix="t")) == {"test_1", "testX1", "test%"}
    assert names.list(prefix="other", return_metadata=True) == {"other": (A, {"other"})}
    assert set(names.list(regex="test.*")) == {"test_1", "testX1", "test%"}
    assert names.list(regex="test") == {}, "a pattern matches whole names"
    assert names.list(regex="(?i)test_\\d", return_metadata=True) == {
        "test_1": (A, {"test_1"}),
        "TEST_2": (A, {"TEST_2"}),
    }
    with pytest.raises(ValueError, match="not both"):
        names.list("a", "b")
    with pytest.raises(NamingError, match="invalid regex"):
        names.list(regex="(")
    for wrong in ({"prefix": 5}, {"regex": 5}):
        with pytest.raises(TypeError):
            names.list(**wrong)


def test_names_are_looked_up_by_their_tags(names: NameServer) -> None:
    names.register("a", A, metadata={"x", "y"})
    names.register("b", B, metadata={"y", "z"})
    assert names.yplookup(meta_all=["x", "y", "x"]) == {"a": (A, {"x", "y"})}
    assert names.yplookup(meta_all=["y"], return_metadata=False) == {"a": A, "b": B}
    assert names.yplookup(meta_any={"x", "z"}, return_metadata=False) == {"a": A, "b": B}
    assert names.yplookup(meta_any={"nothing"}) == {}
    assert names.yplookup() == {}
    with pytest.raises(ValueError, match="not both"):
        names.yplookup(["x"], ["y"])


def test_names_are_removed(names: NameServer) -> None:
    for name in ("test_1", "testX1", "TEST_2", "other1", "other2"):
        names.register(name, A)
    assert names.remove() == 0
    assert names.remove("nobody") == 0
    assert names.remove("TEST_2") == 1
    assert names.remove(prefix="test_") == 1
    assert names.remove(regex="other.") == 2
    assert set(names.list()) == {"testX1", OWN}


# The server's own entry


def test_the_own_entry_is_laid_over_the_store(names: NameServer) -> None:
    assert names.lookup(OWN, True) == (URI(OWN_URI), set(OWN_TAGS))
    assert names.count() == 1
    assert names.storage.count() == 0
    assert names.list(prefix="Pyro.") == {OWN: OWN_URI}
    assert names.list(regex=r"Pyro\..*", return_metadata=True) == {OWN: (OWN_URI, set(OWN_TAGS))}
    assert names.yplookup(meta_all=OWN_TAGS) == {OWN: (OWN_URI, set(OWN_TAGS))}
    assert names.yplookup(meta_any=["class:Pyro5.nameserver.NameServer"], return_metadata=False) == {
        OWN: OWN_URI
    }
    assert names.list(prefix="a") == names.list(regex="a") == names.yplookup(meta_all=["a"]) == {}


def test_an_entry_of_that_name_in_the_store_does_not_count(names: NameServer) -> None:
    names.storage.put(NameRecord(OWN, B, frozenset({"t"})), replace=True)
    assert names.lookup(OWN) == URI(OWN_URI)
    assert names.count() == 1
    assert names.list() == names.list(prefix="Pyro") == names.list(regex="Pyro.*") == {OWN: OWN_URI}
    assert names.yplookup(meta_any=["t"]) == {}
    assert names.remove(OWN) == names.remove(prefix="Pyro") == names.remove(regex=".*") == 0


def test_the_own_entry_cannot_be_taken_over_or_removed(names: NameServer) -> None:
    names.register("a", A)
    for safe in (False, True):
        with pytest.raises(NamingError, match="reserved"):
            names.register(OWN, B, safe=safe)
    with pytest.raises(NamingError, match="reserved"):
        names.set_metadata(OWN, {"x"})
    assert names.remove(OWN) == 0
    assert names.remove(prefix="Pyro.Name") == 0
    assert names.remove(regex=".*") == 1
    assert names.lookup(OWN, True) == (URI(OWN_URI), set(OWN_TAGS))


def test_a_name_server_by_itself_has_no_own_entry(config: Configuration) -> None:
    names = NameServer(config=config)
    assert names.count() == 0
    assert names.list() == {}
    names.register(OWN, OWN_URI, metadata=OWN_TAGS)
    assert names.count() == 1
    assert names.remove(OWN) == 1


# Leases


def test_a_name_lapses_unless_registered_again(config: Configuration) -> None:
    now = [1000.0]
    config.NS_LEASE = 30.0
    names = NameServer(MemoryStore(lambda: now[0]), config=config, clock=lambda: now[0])
    names.register("a", A)
    names.register("b", B)
    now[0] += 20
    names.register("b", B)
    names.set_metadata("a", {"x"})
    now[0] += 20
    assert names.list() == {"b": B}, "tags do not prolong it"
    assert names.count() == 1


def test_what_is_stale_is_forgotten_unless_it_was_registered_anew(names: NameServer) -> None:
    names.register("a", A)
    assert not names.forget_stale("a", B)
    assert not names.forget_stale("b", B)
    assert names.forget_stale("a", A)
    assert set(names.list()) == {OWN}
    assert not names.forget_stale(OWN, OWN_URI)
