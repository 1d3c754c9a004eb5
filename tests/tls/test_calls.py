"""Calls over TLS, in both server models: nothing is lost, and nobody is held up."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.errors import HandshakeError
from pyroplug.wire import MessageType
from tests.certificates import Authority, Files
from tests.support import PATIENCE, wait_until
from tests.tls_client import TlsClient

from .conftest import RunDaemon, Thing

# Calls -----------------------------------------------------------------------------------------------


def test_everything_goes_over_tls(serve: RunDaemon, proxy_for: Callable[..., Any]) -> None:
    thing = Thing()
    proxy = proxy_for(serve(thing=thing))
    assert proxy.echo(["a", 1]) == ["a", 1]
    proxy.note("heard")
    wait_until(lambda: thing.heard == ["heard"])
    assert list(proxy.count(5)) == [0, 1, 2, 3, 4]
    with pytest.raises(TypeError):
        proxy.echo()
    assert isinstance(proxy._pyroConnection.sock, ssl.SSLSocket)
    assert ("DNS", "localhost") in proxy._pyroConnection.getpeercert()["subjectAltName"]


def test_what_the_server_knows_of_its_client(
    serve: RunDaemon, proxy_for: Callable[..., Any], alice: Files
) -> None:
    facts = proxy_for(serve(SSL_REQUIRECLIENTCERT=True), alice).facts()
    assert facts["tls_version"] == "TLSv1.3"
    assert facts["certificate"] == facts["getpeercert"]
    names = [tuple(name) for name in facts["certificate"]["subjectAltName"]]
    assert ("email", "alice@example.org") in names


def test_large_messages_both_ways_at_once(
    serve: RunDaemon, proxy_for: Callable[..., Any], in_thread: Any
) -> None:
    running = serve()
    blob = bytes(range(256)) * (8 << 12)
    proxies = [proxy_for(running, SERIALIZER="msgpack") for _ in range(4)]

    def call(proxy: Any) -> bool:
        proxy._pyroClaimOwnership()
        return all(proxy.echo(blob) == blob for _ in range(3))

    assert all(task.result(PATIENCE) for task in [in_thread(call, proxy) for proxy in proxies])


def test_a_message_of_64_mib_takes_linear_time(serve: RunDaemon, proxy_for: Callable[..., Any]) -> None:
    proxy = proxy_for(serve(), SERIALIZER="msgpack")

    def seconds(size: int) -> float:
        start = time.perf_counter()
        assert proxy.size(bytes(size)) == size
        return time.perf_counter() - start

    seconds(1 << 20)
    small = min(seconds(8 << 20) for _ in range(3))
    # If each record moved the rest of the message, this would take half a minute; machines may be busy.
    assert seconds(64 << 20) < max(8 * small * 4, 5.0)


@pytest.mark.parametrize("size", [10, 16_000, 65_500, 100_000])
def test_messages_that_share_a_record_are_all_answered(
    serve: RunDaemon, authority: Authority, size: int
) -> None:
    """The last piece of a large message, and others behind it, in one record: no selector tells of these."""
    running = serve()
    with socket.create_connection(running.daemon.sock.getsockname(), PATIENCE) as sock:
        client = TlsClient(sock, authority)
        sock.sendall(client.hello())
        client.shake_hands()
        client.greet("thing")
        for _ in range(3):
            client.send(client.invoke("echo", "x" * size), *[client.ping() for _ in range(20)])
            assert [client.receive() for _ in range(21)] == [MessageType.RESULT] + [MessageType.PING] * 20


def test_a_oneway_call_is_not_lost_when_the_client_leaves(
    serve: RunDaemon, proxy_for: Callable[..., Any]
) -> None:
    thing = Thing()
    running = serve(thing=thing)
    for number in range(50):
        proxy = proxy_for(running)
        proxy.note(number)
        proxy._pyroRelease()
    wait_until(lambda: sorted(thing.heard) == list(range(50)))


# Who holds up whom -----------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0], ids=["silent", "half a hello", "hello and nothing more"])
def test_unfinished_handshakes_hold_up_nobody_and_are_ended(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority, share: float
) -> None:
    running = serve(HANDSHAKE_TIMEOUT=0.4, THREADPOOL_SIZE=2, THREADPOOL_SIZE_MIN=1)
    with contextlib.ExitStack() as stack:
        address = running.daemon.sock.getsockname()
        slow = [stack.enter_context(socket.create_connection(address, PATIENCE)) for _ in range(8)]
        for sock in slow:
            hello = TlsClient(sock, authority).hello()
            sock.sendall(hello[: int(len(hello) * share)])
        proxy = proxy_for(running)
        start = time.monotonic()
        for _ in range(20):
            assert proxy.echo("quick") == "quick"
        assert time.monotonic() - start < 0.35
        for sock in slow:
            while sock.recv(65536):
                pass
        assert 0.3 < time.monotonic() - start < PATIENCE / 2
        assert proxy.echo("still here") == "still here"


def test_a_trickling_handshake_keeps_no_worker(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority
) -> None:
    running = serve(THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    proxy = proxy_for(running)
    proxy.echo(1)
    stop = threading.Event()

    def trickle() -> None:
        with socket.create_connection(running.daemon.sock.getsockname()) as sock:
            for byte in TlsClient(sock, authority).hello():
                sock.sendall(bytes([byte]))
                if stop.wait(0.01):
                    return

    threads = [threading.Thread(target=trickle) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        start = time.monotonic()
        for _ in range(20):
            proxy.echo(1)
            time.sleep(0.005)
        assert (
            time.monotonic() - start < 0.8
        )  # a worker that stays for each byte would take 20 * 0.05 seconds
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_client_that_takes_the_certificate_late(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority
) -> None:
    """The server has to wait until it can send, in the middle of receiving."""
    long = authority.issue(
        "long", *(f"host-{number}.example.org" for number in range(2000)), "127.0.0.1", "localhost"
    )
    running = serve(**long.server())
    running.daemon.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.settimeout(PATIENCE)
        sock.connect(running.daemon.sock.getsockname())
        late = TlsClient(sock, authority)
        sock.sendall(late.hello())
        proxy = proxy_for(running)
        proxy.echo("connected")
        before = time.process_time()
        for _ in range(3):
            assert proxy.echo("quick") == "quick"
            time.sleep(0.05)
        assert time.process_time() - before < 0.1  # nobody spins meanwhile
        late.shake_hands()
        late.greet("thing")
        late.send(late.invoke("echo", "late"))
        assert late.receive() is MessageType.RESULT


def test_a_full_server_says_so_over_tls(serve: RunDaemon, proxy_for: Callable[..., Any]) -> None:
    running = serve(MAX_CONNECTIONS=1)
    proxy_for(running).echo(1)
    with pytest.raises(HandshakeError, match="the server is full"):
        proxy_for(running).echo(1)


def test_answers_survive_the_daemons_end(
    serve: RunDaemon, proxy_for: Callable[..., Any], in_thread: Any
) -> None:
    thing = Thing()
    running = serve(thing=thing)
    proxy = proxy_for(running)
    proxy.echo(1)

    def call() -> Any:
        proxy._pyroClaimOwnership()
        return proxy.wait()

    calling = in_thread(call)
    time.sleep(0.05)
    closing = in_thread(running.stop)
    time.sleep(0.05)
    thing.gate.set()
    assert calling.result(PATIENCE) == "waited"
    closing.result(PATIENCE)
