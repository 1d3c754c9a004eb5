"""What is special about streams of records: handshakes, pieces, ends."""

from __future__ import annotations

import gc
import select
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest
from pyroplug_transports.tls_connection import TlsConnection

from pyroplug.contracts import Connection
from pyroplug.errors import ConnectionClosedError, TimeoutError
from tests.certificates import Authority
from tests.support import PATIENCE, wait_until

from .socket_suite import receive
from .tls_support import (
    HandMade,
    Meeting,
    client_settings,
    raw_client,
    server_settings,
    serving,
)

InThread = Callable[..., "Future[Any]"]


# The handshake, a piece at a time --------------------------------------------------------------------


def test_a_handshake_that_trickles_in(stack: ExitStack, authority: Authority) -> None:
    """Every step is non-blocking: nothing of it waits for the rest."""
    meeting = Meeting(stack, server_settings(authority))
    with socket.create_connection(meeting.listener.sock.getsockname(), PATIENCE) as sock:
        accepted = meeting.accept()
        accepted.set_nonblocking()
        buffer = memoryview(bytearray(99))
        hello = HandMade(authority)
        for byte in hello.output():
            sock.sendall(bytes([byte]))
            assert accepted.recv_into(buffer) is None
            assert not accepted.wants_write()
            assert accepted.send_some([b"too early"]) == 0
        hello.shake_hands_with(sock, lambda: accepted.recv_into(buffer))
        assert accepted.peer.facts["tls_version"] == "TLSv1.3"
        sock.sendall(hello.encrypt(b"at last"))
        select.select([accepted], [], [], PATIENCE)
        assert accepted.recv_into(buffer) == 7


def test_a_client_that_does_not_take_the_certificate(stack: ExitStack, authority: Authority) -> None:
    """The server has to wait until it can send, although it is receiving."""
    long = authority.issue("long", *(f"host-{number}.example.org" for number in range(2000)), "localhost")
    meeting = Meeting(stack, server_settings(authority, long))
    meeting.listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(PATIENCE)
        sock.connect(meeting.listener.sock.getsockname())
        accepted = meeting.accept()
        hello = HandMade(authority)
        sock.sendall(hello.output())
        select.select([accepted], [], [], PATIENCE)
        accepted.set_nonblocking()
        buffer = memoryview(bytearray(99))
        assert accepted.recv_into(buffer) is None
        assert accepted.wants_write()
        accepted.set_timeout(0.01)
        with pytest.raises(TimeoutError, match="nothing could be received"):
            accepted.recv_into(buffer)
        assert accepted.wants_write()
        accepted.set_nonblocking()
        hello.shake_hands_with(sock, lambda: accepted.recv_into(buffer))
        assert accepted.recv_into(buffer) is None
        assert not accepted.wants_write()


