"""What the tests of TLS share: certificates, and daemons and proxies that use them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from pyroplug.api import Proxy, current_context, expose, oneway
from tests.certificates import Authority, Files
from tests.running import Running, Way, settings
from tests.support import PATIENCE

MODELS = [Way("threadpool"), Way("multiplex")]

RunDaemon = Callable[..., Running]


@expose
class Thing:
    """Has what the tests call."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.gate = threading.Event()

    def echo(self, value: Any) -> Any:
        return value

    def size(self, value: Any) -> int:
        return len(value)

    def facts(self) -> dict[str, Any]:
        client = current_context.client
        assert client is not None
        return {**client.peer.facts, "getpeercert": client.getpeercert()}

    def who(self) -> str | None:
        certificate = self.facts().get("certificate")
        return certificate["serialNumber"] if certificate else None

    @oneway
    def note(self, value: Any) -> None:
        self.heard.append(value)

    def count(self, most: int) -> Iterator[int]:
        yield from range(most)

    def wait(self) -> str:
        self.gate.wait(PATIENCE)
        return "waited"


def serial_of(files: Files) -> str:
    """A certificate's number, as Python writes it: in whole bytes."""
    digits = f"{x509.load_pem_x509_certificate(Path(files.cert).read_bytes()).serial_number:X}"
    return digits.zfill(len(digits) + len(digits) % 2)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server(authority: Authority) -> Files:
    return authority.issue("server")


@pytest.fixture(scope="session")
def alice(authority: Authority) -> Files:
    return authority.issue("alice", "alice@example.org", "alice.example.org", common_name="Alice")


@pytest.fixture(params=MODELS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def serve(run_daemon: RunDaemon, way: Way, authority: Authority, server: Files) -> RunDaemon:
    """Makes daemons that speak TLS; the arguments are those of ``run_daemon`` that differ."""

    def serve(**named: Any) -> Running:
        items = {**server.server(), "SSL_CACERTS": authority.file, **named}
        return run_daemon(way, **{"thing": Thing(), **items})

    return serve


@pytest.fixture
def proxy_for(authority: Authority) -> Callable[..., Any]:
    """Makes proxies that speak TLS; capitals are configuration items."""

    def proxy_for(running: Running, mine: Files | None = None, cls: Any = Proxy, **items: Any) -> Any:
        changes = {"SSL": True, "SSL_CACERTS": authority.file, **(mine.client() if mine else {}), **items}
        return running.proxy(cls=cls, config=settings(**changes))

    return proxy_for
