"""The addresses and pairs that transports give for trials do what they are for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyroplug_transports import SocketPairTransport, TcpTransport, UnixTransport

PATIENCE = 20.0


@pytest.mark.parametrize("transport", [TcpTransport(), UnixTransport()], ids=lambda one: str(one.name))
def test_an_address_can_be_listened_on_and_reached(
    transport: Any, settings: Any, accept: Callable[[Any], Any], tmp_path: Path
) -> None:
    address = transport.loopback_address(str(tmp_path))
    listener = transport.listen(address, settings)
    target = listener.location.removeprefix(f"./{transport.scheme}:")
    client = transport.connect(target, settings, PATIENCE)
    server = accept(listener)
    client.send([b"hello"])
    assert server.recv_into(memoryview(bytearray(9))) == 5
    for each in (client, server, listener):
        each.close()
    assert transport.loopback_pair() is None


def test_every_address_is_a_new_one(tmp_path: Path) -> None:
    transport = UnixTransport()
    assert transport.loopback_address(str(tmp_path)) != transport.loopback_address(str(tmp_path))


def test_a_pair_is_adopted_at_both_ends(settings: Any) -> None:
    transport = SocketPairTransport()
    assert transport.loopback_address("") is None
    ends = transport.loopback_pair()
    one, other = (transport.adopt(end, settings) for end in ends)
    assert one is not None
    assert other is not None
    one.send([b"hello"])
    assert other.recv_into(memoryview(bytearray(9))) == 5
    for each in (one, other, *ends):
        each.close()
