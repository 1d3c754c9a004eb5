"""A proxy that has a name finds its object again where that has moved, and surprises nobody else."""

from __future__ import annotations

import copy
import pickle
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import retrying
from pyroplug.api import URI, Daemon, Proxy, expose
from pyroplug.contracts import LookupContext
from pyroplug.errors import (
    AddressError,
    CommunicationError,
    ConnectionClosedError,
    HandshakeError,
    NamingError,
    SecurityError,
    TimeoutError,
)
from pyroplug.time_limit import TimeLimit
from pyroplug.whereabouts import Whereabouts, candidates

from .naming import Book, by_the_book
from .running import BOTH_MODELS, Running, Way, settings
from .support import PATIENCE, wait_until

NAME, HERE, THERE = URI("PYRONAME:thing"), URI("PYRO:thing@here:1"), URI("PYRO:thing@there:2")


def context(book: Book, left: Callable[[], float | None] = lambda: None) -> LookupContext:
    return LookupContext(by_the_book(), book.plugins, left)


# The order of things


@pytest.mark.parametrize(
    ("doubtful", "entry", "order"),
    [
        (False, THERE, [HERE, THERE]),
        (True, THERE, [THERE, HERE]),
        (False, HERE, [HERE]),
        (True, HERE, [HERE]),
        (False, None, [HERE]),
        (True, None, [HERE]),
        (False, "nonsense", [HERE]),
        (True, "nonsense", [HERE]),
    ],
)
def test_which_addresses_are_tried(doubtful: bool, entry: Any, order: list[URI]) -> None:
    book = Book(**({} if entry is None else {"thing": entry}))
    assert list(candidates(Whereabouts(NAME, HERE, doubtful), context(book))) == order


def test_nothing_is_looked_up_as_long_as_somebody_is_there() -> None:
    book = Book(thing=THERE)
    assert next(candidates(Whereabouts(NAME, HERE), context(book))) == HERE
    assert book.asked == []


def test_a_search_that_fails_is_not_repeated() -> None:
    book = Book()
    asked = context(book)
    asked.settings.NS_LOOKUP_DELAY = 10.0
    assert list(candidates(Whereabouts(NAME, HERE, True), asked)) == [HERE]
    assert [delay for _uri, delay, _context in book.asked] == [0.0]


@given(st.floats(0.001, 1000), st.booleans())
def test_looking_up_takes_no_more_than_half_of_what_is_left(seconds: float, doubtful: bool) -> None:
    book = Book(thing=THERE)
    limit = TimeLimit(seconds, clock=lambda: 0.0)
    limit.begin()
    list(candidates(Whereabouts(NAME, HERE, doubtful), context(book, limit.left)))
    left = book.asked[0][2].left
    try:
        assert (left() or 0) <= seconds / 2
    except TimeoutError:
        assert seconds < 0.1, "this machine is slow, but not that slow"


def test_without_time_the_address_is_what_there_is() -> None:
    def left() -> float:
        raise TimeoutError("nothing came")

    for doubtful in (False, True):
        assert list(candidates(Whereabouts(NAME, HERE, doubtful), context(Book(), left))) == [HERE]


# With servers


@expose
class Thing:
    def __init__(self, place: str) -> None:
        self.place = place

    def where(self) -> str:
        return self.place


@pytest.fixture
def book() -> Book:
    return Book()


EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@EITHER
def test_a_server_that_has_moved_is_found(run_daemon: Callable[..., Running], book: Book, way: Way) -> None:
    first, second = run_daemon(way, thing=Thing("first")), run_daemon(way, thing=Thing("second"))
    book.entries["thing"] = first.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        first.stop()
        book.entries["thing"] = second.daemon.uriFor("thing")
        with pytest.raises(ConnectionClosedError):  # it was sent, and nobody knows what became of it
            proxy.where()
        assert proxy.where() == "second"
        assert proxy._pyroUri == second.daemon.uriFor("thing")
        proxy._pyroRelease()
        assert proxy.where() == "second"
    assert len(book.asked) == 2


def test_with_retries_nobody_notices(run_daemon: Callable[..., Running], book: Book) -> None:
    first, second = run_daemon(thing=Thing("first")), run_daemon(thing=Thing("second"))
    book.entries["thing"] = first.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(MAX_RETRIES=1), plugins=book.plugins) as proxy:
        proxy._pyroIdempotent = {"where"}
        assert proxy.where() == "first"
        first.stop()
        book.entries["thing"] = second.daemon.uriFor("thing")
        assert proxy.where() == "second"


