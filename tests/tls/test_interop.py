"""TLS with real Pyro5 at one end."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import Proxy
from pyroplug.errors import HandshakeError
from tests.certificates import Authority, Files
from tests.interop.harness import ROOT
from tests.running import settings
from tests.support import PATIENCE

from .conftest import RunDaemon, Thing, serial_of


@contextlib.contextmanager
def pyro5(items: dict[str, Any], uri: str = "") -> Iterator[Callable[[], str]]:
    """Real Pyro5 in a process of its own; gives the next line that it prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.tls.pyro5_end"],
        cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(json.dumps({"items": items, "uri": uri}) + "\n")
        process.stdin.flush()
        yield process.stdout.readline
        process.stdin.close()
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


@pytest.fixture
def trust(authority: Authority) -> dict[str, Any]:
    return {"SSL": True, "SSL_CACERTS": authority.file}


@pytest.mark.parametrize("servertype", ["thread", "multiplex"])
@pytest.mark.parametrize("two_way", [False, True])
def test_our_proxy_and_its_daemon(
    trust: dict[str, Any], server: Files, alice: Files, servertype: str, two_way: bool
) -> None:
    items = {**trust, **server.server(), "SERVERTYPE": servertype, "SSL_REQUIRECLIENTCERT": two_way}
    mine = {**trust, **(alice.client() if two_way else {})}
    with pyro5(items) as line, Proxy(line().strip(), config=settings(**mine)) as proxy:
        assert proxy.echo("x" * 3_000_000) == "x" * 3_000_000
        assert proxy.who() == (serial_of(alice) if two_way else None)
        assert proxy._pyroConnection.getpeercert()["serialNumber"] == serial_of(server)
        proxy._pyroRelease()
        if two_way:
            with Proxy(proxy._pyroUri, config=settings(**trust)) as stranger, pytest.raises(HandshakeError):
                stranger.echo(1)


@pytest.mark.parametrize("two_way", [False, True])
def test_its_proxy_and_our_daemon(
    serve: RunDaemon, trust: dict[str, Any], server: Files, alice: Files, two_way: bool
) -> None:
    uri = str(serve(thing=Thing(), SSL_REQUIRECLIENTCERT=two_way).daemon.uriFor("thing"))
    with pyro5({**trust, **(alice.client() if two_way else {})}, uri) as line:
        assert json.loads(line()) == [3_000_000, serial_of(alice) if two_way else None, serial_of(server)]


def test_its_proxy_without_a_certificate_is_refused(serve: RunDaemon, trust: dict[str, Any]) -> None:
    uri = str(serve(thing=Thing(), SSL_REQUIRECLIENTCERT=True).daemon.uriFor("thing"))
    with pyro5(trust, uri) as line:
        (told,) = json.loads(line())
    assert told.startswith(("CommunicationError", "ConnectionClosedError"))


def test_its_proxy_without_tls_is_not_kept_waiting(serve: RunDaemon) -> None:
    uri = str(serve(thing=Thing()).daemon.uriFor("thing"))
    with pyro5({}, uri) as line:
        (told,) = json.loads(line())
    assert told.startswith(("CommunicationError", "ConnectionClosedError"))


def test_our_proxy_and_its_daemon_without_tls(trust: dict[str, Any]) -> None:
    with pyro5({}) as line, Proxy(line().strip(), config=settings(**trust)) as proxy:
        with pytest.raises(HandshakeError, match="TLS") as caught:
            proxy.echo(1)
        assert "SSL" in str(caught.value.hint)
