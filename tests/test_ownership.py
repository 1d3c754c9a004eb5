"""Whose a proxy is: a thread's, or that of a client whose calls run in one thread after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, behavior, current_context, expose, oneway
from pyroplug.errors import PyroError

from .running import BOTH_MODELS, Running, Way, release, settings
from .support import PATIENCE, wait_for

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
BACK = ""
MADE: list[Any] = []


@expose
class Back:
    def echo(self, value: Any) -> Any:
        return value


class Front:
    """Keeps a proxy."""

    def __init__(self) -> None:
        self._back: Any = Proxy(BACK)
        MADE.append(self._back)
        self.outcome: list[str] = []
        self.told = threading.Event()

    @expose
    def ask(self, value: Any) -> Any:
        return [self._back.echo(value), threading.get_ident()]

    @expose
    def claim(self) -> None:
        self._back._pyroClaimOwnership()

    @expose
    def ask_in_thread(self, with_context: bool) -> str:
        """What comes of it, in a thread of the method's own making."""
        values, outcome = current_context.to_global(), []

        def ask() -> None:
            if with_context:
                current_context.from_global(values)
            outcome.append(self._try())

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return outcome[0]

    @expose
    @oneway
    def ask_oneway(self) -> None:
        self.outcome.append(self._try())
        self.told.set()

    @expose
    def result_of_oneway(self) -> list[str]:
        wait_for(self.told, "the one-way call")
        return self.outcome

    def _try(self) -> str:
        try:
            return str(self._back.echo("ok"))
        except PyroError as error:
            return "refused" if "owner" in str(error) else str(error)


@behavior(instance_mode="session")
class ForEach(Front):
    pass


@behavior(instance_mode="single")
class ForAll(Front):
    pass


@pytest.fixture
def front(run_daemon: Callable[..., Running], way: Way) -> Iterator[Callable[[type], Running]]:
    def front(cls: type) -> Running:
        global BACK
        BACK = str(run_daemon(Way(), back=Back()).daemon.uriFor("back"))
        return run_daemon(way, front=type(cls.__name__, (cls,), {}), THREADPOOL_SIZE=4)

    yield front
    while MADE:  # what serves all clients is garbage in a cycle by then
        release(MADE.pop())


def in_other_threads(proxies: list[Any], rounds: int = 12) -> set[int]:
    """Have each proxy's calls run between those of others: the threads that did so."""
    threads = set()
    for _ in range(rounds):
        for number, proxy in enumerate(proxies):
            value, thread = proxy.ask(number)
            assert value == number
            threads.add(thread)
    return threads


@EITHER
def test_an_object_for_one_client_can_keep_a_proxy(front: Callable[[type], Running], way: Way) -> None:
    running = front(ForEach)
    threads = in_other_threads([running.proxy("front") for _ in range(6)])
    assert len(threads) > 1 or way.server == "multiplex", "nothing was shown"


@EITHER
def test_an_object_for_all_has_to_claim_it(front: Callable[[type], Running], way: Way) -> None:
    running = front(ForAll)
    one, other = running.proxy("front"), running.proxy("front")
    assert one.ask(1)[0] == 1
    if way.server == "multiplex":  # where one thread does everything
        assert other.ask(2)[0] == 2
        return
    with pytest.raises(PyroError, match="owner"):
        other.ask(2)
    other.claim()
    assert other.ask(2)[0] == 2
    with pytest.raises(PyroError, match="owner"):
        one.ask(1)


@EITHER
def test_threads_and_one_way_calls_run_beside(front: Callable[[type], Running], way: Way) -> None:
    proxy = front(ForEach).proxy("front")
    assert proxy.ask(1)[0] == 1
    assert proxy.ask_in_thread(False) == "refused"
    assert proxy.ask_in_thread(True) == "refused"
    proxy.ask_oneway()
    assert proxy.result_of_oneway() == ["refused"]
    assert proxy.ask(2)[0] == 2


def test_a_proxy_that_was_made_in_the_thread_that_serves(in_thread: Callable[..., Any]) -> None:
    """Calls can use it where that thread runs them."""

    @expose
    class Keeper:
        proxy: Any = None

        def ask(self) -> Any:
            return self.proxy.echo("ok")

    keeper = Keeper()
    with (
        Daemon(config=settings()) as behind,
        Daemon(config=settings(SERVERTYPE="multiplex")) as daemon,
        Proxy(behind.register(Back())) as keeper.proxy,
    ):
        loop = in_thread(behind.requestLoop)
        uri = daemon.register(keeper)

        def ask() -> Any:
            try:
                with Proxy(uri) as proxy:
                    return proxy.ask()
            finally:
                daemon.shutdown()

        answer = in_thread(ask)
        daemon.requestLoop()
        assert answer.result(PATIENCE) == "ok"
        behind.shutdown()
        loop.result(PATIENCE)


def test_outside_of_requests_it_is_the_thread(
    run_daemon: Callable[..., Running], in_thread: Callable[..., Any]
) -> None:
    proxy = run_daemon(Way(), back=Back()).proxy("back")
    assert proxy.echo(1) == 1
    with pytest.raises(PyroError, match="owner"):
        in_thread(proxy.echo, 1).result(PATIENCE)
