"""Registered objects travel as proxies, in every serializer and in everything that travels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Proxy, expose
from pyroplug.errors import PyroError
from tests.features.programs import pyro5_proxy, pyro5_server
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
SERIALIZERS = ("serpent", "json", "marshal", "msgpack")
EACH = pytest.mark.parametrize("serializer", SERIALIZERS)


@expose
class Child:
    def __init__(self, name: str) -> None:
        self.secret = name

    def name(self) -> str:
        return self.secret


@expose
class Parent:
    def __init__(self) -> None:
        self._children = [Child("first"), Child("second")]

    def enroll(self) -> None:
        for child in self._children:
            self._pyroDaemon.register(child)  # type: ignore[attr-defined]

    def child(self) -> Any:
        return self._children[0]

    def children(self) -> Any:
        return {"all": list(self._children), "nested": [{"deep": (self._children[1],)}]}

    def each(self) -> Iterator[Any]:
        yield from self._children
        yield [self._children[0]]

    @property
    def eldest(self) -> Any:
        return self._children[0]

    def greet(self, someone: Any) -> str:
        with someone:
            return f"hello {someone.name()}"

    def greet_all(self, everybody: Any) -> list[str]:
        return [self.greet(one) for one in everybody["list"]]

    def new(self, name: str) -> Any:
        child = Child(name)
        self._pyroDaemon.register(child)  # type: ignore[attr-defined]
        return child

    def forget(self, object_id: str) -> None:
        self._pyroDaemon.unregister(object_id)  # type: ignore[attr-defined]


def name_of(proxy: Any) -> str:
    assert isinstance(proxy, Proxy)
    with proxy:
        proxy._pyroTimeout = PATIENCE
        return str(proxy.name())


@pytest.fixture
def family(run_daemon: Callable[..., Running]) -> Callable[..., Any]:
    """Makes a proxy for a parent, whose children are registered."""

    def family(way: Way, serializer: str, **arguments: Any) -> Any:
        proxy = run_daemon(way, parent=Parent(), SERIALIZERS_ACCEPTED=SERIALIZERS).proxy(
            "parent", **arguments
        )
        proxy._pyroSerializer = serializer
        proxy.enroll()
        return proxy

    return family


@EITHER
@EACH
def test_results(family: Callable[..., Any], way: Way, serializer: str) -> None:
    parent = family(way, serializer)
    assert name_of(parent.child()) == "first"
    assert name_of(parent.eldest) == "first"
    children = parent.children()
    assert [name_of(child) for child in children["all"]] == ["first", "second"]
    assert name_of(children["nested"][0]["deep"][0]) == "second"


@EITHER
@EACH
def test_items_of_iterators(family: Callable[..., Any], way: Way, serializer: str) -> None:
    first, second, several = family(way, serializer).each()
    assert [name_of(one) for one in (first, second, several[0])] == ["first", "second", "first"]


@EITHER
@EACH
def test_arguments(
    family: Callable[..., Any], run_daemon: Callable[..., Running], way: Way, serializer: str
) -> None:
    parent = family(way, serializer)
    mine = Child("mine")
    run_daemon(way, mine=mine, SERIALIZERS_ACCEPTED=SERIALIZERS)
    assert parent.greet(mine) == "hello mine"
    assert parent.greet_all({"list": [mine, mine]}) == ["hello mine"] * 2


@EITHER
@EACH
def test_what_is_not_registered_stays_at_home(
    run_daemon: Callable[..., Running], way: Way, serializer: str
) -> None:
    parent = run_daemon(way, parent=Parent(), SERIALIZERS_ACCEPTED=SERIALIZERS).proxy("parent")
    parent._pyroSerializer = serializer
    with pytest.raises(PyroError, match="Child"):
        parent.child()
    parent.enroll()
    assert name_of(parent.child()) == "first"


@EITHER
def test_results_live_until_they_are_unregistered(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, parent=Parent())
    parent = running.proxy("parent")
    made = [parent.new(name) for name in ("one", "two")]
    uris = [proxy._pyroUri for proxy in made]
    for proxy in made:
        proxy._pyroRelease()
    parent._pyroRelease()
    assert len(running.daemon.objectsById) == 4
    again = running.proxy("parent")
    assert [name_of(Proxy(uri)) for uri in uris] == ["one", "two"]
    again.forget(uris[0].object)
    with Proxy(uris[0]) as gone, pytest.raises(PyroError, match="unknown object"):
        gone.name()


PYRO5 = """
@expose
class Parent:
    def __init__(self):
        self._child = Child()
    def enroll(self):
        self._pyroDaemon.register(self._child)
    def child(self):
        return [self._child]
    def greet(self, someone):
        with someone:
            return "hello " + someone.name()
@expose
class Child:
    def name(self):
        return "of Pyro5"
objects = {"parent": Parent()}
"""


@SERVER
def test_with_real_pyro5_at_either_end(
    family: Callable[..., Any], run_daemon: Callable[..., Running], server: str
) -> None:
    mine = Child("mine")
    run_daemon(Way(server), mine=mine)
    program, location = pyro5_server(PYRO5, "multiplex" if server == "multiplex" else "thread")
    with program, Proxy(f"PYRO:parent@{location}") as parent:
        parent.enroll()
        assert name_of(parent.child()[0]) == "of Pyro5"
        assert parent.greet(mine) == "hello mine"
        theirs = pyro5_proxy(f"PYRO:parent@{location}")
        with theirs, theirs.child()[0] as child:
            ours = family(Way(server), "serpent", cls=pyro5_proxy)
            with ours.child() as first:
                assert first.name() == "first"
            assert ours.greet(child) == "hello of Pyro5"
