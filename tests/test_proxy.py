"""A proxy as a Python object: attributes, properties, special methods, equality, text, copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import URI, Proxy, config, current_context, expose, oneway
from pyroplug.errors import PluginUnavailableError, PyroError
from pyroplug.plugins import PluginSet

from .running import BOTH_MODELS, Running, settings

NOWHERE = "PYRO:thing@127.0.0.1:1"


class Thing:
    """Some members are exposed."""

    def __init__(self) -> None:
        self.level_ = 1
        self.plain = "not exposed"

    @expose
    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return [list(args), kwargs]

    @expose
    @oneway
    def forget(self) -> None:
        pass

    @expose
    @property
    def level(self) -> Any:
        return self.level_

    @level.setter
    def level(self, value: Any) -> None:
        self.level_ = value

    @expose
    @property
    def constant(self) -> str:
        return "always"

    @property
    def hidden(self) -> str:
        raise AssertionError("nobody may get here")

    def secret(self) -> None:
        raise AssertionError("nobody may get here")


@expose
class Container:
    def __init__(self) -> None:
        self.items = {"a": 1, "b": 2}

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, key: str) -> int:
        return self.items[key]

    def __setitem__(self, key: str, value: int) -> None:
        self.items[key] = value

    def __delitem__(self, key: str) -> None:
        del self.items[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.items)

    def __contains__(self, key: str) -> bool:
        return key in self.items


@expose
class Indexed:
    def __getitem__(self, index: int) -> str:
        return ["a", "b", "c"][index]


@expose
class Falsy:
    def __bool__(self) -> bool:
        return False

    def __len__(self) -> int:
        return 0


@pytest.fixture(params=BOTH_MODELS, ids=str)
def running(run_daemon: Callable[..., Running], request: pytest.FixtureRequest) -> Running:
    return run_daemon(request.param, thing=Thing(), container=Container(), indexed=Indexed(), falsy=Falsy())


@pytest.fixture
def proxy(running: Running) -> Any:
    return running.proxy()


# Made


def test_making_one_connects_to_nothing() -> None:
    proxy: Any = Proxy(NOWHERE)
    assert proxy._pyroConnection is None
    assert proxy._pyroLocalSocket is None
    assert proxy._pyroUri == URI(NOWHERE)
    assert proxy._pyroMethods == proxy._pyroAttrs == proxy._pyroOneway == set()
    assert (proxy._pyroTimeout, proxy._pyroMaxRetries, proxy._pyroSerializer) == (0.0, 0, None)
    assert (proxy._pyroSeq, proxy._pyroHandshake, proxy._pyroRawWireResponse) == (0, "hello", False)
    assert repr(proxy).endswith("; not connected; for PYRO:thing@127.0.0.1:1>")


def test_what_it_cannot_be_made_of() -> None:
    for uri in (5, None, b"PYRO:x@h:1", ["PYRO:x@h:1"]):
        with pytest.raises(TypeError):
            Proxy(uri)  # type: ignore[arg-type]
    with pytest.raises(PyroError, match="nonsense"):
        Proxy("nonsense")
    own = settings(SERIALIZER="morse")
    with pytest.raises(PluginUnavailableError, match="morse"):
        Proxy(NOWHERE, config=own)
    with pytest.raises(ValueError, match="morse"):
        Proxy(NOWHERE, config=own)
    with pytest.raises(PluginUnavailableError, match="serpent"):
        Proxy(NOWHERE, plugins=PluginSet(block=["serpent"]))


def test_the_configuration_is_asked_when_it_is_made() -> None:
    proxy: Any = Proxy(NOWHERE, config=settings(COMMTIMEOUT=2.5, MAX_RETRIES=3))
    assert (proxy._pyroTimeout, proxy._pyroMaxRetries) == (2.5, 3)
    assert config.MAX_RETRIES == 0


def test_making_one_forgets_the_annotations_of_the_last_answer() -> None:
    current_context.response_annotations = {"LAST": b"x"}
    Proxy(NOWHERE)
    assert current_context.response_annotations == {}


# Attributes


def test_methods(proxy: Any) -> None:
    method = proxy.echo
    assert "<remote method 'echo'>" in repr(method)
    assert method.__name__ == "echo"
    assert method(1, a=2) == proxy.echo(1, a=2) == [[1], {"a": 2}]
    assert proxy._pyroMethods == {"echo", "forget"}
    assert proxy._pyroOneway == {"forget"}
    assert proxy._pyroAttrs == {"level", "constant"}


def test_properties(proxy: Any) -> None:
    assert proxy.level == 1
    proxy.level = ["new"]
    assert proxy.level == ["new"]
    with pytest.raises(AttributeError, match="constant"):
        proxy.constant = 1
    assert proxy.constant == "always"


def test_unknown_names_need_no_round_trip(proxy: Any) -> None:
    proxy._pyroBind()
    for name in ("nothing", "plain", "hidden", "secret", "level_", "_private", "__private"):
        with pytest.raises(AttributeError, match=name) as caught:
            getattr(proxy, name)
        assert str(proxy._pyroUri) in str(caught.value)
        assert not hasattr(proxy, name)
    for name in ("nothing", "plain", "hidden", "echo", "_private"):
        with pytest.raises(AttributeError, match=name):
            setattr(proxy, name, 1)
    assert proxy._pyroSeq == 0
    assert proxy.echo() == [[], {}]


def test_the_server_refuses_them_as_well(proxy: Any) -> None:
    for name in ("nothing", "plain", "hidden", "secret", "_private", "__class__", "echo.__func__"):
        with pytest.raises(AttributeError):
            proxy._pyroInvoke(name, (), {})
        with pytest.raises(AttributeError):
            proxy._pyroInvoke("__getattr__", (name,), {})
        with pytest.raises(AttributeError):
            proxy._pyroInvoke("__setattr__", (name, 1), {})


def test_methods_of_methods(proxy: Any) -> None:
    with pytest.raises(AttributeError):
        proxy.echo.echo()


def test_own_names_are_not_remote() -> None:
    proxy: Any = Proxy(NOWHERE)
    with pytest.raises(AttributeError, match="_pyroNothing"):
        _ = proxy._pyroNothing
    for name in ("__deepcopy__", "__wrapped__", "__await__", "__signature__", "__getinitargs__"):
        assert not hasattr(proxy, name)
    proxy._pyroOwn = 5
    assert proxy._pyroOwn == 5
    assert not callable(proxy)


def test_dir(proxy: Any) -> None:
    before = set(dir(proxy))
    assert {"_pyroBind", "_pyroUri"} <= before
    assert "echo" not in before
    proxy._pyroBind()
    assert set(dir(proxy)) == before | {"echo", "forget", "level", "constant"}


def test_one_way_names_may_be_changed(proxy: Any) -> None:
    proxy._pyroBind()
    proxy._pyroOneway.add("echo")
    assert proxy.echo() is None
    proxy._pyroOneway.clear()
    assert proxy.echo() == [[], {}]
    assert proxy.forget() is None


def test_one_way_names_concern_no_other_object(proxy: Any) -> None:
    proxy._pyroBind()
    proxy._pyroOneway.add("registered")
    assert "thing" in proxy._pyroInvoke("registered", (), {}, objectId="Pyro.Daemon")


# Special methods


def test_containers(running: Running) -> None:
    proxy = running.proxy("container")
    assert len(proxy) == 2
    assert proxy["a"] == 1
    proxy["c"] = 3
    del proxy["a"]
    assert list(proxy) == ["b", "c"]
    assert list(iter(proxy)) == ["b", "c"]
    assert [*proxy] == ["b", "c"]
    assert "b" in proxy
    assert "x" not in proxy
    with pytest.raises(KeyError):
        proxy["a"]


def test_iteration_by_index(running: Running) -> None:
    proxy = running.proxy("indexed")
    assert list(proxy) == ["a", "b", "c"]
    assert "b" in proxy
    first, *rest = proxy
    assert (first, rest) == ("a", ["b", "c"])


def test_special_methods_that_are_not_there(proxy: Any) -> None:
    for attempt in (
        lambda: len(proxy),
        lambda: proxy[0],
        lambda: proxy.__setitem__(0, 1),
        lambda: proxy.__delitem__(0),
        lambda: list(proxy),
    ):
        for error in (AttributeError, TypeError):
            with pytest.raises(error, match="__"):
                attempt()
    with pytest.raises(TypeError):
        proxy()


def test_it_is_always_true(running: Running) -> None:
    assert bool(running.proxy("falsy"))
    assert bool(Proxy(NOWHERE))


# Settings


def test_the_serializer_is_chosen_by_name(proxy: Any) -> None:
    proxy._pyroSerializer = "msgpack"
    assert proxy.echo(b"\x00") == [[b"\x00"], {}]
    proxy._pyroRelease()
    proxy._pyroSerializer = "morse"
    with pytest.raises(PluginUnavailableError, match="morse"):
        proxy.echo()
    with pytest.raises(LookupError):
        proxy.echo()
    proxy._pyroSerializer = None
    assert proxy.echo() == [[], {}]


def test_the_raw_answer(proxy: Any) -> None:
    proxy._pyroRawWireResponse = True
    message = proxy.echo(1)
    assert (message.sequence, message.serializer_id) == (proxy._pyroSeq, 1)
    assert b"[1]" in bytes(message.payload)


def test_the_sequence_number_begins_anew_after_65535(proxy: Any) -> None:
    proxy._pyroBind()
    proxy._pyroSeq = 0xFFFE
    for number in (0xFFFF, 0, 1):
        assert proxy.echo(number) == [[number], {}]
        assert proxy._pyroSeq == number


def test_metadata_of_another_object(proxy: Any) -> None:
    proxy._pyroGetMetadata("container")
    assert "__len__" in proxy._pyroMethods
    proxy._pyroGetMetadata(known_metadata={"methods": ["a"], "oneway": [], "attrs": []})
    assert proxy._pyroMethods == {"a"}
    with pytest.raises(PyroError, match="expose"):
        proxy._pyroGetMetadata(known_metadata={"methods": [], "oneway": [], "attrs": []})
    for bad in (
        {},
        5,
        {"methods": [1], "oneway": [], "attrs": []},
        {"methods": 1, "oneway": [], "attrs": []},
    ):
        with pytest.raises(PyroError, match="metadata"):
            proxy._pyroGetMetadata(known_metadata=bad)


def test_a_subclass_that_overrides_invoke(running: Running) -> None:
    seen: list[Any] = []

    class Noting(Proxy[Any]):
        def _pyroInvoke(self, methodname: str, *args: Any, **kwargs: Any) -> Any:
            seen.append(methodname)
            return super()._pyroInvoke(methodname, *args, **kwargs)

    proxy = running.proxy(cls=Noting)
    assert proxy.echo(1) == [[1], {}]
    assert proxy.echo(2) == [[2], {}]
    assert proxy.level == 1
    proxy.level = 2
    proxy.forget()
    assert seen == ["echo", "echo", "__getattr__", "__setattr__", "forget"]
    del seen[:]
    container = running.proxy("container", cls=Noting)
    assert len(container) == 2
    assert seen == ["__len__"]


def test_a_proxy_whose_invoke_is_replaced(proxy: Any) -> None:
    proxy._pyroInvoke = lambda *args, **kwargs: ("replaced", args[0])
    proxy._pyroBind()
    assert proxy.echo() == ("replaced", "echo")
    del proxy.__dict__["_pyroInvoke"]
    assert proxy.echo() == [[], {}]


def test_a_replacement_in_the_class_counts(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Proxy, "_pyroInvoke", lambda self, *args, **kwargs: ("replaced", args[0]))
    proxy = running.proxy()
    proxy._pyroBind()
    assert proxy.echo() == ("replaced", "echo")


def test_a_replacement_counts_also_after_the_first_call(proxy: Any) -> None:
    assert proxy.echo() == [[], {}]
    proxy._pyroInvoke = lambda *args, **kwargs: ("replaced", args[0])
    assert proxy.echo() == ("replaced", "echo")
