"""Listening on all addresses: the one that others are told is never the one that stands for all."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import pytest
from pyroplug_transports import wildcard
from pyroplug_transports.tcp import TcpTransport
from pyroplug_transports.wildcard import outward_address

from tests.support import PATIENCE

tcp = TcpTransport()


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> dict[Any, str | None]:
    """The addresses that this machine has for others, by family; to be changed."""
    addresses: dict[Any, str | None] = {V4: "198.51.100.7", V6: "2001:db8::7"}
    monkeypatch.setattr(wildcard, "outward_address", lambda family: addresses[family])
    return addresses


def port_of(listener: Any) -> int:
    return int(listener.sock.getsockname()[1])


# What everybody is told


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":0", "0:0"])
def test_the_address_for_others(settings: Any, network: Any, address: str) -> None:
    listener = tcp.listen(address, settings)
    assert listener.sock.getsockname()[0] == "0.0.0.0"
    assert listener.location == f"198.51.100.7:{port_of(listener)}"
    network[V4] = "198.51.100.8"
    assert listener.location == f"198.51.100.8:{port_of(listener)}"
    network[V4] = None
    assert listener.location == f"198.51.100.8:{port_of(listener)}"
    listener.close()


def test_without_a_network(settings: Any, network: Any) -> None:
    network[V4] = network[V6] = None
    listener = tcp.listen("0.0.0.0:0", settings)
    assert listener.location == f"localhost:{port_of(listener)}"
    listener.close()


@needs_ipv6
@pytest.mark.parametrize(
    ("address", "prefer", "lost", "host"),
    [
        ("[::]:0", 0, None, "[2001:db8::7]"),
        ("[::]:0", 6, None, "[2001:db8::7]"),
        (":0", 6, None, "[2001:db8::7]"),
        ("[::]:0", 4, None, "198.51.100.7"),
        ("[::]:0", 0, V6, "198.51.100.7"),
        ("[::]:0", 4, V4, "[2001:db8::7]"),
    ],
)
def test_the_ipv6_address_for_others(
    settings: Any, network: Any, address: str, prefer: int, lost: Any, host: str
) -> None:
    settings.PREFER_IP_VERSION = prefer
    network[lost] = None
    listener = tcp.listen(address, settings)
    assert listener.location == f"{host}:{port_of(listener)}"
    listener.close()


@needs_ipv6
def test_ipv6_without_a_network(settings: Any, network: Any) -> None:
    network[V4] = network[V6] = None
    listener = tcp.listen("[::]:0", settings)
    assert listener.location == f"[::1]:{port_of(listener)}"
    listener.close()


@pytest.mark.parametrize("family", [V4, V6])
def test_the_address_for_others_is_one_that_this_machine_has(family: Any) -> None:
    host = outward_address(family)
    if host is None:
        pytest.skip("this machine has no way to others")
    with socket.create_server((host, 0), family=family) as server:
        assert server.getsockname()[0] == host


@pytest.mark.parametrize("own", ["fe80::1%eth0", "127.0.0.1", "::1", "0.0.0.0", "::"])
def test_addresses_that_are_of_no_use_to_others(monkeypatch: pytest.MonkeyPatch, own: str) -> None:
    class Probe:
        def __init__(self, *_: Any) -> None: ...
        def __enter__(self) -> Any:
            return self

        def __exit__(self, *_: Any) -> None: ...
        def connect(self, _address: Any) -> None: ...
        def getsockname(self) -> Any:
            return (own, 1)

    monkeypatch.setattr(socket, "socket", Probe)
    assert outward_address(V6) is None


# What a client is told


def test_a_client_is_told_the_address_by_which_it_came(settings: Any, accept: Callable[..., Any]) -> None:
    listener = tcp.listen("0.0.0.0:0", settings)
    for host in ("127.0.0.1", "127.0.0.5"):
        client = tcp.connect(f"{host}:{port_of(listener)}", settings, PATIENCE)
        server = accept(listener)
        assert server.peer.reached == f"{host}:{port_of(listener)}"
        assert client.peer.reached == ""
        client.close()
        server.close()
    listener.close()


@needs_ipv6
def test_both_versions_at_one_listener(settings: Any, accept: Callable[..., Any]) -> None:
    listener = tcp.listen("[::]:0", settings)
    if listener.sock.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        listener.close()
        pytest.skip("this machine keeps the two versions apart")
    for host in ("[::1]", "127.0.0.5"):
        client = tcp.connect(f"{host}:{port_of(listener)}", settings, PATIENCE)
        server = accept(listener)
        assert server.peer.reached == f"{host}:{port_of(listener)}"
        client.close()
        server.close()
    listener.close()


@needs_ipv6
def test_a_link_local_address_is_of_no_use_in_a_uri(settings: Any, network: Any) -> None:
    class Accepted:
        def getsockname(self) -> Any:
            return ("fe80::1", 4711, 0, 2)

    listener: Any = tcp.listen("[::]:0", settings)
    assert listener._reached(Accepted()) == f"[2001:db8::7]:{port_of(listener)}"
    listener.close()
