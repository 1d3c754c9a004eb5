"""Sockets that the user has connected: borrowed, and given back as they were."""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pyroplug_transports.socketpair import WAKE_DELAY, BorrowedConnection, SocketPairTransport

from pyroplug.errors import AddressError, ConnectionClosedError

PATIENCE = 20.0
transport = SocketPairTransport()


@pytest.fixture
def ends(nothing_left_behind: None) -> Iterator[tuple[socket.socket, socket.socket]]:
    left, right = socket.socketpair()
    with left, right:
        yield left, right


def adopt(sock: Any) -> BorrowedConnection:
    connection = transport.adopt(sock, None)  # type: ignore[arg-type]
    assert connection is not None
    return connection


def receive(connection: BorrowedConnection, count: int = 99) -> bytes:
    buffer = bytearray(count)
    got = connection.recv_into(memoryview(buffer))
    assert got is not None
    return bytes(buffer[:got])


def test_there_is_no_address(settings: Any) -> None:
    for use in (lambda: transport.listen("x", settings), lambda: transport.connect("x", settings, 1.0)):
        with pytest.raises(AddressError, match=r"'x'.*has no address") as caught:
            use()
        assert caught.value.hint is not None
        assert "connected_socket=" in caught.value.hint


def test_other_things_are_not_its_kind(settings: Any) -> None:
    for thing in (None, 3, "localhost:1", object(), BorrowedConnection):
        assert transport.adopt(thing, settings) is None


def test_unusable_sockets_are_refused(settings: Any) -> None:
    with (
        socket.socket() as unconnected,
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.socket(type=socket.SOCK_DGRAM) as datagrams,
    ):
        datagrams.connect(listening.getsockname())
        closed = socket.socket()
        closed.close()
        for sock, why in [
            (unconnected, "not connected"),
            (listening, "not connected"),
            (datagrams, "not a stream socket"),
            (closed, "it is closed"),
        ]:
            with pytest.raises(AddressError, match=why) as caught:
                transport.adopt(sock, settings)
            assert caught.value.hint


def test_a_tls_socket_is_refused(settings: Any, ends: tuple[socket.socket, socket.socket]) -> None:
    import ssl

    context = ssl.create_default_context()
    sock = context.wrap_socket(ends[0], do_handshake_on_connect=False, server_hostname="localhost")
    with sock, pytest.raises(AddressError, match="TLS"):
        transport.adopt(sock, settings)


@pytest.mark.parametrize("timeout", [None, 0.0, 2.5])
@pytest.mark.parametrize("nonblocking", [False, True])
def test_the_socket_is_given_back_as_it_was(
    ends: tuple[socket.socket, socket.socket], timeout: float | None, nonblocking: bool
) -> None:
    def state() -> tuple[float | None, bool, bytes, bytes]:
        options = [
            left.getsockopt(socket.SOL_SOCKET, o, 16) for o in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
        ]
        return left.gettimeout(), os.get_blocking(left.fileno()), options[0], options[1]

    left, right = ends
    left.settimeout(timeout)
    before = state()
    connection = adopt(left)
    assert connection.sock is left
    assert connection.fileno() == left.fileno()
    connection.set_timeout(1.0)
    if nonblocking:
        connection.set_nonblocking()
    connection.send([b"ping"])
    assert right.recv(9) == b"ping"
    connection.close()
    assert state() == before
    assert connection.fileno() == -1
    right.send(b"for the user")
    assert left.recv(99) == b"for the user"


@pytest.mark.parametrize(
    ("seconds", "slices"), [(0.01, 1), (WAKE_DELAY, 1), (WAKE_DELAY * 1.5, 2), (None, 0)]
)
def test_a_limit_is_waited_for_in_slices(
    ends: tuple[socket.socket, socket.socket], seconds: float | None, slices: int
) -> None:
    connection = adopt(ends[0])
    connection.set_timeout(1000.0)
    connection.set_timeout(seconds)
    whole, micros = struct.unpack("@ll", ends[0].getsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, 16))
    length = WAKE_DELAY if seconds is None else seconds / slices
    assert whole + micros / 1e6 == pytest.approx(length, abs=0.01)  # the system counts in ticks
    connection.close()


