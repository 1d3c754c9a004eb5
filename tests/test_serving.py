"""``serve`` with names: they are registered in the name server that the daemon's configuration leads to."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import URI, Daemon, Proxy, expose, serve
from pyroplug.errors import NamingError, PyroError
from pyroplug.uri import URI as ADDRESS

from .naming import Book, by_the_book
from .running import settings
from .support import PATIENCE, wait_until

EITHER = pytest.mark.parametrize("model", ["threadpool", "multiplex"])


@expose
class Thing:
    def end(self) -> str:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]
        return "the last answer"


def daemon(book: Book, **changes: Any) -> Daemon:
    return Daemon(config=by_the_book(**changes), plugins=book.plugins)


@EITHER
@pytest.mark.parametrize("form", [serve, Daemon.serveSimple])
def test_names_go_to_the_name_server_and_ids_are_random(
    in_thread: Any, capsys: pytest.CaptureFixture[str], model: str, form: Callable[..., None]
) -> None:
    book, named, nameless = Book(), Thing(), Thing()
    given = daemon(book, SERVERTYPE=model)
    serving = in_thread(form, {named: "shop.thing", nameless: None, Thing: "shop.class"}, daemon=given)
    wait_until(lambda: len(book.entries) == 2, "the names")
    assert book.entries.keys() == {"shop.thing", "shop.class"}
    uri = URI(book.entries["shop.thing"])
    assert uri.object.startswith("obj_")
    with Proxy("PYRONAME:shop.thing", config=by_the_book(), plugins=book.plugins) as proxy:
        assert proxy.end() == "the last answer"
    serving.result(PATIENCE)
    printed = capsys.readouterr().out
    assert f"uri = {uri}\n    name = shop.thing\n" in printed
    assert printed.count("uri = PYRO:obj_") == 3
    assert printed.count("name = ") == 2
    assert printed.endswith("Pyro daemon running.\n")
    (located,) = book.located
    assert located[3].settings is given.config, "it is the daemon's own configuration that counts"


@pytest.mark.parametrize("form", [serve, Daemon.serveSimple])
def test_they_are_the_default(form: Callable[..., None]) -> None:
    """Without a name server nothing is served, and nothing said."""
    given = Daemon(config=settings(NS_PORT=1, BROADCAST_ADDRS=[]))
    with pytest.raises(NamingError, match="no name server found"):
        form({Thing(): "thing"}, daemon=given)
    with pytest.raises(PyroError, match="closed"):
        given.requestLoop()


def test_nothing_is_said_without_a_name_server(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NamingError):
        serve({Thing(): "thing"}, daemon=Daemon(config=settings(NS_PORT=1, BROADCAST_ADDRS=[])))
    assert capsys.readouterr().out == ""


def test_without_any_name_no_name_server_is_needed(in_thread: Any) -> None:
    thing = Thing()
    given = Daemon(config=settings(NS_PORT=1, BROADCAST_ADDRS=[]))
    serving = in_thread(serve, {thing: None}, daemon=given, verbose=False)
    wait_until(lambda: len(given.objectsById) == 2, "the registration")  # and the daemon's own
    with Proxy(f"PYRO:{thing._pyroId}@{given.locationStr}") as proxy:  # type: ignore[attr-defined]
        assert proxy.end() == "the last answer"
    serving.result(PATIENCE)


def test_a_name_that_cannot_be_registered_ends_it() -> None:
    class Full(Book):
        def register(self, name: str, uri: ADDRESS) -> None:
            raise NamingError("the book is full")

    given = daemon(Full())
    address = given.sock.getsockname()
    with pytest.raises(NamingError, match="the book is full"):
        serve({Thing(): "thing"}, daemon=given)
    with pytest.raises(ConnectionRefusedError), socket.create_connection(address, PATIENCE):
        pass
