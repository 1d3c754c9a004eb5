"""Connections and listeners over sockets that fail as one needs them to."""

from __future__ import annotations

import errno
import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import pytest
from hypothesis import given, strategies
from pyroplug_transports.sockets import SocketConnection, SocketListener, timeval

from pyroplug.contracts import NO_PEER
from pyroplug.errors import CommunicationError, ConnectionClosedError


class FailingSocket(socket.socket):
    """A socket whose every use fails with the same error."""

    number = errno.EIO

    def _fail(self, *_: object) -> NoReturn:
        raise OSError(self.number, os.strerror(self.number))

    accept = recv_into = send = sendmsg = _fail


@pytest.fixture
def failing(nothing_left_behind: None) -> Iterator[Callable[[int], FailingSocket]]:
    made: list[socket.socket] = []

    def failing(number: int) -> FailingSocket:
        made.append(sock := FailingSocket())
        sock.number = number
        return sock

    yield failing
    for sock in made:
        sock.close()


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.EPIPE, errno.ENOTCONN, errno.EBADF, errno.EIO])
def test_any_error_means_that_the_connection_is_gone(failing: Any, number: int) -> None:
    connection = SocketConnection(failing(number), NO_PEER)
    uses: list[Callable[[], object]] = [
        lambda: connection.recv_into(memoryview(bytearray(1))),
        lambda: connection.send([b"x"]),
        lambda: connection.send([b"x", b"y"]),
        lambda: connection.send([b"x"] * 3000),
        lambda: connection.send_some([b"x"]),
        lambda: connection.send_some([b"x", b"y"]),
    ]
    for use in uses:
        with pytest.raises(ConnectionClosedError) as caught:
            use()
        assert isinstance(caught.value.__cause__, OSError)
        assert caught.value.__cause__.errno == number


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EINTR, errno.EPROTO, errno.EAGAIN])
def test_a_caller_that_left_again_is_skipped(failing: Any, number: int) -> None:
    assert SocketListener(failing(number), "here", broken_pipe).accept() is None


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_accept_says_that_there_is_no_room(failing: Any, number: int) -> None:
    with pytest.raises(CommunicationError, match="no room for another connection at here") as caught:
        SocketListener(failing(number), "here", broken_pipe).accept()
    assert isinstance(caught.value.__cause__, OSError)


def test_accept_with_no_descriptor_left(accept: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock, socket.create_connection(sock.getsockname()):
        listener = SocketListener(sock, "here", lambda sock, *_: SocketConnection(sock, NO_PEER))
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = os.dup(0)
        os.close(free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (free, limits[1]))
        try:
            with pytest.raises(CommunicationError, match="no room"):
                listener.accept()
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        # The caller has waited for it.
        accept(listener).close()


def test_a_caller_that_breaks_at_once_is_skipped(accept: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock, socket.create_connection(sock.getsockname()):
        assert accept(SocketListener(sock, "here", broken_pipe)) is None


def test_a_closed_listener_says_so() -> None:
    listener = SocketListener(socket.create_server(("127.0.0.1", 0)), "here", broken_pipe)
    assert listener.accept() is None
    assert listener.fileno() == listener.sock.fileno() >= 0
    listener.close()
    listener.close()
    assert listener.fileno() == -1
    assert "closed" in repr(listener)
    with pytest.raises(ConnectionClosedError, match="the listener at here was closed"):
        listener.accept()


@given(strategies.floats(min_value=-10, allow_nan=False))
def test_a_time_limit_is_never_zero(seconds: float) -> None:
    whole, micros = struct.unpack("@ll", timeval(seconds))
    assert (whole, micros) > (0, 0)
    assert 0 <= micros < 1_000_000
    if 1e-6 <= seconds < 1e9:
        assert whole + micros / 1e6 == pytest.approx(seconds, abs=2e-6)


def test_no_time_limit_is_zero() -> None:
    assert struct.unpack("@ll", timeval(None)) == (0, 0)


def broken_pipe(_sock: socket.socket, _address: object, _reached: str) -> NoReturn:
    raise BrokenPipeError
