"""A gateway that is served: clients that stall hold up nobody, and are ended."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.serving import Server, urls

from pyroplug.api import expose
from tests.running import Running
from tests.support import PATIENCE

Address = tuple[str, int]
Make = Callable[..., Gateway]
Serve = Callable[..., Address]

PATH = "/pyro/http.sample/stock"
HEAD = b"POST /pyro/http.sample/arguments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"

STALLING = {
    "silent": b"",
    "half a line": b"GET /pyro/http.sam",
    "half the headers": HEAD,
    "half a body": HEAD + b"Content-Length: 100\r\n\r\n[1, ",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n100\r\n[1, ",
}


@pytest.fixture
def crowd() -> Iterator[Callable[[Address, bytes], socket.socket]]:
    """Connects, and sends something; all connections are closed in the end."""
    with ExitStack() as stack:

        def connect(address: Address, said: bytes) -> socket.socket:
            sock = stack.enter_context(socket.create_connection(address, PATIENCE))
            sock.sendall(said)
            return sock

        yield connect


def get(address: Address, path: str = PATH, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def received(sock: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    parts = []
    try:
        while part := sock.recv(65536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_many_calls_on_one_connection(make: Make, serve: Serve) -> None:
    connection = http.client.HTTPConnection(*serve(make()), timeout=PATIENCE)
    for number in range(20):
        connection.request("GET", f"/pyro/http.sample/echo?message={number}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (200, f'"{number}"'.encode())
    connection.close()


def test_encoded_paths(make: Make, serve: Serve, daemon: Running) -> None:
    uri = str(daemon.daemon.uriFor("thing"))
    address = serve(make(objects=dict.fromkeys(("a/b", "with space", "é;x", "a?b"), uri)))
    for path in ("a%2Fb", "a/b", "with%20space", "%C3%A9;x", "a%3Fb"):
        assert get(address, f"/pyro/{path}/stock") == (200, b"7")
    for path in ("a%252Fb", "with+space", "%E9;x", "a?b", "A%2Fb", "a%2F%2Fb", "a//b", "./a/b", "a/../a/b"):
        assert get(address, f"/pyro/{path}/stock")[0] in (400, 403, 404)


def test_fifty_that_stall_hold_up_nobody(
    make: Make, serve: Serve, crowd: Callable[[Address, bytes], socket.socket]
) -> None:
    address = serve(make(), threads=2)
    for number in range(50):
        crowd(address, list(STALLING.values())[number % len(STALLING)])
    start = time.monotonic()
    assert get(address) == (200, b"7")
    assert time.monotonic() - start < 5


def test_the_quietest_makes_room_for_one_more(
    make: Make,
    serve: Serve,
    run_daemon: Callable[..., Running],
    in_thread: Callable[..., Future[Any]],
    crowd: Callable[[Address, bytes], socket.socket],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("pyroplug_gateway.serving.MOST_CLIENTS", 10)
    slow = Slow()
    objects = {"slow": str(run_daemon(slow=slow).daemon.uriFor("slow"))}
    address = serve(make(objects=objects))
    waiting = in_thread(get, address, "/pyro/slow/work")
    try:
        assert slow.running.acquire(timeout=PATIENCE)
        clients = [crowd(address, list(STALLING.values())[number % len(STALLING)]) for number in range(30)]
        assert get(address, "/pyro/slow/quick") == (200, b'"quick"')
        assert [received(sock) for sock in clients[:15]] == [b""] * 15
    finally:
        slow.go_on.set()
    assert waiting.result(PATIENCE) == (200, b'"done"'), "who waits for an answer is not quiet"


@pytest.mark.parametrize("said", [said for said in STALLING.values() if said], ids=list(STALLING)[1:])
def test_who_stalls_is_ended(
    make: Make, serve: Serve, crowd: Callable[[Address, bytes], socket.socket], said: bytes
) -> None:
    address = serve(make(), request_time=0.3)
    assert received(crowd(address, said)) == b""


def test_who_drips_has_no_more_time_than_others(
    make: Make, serve: Serve, crowd: Callable[[Address, bytes], socket.socket]
) -> None:
    sock = crowd(serve(make(), request_time=0.5), b"GET /pyro/http.sample/stock?")
    start = time.monotonic()
    ended = threading.Event()
    sock.settimeout(0.05)
    while not ended.is_set() and time.monotonic() - start < PATIENCE:
        try:
            sock.sendall(b"a")
            if sock.recv(1) == b"":
                ended.set()
        except TimeoutError:
            continue
        except OSError:
            ended.set()
    assert ended.is_set()
    assert time.monotonic() - start < 10


def test_who_does_not_read_its_answer_is_ended(
    make: Make, serve: Serve, sample: Any, crowd: Callable[[Address, bytes], socket.socket]
) -> None:
    address = serve(make(), threads=1, request_time=0.5)
    # A stream is not limited by what memory holds: its client has to read.
    crowd(address, b"GET /pyro/http.sample/letters HTTP/1.1\r\nHost: x\r\n\r\n")
    assert sample.closed.wait(PATIENCE)
    assert get(address) == (200, b"7")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (HEAD + b"Content-Length: 2000000\r\n\r\n", b"413"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n200000\r\n" + b"1" * 0x200000 + b"\r\n0\r\n\r\n", b"413"),
        (HEAD + b"Content-Length: x\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n[1]", b"400"),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", b"501"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET /pyro/" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", b"431"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX y: z\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nX: a\nb\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n", b"400"),
        (HEAD.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=\n\r\n[]\r\n0\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: +2\r\n\r\n[]", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    ],
)
def test_odd_requests(
    make: Make,
    serve: Serve,
    crowd: Callable[[Address, bytes], socket.socket],
    said: bytes,
    status: bytes,
) -> None:
    address = serve(make(), request_time=5)
    sock = crowd(address, b"")
    with suppress(BrokenPipeError, ConnectionResetError):  # it refuses some before it has all
        sock.sendall(said)
    assert sock.recv(65536).split(b" ", 2)[1] == status
    assert get(address) == (200, b"7")


@pytest.mark.parametrize("size", [10, 100_000])
def test_chunked_bodies(make: Make, serve: Serve, size: int) -> None:
    connection = http.client.HTTPConnection(*serve(make()), timeout=PATIENCE)
    body = [b'["', b"x" * size, b'"]']
    headers = {"Content-Type": "application/json"}
    connection.request("POST", "/pyro/http.sample/echo", iter(body), headers, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read() == b'"' + b"x" * size + b'"'
    connection.close()


class Slow:
    """Takes its time.

    :ivar go_on: what it waits for.
    """

    def __init__(self) -> None:
        self.running = threading.Semaphore(0)
        self.go_on = threading.Event()

    @expose
    def work(self) -> str:
        self.running.release()
        assert self.go_on.wait(PATIENCE)
        return "done"

    @expose
    def quick(self) -> str:
        return "quick"


def test_an_object_that_takes_long_holds_up_no_other(
    make: Make,
    serve: Serve,
    daemon: Running,
    run_daemon: Callable[..., Running],
    in_thread: Callable[..., Future[Any]],
) -> None:
    slow = Slow()
    objects = {
        "http.sample": str(daemon.daemon.uriFor("thing")),
        "slow": str(run_daemon(slow=slow).daemon.uriFor("slow")),
    }
    address = serve(make(objects=objects, connections_per_object=2), threads=4)
    waiting = [in_thread(get, address, "/pyro/slow/work") for _ in range(2)]
    try:
        for _ in waiting:
            assert slow.running.acquire(timeout=PATIENCE)
        assert get(address, "/pyro/slow/work")[0] == 503
        assert get(address) == (200, b"7")
    finally:
        slow.go_on.set()
    assert [future.result(PATIENCE) for future in waiting] == [(200, b'"done"')] * 2


def test_its_health_is_told_when_all_threads_are_busy(
    make: Make, serve: Serve, run_daemon: Callable[..., Running], in_thread: Callable[..., Future[Any]]
) -> None:
    slow = Slow()
    objects = {"slow": str(run_daemon(slow=slow).daemon.uriFor("slow"))}
    address = serve(make(objects=objects), threads=2)
    waiting = [in_thread(get, address, "/pyro/slow/work") for _ in range(2)]
    try:
        for _ in waiting:
            assert slow.running.acquire(timeout=PATIENCE)
        assert get(address, "/healthz") == (200, b'{"status": "ok", "nameserver": "none"}')
    finally:
        slow.go_on.set()
    assert [future.result(PATIENCE) for future in waiting] == [(200, b'"done"')] * 2


def test_requests_that_follow_each_other_at_once(
    make: Make, serve: Serve, crowd: Callable[[Address, bytes], socket.socket]
) -> None:
    paths = ("stock", "nothing", "fail", "../../healthz", "stock")
    said = b"".join(f"GET /pyro/http.sample/{it} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for it in paths)
    health = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    told = received(crowd(serve(make()), said + health))
    statuses = [part[:3] for part in told.split(b"HTTP/1.1 ")[1:]]
    assert statuses == [b"200", b"404", b"500", b"403", b"200", b"200"]


def test_an_object_that_does_not_answer(make: Make, serve: Serve, run_daemon: Callable[..., Running]) -> None:
    slow = Slow()
    objects = {"slow": str(run_daemon(slow=slow).daemon.uriFor("slow"))}
    address = serve(make(objects=objects, timeout=0.2))
    try:
        status, body = get(address, "/pyro/slow/work")
        assert status == 504
        assert b"Pyro5.errors.TimeoutError" in body
    finally:
        slow.go_on.set()


def test_many_clients_at_once(make: Make, serve: Serve, in_thread: Callable[..., Future[Any]]) -> None:
    address = serve(make(), threads=8)

    def work(number: int) -> None:
        connection = http.client.HTTPConnection(*address, timeout=PATIENCE)
        for each in range(25):
            connection.request("GET", f"/pyro/http.sample/echo?message={number}-{each}")
            assert connection.getresponse().read() == f'"{number}-{each}"'.encode()
        connection.close()

    for future in [in_thread(work, number) for number in range(8)]:
        future.result(PATIENCE)


def test_urls() -> None:
    assert urls([("127.0.0.1", 1), ("::1", 2)]) == ["http://127.0.0.1:1/pyro/", "http://[::1]:2/pyro/"]


def test_it_may_be_stopped_while_a_request_ends(make: Make) -> None:
    server = Server(make(), "127.0.0.1", 0)
    trigger = server._trigger
    pull = trigger._physical_pull

    def pull_twice() -> None:
        """Another thread was quicker, and what was to be done is done."""
        trigger.handle_read = lambda: None
        pull()
        for thunk in trigger.thunks:
            thunk()
        pull()

    trigger._physical_pull = pull_twice
    server.stop()
    server.run()
    server.close()
