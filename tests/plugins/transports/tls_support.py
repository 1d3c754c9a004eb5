"""Settings with TLS, and pairs of connections that speak it."""

from __future__ import annotations

import contextlib
import select
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import Any

import pyroplug_transports

from pyroplug.contracts import Connection
from pyroplug.errors import CommunicationError
from tests.certificates import Authority, Files
from tests.support import PATIENCE


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
    done = threading.Event()

    def run() -> None:
        accepted.append(meeting.accept())
        accepted[0].set_nonblocking()
        with contextlib.suppress(CommunicationError):
            while not done.is_set() and accepted[0].recv_into(memoryview(bytearray(1))) is None:
                select.select([accepted[0]], [], [], 0.005)
        if accepted[0].fileno() >= 0:
            accepted[0].set_timeout(None)

    thread = threading.Thread(target=run, name="handshake", daemon=True)
    thread.start()
    try:
        yield accepted
    finally:
        done.set()
        thread.join(PATIENCE)
