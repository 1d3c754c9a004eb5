"""The kit's transport over sockets is a transport, also when it receives little at a time."""

from __future__ import annotations

import pytest

from pyroplug.contracts import Transport
from pyroplug.testing import TransportSuite
from pyroplug.testing.loopback import LoopbackConnection, LoopbackTransport


class TestLoopbackTransport(TransportSuite):
    malformed_addresses = ("", "port", "65536", "-1")
    huge = 8 << 20

    @pytest.fixture
    def transport(self) -> Transport:
        return LoopbackTransport()


class ShortReads(LoopbackConnection):
    def _receive(self, buffer: memoryview) -> int:
        return super()._receive(buffer[:1000])


class TestShortReads(TestLoopbackTransport):
    huge = 1 << 20

    @pytest.fixture
    def transport(self) -> Transport:
        transport = LoopbackTransport(room=4096)
        transport.client = transport.server = ShortReads
        return transport
