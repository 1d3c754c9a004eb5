"""Objects that are served: instance modes, callbacks, and how they are registered."""

from __future__ import annotations

import gc
import logging
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, behavior, callback, current_context, expose
from pyroplug.errors import DaemonError, PyroError
from tests.features.programs import Program
from tests.running import BOTH_MODELS, Running, Way, settings
from tests.support import PATIENCE, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])


# Instance modes


def counting(mode: str, creator: Callable[[Any], Any] | None = None) -> Any:
    """A class that counts its instances, and whose instances are all false."""

    @behavior(instance_mode=mode, instance_creator=creator)
    @expose
    class Counting:
        made = 0

        def __init__(self, how: str = "plainly") -> None:
            type(self).made += 1
            self._number = type(self).made
            self._how = how

        def __bool__(self) -> bool:
            return False

        def __len__(self) -> int:
            return 0

        def number(self) -> int:
            return self._number

        def how(self) -> str:
            return self._how

        @property
        def view(self) -> int:
            return self._number

        def numbers(self) -> Iterator[int]:
            for _ in range(3):
                yield self._number

    return Counting


@EITHER
def test_a_session_has_its_own_instance(run_daemon: Callable[..., Running], way: Way) -> None:
    cls = counting("session")
    running = run_daemon(way, thing=cls)
    assert cls.made == 0
    first, second = running.proxy(), running.proxy()
    first._pyroBind()
    assert cls.made == 0
    assert [first.number(), second.number(), first.number(), first.view, second.view] == [1, 2, 1, 1, 2]
    assert list(second.numbers()) == [2, 2, 2]
    first._pyroRelease()
    assert first.number() == 3


@EITHER
def test_instances_go_with_their_session(run_daemon: Callable[..., Running], way: Way) -> None:
    cls, gone = counting("session"), threading.Event()

    def creator(made: Any) -> Any:
        instance = made()
        weakref.finalize(instance, gone.set).atexit = False
        return instance

    running = run_daemon(way, thing=behavior("session", creator)(cls))
    proxy = running.proxy()
    assert proxy.number() == 1
    proxy._pyroRelease()
    wait_until(lambda: gc.collect() is not None and gone.is_set(), "the end of the instance")


@EITHER
def test_a_single_instance_for_all(run_daemon: Callable[..., Running], in_thread: Any, way: Way) -> None:
    cls = counting("single")
    running = run_daemon(way, thing=cls)
    start = threading.Barrier(8)

    def ask() -> set[int]:
        with Proxy(running.daemon.uriFor("thing")) as proxy:
            proxy._pyroBind()
            start.wait(PATIENCE)
            return {proxy.number() for _ in range(20)}

    assert [answer.result(PATIENCE) for answer in [in_thread(ask) for _ in range(8)]] == [{1}] * 8
    assert cls.made == 1


@EITHER
def test_an_instance_for_each_call(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=counting("percall")).proxy()
    assert [proxy.number(), proxy.view, proxy.number(), *proxy.numbers()] == [1, 2, 3, 4, 4, 4]


@EITHER
@pytest.mark.parametrize("mode", ["session", "single", "percall"])
def test_creators(run_daemon: Callable[..., Running], way: Way, mode: str) -> None:
    plain = counting(mode, lambda cls: cls("by its creator"))
    wrong = counting(mode, lambda cls: "no instance")
    failing = counting(mode, lambda cls: 1 / 0)
    running = run_daemon(way, thing=plain, wrong=wrong, failing=failing)
    assert running.proxy().how() == "by its creator"
    for _ in range(2):
        with pytest.raises(TypeError, match=r"instance creator of .*Counting"):
            running.proxy("wrong").how()
        with pytest.raises(ZeroDivisionError):
            running.proxy("failing").how()


# Callbacks


@expose
class Asking:
    def ask(self, someone: Any, value: Any) -> Any:
        with someone:
            return someone.answer(value)

    def ask_often(self, someone: Any) -> list[Any]:
        with someone:
            return [someone.answer(number) for number in range(50)]

    def thread(self) -> str:
        return threading.current_thread().name


class Answering:
    @expose
    @callback
    def answer(self, value: Any) -> Any:
        if value == "fail":
            raise ValueError("in the callback")
        return ["answered", value, current_context.client is not None]


