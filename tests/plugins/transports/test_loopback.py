"""Each transport gives something for trials: the kit's suite makes its connections with it."""

from __future__ import annotations

import pytest
from pyroplug_transports import SocketPairTransport, TcpTransport, UnixTransport


@pytest.mark.parametrize("transport", [TcpTransport(), UnixTransport()], ids=lambda one: str(one.name))
def test_those_with_addresses_adopt_nothing(transport: TcpTransport | UnixTransport) -> None:
    assert transport.loopback_pair() is None


def test_connected_sockets_have_no_address() -> None:
    assert SocketPairTransport().loopback_address("") is None
