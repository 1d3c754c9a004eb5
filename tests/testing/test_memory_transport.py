"""The kit's transport in memory is a transport."""

from __future__ import annotations

import pytest

from pyroplug.contracts import Transport
from pyroplug.testing import TransportSuite
from pyroplug.testing.memory import MemoryTransport


class TestMemoryTransport(TransportSuite):
    has_descriptors = False
    malformed_addresses = ("", "two words")
    huge = 1 << 20

    @pytest.fixture
    def transport(self) -> Transport:
        return MemoryTransport()


class TestShortReads(TestMemoryTransport):
    huge = 1 << 18

    @pytest.fixture
    def transport(self) -> Transport:
        return MemoryTransport(most=1000)
