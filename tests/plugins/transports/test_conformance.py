"""The built-in transports' connections do what every transport's have to do."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pyroplug_transports import SocketPairTransport, TcpTransport, UnixTransport

from pyroplug.contracts import Transport

from .socket_suite import SocketSuite


class TestTcpConnections(SocketSuite):
    malformed_addresses = ("localhost", "localhost:http", "localhost:65536", "::1:80", "two words:80")

    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()


class TestUnixConnections(SocketSuite):
    malformed_addresses = ("", "x" * 200, "nul\0inside")

    @pytest.fixture
    def transport(self) -> Transport:
        return UnixTransport()


class BorrowedSuite(SocketSuite):
    """Connections over sockets that stay the user's."""

    half_closes = False
    family = socket.AF_UNIX

    @pytest.fixture
    def transport(self) -> Transport:
        return SocketPairTransport()

    @pytest.fixture
    def make_channels(self, nothing_left_behind: None) -> Iterator[Callable[[], tuple[Any, Any]]]:
        with ExitStack() as stack:

            def make_channels() -> tuple[Any, Any]:
                left, right = connected_sockets(self.family)
                stack.enter_context(left)
                stack.enter_context(right)
                return left, right

            yield make_channels


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