def test_several_threads_may_wait_for_the_handshake(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    """Whoever of them gets the bytes, the others notice."""
    for _ in range(20):
        meeting = Meeting(stack, server_settings(authority))
        connecting = in_thread(meeting.connect, client_settings(authority))
        accepted = meeting.accept()
        buffer = memoryview(bytearray(9))
        receiving = in_thread(accepted.recv_into, buffer)
        sending = in_thread(accepted.send, [b"hello"])
        client = connecting.result(PATIENCE)
        sending.result(PATIENCE)
        assert receive(client, 5) == b"hello"
        client.send([b"hi"])
        assert receiving.result(PATIENCE) == 2


# Records ---------------------------------------------------------------------------------------------


def test_what_is_left_of_a_record_is_pending(stack: ExitStack, authority: Authority) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    assert not server.pending()
    client.send([b"one", b"two", b"three"])
    select.select([server], [], [], PATIENCE)
    server.set_nonblocking()
    assert receive(server, 3) == b"one"
    assert server.pending()
    assert select.select([server], [], [], 0) == ([], [], [])
    assert receive(server, 8) == b"twothree"
    assert not server.pending()
    assert server.recv_into(memoryview(bytearray(1))) is None


def test_small_buffers_travel_in_one_record(stack: ExitStack, authority: Authority) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    client.send([b"head", b"er", b"x" * 5000])
    select.select([server], [], [], PATIENCE)
    assert server.recv_into(memoryview(bytearray(9999))) == 5006


def test_a_large_receive_takes_several_records(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    client.send([b"x" * 49152, b"y" * 100])
    time.sleep(0.05)
    assert server.recv_into(memoryview(bytearray(1 << 20))) == 49252


def test_a_fast_sender_does_not_keep_a_receiver(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    sending = in_thread(client.send, [bytes(4 << 20)])
    buffer = memoryview(bytearray(4 << 20))
    left = len(buffer)
    while left:
        count = server.recv_into(buffer[:left])
        assert count
        assert count <= 256 << 10
        left -= count
    sending.result(PATIENCE)


def test_the_rest_may_be_offered_in_fewer_buffers(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    """A record that went out halfway is finished with the bytes that it began with."""
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    server.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.set_nonblocking()
    views = [memoryview(b"%06d" % number) for number in range(200_000)]
    content = b"".join(views)
    start, stalled = 0, False
    while not stalled:  # nobody receives yet
        start, stalled = offer(client, views, start, 5000)
    receiving = in_thread(receive, server, len(content))
    while start < len(views):
        select.select([], [client], [], PATIENCE)
        start, stalled = offer(client, views, start, 7 if stalled else 5000)
    assert receiving.result(PATIENCE) == content


def offer(connection: Connection, views: list[memoryview], start: int, most: int) -> tuple[int, bool]:
    """Send some of these: the index of the next one, and whether something of those could not be sent."""
    offered = views[start : start + most]
    sent = connection.send_some(offered)
    left = sum(map(len, offered)) - sent
    assert left >= 0
    while sent and sent >= len(views[start]):
        sent -= len(views[start])
        start += 1
    if sent:
        views[start] = views[start][sent:]
    return start, left > 0


def test_sending_takes_linear_time(stack: ExitStack, authority: Authority, in_thread: InThread) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))

    def seconds(size: int) -> float:
        start = time.perf_counter()
        sending = in_thread(client.send, [b"header", bytes(size)])
        assert len(receive(server, size + 6)) == size + 6
        sending.result(PATIENCE)
        return time.perf_counter() - start

    seconds(1 << 20)
    small = min(seconds(8 << 20) for _ in range(3))
    # If each record moved the rest of the message, this would take half a minute; machines may be busy.
    assert seconds(64 << 20) < max(8 * small * 4, 5.0)


def test_a_buffer_is_free_as_soon_as_it_was_received_into(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    """Also after waiting, and without the help of the garbage collector: others may resize its memory."""
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    memory = bytearray(9)
    gc.disable()
    try:
        receiving = in_thread(server.recv_into, memoryview(memory))
        time.sleep(0.02)
        client.send([b"hello"])
        assert receiving.result(PATIENCE) == 5
        wait_until(lambda: all(thread.name != "recv_into" for thread in threading.enumerate()))
        memory.append(0)
    finally:
        gc.enable()


# The end ---------------------------------------------------------------------------------------------


def test_closing_says_farewell(stack: ExitStack, authority: Authority) -> None:
    meeting = Meeting(stack, server_settings(authority))
    with serving(meeting) as accepted, raw_client(meeting, authority, suppress_ragged_eofs=False) as client:
        client.sendall(b"hello")
        while not accepted or accepted[0].peer.facts == {}:
            time.sleep(0.001)
        accepted[0].close()
        assert client.recv(9) == b""  # and no SSLEOFError


def test_an_end_without_farewell_is_an_end(stack: ExitStack, authority: Authority) -> None:
    meeting = Meeting(stack, server_settings(authority))
    with serving(meeting) as accepted, raw_client(meeting, authority) as client:
        pass
    del client
    accepted[0].set_timeout(PATIENCE)
    buffer = memoryview(bytearray(9))
    assert [accepted[0].recv_into(buffer) for _ in range(3)] == [0, 0, 0]


def test_after_end_of_data_what_was_under_way_is_received(stack: ExitStack, authority: Authority) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    server.send([b"early"])
    select.select([client], [], [], PATIENCE)
    client.end_of_data()
    assert receive(server, 1) == b""
    server.send([b"late"])
    assert receive(client, 9) == b"early"[:5] + b"late"


def test_after_the_end_nothing_goes_out_in_the_clear(stack: ExitStack, authority: Authority) -> None:
    """When both sides have said farewell, what is left of Python's TLS socket is a plain one."""
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    assert isinstance(client, TlsConnection)
    assert isinstance(server, TlsConnection)
    server._say_farewell()
    select.select([client], [], [], PATIENCE)
    client._say_farewell()  # as another thread that closes it is about to do
    for use in (lambda: client.send([b"secret"]), lambda: client.send_some([b"secret"])):
        with pytest.raises(ConnectionClosedError):
            use()
    assert client.recv_into(memoryview(bytearray(9))) == 0


def test_a_socket_is_not_closed_under_a_waiting_thread(
    stack: ExitStack, authority: Authority, in_thread: InThread
) -> None:
    _, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority))
    waiting = in_thread(server.recv_into, memoryview(bytearray(9)))
    time.sleep(0.02)
    server.close()
    assert server.fileno() == -1
    assert waiting.result(PATIENCE) == 0
    assert server.sock.fileno() == -1
