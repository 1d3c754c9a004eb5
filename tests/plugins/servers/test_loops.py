"""Serving in a loop of one's own, together with other servers, and being woken."""

from __future__ import annotations

import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pyroplug_servers import MultiplexModel, ThreadPoolModel
from pyroplug_transports import UnixTransport

from pyroplug.errors import DaemonError

from .recording import HoardingConnection, RecordingListener
from .scripted import PATIENCE, frame, wait_until

Start = Callable[..., Any]


class Loop:
    """The simplest event loop there is: ``select`` on what servers want watched."""

    def __init__(self, *servers: Any) -> None:
        self.servers = servers
        self.going = True
        self._thread = threading.Thread(target=self._run, name="own loop")

    def _run(self) -> None:
        while self.going:
            for server in self.servers:
                sockets = list(server.sockets)
                ready = select.select(sockets, [], [], 0.05)[0]
                if ready:
                    server.events(ready)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.going = False
        self._thread.join(PATIENCE)


def test_what_there_is_to_watch(prepare: Start, settings: Start) -> None:
    running = prepare()
    assert running.listener in list(running.server.sockets)
    assert all(sock.fileno() >= 0 for sock in running.server.sockets)
    client = running.connect()
    with Loop(running.server):
        assert client.ask(b"ehello") == b"hello"
    connection = running.host.sessions[0].connection
    assert (connection in running.server.sockets) == (running.server.name == "multiplex")


def test_events_for_nothing_look_after_the_clock(prepare: Start) -> None:
    running = prepare(COMMTIMEOUT=0.05)
    client = running.connect()
    deadline = time.monotonic() + PATIENCE
    while not (running.host.sessions and running.host.sessions[0].ends):
        running.server.events([])
        assert time.monotonic() < deadline
        threading.Event().wait(0.005)
    assert client.is_cut_off()


def test_events_elsewhere_do_not_disturb_run(start: Start) -> None:
    running = start()
    client = running.connect()
    assert client.ask(b"ehello") == b"hello"
    running.server.events(running.server.sockets)
    running.host.action = lambda: running.server.events(running.server.sockets)
    assert client.ask(b"a") == b"done"


def test_only_one_loop_at_a_time(start: Start) -> None:
    running = start()
    client = running.connect()
    assert client.ask(b"ehello") == b"hello"
    with pytest.raises(DaemonError, match="running already"):
        running.server.run(lambda: True)
    told: list[bool] = []

    def run() -> None:
        with pytest.raises(DaemonError, match="running already"):
            running.server.run(lambda: True)
        told.append(True)

    running.host.action = run
    assert client.ask(b"a") == b"done"
    assert told


def test_wake_from_a_signal_handler(prepare: Start) -> None:
    running = prepare(POLLTIMEOUT=PATIENCE)
    running.connect()

    def stop(*_: object) -> None:
        running.going = False
        running.server.wake()

    def send_signal() -> None:
        running.host.wait_for_session()
        os.kill(os.getpid(), signal.SIGUSR1)

    before, old = time.monotonic(), signal.signal(signal.SIGUSR1, stop)
    thread = threading.Thread(target=send_signal)
    thread.start()
    try:
        running.server.run(lambda: running.going)
    finally:
        signal.signal(signal.SIGUSR1, old)
        thread.join()
    assert time.monotonic() - before < PATIENCE / 2


# Combined servers


@pytest.mark.parametrize("kind", [MultiplexModel, ThreadPoolModel])
def test_combined_servers_share_a_loop(start: Start, prepare: Start, kind: Any) -> None:
    main, other, third = start(), prepare(model=kind()), prepare(model=kind())
    main.server.combine(other.server)
    other.server.combine(third.server)
    main.server.combine(other.server)
    for _ in range(3):
        clients = [running.connect() for running in (main, other, third)]
        assert [client.ask(b"ehello") for client in clients] == [b"hello"] * 3
        assert [client.ask(b"b3000000") for client in clients] == [b"x" * 3_000_000] * 3
    other.server.close(PATIENCE)
    assert clients[0].ask(b"estill") == b"still"