def test_reconnecting_finds_it_as_soon_as_its_name_says_where(
    run_daemon: Callable[..., Running], book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = run_daemon(thing=Thing("first")), run_daemon(thing=Thing("second"))
    book.entries["thing"] = first.daemon.uriFor("thing")
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:  # only now it registers
            book.entries["thing"] = second.daemon.uriFor("thing")

    monkeypatch.setattr(retrying, "wait", wait)
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        first.stop()
        del book.entries["thing"]  # the name is unknown for a while
        proxy._pyroReconnect(5)
        assert proxy.where() == "second"
    assert len(pauses) == 2


def test_an_object_that_is_gone_from_a_daemon_that_is_there(
    run_daemon: Callable[..., Running], book: Book
) -> None:
    first, second = run_daemon(thing=Thing("first")), run_daemon(thing=Thing("second"))
    book.entries["thing"] = first.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        first.daemon.unregister("thing")
        proxy._pyroRelease()
        with pytest.raises(HandshakeError, match="unknown object"):  # it moved nowhere
            proxy.where()
        book.entries["thing"] = second.daemon.uriFor("thing")
        assert proxy.where() == "second"


def test_a_server_that_comes_back_is_found_though_its_name_is_gone(
    run_daemon: Callable[..., Running], book: Book
) -> None:
    running = run_daemon(thing=Thing("first"))
    port = running.daemon.sock.getsockname()[1]
    book.entries["thing"] = running.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        running.stop()
        book.entries.clear()
        proxy._pyroRelease()
        for _ in range(2):
            with pytest.raises(AddressError) as caught:
                proxy.where()
            assert str(port) in str(caught.value), "the error is that of the address"
        run_daemon(thing=Thing("again"), daemon={"port": port})
        assert proxy.where() == "again"


def test_what_moves_to_where_nobody_is(run_daemon: Callable[..., Running], book: Book) -> None:
    running = run_daemon(thing=Thing("first"))
    book.entries["thing"] = address = running.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        running.stop()
        proxy._pyroRelease()
        book.entries["thing"] = "PYRO:thing@127.0.0.1:1"
        with pytest.raises(AddressError, match=str(address.port)):
            proxy.where()
        assert proxy._pyroUri == address


def test_a_place_that_falls_silent_takes_all_of_the_time_once(
    run_daemon: Callable[..., Running], book: Book
) -> None:
    """After that the name comes first."""
    first, second = run_daemon(thing=Thing("first")), run_daemon(thing=Thing("second"))
    book.entries["thing"] = address = first.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        proxy._pyroRelease()
        first.stop()
        book.entries["thing"] = second.daemon.uriFor("thing")
        with closing(socket.create_server((address.host, address.port))):
            proxy._pyroTimeout = 0.5
            with pytest.raises(TimeoutError):
                proxy.where()
            proxy._pyroTimeout = PATIENCE
            assert proxy.where() == "second"


class Full(Daemon):
    refusing = False

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        if self.refusing:
            raise SecurityError("not today")
        return "hello"


def test_a_refusal_is_told_if_the_name_leads_nowhere_else(
    run_daemon: Callable[..., Running], book: Book
) -> None:
    running = run_daemon(cls=Full, thing=Thing("first"))
    book.entries["thing"] = running.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        proxy._pyroRelease()
        running.daemon.refusing = True  # type: ignore[attr-defined]
        with pytest.raises(HandshakeError, match="not today"):
            proxy.where()
        running.daemon.refusing = False  # type: ignore[attr-defined]
        assert proxy.where() == "first"


def test_a_server_that_is_full_is_there(run_daemon: Callable[..., Running], book: Book) -> None:
    running, other = run_daemon(thing=Thing("first"), MAX_CONNECTIONS=1), run_daemon(thing=Thing("second"))
    book.entries["thing"] = running.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        proxy._pyroRelease()
        server: Any = running.daemon.transportServer.server
        wait_until(lambda: not server._links, "the end of the only connection there may be")
        asked = len(book.asked)
        book.entries["thing"] = other.daemon.uriFor("thing")
        with Proxy(running.daemon.uriFor("thing"), config=settings()) as guest:
            guest._pyroBind()
            with pytest.raises(CommunicationError) as caught:
                proxy.where()
        assert getattr(caught.value, "passing", False)
        assert len(book.asked) == asked


# What has no name, or has one no longer


@pytest.fixture
def moved(run_daemon: Callable[..., Running], book: Book) -> Iterator[Any]:
    """A proxy that was connected by name, released, and whose object has moved."""
    first, second = run_daemon(thing=Thing("first")), run_daemon(thing=Thing("second"))
    book.entries["thing"] = first.daemon.uriFor("thing")
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.where() == "first"
        proxy._pyroRelease()
        first.stop()
        book.entries["thing"] = second.daemon.uriFor("thing")
        yield proxy


def test_a_copy_has_the_name_too(moved: Any) -> None:
    with copy.copy(moved) as twin:
        assert twin.where() == "second"
    assert moved.where() == "second"


def test_what_is_pickled_has_the_address_alone(moved: Any) -> None:
    with pickle.loads(pickle.dumps(moved)) as twin, pytest.raises(AddressError):
        twin.where()


def test_who_sets_the_address_means_it(moved: Any) -> None:
    moved._pyroUri = URI(str(moved._pyroUri))
    with pytest.raises(AddressError):
        moved.where()


def test_a_name_that_is_unknown_from_the_beginning(book: Book) -> None:
    with Proxy(NAME, config=by_the_book(), plugins=book.plugins) as proxy:
        for attempt in (proxy._pyroBind, proxy._pyroReconnect):
            with pytest.raises(NamingError):
                attempt()
        with pytest.raises(NamingError):
            proxy.where()
