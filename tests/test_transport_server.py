"""``daemon.transportServer``, for programs that have an event loop of their own, with both server models."""

from __future__ import annotations

import select
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, expose
from pyroplug.errors import CommunicationError, PyroError
from pyroplug.transport_server import TransportServer

from .running import settings
from .support import PATIENCE, wait_until


@expose
class Thing:
    def double(self, number: int) -> int:
        return 2 * number


@pytest.fixture(params=["threadpool", "multiplex"])
def daemon(request: pytest.FixtureRequest) -> Iterator[Daemon]:
    with Daemon(config=settings(SERVERTYPE=request.param)) as daemon:
        daemon.register(Thing(), "thing")
        yield daemon


def double(daemon: Daemon) -> int:
    with Proxy(daemon.uriFor("thing")) as thing:
        thing._pyroTimeout = PATIENCE
        return int(thing.double(21))


def test_where_it_listens(daemon: Daemon) -> None:
    server = daemon.transportServer
    assert isinstance(server, TransportServer)
    assert server.sock is daemon.sock
    assert server.sock.getsockname()[0] == "127.0.0.1"
    assert server.locationStr == daemon.locationStr
    assert server.sockets == daemon.sockets
    assert server.sock.fileno() in [sock.fileno() for sock in server.sockets]
    assert type(server.server).__name__ in repr(server)


def test_a_loop_of_its_own(daemon: Daemon, in_thread: Callable[..., Future[Any]]) -> None:
    server = daemon.transportServer
    result = in_thread(double, daemon)
    while not result.done():
        server.events(select.select(server.sockets, [], [], 0.05)[0])
    assert result.result() == 42


def test_its_loop(daemon: Daemon, in_thread: Callable[..., Future[Any]]) -> None:
    server, go_on = daemon.transportServer, threading.Event()
    go_on.set()
    loop = in_thread(server.loop, go_on.is_set)
    assert double(daemon) == 42
    go_on.clear()
    server.wakeup()
    assert loop.result(PATIENCE) is None


def test_two_in_one_loop(daemon: Daemon, in_thread: Callable[..., Future[Any]]) -> None:
    with Daemon(config=daemon.config) as other:
        other.register(Thing(), "thing")
        daemon.transportServer.combine_loop(other.transportServer)
        loop = in_thread(daemon.requestLoop)
        assert double(daemon) == double(other) == 42
        daemon.shutdown()
        loop.result(PATIENCE)


@pytest.mark.parametrize("end", [TransportServer.shutdown, TransportServer.close])
def test_its_end(
    daemon: Daemon, in_thread: Callable[..., Future[Any]], end: Callable[[TransportServer], None]
) -> None:
    server = daemon.transportServer
    loop = in_thread(server.loop)
    assert double(daemon) == 42
    end(server)
    loop.result(PATIENCE)
    with pytest.raises(CommunicationError):
        double(daemon)


def test_a_closed_daemon_has_none(daemon: Daemon) -> None:
    daemon.close()
    with pytest.raises(PyroError, match="closed"):
        _ = daemon.transportServer


def test_one_without_a_socket(daemon: Daemon) -> None:
    server = TransportServer(daemon.transportServer.server, (), 0.0)
    assert (server.sock, server.locationStr) == (None, "")


def test_serve_by_its_older_name(in_thread: Callable[..., Future[Any]], capsys: Any) -> None:
    daemon = Daemon(config=settings())
    loop = in_thread(Daemon.serveSimple, {Thing(): "simple"}, daemon=daemon, ns=False)
    with Proxy(daemon.uriFor("simple")) as thing:
        thing._pyroTimeout = PATIENCE
        wait_until(lambda: "simple" in daemon.objectsById, "the registration")
        assert thing.double(4) == 8
    daemon.shutdown()
    loop.result(PATIENCE)
    assert f"PYRO:simple@{daemon.locationStr}" in capsys.readouterr().out
