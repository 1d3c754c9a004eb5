"""Settings with TLS, and pairs of connections that speak it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pyroplug_transports
from pyroplug_transports.tls_contexts import client_values

from pyroplug.contracts import Connection
from pyroplug.errors import CommunicationError
from tests.certificates import Authority, Files
from tests.support import PATIENCE

from .socket_suite import receive


def plain_settings(**changes: Any) -> Any:
    """The transports' items with their defaults, but for the changes."""
    defaults = {item.name: item.default for item in pyroplug_transports.pyroplug_config_items()}
    return SimpleNamespace(**{**defaults, **changes})


def server_settings(authority: Authority, files: Files | None = None, **changes: Any) -> Any:
    """Those of a server with a certificate of its own."""
    files = files or authority.issue("server")
    return plain_settings(**files.server(), SSL_CACERTS=authority.file, **changes)


def client_settings(authority: Authority, files: Files | None = None, **changes: Any) -> Any:
    """Those of a client, with a certificate or without."""
    mine = files.client() if files else {}
    return plain_settings(**{"SSL": True, "SSL_CACERTS": authority.file, **mine, **changes})


class Meeting:
    """A listener at which clients and accepted connections meet; what they are is closed in the end."""

    def __init__(self, stack: ExitStack, settings: Any, transport: Any = None) -> None:
        self.transport = transport or pyroplug_transports.TcpTransport()
        self.listener = self.transport.listen("127.0.0.1:0", settings)
        self._stack = stack
        stack.callback(self.listener.close)

    def accept(self) -> Connection:
        """The next connection, before its handshake."""
        select.select([self.listener], [], [], PATIENCE)
        connection = self.listener.accept()
        assert connection is not None
        self._stack.callback(connection.close)
        return connection

    def connect(self, settings: Any, host: str = "127.0.0.1", timeout: float | None = PATIENCE) -> Connection:
        port = self.listener.location.rpartition(":")[2]
        connection = self.transport.connect(f"{host}:{port}", settings, timeout)
        self._stack.callback(connection.close)
        return connection

    def pair(self, settings: Any, host: str = "127.0.0.1") -> tuple[Connection, Connection]:
        """A client and its connection here, after the handshake. Raises what the client raises."""
        with serving(self) as accepted:
            client = self.connect(settings, host)
        return client, accepted[0]


@contextlib.contextmanager
def serving(meeting: Meeting) -> Iterator[list[Connection]]:
    """Accepts one connection, and shakes hands with it in another thread, until the block is left."""
    accepted: list[Connection] = []
    deadline = time.monotonic() + PATIENCE
    nothing = memoryview(bytearray())

    def run() -> None:
        accepted.append(meeting.accept())
        accepted[0].set_nonblocking()
        with contextlib.suppress(CommunicationError):
            while accepted[0].recv_into(nothing) is None and time.monotonic() < deadline:
                select.select([accepted[0]], [], [], 0.005)
        if accepted[0].fileno() >= 0:
            accepted[0].set_timeout(None)

    thread = threading.Thread(target=run, name="handshake", daemon=True)
    thread.start()
    try:
        yield accepted
    finally:
        thread.join(PATIENCE)


def exchange(client: Connection, server: Connection) -> None:
    """See that something arrives at either end."""
    client.set_timeout(PATIENCE)
    server.set_timeout(PATIENCE)
    client.send([b"question"])
    assert receive(server, 8) == b"question"
    server.send([b"an", b"swer"])
    assert receive(client, 6) == b"answer"


# Other people's ends ---------------------------------------------------------------------------------


def context_of(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(authority.file)
    return context


@contextlib.contextmanager
def raw_client(
    meeting: Meeting, authority: Authority, version: ssl.TLSVersion | None = None, **wrap: Any
) -> Iterator[ssl.SSLSocket]:
    """Python's own TLS client, after the handshake."""
    context = context_of(authority)
    if version is not None:
        context.maximum_version = version
    sock = socket.create_connection(meeting.listener.sock.getsockname(), PATIENCE)
    with context.wrap_socket(sock, server_hostname="localhost", **wrap) as wrapped:
        yield wrapped


@contextlib.contextmanager
def raw_client_in_a_hurry(meeting: Meeting, authority: Authority) -> Iterator[None]:
    """A client that does its part of the handshake in a thread of its own."""

    def run() -> None:
        with contextlib.suppress(OSError), raw_client(meeting, authority) as client:
            client.recv(1)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(PATIENCE)


class HandMade:
    """A TLS client without a socket: its bytes are sent when and how the test likes."""

    def __init__(self, authority: Authority) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context_of(authority).wrap_bio(self._in, self._out, server_hostname="localhost")

    def output(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self._tls.do_handshake()
        return self._out.read()

    def shake_hands_with(self, sock: socket.socket, pump: Callable[[], object]) -> None:
        sock.settimeout(0.01)
        deadline = time.monotonic() + PATIENCE
        while True:
            assert time.monotonic() < deadline
            pump()
            with contextlib.suppress(TimeoutError):
                self._in.write(sock.recv(9999))
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sock.sendall(self._out.read())
            pump()
            return

    def encrypt(self, data: bytes) -> bytes:
        self._tls.write(data)
        return self._out.read()


def limit_to(version: str, transport: Any, settings: Any) -> None:
    """Have the transport's clients use no later version."""
    transport._contexts.get(client_values(settings)).maximum_version = ssl.TLSVersion[version]
