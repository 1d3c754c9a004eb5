"""Connections that come, that are too many, that are silent for too long, and that get a last word."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_servers import greeters, limits
from pyroplug_transports import UnixTransport

from pyroplug.errors import CommunicationError, ConfigError
from pyroplug.testing.memory import MemoryTransport, memory_pair

from .scripted import PATIENCE, frame, wait_until

Start = Callable[..., Any]


def test_the_last_connection_that_fits_and_the_first_that_does_not(start: Start, short: Start) -> None:
    short(LINGER=10 * PATIENCE)
    running = start(MAX_CONNECTIONS=3)
    clients = running.connect_many(3)
    assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 3
    late = running.connect()
    refusal = late.ask(b"eme too")
    assert refusal is not None
    assert refusal.startswith(b"refused: ")
    assert b"MAX_CONNECTIONS" in refusal
    assert late.receive() is None
    assert [client.ask(b"estill") for client in clients] == [b"still"] * 3
    assert [limit for limit, _ in running.host.refusals] == ["MAX_CONNECTIONS"]


@pytest.fixture
def newcomers_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too many greet, it is the newcomer who is drawn."""
    monkeypatch.setattr(greeters, "_random", lambda: 0.999999)


@pytest.mark.usefixtures("newcomers_go")
def test_a_refused_peer_sees_why_although_it_has_sent_something(start: Start) -> None:
    running = start(MAX_GREETINGS="1")
    running.connect()
    running.host.wait_for_session()
    for size in (1, 1000, 100_000):
        late = running.connect()
        late.sock.sendall(b"x" * size)
        assert (late.receive() or b"").startswith(b"refused")
        assert late.receive() is None


@pytest.mark.usefixtures("newcomers_go")
def test_a_refused_peer_that_does_not_leave_is_cut_off(start: Start, short: Start) -> None:
    short(LINGER=0.05)
    running = start(MAX_GREETINGS="1")
    running.connect()
    running.host.wait_for_session()
    running.connect()
    wait_until(lambda: len(running.host.sessions) == 2)
    refused = running.host.sessions[1]
    wait_until(lambda: refused.ends)
    wait_until(lambda: refused.connection.fileno() == -1)


@pytest.mark.usefixtures("newcomers_go")
def test_refused_peers_that_stay_do_not_pile_up(start: Start, short: Start) -> None:
    short(LINGER_CONNECTIONS=5, LINGER=PATIENCE)
    running = start(MAX_GREETINGS="1")
    running.connect()
    running.host.wait_for_session()
    running.connect_many(20)
    wait_until(lambda: len(running.host.sessions) == 21)
    wait_until(lambda: sum(s.connection.fileno() == -1 for s in running.host.sessions) >= 15)


def test_the_last_word_arrives_although_the_peer_goes_on_sending(start: Start) -> None:
    client = start().connect()
    client.send(b"cbye")
    sender = threading.Thread(target=send_until_it_fails, args=(client.sock, 4 << 20))
    sender.start()
    assert client.receive() == b"bye"
    assert client.receive() is None
    sender.join(PATIENCE)
    assert not sender.is_alive()


def send_until_it_fails(sock: socket.socket, size: int) -> None:
    try:
        sock.sendall(b"x" * size)
        sock.shutdown(socket.SHUT_WR)
    except OSError:
        pytest.fail("the connection was reset")


def test_a_peer_that_never_stops_sending_is_cut_off(start: Start, short: Start) -> None:
    short(LINGER_BYTES=100_000, LINGER=PATIENCE)
    running = start()
    client = running.connect()
    client.send(b"cbye")
    with pytest.raises(OSError, match=r"reset|Broken"):
        client.sock.sendall(b"x" * (100 << 20))
    running.host.wait_until_lost()


def test_a_large_last_word_to_a_slow_reader(start: Start, short: Start) -> None:
    short(STAY=0.001)
    running = start()
    client = running.connect()
    client.sock.sendall(frame(b"b20000000") + frame(b"cbye"))
    running.host.wait_for_session()
    assert client.receive() == b"x" * 20_000_000
    assert client.receive() == b"bye"
    assert client.receive() is None
    running.host.wait_until_lost()
    assert "this side" in running.host.sessions[0].ends[0]


def test_idle_connections_are_closed_and_busy_ones_are_not(start: Start) -> None:
    running = start(COMMTIMEOUT=0.2)
    idle, busy = running.connect_many(2)
    assert idle.ask(b"ehello") == b"hello"
    deadline = time.monotonic() + PATIENCE
    while not running.host.sessions[0].ends:
        assert busy.ask(b"ehello") == b"hello"
        assert time.monotonic() < deadline
        threading.Event().wait(0.02)
    assert idle.is_cut_off()
    assert "COMMTIMEOUT" in running.host.sessions[0].ends[0]
    assert busy.ask(b"ehello") == b"hello"


def test_a_call_may_take_longer_than_an_idle_connection(start: Start) -> None:
    running = start(COMMTIMEOUT=0.02)
    client = running.connect()
    client.send(b"wword")
    running.host.wait_for_call()
    threading.Event().wait(0.1)
    running.host.gate.set()
    assert client.receive() == b"word"
    assert client.is_cut_off()


def test_who_says_no_hello_is_closed_in_time(start: Start) -> None:
    running = start(HANDSHAKE_TIMEOUT=0.1)
    polite, silent = running.connect_many(2)
    assert polite.ask(b"ehello") == b"hello"
    silent.sock.sendall(b"\0")
    refusal = silent.receive()
    assert refusal is not None
    assert b"HANDSHAKE_TIMEOUT" in refusal
    assert silent.is_cut_off()
    assert "hello" in running.host.sessions[1].ends[0]
    assert [limit for limit, _ in running.host.refusals] == ["HANDSHAKE_TIMEOUT"]
    assert polite.ask(b"estill") == b"still"


