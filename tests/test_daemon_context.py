"""What travels beside calls, and calls that make calls of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from pyroplug.api import Daemon, Proxy, current_context, expose
from pyroplug.errors import PyroError

from .running import BOTH_MODELS, Running, Way

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


# Context


@expose
class Looking:
    def context(self) -> dict[str, Any]:
        return {
            "client": repr(current_context.client),
            "address": current_context.client_sock_addr,
            "seq": current_context.seq,
            "flags": current_context.msg_flags,
            "serializer": current_context.serializer_id,
            "annotations": {key: bytes(value).decode() for key, value in current_context.annotations.items()},
            "correlation": str(current_context.correlation_id),
        }

    def annotate(self, text: str) -> None:
        current_context.response_annotations = {"TEXT": text.encode()}

    def annotate_and_fail(self) -> None:
        current_context.response_annotations = {"LEAK": b"secret"}
        raise ValueError("failed")

    def nothing(self) -> None:
        pass

    def ask(self, uri: Any) -> Any:
        with Proxy(uri) as other:
            return other.context()


@EITHER
def test_the_context_of_a_call(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Looking()).proxy()
    proxy._pyroSerializer = "json"
    current_context.annotations = {"ABCD": b"text"}
    current_context.correlation_id = UUID(int=5)
    try:
        seen = proxy.context()
    finally:
        current_context.annotations = {}
        current_context.correlation_id = None
    assert (seen["seq"], seen["serializer"]) == (proxy._pyroSeq, 3)
    assert seen["annotations"] == {"ABCD": "text"}
    assert seen["correlation"] == str(UUID(int=5))
    if way.transport == "tcp":
        assert tuple(seen["address"]) == proxy._pyroLocalSocket
    assert proxy.context()["annotations"] == {}
    assert proxy.context()["correlation"] != proxy.context()["correlation"]
    assert current_context.client is None


@EITHER
def test_nothing_leaks_from_one_call_into_the_next(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Looking(), THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    first, second = running.proxy(), running.proxy()
    first.annotate("mine")
    assert bytes(current_context.response_annotations["TEXT"]) == b"mine"
    first.nothing()
    assert current_context.response_annotations == {}
    with pytest.raises(ValueError, match="failed"):
        first.annotate_and_fail()
    second.nothing()
    assert current_context.response_annotations == {}
    current_context.annotations = {"MINE": b"x"}
    try:
        first.nothing()
    finally:
        current_context.annotations = {}
    assert second.context()["annotations"] == {}


def test_nested_calls_get_the_correlation_id_and_not_the_annotations(
    run_daemon: Callable[..., Running],
) -> None:
    outer = run_daemon(Way("multiplex"), thing=Looking()).proxy()
    inner = run_daemon(Way("threadpool"), thing=Looking())
    current_context.annotations = {"MINE": b"x"}
    current_context.correlation_id = UUID(int=7)
    try:
        seen = outer.ask(inner.daemon.uriFor("thing"))
    finally:
        current_context.annotations = {}
        current_context.correlation_id = None
    assert seen["annotations"] == {}
    assert seen["correlation"] == str(UUID(int=7))


# Calls that come back


@expose
class Asking:
    def ask(self, proxy: Any, value: Any) -> Any:
        with proxy:
            return proxy.answer(value)


@expose
class Answering:
    def __init__(self) -> None:
        self.threads: list[str] = []

    def answer(self, value: Any) -> Any:
        self.threads.append(threading.current_thread().name)
        if value == "fail":
            raise ValueError("the caller's own")
        return ["answered", value]


@EITHER
def test_a_method_that_calls_its_caller(run_daemon: Callable[..., Running], way: Way) -> None:
    server = run_daemon(way, thing=Asking())
    client = run_daemon(way, answering=Answering())
    answering = client.daemon.objectsById["answering"]
    proxy = server.proxy()
    assert proxy.ask(answering, 1) == ["answered", 1]
    with pytest.raises(ValueError, match="the caller's own") as caught:
        proxy.ask(answering, "fail")
    assert "Remote traceback" in "".join(caught.value._pyroTraceback)  # type: ignore[attr-defined]


def test_a_method_that_calls_another_of_the_same_daemon(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(thing=Asking(), answering=Answering())
    answering = running.daemon.objectsById["answering"]
    assert running.proxy().ask(answering, 1) == ["answered", 1]


@EITHER
def test_registered_objects_become_proxies(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class Giving:
        def __init__(self) -> None:
            self._child = Answering()

        def child(self) -> Any:
            return [self._child]

        def adopt(self) -> Any:
            self._pyroDaemon.register(self._child)  # type: ignore[attr-defined]

        def disown(self) -> Any:
            self._pyroDaemon.unregister(self._child)  # type: ignore[attr-defined]

    proxy = run_daemon(way, thing=Giving()).proxy()
    with pytest.raises(PyroError, match="Answering"):
        proxy.child()
    proxy.adopt()
    with proxy.child()[0] as child:
        assert child.answer(1) == ["answered", 1]
    proxy.disown()
    with pytest.raises(PyroError, match="Answering"):
        proxy.child()


def test_the_daemons_own_object(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(thing=Looking())
    daemon = running.proxy("Pyro.Daemon")
    assert daemon.ping() is None
    assert set(daemon.registered()) == {"Pyro.Daemon", "thing"}
    assert "2 objects" in daemon.info()
    assert isinstance(running.daemon, Daemon)
    metadata = daemon.get_metadata("thing", as_lists=True)
    assert metadata["methods"] == sorted(metadata["methods"])
    for call in (daemon.get_metadata, daemon.get_next_stream_item):
        with pytest.raises(PyroError):
            call("nobody")
    assert daemon.close_stream("nobody") is None
