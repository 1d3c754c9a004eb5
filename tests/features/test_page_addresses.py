"""Addresses as the page of tips has them: behind a router, IPv6 and its brackets, and what failures say."""

from __future__ import annotations

import socket
from collections.abc import Callable

import Pyro5.api
import pytest

from pyroplug.api import URI, Daemon, Proxy, expose
from pyroplug.errors import CommunicationError, NamingError
from tests.running import Running, Way, settings
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])
OUTSIDE = "pyro.server.com:5555"


@expose
class Something:
    def work(self) -> str:
        return "done"


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@EITHER
def test_the_routers_address_is_published_and_the_own_one_on_request(server: str) -> None:
    with Daemon(
        "localhost", nathost="pyro.server.com", natport=5555, config=settings(SERVERTYPE=server)
    ) as daemon:
        uri = daemon.register(Something, "thing")
        inside = f"PYRO:thing@{daemon.locationStr}"
        assert str(uri) == f"PYRO:thing@{OUTSIDE}"
        assert str(daemon.uriFor("thing")) == f"PYRO:thing@{OUTSIDE}"
        assert str(daemon.uriFor("thing", nat=False)) == inside
        assert str(daemon.uriFor(uri.object, nat=False)) == inside
        assert daemon.natLocationStr == OUTSIDE
        assert inside.startswith("PYRO:thing@localhost:")


def test_a_router_that_leaves_the_ports_as_they_are() -> None:
    with Daemon("localhost", nathost="pyro.server.com", natport=0, config=settings()) as daemon:
        port = daemon.sock.getsockname()[1]
        assert str(daemon.uriFor("thing")) == f"PYRO:thing@pyro.server.com:{port}"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
@EITHER
def test_ipv6_has_brackets_in_uris_and_nowhere_else(run_daemon: Callable[..., Running], server: str) -> None:
    running = run_daemon(Way(server), daemon={"host": "::1", "config": settings(SERVERTYPE=server)})
    uri = running.daemon.register(Something(), "thing")
    port = running.daemon.sock.getsockname()[1]
    assert str(uri) == f"PYRO:thing@[::1]:{port}"
    assert running.daemon.locationStr == f"[::1]:{port}"
    assert uri.host == "::1"
    assert running.proxy("thing").work() == "done"
    with Pyro5.api.Proxy(str(uri)) as theirs:
        theirs._pyroTimeout = PATIENCE
        assert theirs.work() == "done"


def test_an_ipv6_uri_as_text() -> None:
    uri = URI("PYRO:objectname@[::1]:3456")
    assert (uri.host, uri.port, str(uri)) == ("::1", 3456, "PYRO:objectname@[::1]:3456")


def test_nobody_at_the_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        host, port = listening.getsockname()
    with Proxy(f"PYRO:thing@{host}:{port}") as proxy, pytest.raises(CommunicationError) as caught:
        proxy.work()
    assert f"{host}:{port}" in str(caught.value)
    assert caught.value.hint
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)


def test_no_name_server() -> None:
    nowhere = settings(NS_PORT=1, BROADCAST_ADDRS=["127.0.0.1"], NS_BCPORT=1)
    with Proxy("PYRONAME:thing", config=nowhere) as proxy, pytest.raises(NamingError) as caught:
        proxy.work()
    told = str(caught.value)
    assert "no name server found" in told
    assert "localhost:1" in told, "the address that was tried"
    assert "nobody answered a broadcast to UDP port 1" in told
    assert "pyroplug doctor" in (caught.value.hint or "")
    assert isinstance(caught.value.__cause__, CommunicationError)
