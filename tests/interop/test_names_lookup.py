"""Names are looked up with either library at either's name server, with each serializer, and by broadcast.

Everything stays on this machine: both broadcast responders listen on 127.0.0.1 alone.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import Pyro5.api
import pytest

from pyroplug.api import URI, Proxy, locate_ns, resolve
from pyroplug.config import Configuration
from tests.running import settings

from .harness import PATIENCE, ROOT, SERIALIZERS

PROGRAM = """
import socket, sys, threading
{imports}

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.bind(("127.0.0.1", 0))
    free = sock.getsockname()[1]
daemon = NameServerDaemon("127.0.0.1", 0)
uri = daemon.uriFor("Pyro.NameServer")
responder = BroadcastServer(uri, "127.0.0.1", free)
threading.Thread(target=responder.runInThread, daemon=True).start()
print(uri, free, flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), daemon.shutdown()), daemon=True).start()
daemon.requestLoop()
"""
IMPORTS = {
    "Pyro5": "from Pyro5.nameserver import BroadcastServer, NameServerDaemon",
    "pyroplug": "from pyroplug_nameserver.broadcast import BroadcastServer\n"
    "from pyroplug_nameserver.daemon import NameServerDaemon\n"
    f"from pyroplug.api import config\nconfig.SERIALIZERS_ACCEPTED = {SERIALIZERS}",
}
"""Where each library has its name server."""


class Server(NamedTuple):
    """A running name server."""

    uri: URI
    broadcast_port: int

    def config(self, **changes: Any) -> Configuration:
        """By which it is found at its place."""
        return settings(NS_HOST="127.0.0.1", NS_PORT=self.uri.port, BROADCAST_ADDRS=[], **changes)


@contextmanager
def running(library: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(imports=IMPORTS[library])],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        uri, port = process.stdout.readline().split()
        yield Server(URI(uri), int(port))
    finally:
        process.stdin.close()
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {library: stack.enter_context(running(library)) for library in IMPORTS}


@pytest.fixture(params=IMPORTS)
def server(request: pytest.FixtureRequest, servers: dict[str, Server]) -> Server:
    return servers[request.param]


EACH_SERIALIZER = pytest.mark.parametrize("serializer", SERIALIZERS)


# Our clients


@EACH_SERIALIZER
def test_our_clients(server: Server, serializer: str) -> None:
    config = server.config(SERIALIZER=serializer)
    with locate_ns(config=config) as names:
        assert names._pyroUri == server.uri
        names.ping()
        names.register(f"our.{serializer}", str(server.uri), metadata=[f"our-{serializer}", "interop"])
        try:
            assert resolve(f"PYRONAME:our.{serializer}", config=config) == server.uri
            assert resolve(f"PYROMETA:interop,our-{serializer}", config=config) == server.uri
            for uri in (f"PYRONAME:our.{serializer}", f"PYROMETA:our-{serializer}"):
                with Proxy(uri, config=config) as proxy:
                    assert proxy.count() >= 2
                    assert str(proxy._pyroUri) == str(server.uri)
        finally:
            names.remove(f"our.{serializer}")


def test_our_clients_by_broadcast(server: Server) -> None:
    for addresses in (["127.0.0.1"], ["127.255.255.255", "127.0.0.1"]):
        config = settings(NS_PORT=1, NS_BCPORT=server.broadcast_port, BROADCAST_ADDRS=addresses)
        with locate_ns(config=config) as names:
            assert names._pyroUri == server.uri
            assert "Pyro.NameServer" in names.list()
        assert resolve("PYRONAME:Pyro.NameServer", config=config).object == "Pyro.NameServer"


def test_both_answer_and_the_first_is_taken(servers: dict[str, Server]) -> None:
    found = set()
    for server in servers.values():
        config = settings(NS_PORT=1, BROADCAST_ADDRS=["127.0.0.1"])
        with locate_ns(port=server.broadcast_port, config=config) as names:
            found.add(str(names._pyroUri))
    assert found == {str(server.uri) for server in servers.values()}


# Pyro5's clients


@pytest.fixture
def theirs(monkeypatch: pytest.MonkeyPatch, server: Server) -> Any:
    """The real library, configured for a server of which it knows the place."""
    monkeypatch.setattr(Pyro5.api.config, "NS_HOST", "127.0.0.1")
    monkeypatch.setattr(Pyro5.api.config, "NS_PORT", server.uri.port)
    monkeypatch.setattr(Pyro5.api.config, "COMMTIMEOUT", PATIENCE)
    monkeypatch.setattr(Pyro5.api.config, "BROADCAST_ADDRS", ["127.0.0.1"])
    return Pyro5.api


@EACH_SERIALIZER
def test_their_clients(server: Server, theirs: Any, monkeypatch: pytest.MonkeyPatch, serializer: str) -> None:
    monkeypatch.setattr(theirs.config, "SERIALIZER", serializer)
    with theirs.locate_ns() as names:
        names.ping()
        names.register(f"their.{serializer}", str(server.uri), metadata=[f"their-{serializer}"])
        try:
            assert str(theirs.resolve(f"PYRONAME:their.{serializer}")) == str(server.uri)
            assert str(theirs.resolve(f"PYROMETA:their-{serializer}")) == str(server.uri)
            with theirs.Proxy(f"PYRONAME:their.{serializer}") as proxy:
                assert proxy.count() >= 2
        finally:
            names.remove(f"their.{serializer}")


def test_their_clients_by_broadcast(server: Server, theirs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(theirs.config, "NS_PORT", 1)
    with theirs.locate_ns(port=server.broadcast_port) as names:
        assert str(names._pyroUri) == str(server.uri)
        assert "Pyro.NameServer" in names.list()


# What both say


@pytest.mark.parametrize("uri", ["PYRONAME:no.such.name", "PYROMETA:no-such-tag"])
def test_what_is_unknown_is_a_naming_error_for_both(server: Server, theirs: Any, uri: str) -> None:
    from Pyro5.errors import NamingError as TheirNamingError

    from pyroplug.errors import NamingError

    with pytest.raises(TheirNamingError):
        theirs.resolve(uri)
    with pytest.raises(NamingError):
        resolve(uri, config=server.config())
