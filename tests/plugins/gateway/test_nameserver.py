"""The name server that is asked: where it is looked for, and when again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_gateway.failures import Failure
from pyroplug_gateway.nameserver import NameServer
from pyroplug_gateway.pool import Pool

from pyroplug.api import Proxy
from pyroplug.errors import NamingError
from tests.running import Running, settings

from .names import Names

RunDaemon = Callable[..., Running]


class Search:
    """Finds a name server where it is told that there is one.

    :ivar times: how often it was looked for.
    """

    def __init__(self) -> None:
        self.uri = ""
        self.times = 0
        self.now = 100.0

    def __call__(self, config: Any) -> Any:
        self.times += 1
        if not self.uri:
            raise NamingError("there is none")
        return Proxy(self.uri, config=config)


@pytest.fixture
def search() -> Search:
    return Search()


@pytest.fixture
def server(search: Search) -> Iterator[NameServer]:
    pool = Pool(settings(SERIALIZER="json"), most=5, most_each=5, idle_time=60.0)
    yield NameServer("", pool, settings(), clock=lambda: search.now, locate=search)
    pool.close()


def home(run_daemon: RunDaemon) -> tuple[Running, str]:
    running = run_daemon(**{"Pyro.NameServer": Names()})
    return running, str(running.daemon.uriFor("Pyro.NameServer"))


def test_it_is_looked_for_once(server: NameServer, search: Search, run_daemon: RunDaemon) -> None:
    _, search.uri = home(run_daemon)
    assert [server.ask("list") for _ in range(3)] == [{}, {}, {}]
    assert search.times == 1


def test_it_is_looked_for_again_when_it_is_gone(
    server: NameServer, search: Search, run_daemon: RunDaemon
) -> None:
    first, search.uri = home(run_daemon)
    assert server.ask("list") == {}
    first.stop()
    _, search.uri = home(run_daemon)
    assert server.ask("list") == {}
    assert search.times == 2


def test_where_there_is_none_nobody_looks_all_the_time(
    server: NameServer, search: Search, run_daemon: RunDaemon
) -> None:
    for _ in range(3):
        with pytest.raises(Failure) as caught:
            server.ask("list")
        assert caught.value.status == 502
    assert search.times == 1
    _, search.uri = home(run_daemon)
    search.now += 1.5
    assert server.ask("list") == {}


def test_what_it_raises_is_passed_on(server: NameServer, search: Search, run_daemon: RunDaemon) -> None:
    _, search.uri = home(run_daemon)
    with pytest.raises(NamingError, match="unknown name"):
        server.ask("lookup", "nobody")
    with pytest.raises(Failure) as caught:
        server.ask("lookup", "nobody", timeout=1e-9)
    assert caught.value.status == 504
    assert server.ask("list") == {}, "the limit was for that question alone"