@EITHER
def test_a_server_calls_its_client(
    run_daemon: Callable[..., Running], way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    asking = run_daemon(way, thing=Asking()).proxy()
    answering = Answering()
    run_daemon(way, answering=answering)
    assert asking.ask(answering, 1) == ["answered", 1, True]
    assert asking.ask_often(answering)[-1] == ["answered", 49, True]
    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="in the callback"):
        asking.ask(answering, "fail")
    assert "the callback answering.answer raised an exception" in caplog.text
    assert asking.ask(answering, 2) == ["answered", 2, True]


@EITHER
def test_an_error_of_a_callback_does_not_cut_the_connection(
    run_daemon: Callable[..., Running], way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    proxy = run_daemon(way, thing=Answering()).proxy()
    proxy._pyroBind()
    connection = proxy._pyroConnection
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            with pytest.raises(ValueError, match="in the callback"):
                proxy.answer("fail")
    assert proxy.answer(1)[:2] == ["answered", 1]
    assert proxy._pyroConnection is connection
    assert caplog.text.count("the callback thing.answer raised") == 2


PYRO5_CLIENT = """
import sys, threading
from Pyro5.api import *
class Answering:
    @expose
    @callback
    def answer(self, value):
        return ["Pyro5 answered", value]
with Daemon(host="127.0.0.1") as daemon, Proxy(sys.argv[1]) as proxy:
    answering = Answering()
    daemon.register(answering)
    loop = threading.Thread(target=daemon.requestLoop)
    loop.start()
    print(proxy.ask(answering, 5), flush=True)
    daemon.shutdown()
    loop.join()
"""


@SERVER
def test_a_client_that_is_real_pyro5_is_called_back(run_daemon: Callable[..., Running], server: str) -> None:
    uri = run_daemon(Way(server), thing=Asking()).daemon.uriFor("thing")
    with Program(PYRO5_CLIENT, str(uri)) as client:
        assert client.line() == "['Pyro5 answered', 5]"
        client.stop(0)


# Registration


@expose
class Child:
    def __init__(self, name: str) -> None:
        self._name = name

    def name(self) -> str:
        return self._name


@EITHER
def test_weak_registration(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way)
    child = Child("weak")
    uri = running.daemon.register(child, "child", weak=True)
    proxy = running.proxy("child")
    assert proxy.name() == "weak"
    del child
    gc.collect()
    with pytest.raises(DaemonError, match="unknown object"):
        proxy.name()
    with Proxy(uri) as late, pytest.raises(PyroError, match="unknown object"):
        late.name()
    assert running.daemon.register(Asking(), "child")  # the name is free again


@EITHER
def test_neither_daemon_nor_object_keeps_the_other(way: Way) -> None:
    daemon = Daemon(config=settings(SERVERTYPE=way.server))
    children = [Child("weak") for _ in range(3)]
    for child in children:
        daemon.register(child, weak=True)
    daemon.close()
    known = weakref.ref(daemon)
    del children[:]
    del child, daemon
    gc.collect()
    assert known() is None


@EITHER
def test_registering_and_unregistering_while_calls_run(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    running = run_daemon(way, thing=Asking())
    stop = threading.Event()

    def hammer() -> int:
        calls = 0
        with Proxy(running.daemon.uriFor("thing")) as proxy:
            while not stop.is_set():
                proxy.thread()
                calls += 1
        return calls

    clients = [in_thread(hammer) for _ in range(3)]
    for number in range(100):
        child = Child(str(number))
        uri = running.daemon.register(child)
        with Proxy(uri) as proxy:
            assert proxy.name() == str(number)
        running.daemon.unregister(child)
        with Proxy(uri) as proxy, pytest.raises(PyroError, match="unknown object"):
            proxy.name()
    stop.set()
    assert all(client.result(PATIENCE) for client in clients)


@EITHER
def test_an_object_that_is_unregistered_during_its_call(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class Leaving:
        def leave(self) -> str:
            self._pyroDaemon.unregister(self)  # type: ignore[attr-defined]
            return "gone"

    proxy = run_daemon(way, thing=Leaving()).proxy()
    assert proxy.leave() == "gone"
    with pytest.raises(DaemonError, match="unknown object"):
        proxy.leave()


@EITHER
def test_methods_that_come_later(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class Growing:
        def old(self) -> str:
            return "old"

    running = run_daemon(way, thing=Growing())
    before = running.proxy()
    assert before.old() == "old"
    Growing.new = expose(lambda self: "new")  # type: ignore[attr-defined]
    with pytest.raises(AttributeError):
        before.new()
    running.daemon.resetMetadataCache("thing")
    assert running.proxy().new() == "new"
    before._pyroGetMetadata()
    assert before.new() == "new"
