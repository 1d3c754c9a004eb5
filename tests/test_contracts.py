"""What little the contracts do themselves."""

from __future__ import annotations

from typing import Any

import pytest

from pyroplug.contracts import NO_PEER, Peer


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("203.0.113.5", 4711), "203.0.113.5:4711"),
        (("::1", 4711, 0, 0), "[::1]:4711"),
        ((3, 1024), "3:1024"),
        ("/run/socket", "/run/socket"),
        (("host",), "('host',)"),
        ((), "()"),
        (None, "None"),
    ],
)
def test_a_peer_has_a_text_whatever_its_address_is(address: Any, text: str) -> None:
    assert str(Peer(address, "trial")) == text


def test_who_has_no_address_is_called_by_its_transport() -> None:
    assert str(Peer("", "unix")) == "<unix>"
    assert str(NO_PEER) == "<none>"