def test_the_clock_of_a_combined_server_goes_on(start: Start, prepare: Start, short: Start) -> None:
    short(HOUSEKEEPING=0.01)
    main, other = start(), prepare()
    main.server.combine(other.server)
    assert other.host.housekept.wait(PATIENCE)


class ForeignServer:
    """A server of another make: echoes bytes. Its sockets come and go."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.connections: list[socket.socket] = []
        self.is_broken = False
        self.keeps_one = False

    @property
    def sockets(self) -> list[socket.socket]:
        return [self.listener, *self.connections]

    def events(self, ready: Iterable[Any]) -> None:
        if self.is_broken:
            raise RuntimeError("broken")
        for sock in ready:
            if sock is self.listener:
                while self.keeps_one and self.connections:
                    self.connections.pop().close()
                self.connections.append(sock.accept()[0])
            elif data := sock.recv(100):
                sock.sendall(data)
            else:
                self.connections.remove(sock)
                sock.close()

    def close(self) -> None:
        for sock in self.sockets:
            sock.close()


def test_any_server_can_be_combined(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    main, foreign = start(), ForeignServer()
    main.server.combine(foreign)
    for _ in range(5):
        with socket.create_connection(foreign.listener.getsockname(), PATIENCE) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hello"
        assert main.connect().ask(b"ehello") == b"hello"
    wait_until(lambda: not foreign.connections)
    foreign.keeps_one = True
    clients = [socket.create_connection(foreign.listener.getsockname(), PATIENCE)]
    for _ in range(3):
        clients[-1].sendall(b"hello")
        assert clients[-1].recv(100) == b"hello"
        clients.append(socket.create_connection(foreign.listener.getsockname(), PATIENCE))
        assert clients[-2].recv(100) == b""
    for client in clients:
        client.close()
    foreign.is_broken = True
    with socket.create_connection(foreign.listener.getsockname(), PATIENCE):
        wait_until(lambda: "is not served any more" in caplog.text)
    assert main.connect().ask(b"ehello") == b"hello"
    foreign.close()


def test_what_cannot_be_combined(prepare: Start) -> None:
    one, other = prepare(), prepare()
    one.server.combine(other.server)
    for impossible in (one.server, object()):
        with pytest.raises(DaemonError, match="combine"):
            one.server.combine(impossible)
    with pytest.raises(DaemonError, match="own loop"):
        other.server.combine(one.server)
    other.server.close(0)
    with pytest.raises(DaemonError, match="closed"):
        one.server.combine(other.server)
    with pytest.raises(DaemonError, match="closed"):
        other.server.combine(one.server)


# Bytes that no selector sees


def hoarding(running: Any, model: Any, settings: Any) -> Any:
    running.listener = RecordingListener(running.listener, HoardingConnection)
    return model.create(running.host, [running.listener], [], settings)


@pytest.mark.parametrize("own_loop", [False, True])
def test_bytes_that_a_connection_keeps_are_served(
    prepare: Start, model: Any, settings: Start, own_loop: bool
) -> None:
    running = prepare()
    # the first server is closed by hand, its listener with it: the second has another one
    running.server.close(0)
    running.listener = UnixTransport().listen(f"\0hoard-{os.getpid()}", settings())
    running.address = running.listener.sock.getsockname()
    running.server = hoarding(running, model, settings())
    if not own_loop:
        running.thread.start()
    loop = Loop(running.server)
    if own_loop:
        loop.__enter__()
    client = running.connect()
    client.sock.sendall(b"".join(frame(b"e%030d" % number) for number in range(100)))
    assert [client.receive() for _ in range(100)] == [b"%030d" % number for number in range(100)]
    if own_loop:
        loop.__exit__()
