"""Proxies that are equal, copied, sent, and handed from one thread to another."""

from __future__ import annotations

import contextlib
import copy
import pickle
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Proxy, expose, oneway
from pyroplug.errors import PyroError, SerializeError
from pyroplug.values import registry

from .running import BOTH_MODELS, Running

NOWHERE = "PYRO:thing@127.0.0.1:1"


class Thing:
    @expose
    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return [list(args), kwargs]

    @expose
    @oneway
    def forget(self) -> None:
        pass

    @expose
    @property
    def level(self) -> int:
        return 1


@pytest.fixture(params=BOTH_MODELS, ids=str)
def running(run_daemon: Callable[..., Running], request: pytest.FixtureRequest) -> Running:
    return run_daemon(request.param, thing=Thing())


@pytest.fixture
def proxy(running: Running) -> Any:
    return running.proxy()


# Equality and copies


def test_equality_is_that_of_the_address() -> None:
    one: Any = Proxy(NOWHERE)
    assert one == Proxy(NOWHERE)
    assert hash(one) == hash(Proxy(NOWHERE))
    assert one != Proxy("PYRO:other@127.0.0.1:1")
    assert one != NOWHERE
    assert not one == 5  # noqa: SIM201
    assert {one: 1}[Proxy(NOWHERE)] == 1
    assert hash(Proxy("PYROMETA:a,b")) == hash(Proxy("PYROMETA:b,a"))


class Subclass(Proxy[Any]):
    pass


def test_copies(running: Running, proxy: Any) -> None:
    proxy = running.proxy(cls=Subclass)
    proxy.echo()
    proxy._pyroTimeout = 12.5
    proxy._pyroMaxRetries = 2
    proxy._pyroIdempotent.add("echo")
    proxy._pyroSerializer = "json"
    proxy._pyroHandshake = {"say": "this"}
    with copy.copy(proxy) as twin:
        assert type(twin) is Subclass
        assert twin == proxy
        assert twin._pyroConnection is None
        assert (twin._pyroTimeout, twin._pyroMaxRetries) == (12.5, 2)
        assert (twin._pyroSerializer, twin._pyroHandshake) == ("json", {"say": "this"})
        assert twin._pyroMethods == proxy._pyroMethods
        assert twin._pyroIdempotent == {"echo"}
        twin._pyroMethods.add("more")
        assert "more" not in proxy._pyroMethods
        assert twin.echo(1) == [[1], {}]
        assert twin._pyroLocalSocket != proxy._pyroLocalSocket or running.daemon.locationStr[:2] == "./"


@pytest.mark.parametrize(
    "duplicate",
    [
        copy.deepcopy,
        lambda proxy: pickle.loads(pickle.dumps(proxy)),
        lambda proxy: registry.from_dict(registry.to_dict(proxy)),
    ],
    ids=["deepcopy", "pickle", "registry"],
)
def test_duplicates(proxy: Any, duplicate: Callable[[Any], Any]) -> None:
    proxy.echo()
    proxy._pyroSerializer = "json"
    proxy._pyroHandshake = {"say": "this"}
    with duplicate(proxy) as twin:
        assert twin == proxy
        assert twin._pyroConnection is None
        assert twin._pyroMethods == {"echo", "forget"}
        assert (twin._pyroSerializer, twin._pyroHandshake) == ("json", {"say": "this"})
        assert twin.echo(1) == [[1], {}]


def test_a_state_that_comes_from_a_stranger_is_looked_at() -> None:
    good = Proxy(NOWHERE).__getstate__()
    made = Proxy.__new__(Proxy)
    made.__setstate__(good)
    assert made == Proxy(NOWHERE)
    for at, value in ((0, 5), (1, [5]), (2, 5), (3, [None]), (5, 5), (5, ["json"])):
        state = list(good)
        state[at] = value
        with pytest.raises((PyroError, TypeError)):
            Proxy.__new__(Proxy).__setstate__(state)
        with pytest.raises((PyroError, SerializeError)):
            registry.from_dict({"__class__": "Pyro5.client.Proxy", "state": state})