def test_it_can_be_adopted_again_and_again(ends: tuple[socket.socket, socket.socket]) -> None:
    for number in range(5):
        left, right = adopt(ends[0]), adopt(ends[1])
        left.send([b"%d" % number, b" times"])
        assert receive(right) == b"%d times" % number
        for connection in (left, right):
            connection.end_of_data()
            connection.shutdown()
            connection.close()
            connection.close()


def test_no_thread_receives_for_a_closed_connection(
    ends: tuple[socket.socket, socket.socket], in_thread: Any
) -> None:
    """What comes after close() is the user's, even where a thread was waiting for it."""
    left, right = ends
    left.settimeout(PATIENCE)
    for _ in range(3):
        connection, started = adopt(left), threading.Event()

        def wait(connection: BorrowedConnection = connection, started: threading.Event = started) -> bytes:
            started.set()
            try:
                return receive(connection)
            except ConnectionClosedError:  # it was closed before the waiting began
                return b""

        waiting = in_thread(wait)
        assert started.wait(PATIENCE)
        connection.close()
        right.send(b"mine")
        assert waiting.result(PATIENCE) == b""
        assert left.recv(99) == b"mine"


@pytest.mark.parametrize("timeout", [None, PATIENCE])
def test_closed_from_a_signal_handler(
    ends: tuple[socket.socket, socket.socket], timeout: float | None
) -> None:
    ends[0].settimeout(timeout)
    connection = adopt(ends[0])
    before = signal.signal(signal.SIGALRM, lambda *_: connection.close())
    try:
        signal.setitimer(signal.ITIMER_REAL, WAKE_DELAY / 3)
        with pytest.raises(ConnectionClosedError, match="closed on this side"):
            receive(connection)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert ends[0].gettimeout() == timeout
    ends[1].send(b"mine")
    assert ends[0].recv(9) == b"mine"


def test_the_user_may_close_the_socket_first(ends: tuple[socket.socket, socket.socket]) -> None:
    connection = adopt(ends[0])
    ends[0].close()
    with pytest.raises(ConnectionClosedError, match="closed on this side"):
        connection.recv_into(memoryview(bytearray(1)))
    with pytest.raises(ConnectionClosedError, match="closed on this side"):
        connection.send([b"x"])
    connection.close()


def test_one_end_in_a_forked_process(ends: tuple[socket.socket, socket.socket], in_child: Any) -> None:
    left, right = ends
    parent = adopt(left)
    parent.send([b"to the child"])

    def child() -> None:
        left.close()
        connection = adopt(right)
        connection.send([receive(connection), b" and back"])
        connection.close()

    in_child(child)
    right.close()
    assert receive(parent) == b"to the child and back"
    assert receive(parent) == b""
    parent.close()


def test_a_forked_copy_does_not_give_the_socket_back(
    ends: tuple[socket.socket, socket.socket], in_child: Any
) -> None:
    left, _ = ends
    left.setblocking(False)
    connection = adopt(left)
    in_child(connection.close)
    assert os.get_blocking(left.fileno())
    connection.close()
    assert not os.get_blocking(left.fileno())


def test_a_forked_copy_is_closed_even_while_a_thread_waits(
    ends: tuple[socket.socket, socket.socket], in_child: Any
) -> None:
    connection = adopt(ends[0])
    # What such a thread's waiting leaves behind in the forked process.
    connection._receiver = -1
    in_child(connection.close)
    connection._receiver = 0
    connection.close()


def test_the_peer_is_known(ends: tuple[socket.socket, socket.socket]) -> None:
    connection = adopt(ends[0])
    assert connection.peer.address == ""
    assert str(connection.peer) == "<socketpair>"
    assert connection.peer.facts["pid"] == os.getpid()
    connection.close()
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as sock,
    ):
        connection = adopt(sock)
        assert connection.peer.address == server.getsockname()
        assert not connection.peer.facts
        connection.close()
