"""What the server models' tests share: servers that are up, and clients for them."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from pyroplug_servers import MultiplexModel, ThreadPoolModel, limits
from pyroplug_transports import UnixTransport

from .scripted import PATIENCE, Host, frame

_DEFAULTS = {
    "THREADPOOL_SIZE": 16,
    "THREADPOOL_SIZE_MIN": 2,
    "ONEWAY_THREADS": 4,
    "MAX_CONNECTIONS": 0,
    "MAX_GREETINGS": "0",
    "HANDSHAKE_TIMEOUT": 0.0,
    "MESSAGE_TIMEOUT": 0.0,
    "COMMTIMEOUT": 0.0,
    "POLLTIMEOUT": 30.0,
}


class Client:
    """The other end of a connection, made of a plain socket."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock

    def send(self, body: bytes) -> None:
        self.sock.sendall(frame(body))

    def receive(self) -> bytes | None:
        """The next answer; ``None`` at the end. Raises ``ConnectionError`` if the connection was reset."""
        head = self.exactly(4)
        return None if len(head) < 4 else self.exactly(struct.unpack("!I", head)[0])

    def exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count and (piece := self.sock.recv(min(count - len(data), 1 << 20))):
            data += piece
        return bytes(data)

    def ask(self, body: bytes) -> bytes | None:
        self.send(body)
        return self.receive()

    def is_cut_off(self) -> bool:
        """Whether the server closes the connection, cleanly or not."""
        try:
            return self.sock.recv(1) == b""
        except ConnectionError:
            return True


class Running:
    """A server, its host, and the thread in which it runs."""

    def __init__(self, model: Any, settings: Any, connections: list[Any], transport: Any = None) -> None:
        self.host = Host()
        self.listener = (transport or UnixTransport()).listen("\0" + f"servers-{id(self)}", settings)
        self.address = self.listener.sock.getsockname()
        self.clients: list[Client] = []
        self.going = True
        try:
            self.server = model.create(self.host, [self.listener], connections, settings)
        except BaseException:
            self.listener.close()
            raise
        self.thread = threading.Thread(target=self._run, name="the loop", daemon=True)
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.server.run(lambda: self.going)
        except BaseException as error:
            self.error = error

    def connect(self) -> Client:
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(PATIENCE)
        client = Client(sock)
        self.clients.append(client)
        sock.connect(self.address)
        return client

    def connect_many(self, count: int) -> list[Client]:
        return [self.connect() for _ in range(count)]

    def stop(self) -> None:
        """End it, and look that all is in order."""
        self.host.gate.set()
        self.going = False
        self.server.wake()
        if self.thread.ident:
            self.thread.join(PATIENCE)
        self.server.close(PATIENCE)
        for client in self.clients:
            client.sock.close()
        assert not self.thread.is_alive()
        assert self.error is None
        assert self.host.all_lost_once
        assert all(session.connection.fileno() == -1 for session in self.host.sessions)


@pytest.fixture(params=["threadpool", "multiplex"])
def model(request: pytest.FixtureRequest) -> Any:
    return {"threadpool": ThreadPoolModel, "multiplex": MultiplexModel}[request.param]()


@pytest.fixture
def settings() -> Callable[..., Any]:
    """Makes settings; the arguments are those that differ."""

    def make(**changes: Any) -> Any:
        return SimpleNamespace(
            SOCK_REUSE=True,
            SOCK_NODELAY=False,
            PREFER_IP_VERSION=0,
            UNIX_SOCKET_MODE="600",
            **{**_DEFAULTS, **changes},
        )

    return make


@pytest.fixture
def prepare(
    nothing_left_behind: None, model: Any, settings: Callable[..., Any]
) -> Iterator[Callable[..., Running]]:
    """Makes servers that do not run yet; the arguments are settings that differ."""
    with contextlib.ExitStack() as stack:

        def make(*connections: Any, **changes: Any) -> Running:
            running = Running(changes.pop("model", model), settings(**changes), list(connections))
            stack.callback(running.stop)
            return running

        yield make


@pytest.fixture
def start(prepare: Callable[..., Running]) -> Callable[..., Running]:
    """Makes servers that run in threads of their own."""

    def make(*connections: Any, **changes: Any) -> Running:
        running = prepare(*connections, **changes)
        running.thread.start()
        return running

    return make


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Changes sizes and times of the module ``limits`` for one test: ``short(STAY=0.01)``."""

    def change(**values: float) -> None:
        for name, value in values.items():
            monkeypatch.setattr(limits, name, value)

    return change
