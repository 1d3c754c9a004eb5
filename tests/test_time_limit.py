"""A call's time limit: it is that of the whole call, however often something arrives."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest

from pyroplug.api import Proxy, expose
from pyroplug.errors import TimeoutError
from pyroplug.time_limit import TimeLimit, finite
from pyroplug.wire import MessageType

from .fake_server import Peer, fake_server, message_bytes
from .running import BOTH_MODELS, Running, Way
from .support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
LIMIT = 0.4


class Recording:
    """Remembers the limits that it was given."""

    def __init__(self) -> None:
        self.given: list[float | None] = []

    def set_timeout(self, seconds: float | None) -> None:
        self.given.append(seconds)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


# By itself


def test_for_ever_reads_no_clock_and_touches_no_connection() -> None:
    def clock() -> float:
        raise AssertionError("nobody needs to know")

    limit, connection = TimeLimit(None, clock), Recording()
    limit.begin()
    limit.reset(connection)  # type: ignore[arg-type]
    limit.hold(connection)  # type: ignore[arg-type]
    assert limit.left() is None
    assert connection.given == []


def test_what_is_left() -> None:
    clock = Clock()
    limit = TimeLimit(10.0, clock)
    limit.begin()
    assert limit.left() == 10.0
    clock.now += 9.0
    assert limit.left() == 1.0
    clock.now += 1.0
    with pytest.raises(TimeoutError, match="within 10 seconds"):
        limit.left()
    limit.begin()
    assert limit.left() == 10.0


def test_a_connection_is_told_when_it_matters() -> None:
    clock, connection = Clock(), Recording()
    limit = TimeLimit(10.0, clock)
    limit.begin()
    limit.hold(connection)  # type: ignore[arg-type]
    assert connection.given == [10.0]
    for passed in (0.2, 0.2):
        clock.now += passed
        limit.hold(connection)  # type: ignore[arg-type]
    assert connection.given == [10.0]  # nearly right
    clock.now = 1005.0
    limit.hold(connection)  # type: ignore[arg-type]
    assert connection.given == [10.0, 5.0]
    clock.now = 1010.0
    with pytest.raises(TimeoutError):
        limit.hold(connection)  # type: ignore[arg-type]
    limit.begin()
    limit.reset(connection)  # type: ignore[arg-type]
    limit.reset(connection)  # type: ignore[arg-type]
    assert connection.given == [10.0, 5.0, 10.0]
    limit.forget()
    limit.hold(connection)  # type: ignore[arg-type]
    assert connection.given == [10.0, 5.0, 10.0, 10.0]
    limit.seconds = None
    limit.reset(connection)  # type: ignore[arg-type]
    assert connection.given[-1] is None


# Servers that take their time


class Slow(Peer):
    """Sends a byte now and then."""

    over: threading.Event

    def drip(self, data: bytes, pause: float = 0.03) -> None:
        for at in range(len(data)):
            if self.over.wait(pause):
                return
            try:
                self.sock.sendall(data[at : at + 1])
            except OSError:
                return


@contextmanager
def slow_server(*scripts: Callable[[Slow], None]) -> Iterator[Any]:
    over = threading.Event()

    def slowly(script: Callable[[Slow], None]) -> Callable[[Peer], None]:
        def run(peer: Peer) -> None:
            slow = Slow(peer.sock)
            slow.over = over
            script(slow)

        return run

    with fake_server(*map(slowly, scripts)) as server:
        try:
            yield server
        finally:
            over.set()


@contextmanager
def in_time(text: str = f"within {LIMIT:g} seconds") -> Iterator[None]:
    """What takes about as long as the limit; a busy machine may notice a second later."""
    begun = time.monotonic()
    with pytest.raises(TimeoutError, match=text):
        yield
    assert LIMIT * 0.9 < time.monotonic() - begun < LIMIT * 1.8 + 1


def answer_of(size: int) -> Callable[[int], bytes]:
    return lambda sequence: message_bytes(MessageType.RESULT, "x" * size, sequence)


def proxy_of(server: Any, limit: float = LIMIT) -> Any:
    proxy: Any = Proxy(server.uri)
    proxy._pyroTimeout = limit
    return proxy


def test_an_answer_that_drips() -> None:
    def script(peer: Slow) -> None:
        peer.greet()
        peer.drip(answer_of(100)(peer.receive_call().sequence))

    with slow_server(script) as server:
        proxy = proxy_of(server)
        proxy._pyroBind()
        with in_time():
            proxy.call()
        assert proxy._pyroConnection is None


def test_a_greeting_that_drips() -> None:
    def script(peer: Slow) -> None:
        peer.receive()
        peer.drip(message_bytes(MessageType.CONNECTOK, {"handshake": "hello"}, 0))

    with slow_server(script) as server, in_time():
        proxy_of(server)._pyroBind()


def test_greeting_and_call_share_the_time() -> None:
    """Each of them alone would be in time."""

    def script(peer: Slow) -> None:
        hello = peer.receive()
        assert hello is not None
        peer.over.wait(LIMIT * 0.7)
        said = {"handshake": "hello", "meta": {"methods": ["call"], "oneway": [], "attrs": []}}
        peer.send(MessageType.CONNECTOK, said, hello.sequence)
        request = peer.receive_call()
        peer.over.wait(LIMIT * 0.7)
        with suppress(OSError):
            peer.answer(request, "too late")

    with slow_server(script) as server, in_time():
        proxy_of(server)._pyroInvoke("call", (), {})


def test_a_slow_answer_in_time_and_the_next_call_has_all_of_it() -> None:
    def script(peer: Slow) -> None:
        peer.greet()
        request = peer.receive_call()
        data = answer_of(10)(request.sequence)
        peer.drip(data, limit * 0.6 / len(data))
        request = peer.receive_call()
        peer.over.wait(limit * 0.6)
        peer.answer(request, "in time")
        assert peer.receive() is None

    limit = 2.0  # what is left of it is for a busy machine
    with slow_server(script) as server, proxy_of(server, limit) as proxy:
        assert proxy.call() == "x" * 10
        assert proxy.call() == "in time"


def test_a_request_that_is_not_taken() -> None:
    def script(peer: Slow) -> None:
        peer.greet()
        while not peer.over.wait(0.02):
            peer.sock.recv(10_000)

    with slow_server(script) as server:
        proxy = proxy_of(server)
        proxy._pyroBind()
        begun = time.monotonic()
        with pytest.raises(TimeoutError, match="the request was not taken") as caught:
            proxy.call("x" * 60_000_000)
        assert time.monotonic() - begun < LIMIT * 1.8 + 1  # it takes a while to make it
        assert caught.value.unsent
        assert proxy._pyroConnection is None


def test_a_late_answer_is_given_to_nobody() -> None:
    def late(peer: Slow) -> None:
        peer.greet()
        request = peer.receive_call()
        assert peer.receive() is None  # the proxy has given up
        with closing(peer.sock.dup()) as sock, suppress(OSError):
            sock.sendall(answer_of(5)(request.sequence))

    def prompt(peer: Slow) -> None:
        peer.greet()
        for word in ("second", "third"):
            peer.answer(peer.receive_call(), word)
        assert peer.receive() is None

    with slow_server(late, prompt) as server, proxy_of(server) as proxy:
        with in_time():
            proxy.call()
        assert [proxy.call(), proxy.call()] == ["second", "third"]


# Real servers


@expose
class Thing:
    def __init__(self) -> None:
        self.go = threading.Event()

    def wait(self) -> str:
        self.go.wait(PATIENCE)
        return "waited"

    def echo(self, value: Any) -> Any:
        return value


@EITHER
def test_the_limit_of_a_live_connection_may_be_changed(run_daemon: Callable[..., Running], way: Way) -> None:
    thing = Thing()
    proxy = run_daemon(way, thing=thing).proxy()
    proxy._pyroTimeout = None
    assert proxy.echo(1) == 1
    connection = proxy._pyroConnection
    proxy._pyroTimeout = LIMIT
    assert proxy.echo(1) == 1
    assert proxy._pyroConnection is connection
    with in_time():
        proxy.wait()
    thing.go.set()
    proxy._pyroTimeout = 0
    assert proxy.wait() == "waited"
    proxy._pyroTimeout = PATIENCE


@EITHER
def test_large_messages_with_a_limit(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    proxy._pyroSerializer = "msgpack"
    data = bytes(range(256)) * 100_000

    def seconds(limit: float | None) -> float:
        proxy._pyroTimeout = limit
        proxy.echo(1)
        begun = time.perf_counter()
        assert proxy.echo(data) == data
        return time.perf_counter() - begun

    without = min(seconds(None) for _ in range(3))
    assert min(seconds(PATIENCE) for _ in range(3)) < 4 * without + 0.1


def test_a_host_that_does_not_answer() -> None:
    with closing(socket.create_server(("127.0.0.1", 0), backlog=1)) as server:
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        proxy: Any = Proxy(f"PYRO:thing@127.0.0.1:{server.getsockname()[1]}")
        proxy._pyroTimeout = LIMIT
        with in_time("cannot connect"):
            proxy._pyroBind()
        for caller in callers:
            caller.close()


@pytest.mark.parametrize("seconds", [1e10, 1e308, float("inf")])
@EITHER
def test_more_than_a_lifetime_is_for_ever(
    run_daemon: Callable[..., Running], way: Way, seconds: float
) -> None:
    assert finite(seconds) is finite(0) is finite(None) is None
    assert finite(1e8) == 1e8 < threading.TIMEOUT_MAX
    proxy = run_daemon(way, thing=Thing()).proxy()
    proxy._pyroTimeout = seconds
    assert proxy._pyroTimeout == seconds
    assert proxy.echo(1) == 1
    proxy._pyroTimeout = seconds  # of a connection that there is
    assert proxy.echo(1) == 1
