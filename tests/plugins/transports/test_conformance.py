"""The built-in transports' connections do what every transport's have to do."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pyroplug_transports import SocketPairTransport, TcpTransport, UnixTransport

from pyroplug.contracts import Connection, Transport

from .connection_suite import PATIENCE, ConnectionSuite, MakePair, OwnedSuite


def listening_pairs(
    transport: Any, address: str, settings: Any, accept: Callable[[Any], Connection]
) -> Iterator[MakePair]:
    made: list[Any] = []

    def make_pair() -> tuple[Connection, Connection]:
        listener = transport.listen(address, settings)
        made.append(listener)
        target = listener.location.removeprefix(f"./{transport.scheme}:")
        made.append(client := transport.connect(target, settings, PATIENCE))
        made.append(server := accept(listener))
        return client, server

    yield make_pair
    for item in made:
        item.close()


class TestTcpConnections(OwnedSuite):
    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()

    @pytest.fixture
    def make_pair(self, transport: Transport, settings: Any, accept: Any) -> Iterator[MakePair]:
        yield from listening_pairs(transport, "127.0.0.1:0", settings, accept)


class TestUnixConnections(OwnedSuite):
    @pytest.fixture
    def transport(self) -> Transport:
        return UnixTransport()

    @pytest.fixture
    def make_pair(
        self, transport: Transport, settings: Any, accept: Any, tmp_path: Path
    ) -> Iterator[MakePair]:
        yield from listening_pairs(transport, str(tmp_path / "sock"), settings, accept)


class BorrowedSuite(ConnectionSuite):
    """Connections over sockets that stay the user's."""

    @pytest.fixture
    def transport(self) -> Transport:
        return SocketPairTransport()

    def hang_up(self, connection: Connection) -> None:
        connection.sock.close()

    @pytest.fixture
    def make_pair(self, transport: Transport, settings: Any) -> Iterator[MakePair]:
        sockets: list[Any] = []
        made: list[Any] = []

        def make_pair() -> tuple[Connection, Connection]:
            left, right = connected_sockets(self.family)
            sockets.extend((left, right))
            made.extend(transport.adopt(sock, settings) for sock in (left, right))
            return made[-2], made[-1]

        yield make_pair
        for item in made + sockets:
            item.close()

    family = socket.AF_UNIX


def connected_sockets(family: int) -> tuple[socket.socket, socket.socket]:
    if family == socket.AF_UNIX:
        return socket.socketpair()
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        return client, server.accept()[0]


class TestBorrowedUnixSockets(BorrowedSuite):
    pass


class TestBorrowedTcpSockets(BorrowedSuite):
    family = socket.AF_INET