def test_a_connection_that_somebody_else_closed_is_noticed(start: Start, short: Start) -> None:
    short(HOUSEKEEPING=0.02)
    running = start()
    client = running.connect()
    assert client.ask(b"ehello") == b"hello"
    threading.Event().wait(2 * limits.STAY)
    running.host.sessions[0].connection.close()
    running.host.wait_until_lost()
    assert running.connect().ask(b"ehello") == b"hello"


def test_a_number_that_is_used_again_is_another_connection(start: Start) -> None:
    running = start()
    client = running.connect()
    assert client.ask(b"ehello") == b"hello"
    threading.Event().wait(2 * limits.STAY)
    with socket.socket(socket.AF_UNIX) as sock:
        number = running.host.sessions[0].connection.fileno()
        running.host.sessions[0].connection.close()
        sock.connect(running.address)
        for _ in range(3):
            sock.sendall(frame(b"ehello"))
            assert sock.recv(100) == frame(b"hello")
            threading.Event().wait(2 * limits.STAY)
        assert running.host.sessions[1].connection.fileno() == number
        assert len(running.host.sessions[0].ends) == 1


class FullListener:
    """Says so often that the system has no room, before it accepts."""

    def __init__(self, listener: Any, failures: int) -> None:
        self._listener = listener
        self.failures = failures
        self.location = listener.location
        self.fileno, self.close = listener.fileno, listener.close

    def accept(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise CommunicationError("no room for another connection")
        return self._listener.accept()


def test_accepting_pauses_when_there_is_no_room(
    prepare: Start, short: Start, settings: Start, model: Any
) -> None:
    short(ACCEPT_PAUSE=0.05)
    running = prepare()
    listener = FullListener(UnixTransport().listen(f"\0full-{os.getpid()}", settings()), 3)
    server = model.create(running.host, [listener], [], settings())
    before = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(f"\0full-{os.getpid()}")
        server.run(lambda: not running.host.sessions)
        server.close(PATIENCE)
    assert time.monotonic() - before >= 0.15
    assert [what.startswith("accepting pauses") for _, what in running.host.refusals] == [True] * 3
    assert {limit for limit, _ in running.host.refusals} == {limits.OPEN_FILES}


OUT_OF_FILES = """
import resource, socket, sys, threading
from types import SimpleNamespace
from pyroplug_servers import MultiplexModel, ThreadPoolModel, limits
from pyroplug_transports import TcpTransport
from tests.plugins.servers.scripted import Host, frame, wait_until
settings = SimpleNamespace(SOCK_REUSE=True, SOCK_NODELAY=False, PREFER_IP_VERSION=0, SSL=False,
    THREADPOOL_SIZE=4, THREADPOOL_SIZE_MIN=1, ONEWAY_THREADS=1, MAX_CONNECTIONS=0, HANDSHAKE_TIMEOUT=0.0,
    MAX_GREETINGS="0", MESSAGE_TIMEOUT=0.0,
    COMMTIMEOUT=0.0, POLLTIMEOUT=30.0)
limits.ACCEPT_PAUSE = 0.05
listener = TcpTransport().listen("127.0.0.1:0", settings)
model = {"threadpool": ThreadPoolModel, "multiplex": MultiplexModel}[sys.argv[1]]()
host = Host()
server = model.create(host, [listener], [], settings)
address = listener.sock.getsockname()
def client():
    sock = socket.create_connection(address, 20)
    sock.sendall(frame(b"ehello"))
    return sock
thread = threading.Thread(target=server.run, args=(lambda: True,), daemon=True)
thread.start()
first = client()
assert first.recv(100) == frame(b"hello")
free = first.fileno() + 8
resource.setrlimit(resource.RLIMIT_NOFILE, (free, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
waiting = []
try:
    while True:
        waiting.append(client())
except OSError as error:
    assert error.errno == 24, error
first.sendall(frame(b"estill here"))
assert first.recv(100) == frame(b"still here")
resource.setrlimit(resource.RLIMIT_NOFILE, (free + 50, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
assert all(sock.recv(100) == frame(b"hello") for sock in waiting)
server.close(20)
thread.join(20)
assert host.all_lost_once
print("good", len(waiting))
"""


def test_out_of_files(model: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", OUT_OF_FILES, model.name],
        capture_output=True, text=True, timeout=60, cwd=os.getcwd(), check=False,
    )  # fmt: skip
    assert done.stdout.startswith("good"), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("item", "value"), [("MAX_CONNECTIONS", -1), ("ONEWAY_THREADS", 0)])
def test_unusable_settings(model: Any, settings: Start, item: str, value: int) -> None:
    with pytest.raises(ConfigError, match=item):
        model.create(None, [], [], settings(**{item: value}))


def test_what_has_no_descriptors_cannot_be_served(model: Any, settings: Start) -> None:
    transport = MemoryTransport()
    listener = transport.listen("unwatched", settings())
    one, other = memory_pair()
    for listeners, connections, what in (([listener], [], listener.location), ([], [one], str(one.peer))):
        with pytest.raises(
            ConfigError, match=f"{model.name!r} watches file descriptors, and .* has none"
        ) as caught:
            model.create(None, listeners, connections, settings())
        assert what in str(caught.value)
        assert "SERVERTYPE" in (caught.value.hint or "")
    for it in (listener, one, other):
        it.close()
