"""Connections that speak TLS do what every transport's have to do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_transports import TcpTransport

from pyroplug.contracts import Transport
from pyroplug.testing.transports import Meeting, Pair
from tests.certificates import Authority

from .socket_suite import SocketSuite
from .tls_support import client_settings, server_settings


class TlsSuite(SocketSuite):
    socket_timeout = 0.0

    @pytest.fixture
    def transport(self) -> Transport:
        return TcpTransport()

    @pytest.fixture
    def settings(self, authority: Authority) -> Any:
        return server_settings(authority)

    @pytest.fixture
    def client_settings(self, authority: Authority) -> Any:
        return client_settings(authority)


class TestClientToServer(TlsSuite):
    pass


class TestServerToClient(TlsSuite):
    """The same with the two ends exchanged."""

    @pytest.fixture
    def make_pair(self, meeting: Meeting) -> Callable[[], Pair]:
        return lambda: meeting.pair()[::-1]