# Ownership


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads are interrupted as often as possible."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def test_a_proxy_belongs_to_one_thread(proxy: Any, in_thread: Callable[..., Any]) -> None:
    assert proxy.echo() == [[], {}]
    attempts: list[Callable[[], Any]] = [
        proxy.echo,
        lambda: proxy.level,
        lambda: setattr(proxy, "level", 1),
        proxy._pyroRelease,
        proxy._pyroBind,
        lambda: proxy._pyroReconnect(1),
        proxy._pyroGetMetadata,
    ]
    for attempt in attempts:
        with pytest.raises(PyroError, match="owner") as caught:
            in_thread(attempt).result(20)
        assert "_pyroClaimOwnership" in str(caught.value.hint)
    connection = proxy._pyroConnection

    def claim() -> Any:
        proxy._pyroClaimOwnership()
        return proxy.echo(1), proxy._pyroConnection is connection

    assert in_thread(claim).result(20) == ([[1], {}], True)
    with pytest.raises(PyroError, match="owner"):
        proxy.echo()
    proxy._pyroClaimOwnership()
    assert proxy.echo() == [[], {}]


def test_a_copy_belongs_to_the_thread_that_makes_it(proxy: Any, in_thread: Callable[..., Any]) -> None:
    def copied() -> Any:
        with copy.copy(proxy) as twin:
            return twin.echo(threading.current_thread().name)

    assert in_thread(copied).result(20) == [["copied"], {}]


def test_threads_that_claim_a_proxy_in_turn(proxy: Any, in_thread: Callable[..., Any]) -> None:
    turn = threading.Lock()
    connection = (proxy.echo(), proxy._pyroConnection)[1]

    def work(name: str) -> bool:
        for number in range(100):
            with turn:
                proxy._pyroClaimOwnership()
                if proxy.echo(name, number) != [[name, number], {}]:
                    return False
        return True

    working = [in_thread(work, name) for name in "abcd"]
    assert all(each.result(20) for each in working)
    proxy._pyroClaimOwnership()
    assert proxy._pyroConnection is connection


def test_threads_that_do_not_wait_for_their_turn(
    proxy: Any, in_thread: Callable[..., Any], quick_switches: None
) -> None:
    """Each gets the answer to its own call, or an error."""
    proxy._pyroTimeout = 5
    proxy._pyroBind()

    def work(name: str) -> tuple[int, int]:
        right = wrong = 0
        for number in range(1000):
            with contextlib.suppress(PyroError):
                proxy._pyroClaimOwnership()
                if proxy.echo(name, number) == [[name, number], {}]:
                    right += 1
                else:
                    wrong += 1
        return right, wrong

    working = [in_thread(work, name) for name in "abcd"]
    right, wrong = map(sum, zip(*(each.result(60) for each in working), strict=True))
    assert right > 0
    assert wrong == 0
    proxy._pyroClaimOwnership()
    assert proxy.echo("after that") == [["after that"], {}]


def test_a_claim_in_the_middle_of_a_call_disturbs_nobody(
    run_daemon: Callable[..., Running], in_thread: Callable[..., Any]
) -> None:
    class Waiting:
        def __init__(self) -> None:
            self.begun, self.go = threading.Event(), threading.Event()

        @expose
        def wait(self) -> str:
            self.begun.set()
            self.go.wait(20)
            return "waited"

    waiting = Waiting()
    proxy = run_daemon(thing=waiting).proxy()

    def wait() -> Any:
        proxy._pyroClaimOwnership()
        return proxy.wait()

    call = in_thread(wait)
    assert waiting.begun.wait(20)
    proxy._pyroClaimOwnership()
    with pytest.raises(PyroError, match="in the middle of a call") as caught:
        proxy.wait()
    assert "copy" in str(caught.value.hint)
    waiting.go.set()
    assert call.result(20) == "waited"
    assert proxy.wait() == "waited"
