"""What the page of tips says of circles of calls, of idle proxies, and of those that are given back."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any

import Pyro5.api
import pytest

from pyroplug.api import URI, Daemon, Proxy, expose, oneway
from pyroplug.config import Configuration
from pyroplug.errors import TimeoutError
from tests.running import Running, Way, settings
from tests.support import PATIENCE

ONE_AT_A_TIME = pytest.mark.parametrize(
    "way", [Way("threadpool"), Way("multiplex", "unix")], ids=["one thread", "multiplex"]
)
SHORT = 0.3
"""Seconds: for what is to run out."""


class Person:
    """Somebody in a circle, who asks the next one while being asked."""

    def __init__(self, limit: float) -> None:
        self.following: URI | None = None
        self.heard: SimpleQueue[str] = SimpleQueue()
        self._settings: Configuration = settings(COMMTIMEOUT=limit)

    def _next(self) -> Proxy[Any]:
        assert self.following is not None
        return Proxy(self.following, config=self._settings)

    @expose
    def ask(self, further: int) -> str:
        if not further:
            return "the answer"
        with self._next() as following:
            return str(following.ask(further - 1))

    @expose
    def let_ask(self, further: int) -> str:
        with self._next() as following:
            following.ask_later(further - 1)
        return "they are being asked"

    @expose
    @oneway
    def ask_later(self, further: int) -> None:
        self.heard.put(self.ask(further))


@pytest.fixture
def circle(run_daemon: Callable[..., Running]) -> Callable[..., tuple[Any, list[Person]]]:
    """Makes a circle of three who do one thing at a time; gives a proxy for the first, and all of them."""

    def circle(way: Way, limit: float) -> tuple[Any, list[Person]]:
        persons = [Person(limit) for _ in range(3)]
        few = {"THREADPOOL_SIZE": 1, "THREADPOOL_SIZE_MIN": 1} if way.server == "threadpool" else {}
        running = [run_daemon(way, person=person, **few) for person in persons]
        for person, following in zip(persons, running[1:] + running[:1], strict=True):
            person.following = following.daemon.uriFor("person")
        return running[0].proxy("person"), persons

    return circle


@ONE_AT_A_TIME
def test_a_circle_ends_with_a_timeout(circle: Any, way: Way) -> None:
    first, persons = circle(way, SHORT)
    with pytest.raises(TimeoutError):
        first.ask(3)
    assert first.ask(2) == "the answer"  # nobody is held up any longer
    assert all(person.heard.empty() for person in persons)


@ONE_AT_A_TIME
def test_a_one_way_call_breaks_a_circle(circle: Any, way: Way) -> None:
    first, persons = circle(way, PATIENCE)
    assert first.let_ask(3) == "they are being asked"
    assert persons[1].heard.get(timeout=PATIENCE) == "the answer"


@expose
class Shelf:
    def count(self) -> int:
        return 3


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
@pytest.mark.parametrize("library", ["pyroplug", "Pyro5"])
def test_connected_proxies_that_are_not_used_keep_nobody_out(
    run_daemon: Callable[..., Running], server: str, library: str
) -> None:
    """More of them than there are threads."""
    few = {"THREADPOOL_SIZE": 2, "THREADPOOL_SIZE_MIN": 1} if server == "threadpool" else {}
    running = run_daemon(Way(server), shelf=Shelf(), **few)
    uri = str(running.daemon.uriFor("shelf"))
    with ExitStack() as stack:
        for _ in range(10):
            proxy = stack.enter_context((Proxy if library == "pyroplug" else Pyro5.api.Proxy)(uri))
            proxy._pyroTimeout = PATIENCE
            assert proxy.count() == 3


@pytest.mark.parametrize("server", ["threadpool", "multiplex"])
def test_a_proxy_that_is_given_back_frees_its_connection_and_can_be_used_again(
    run_daemon: Callable[..., Running], server: str
) -> None:
    came: list[str] = []
    left: SimpleQueue[str] = SimpleQueue()

    class Counting(Daemon):
        def validateHandshake(self, conn: Any, data: Any) -> None:
            came.append(data)

        def clientDisconnect(self, conn: Any) -> None:
            left.put("left")

    running = run_daemon(Way(server), cls=Counting, shelf=Shelf())
    with Proxy(running.daemon.uriFor("shelf")) as proxy:
        assert proxy.count() == 3
        assert left.empty()
    assert left.get(timeout=PATIENCE) == "left"
    assert proxy.count() == 3
    assert len(came) == 2
    proxy._pyroRelease()
    assert left.get(timeout=PATIENCE) == "left"
