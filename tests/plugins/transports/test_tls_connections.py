"""Connections that speak TLS do what every transport's have to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from pyroplug_transports import TcpTransport

from pyroplug.contracts import Transport
from tests.certificates import Authority

from .connection_suite import MakePair, OwnedSuite
from .tls_support import Meeting, client_settings, server_settings


class TlsSuite(OwnedSuite):
    socket_timeout = 0.0

    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()

    @pytest.fixture
    def server(self, authority: Authority) -> Any:
        return server_settings(authority)

    @pytest.fixture
    def make_pair(
        self, nothing_left_behind: None, transport: Any, server: Any, authority: Authority
    ) -> Iterator[MakePair]:
        with ExitStack() as stack:
            yield lambda: Meeting(stack, server, transport).pair(client_settings(authority))


class TestClientToServer(TlsSuite):
    pass


class TestServerToClient(TlsSuite):
    """The same with the two ends exchanged."""

    @pytest.fixture
    def make_pair(
        self, nothing_left_behind: None, transport: Any, server: Any, authority: Authority
    ) -> Iterator[MakePair]:
        with ExitStack() as stack:
            yield lambda: Meeting(stack, server, transport).pair(client_settings(authority))[::-1]
