"""Objects that do not take everybody: the gateway has what its configuration has, and tells nobody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pyroplug_gateway.app import Gateway
from pyroplug_gateway.settings import Settings
from werkzeug.test import Client

from tests.certificates import Authority
from tests.running import Running, settings
from tests.support import PATIENCE

from .objects import Sample

Guarded = Callable[..., Client]
RunDaemon = Callable[..., Running]

SECRET = "a secret that is long enough"


@pytest.fixture
def client_of() -> Iterator[Guarded]:
    """Makes clients of gateways with a daemon's object; capitals are configuration items."""
    with ExitStack() as stack:

        def client_of(running: Running, **items: Any) -> Client:
            objects = {"http.sample": str(running.daemon.uriFor("thing"))}
            gateway = Gateway(Settings.of(settings(**items), objects=objects, timeout=PATIENCE))
            stack.callback(gateway.close)
            return Client(gateway)

        yield client_of


def test_a_shared_secret(run_daemon: RunDaemon, client_of: Guarded) -> None:
    running = run_daemon(thing=Sample(), HANDSHAKE_VALIDATORS=["shared-secret"], HANDSHAKE_SECRET=SECRET)
    knows, guesses, knows_nothing = (
        client_of(running, HANDSHAKE_SECRET=SECRET),
        client_of(running, HANDSHAKE_SECRET="another one of the same kind"),
        client_of(running),
    )
    for _ in range(2):
        for client in (guesses, knows_nothing):
            answer = client.get("/pyro/http.sample/stock")
            assert answer.status_code == 502
            assert b"secret" not in answer.data
        assert knows.get("/pyro/http.sample/stock").json == 7


def test_tls(run_daemon: RunDaemon, client_of: Guarded, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    running = run_daemon(thing=Sample(), **authority.issue("server").server())
    with_tls = client_of(running, SSL=True, SSL_CACERTS=authority.file)
    assert with_tls.get("/pyro/http.sample/stock").json == 7
    assert with_tls.get("/pyro/http.sample/numbers").data == b"0\n1\n2\n"
    for items in ({}, {"SSL": True}):
        answer = client_of(running, **items).get("/pyro/http.sample/stock")
        assert answer.status_code == 502
        assert b"127.0.0.1" not in answer.data


def test_gateways_beside_each_other(run_daemon: RunDaemon, client_of: Guarded) -> None:
    running = run_daemon(thing=Sample())
    first = client_of(running, GATEWAY_KEY="one", GATEWAY_CORS="https://one.org")
    second = client_of(running, GATEWAY_KEY="two", GATEWAY_TRACEBACKS=False)
    for _ in range(2):
        path = "/pyro/http.sample/fail"
        assert [it.get(f"{path}?$key=two").status_code for it in (first, second)] == [403, 500]
        assert first.get(f"{path}?$key=one").json["attributes"]
        assert second.get(f"{path}?$key=two").json["attributes"] == {}
        assert [it.get(path).headers.get("Vary") for it in (first, second)] == ["Origin", None]
