"""A client that knows a secret, at a server of Pyro5's, which knows of no challenges."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from pyroplug.api import Proxy
from pyroplug.errors import HandshakeError, SecurityError
from tests.running import settings

from .conftest import ALL, Link
from .harness import Kind, ServerProcess

SECRET = "correct horse battery staple"
Farm = dict[Kind, ServerProcess]

at_their_servers = pytest.mark.parametrize(
    "link", [link for link in ALL if (link.client, link.server) == ("pyroplug", "Pyro5")], ids=str
)


@contextmanager
def proxy_for(farm: Farm, link: Link, **items: Any) -> Iterator[Any]:
    uri = farm[Kind(link.server, link.server_type)].uri("service", link.transport)
    config = settings(HANDSHAKE_SECRET=SECRET, SERIALIZER=link.serializer, **items)
    with Proxy(uri, config=config) as proxy:
        yield proxy


@at_their_servers
def test_is_let_in_as_ever(farm: Farm, link: Link) -> None:
    with proxy_for(farm, link) as proxy:
        assert proxy.value(5) == 5


@at_their_servers
def test_refuses_it_where_proofs_are_required(farm: Farm, link: Link) -> None:
    with proxy_for(farm, link, HANDSHAKE_PROOFS=("shared-secret",)) as proxy:
        for _ in range(2):
            with pytest.raises(SecurityError, match="no proof for 'shared-secret'"):
                proxy.value(5)
            assert proxy._pyroConnection is None


@at_their_servers
def test_may_say_a_token_to_it(farm: Farm, link: Link) -> None:
    with proxy_for(farm, link) as proxy:
        proxy._pyroHandshake = "refuse me"
        with pytest.raises(HandshakeError, match="not today"):
            proxy.value(5)
        proxy._pyroHandshake = {"token": "some token"}
        assert proxy.value(5) == 5
