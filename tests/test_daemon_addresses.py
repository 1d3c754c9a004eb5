"""The addresses that a daemon's URIs name: those by which a client reaches it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, current_context, expose
from pyroplug.config import Configuration
from pyroplug.errors import ConfigError

from .running import Running, Way, settings
from .support import PATIENCE

MODELS = pytest.mark.parametrize("way", [Way("threadpool"), Way("multiplex")], ids=str)


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


@expose
class Part:
    def name(self) -> str:
        return "a part"


@expose
class Thing:
    """Hands out addresses in every way there is."""

    def __init__(self) -> None:
        self.part = Part()
        self.other: Daemon | None = None

    @property
    def daemon(self) -> Daemon:
        made: Daemon = self._pyroDaemon  # type: ignore[attr-defined]
        return made

    def uri(self, nat: bool = True) -> str:
        return str(self.daemon.uriFor("thing", nat=nat).location)

    def proxy(self) -> Any:
        return self.daemon.proxyFor("thing")

    def autoproxy(self) -> Any:
        return self.part

    def registered(self) -> str:
        uri = self.daemon.register(Part())
        self.daemon.unregister(uri.object)
        return str(uri.location)

    def in_thread(self) -> str:
        """A thread that has the context handed over."""
        found: list[str] = []
        context = current_context.to_global()

        def run() -> None:
            current_context.from_global(context)
            found.append(self.uri())

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        return found[0]

    def of_other_daemon(self) -> str:
        assert self.other is not None
        return str(self.other.uriFor("thing").location)


def serve(run_daemon: Callable[..., Running], way: Way, **daemon: Any) -> tuple[Running, Thing]:
    thing = Thing()
    running = run_daemon(way, daemon=daemon, thing=thing)
    running.daemon.register(thing.part)
    return running, thing


def check(location: str) -> None:
    """Whoever comes by a location is told that one, in whatever way."""
    with Proxy(f"PYRO:thing@{location}") as proxy:
        proxy._pyroTimeout = PATIENCE
        assert proxy.uri() == location
        assert proxy.registered() == location
        assert proxy.in_thread() == location
        assert proxy.proxy()._pyroUri.location == location
        part = proxy.autoproxy()
        assert part._pyroUri.location == location
        with part:
            assert part.name() == "a part"


@MODELS
def test_whoever_comes_by_an_address_is_told_that_one(run_daemon: Callable[..., Running], way: Way) -> None:
    running, _ = serve(run_daemon, way, host="0.0.0.0")
    port = running.daemon.sock.getsockname()[1]
    for host in ("127.0.0.1", "127.0.0.5"):
        check(f"{host}:{port}")
    for location in (running.daemon.locationStr, *running.daemon.locations):
        assert not location.startswith("0.0.0.0")
        check(location.replace("localhost", "127.0.0.1"))
    assert "0.0.0.0" not in repr(running.daemon)
    assert running.daemon.uriFor("thing").location == running.daemon.locationStr


@needs_ipv6
@MODELS
@pytest.mark.parametrize("arguments", [{"host": "::"}, {"host": ""}, {"listen": ["[::]:0"]}], ids=str)
def test_ipv6_addresses_have_their_brackets(
    run_daemon: Callable[..., Running], way: Way, arguments: dict[str, Any]
) -> None:
    config = settings(SERVERTYPE=way.server, PREFER_IP_VERSION=6)
    running, _ = serve(run_daemon, way, config=config, **arguments)
    port = running.daemon.sock.getsockname()[1]
    check(f"[::1]:{port}")
    assert "[::]" not in str(running.daemon.uriFor("thing"))


@needs_ipv6
def test_an_ipv6_address(run_daemon: Callable[..., Running]) -> None:
    running, _ = serve(run_daemon, Way(), host="::1")
    assert running.daemon.locationStr == f"[::1]:{running.daemon.sock.getsockname()[1]}"
    check(running.daemon.locationStr)


@MODELS
def test_many_locations(run_daemon: Callable[..., Running], way: Way, tmp_path: Path) -> None:
    listen = ["127.0.0.1:0", f"./u:{tmp_path / 'one'}", "127.0.0.7:0", f"./u:{tmp_path / 'two'}"]
    running, _ = serve(run_daemon, way, listen=listen)
    for location in running.daemon.locations:
        check(location)
    assert running.daemon.uriFor("thing").location == running.daemon.locations[0]


def test_a_host_name_stays_one(run_daemon: Callable[..., Running]) -> None:
    running, _ = serve(run_daemon, Way(), host="localhost")
    check(f"localhost:{running.daemon.sock.getsockname()[1]}")


def test_another_daemons_client_says_nothing_about_this_one(run_daemon: Callable[..., Running]) -> None:
    running, thing = serve(run_daemon, Way(), host="0.0.0.0")
    with Daemon(host="127.0.0.9", config=settings()) as other:
        thing.other = other
        with Proxy(f"PYRO:thing@127.0.0.5:{running.daemon.sock.getsockname()[1]}") as proxy:
            assert proxy.of_other_daemon() == other.locationStr


# NAT


@MODELS
def test_nat_comes_first(run_daemon: Callable[..., Running], way: Way, tmp_path: Path) -> None:
    path = f"./u:{tmp_path / 'socket'}"
    running, _ = serve(run_daemon, way, listen=["0.0.0.0:0", path], nathost="example.org", natport=4000)
    port = running.daemon.sock.getsockname()[1]
    with Proxy(f"PYRO:thing@127.0.0.5:{port}") as proxy:
        assert proxy.uri() == proxy.registered() == "example.org:4000"
        assert proxy.autoproxy()._pyroUri.location == "example.org:4000"
        assert proxy.uri(nat=False) == f"127.0.0.5:{port}"
    check(path)  # has neither host nor port
    assert running.daemon.uriFor("thing").location == "example.org:4000"


def test_nat_with_the_port_by_which_the_client_came(run_daemon: Callable[..., Running]) -> None:
    listen = ["127.0.0.1:0", "127.0.0.2:0"]
    running, _ = serve(run_daemon, Way(), listen=listen, nathost="2001:db8::5", natport=0)
    for location in running.daemon.locations:
        with Proxy(f"PYRO:thing@{location}") as proxy:
            assert proxy.uri() == f"[2001:db8::5]:{location.rpartition(':')[2]}"


def test_nat_needs_a_location_to_apply_to(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nathost"):
        Daemon(listen=[f"./u:{tmp_path / 'a'}", f"./u:{tmp_path / 'b'}"], nathost="example.org")


# Sockets that are connected already have no address


def test_a_connected_socket(in_thread: Callable[..., Any]) -> None:
    ours, theirs = socket.socketpair()
    config: Configuration = settings()
    with ours, theirs, Daemon(connected_socket=theirs, config=config) as daemon:
        daemon.register(Thing(), "thing")
        loop = in_thread(daemon.requestLoop)
        with Proxy("thing", connected_socket=ours) as proxy:
            assert "connected-socket" in proxy.uri()
        daemon.shutdown()
        loop.result(PATIENCE)
