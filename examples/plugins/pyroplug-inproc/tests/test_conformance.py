"""It keeps its contract; what that means is said by pyroplug's own suite."""

from __future__ import annotations

from collections.abc import Callable
from uuid import uuid4

import pytest
from pyroplug.testing import TransportSuite

from pyroplug_inproc import InprocTransport


class WithAddresses(InprocTransport):
    """Tells of addresses that only this process can reach: the suite needs no other."""

    def loopback_address(self, folder: str, /) -> str:  # type: ignore[override]
        return uuid4().hex


class TestInprocTransport(TransportSuite):
    has_descriptors = False
    malformed_addresses = ("",)

    @pytest.fixture
    def transport(self) -> WithAddresses:
        return WithAddresses()


def test_other_processes_are_promised_nothing() -> None:
    promised: Callable[[str], object] = InprocTransport().loopback_address
    assert promised("/tmp") is None
