"""The loop of a daemon on a connected socket is over when nobody is at the other end any longer."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import Pyro5.api
import pytest

from pyroplug.api import Daemon, Proxy, expose
from tests.running import settings
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
InThread = Callable[..., Future[Any]]


@expose
class Words:
    def count(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def pair(nothing_left_behind: None) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def daemon_on(sock: socket.socket, server: str) -> Daemon:
    """One that has half a minute before it would look at its loop condition."""
    daemon = Daemon(connected_socket=sock, config=settings(SERVERTYPE=server, POLLTIMEOUT=2 * PATIENCE))
    daemon.register(Words(), "words")
    return daemon


@EITHER
@pytest.mark.parametrize("library", ["pyroplug", "Pyro5"])
def test_it_ends_with_the_other_side(
    in_thread: InThread, pair: tuple[socket.socket, socket.socket], server: str, library: str
) -> None:
    ours, theirs = pair
    with daemon_on(theirs, server) as daemon:
        loop = in_thread(daemon.requestLoop)
        proxy = (Proxy if library == "pyroplug" else Pyro5.api.Proxy)("words", connected_socket=ours)
        assert proxy.count("to be or not to") == 5
        proxy._pyroRelease()
        assert not loop.done()  # the socket is still there, for another proxy
        ours.close()
        loop.result(PATIENCE)
        assert theirs.fileno() >= 0
        daemon.requestLoop()  # at once


@EITHER
def test_it_does_not_even_begin(pair: tuple[socket.socket, socket.socket], server: str) -> None:
    ours, theirs = pair
    ours.close()
    with daemon_on(theirs, server) as daemon:
        daemon.requestLoop()


@EITHER
def test_it_goes_on_for_a_daemon_that_was_combined(
    in_thread: InThread, pair: tuple[socket.socket, socket.socket], server: str
) -> None:
    ours, theirs = pair
    with daemon_on(theirs, server) as daemon, Daemon(config=settings(SERVERTYPE=server)) as other:
        uri = other.register(Words())
        daemon.combine(other)
        loop = in_thread(daemon.requestLoop)
        ours.close()
        with Proxy(uri) as words:
            words._pyroTimeout = PATIENCE
            assert words.count("one two") == 2
        assert not loop.done()
        daemon.shutdown()
        loop.result(PATIENCE)
