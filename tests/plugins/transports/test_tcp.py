"""TCP: addresses, listening, connecting."""

from __future__ import annotations

import errno
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies
from pyroplug_transports.addresses import join_address, split_address
from pyroplug_transports.tcp import TcpTransport

from pyroplug.errors import AddressError, ConnectionClosedError, TimeoutError

PATIENCE = 20.0
tcp = TcpTransport()


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


@pytest.fixture
def listener(settings: Any) -> Iterator[Any]:
    listener = tcp.listen("127.0.0.1:0", settings)
    yield listener
    listener.close()


@pytest.fixture
def silent_port(nothing_left_behind: None) -> Iterator[int]:
    """A port that does not answer: its listener's queue is full."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as server:
        callers = [socket.socket() for _ in range(4)]
        for caller in callers:
            caller.setblocking(False)
            caller.connect_ex(server.getsockname())
        yield server.getsockname()[1]
        for caller in callers:
            caller.close()


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


# Addresses


@given(
    strategies.sampled_from(["", "localhost", "127.0.0.1", "::1", "fe80::1%eth0", "a-b.example"]),
    strategies.integers(0, 65535),
)
def test_addresses_are_joined_and_split(host: str, port: int) -> None:
    assert split_address(join_address(host, port)) == (host, port)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("", "port is missing"),
        ("localhost", "port is missing"),
        ("[::1]", "port is missing"),
        ("localhost:", "'' is not a port number"),
        ("localhost:http", "'http' is not a port number"),
        ("localhost:-1", "'-1' is not a port number"),
        ("localhost:+1", "is not a port number"),
        ("localhost:1_0", "is not a port number"),
        ("localhost:٣", "is not a port number"),
        ("localhost: 80", "is not a port number"),
        ("localhost:65536", "port 65536 does not exist"),
        ("localhost:" + "9" * 5000, "does not exist"),
        ("::1:80", r"write it as \[::1\]:80"),
        ("[[::1]]:80", "is no IPv6 address"),
        ("[localhost]:80", "'localhost' is no IPv6 address"),
        ("[::1:80", "needs brackets"),
        ("host]:80", "no counterpart"),
        ("a..b:80", "unusable TCP address"),
        ("x" * 70 + ":80", "unusable TCP address"),
        ("nul\0:80", "no such characters"),
        ("two words:80", "no such characters"),
    ],
)
def test_malformed_addresses(settings: Any, address: str, why: str) -> None:
    with pytest.raises(AddressError, match=why) as caught:
        tcp.listen(address, settings)
    assert caught.value.hint
    with pytest.raises(AddressError, match=why):
        tcp.connect(address, settings, PATIENCE)


@pytest.mark.parametrize(("address", "missing"), [("localhost:0", "port"), (":80", "host")])
def test_half_an_address_is_not_enough_to_connect(settings: Any, address: str, missing: str) -> None:
    with pytest.raises(AddressError, match=f"the {missing} is missing"):
        tcp.connect(address, settings, PATIENCE)


def test_an_unknown_host_name(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for use in (lambda: tcp.listen("nowhere:80", settings), lambda: tcp.connect("nowhere:80", settings, 1.0)):
        with pytest.raises(AddressError, match="nowhere:80: Name or service not known"):
            use()


def test_an_unusable_preference_is_named(settings: Any) -> None:
    settings.PREFER_IP_VERSION = 5
    with pytest.raises(AddressError, match="PREFER_IP_VERSION is 5"):
        tcp.listen("localhost:0", settings)


# Listening


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.9"])
def test_the_location_has_the_host_as_given_and_the_real_port(settings: Any, host: str, accept: Any) -> None:
    listener = tcp.listen(f"{host}:0", settings)
    port = listener.sock.getsockname()[1]
    assert port > 0
    assert listener.location == f"{host}:{port}"
    client = tcp.connect(listener.location, settings, PATIENCE)
    server = accept(listener)
    assert server.peer.address == client.sock.getsockname()
    assert client.peer.address == server.sock.getsockname()
    assert (server.peer.reached, client.peer.reached) == (listener.location, "")
    assert str(server.peer) == "{}:{}".format(*client.sock.getsockname())
    for item in (client, server, listener):
        item.close()


@needs_ipv6
@pytest.mark.parametrize(("address", "prefer"), [("[::1]:0", 0), ("[::1]:0", 4)])
def test_ipv6(settings: Any, address: str, prefer: int, accept: Any) -> None:
    settings.PREFER_IP_VERSION = prefer
    listener = tcp.listen(address, settings)
    host, port = listener.sock.getsockname()[:2]
    assert listener.location == f"[{host}]:{port}"
    client = tcp.connect(f"[::1]:{port}", settings, PATIENCE)
    server = accept(listener)
    assert str(client.peer) == f"[::1]:{port}"
    assert server.peer.address == client.sock.getsockname()
    client.send([b"v6"])
    assert server.recv_into(memoryview(bytearray(9))) == 2
    for item in (client, server, listener):
        item.close()


def test_a_taken_address(settings: Any, listener: Any) -> None:
    with pytest.raises(AddressError, match=f"{listener.location}: Address already in use") as caught:
        tcp.listen(listener.location, settings)
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.hint


def test_an_address_of_another_machine(settings: Any) -> None:
    with pytest.raises(AddressError, match=r"192\.0\.2\.1:0: Cannot assign") as caught:
        tcp.listen("192.0.2.1:0", settings)
    assert caught.value.hint


def answer(monkeypatch: pytest.MonkeyPatch, *targets: tuple[int, tuple[Any, ...]]) -> None:
    """Have every host name stand for these (family, socket address) pairs."""
    found = [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", target) for family, target in targets]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def test_listening_skips_addresses_that_this_machine_lacks(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, (socket.AF_INET, ("192.0.2.1", 0)), (socket.AF_INET, ("127.0.0.1", 0)))
    listener = tcp.listen("both:0", settings)
    assert listener.sock.getsockname()[0] == "127.0.0.1"
    assert listener.location.startswith("both:")
    listener.close()


def test_listening_does_not_skip_a_taken_address(
    settings: Any, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, (socket.AF_INET, listener.sock.getsockname()), (socket.AF_INET, ("127.0.0.1", 0)))
    with pytest.raises(AddressError, match="in use"):
        tcp.listen("both:0", settings)


@needs_ipv6
@pytest.mark.parametrize(("prefer", "family"), [(0, 10), (4, 2), (6, 10)])
def test_the_preferred_ip_version_comes_first(
    settings: Any, monkeypatch: pytest.MonkeyPatch, prefer: int, family: int
) -> None:
    answer(monkeypatch, (socket.AF_INET6, ("::1", 0, 0, 0)), (socket.AF_INET, ("127.0.0.1", 0)))
    settings.PREFER_IP_VERSION = prefer
    listener = tcp.listen("both:0", settings)
    assert listener.sock.family == family
    listener.close()


@pytest.mark.parametrize(
    ("item", "option"), [("SOCK_REUSE", "SO_REUSEADDR"), ("SOCK_NODELAY", "TCP_NODELAY")]
)
@pytest.mark.parametrize("value", [False, True])
def test_options_of_sockets(settings: Any, accept: Any, item: str, option: str, value: bool) -> None:
    setattr(settings, item, value)
    level = socket.IPPROTO_TCP if option.startswith("TCP") else socket.SOL_SOCKET
    listener = tcp.listen("127.0.0.1:0", settings)
    client = tcp.connect(listener.location, settings, PATIENCE)
    server = accept(listener)
    items = (listener, client, server) if item == "SOCK_NODELAY" else (listener,)
    assert {bool(item.sock.getsockopt(level, getattr(socket, option))) for item in items} == {value}
    for connection in (client, server):
        assert connection.sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    for item_ in (client, server, listener):
        item_.close()


def test_the_process_wide_default_time_limit_has_no_influence(
    settings: Any, monkeypatch: pytest.MonkeyPatch, accept: Any
) -> None:
    socket.setdefaulttimeout(0.001)
    try:
        listener = tcp.listen("127.0.0.1:0", settings)
        client = tcp.connect(listener.location, settings, None)
        server = accept(listener)
    finally:
        socket.setdefaulttimeout(None)
    assert [item.sock.gettimeout() for item in (listener, client, server)] == [0.0, None, None]
    for item in (client, server, listener):
        item.close()


# Connecting


def test_nobody_listens(settings: Any, closed_port: int) -> None:
    with pytest.raises(AddressError, match=f"127.0.0.1:{closed_port}: Connection refused") as caught:
        tcp.connect(f"127.0.0.1:{closed_port}", settings, PATIENCE)
    assert isinstance(caught.value.__cause__, ConnectionRefusedError)
    assert caught.value.hint


def test_nobody_answers(settings: Any, silent_port: int) -> None:
    started = time.monotonic()
    with pytest.raises(TimeoutError, match=rf"127.0.0.1:{silent_port}: no answer within 0.05 seconds"):
        tcp.connect(f"127.0.0.1:{silent_port}", settings, 0.05)
    assert 0.04 < time.monotonic() - started < PATIENCE


def test_each_address_is_tried_within_one_limit(
    settings: Any, silent_port: int, closed_port: int, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, closed = ("127.0.0.1", silent_port), ("127.0.0.1", closed_port)
    answer(
        monkeypatch, *((socket.AF_INET, target) for target in (silent, closed, listener.sock.getsockname()))
    )
    started = time.monotonic()
    connection = tcp.connect("three:80", settings, 1.5)
    assert 0.45 < time.monotonic() - started < 1.4
    assert connection.peer.address == listener.sock.getsockname()
    assert connection.sock.gettimeout() is None
    connection.close()


def test_a_used_up_limit_ends_the_search(
    settings: Any, silent_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, *[(socket.AF_INET, ("127.0.0.1", silent_port))] * 5)
    with pytest.raises(TimeoutError):
        tcp.connect("five:80", settings, 0.0)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_who_the_peer_is(settings: Any, host: str) -> None:
    listener = tcp.listen("0.0.0.0:0", settings)
    port = listener.sock.getsockname()[1]
    for _ in range(2):
        connection = tcp.connect(f"{host}:{port}", settings, PATIENCE)
        assert connection.peer.address == connection.sock.getpeername() == ("127.0.0.1", port)
        connection.close()
    listener.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_a_socket_does_not_connect_to_itself(
    settings: Any, closed_port: int, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Reflexive(socket.socket):
        """Gets from the system the very port that it is to connect to."""

        def connect(self, address: Any, /) -> None:
            self.bind(("127.0.0.1", address[1]))
            super().connect(address)
            assert self.getsockname() == self.getpeername()

    monkeypatch.setattr(socket, "socket", Reflexive)
    with pytest.raises(AddressError, match="Connection refused"):
        tcp.connect(f"{host}:{closed_port}", settings, PATIENCE)


def test_a_reset_is_told_as_a_lost_connection(settings: Any, listener: Any, accept: Any) -> None:
    client = tcp.connect(listener.location, settings, PATIENCE)
    server = accept(listener)
    server.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    server.sock.close()
    with pytest.raises(ConnectionClosedError, match="broke while receiving") as caught:
        client.recv_into(memoryview(bytearray(1)))
    assert isinstance(caught.value.__cause__, ConnectionResetError)
    with pytest.raises(ConnectionClosedError, match="broke while sending") as caught:
        client.send([b"x"])
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.EPIPE
    client.close()


def test_connected_sockets_are_left_to_another_transport(settings: Any) -> None:
    left, right = socket.socketpair()
    with left, right:
        assert tcp.adopt(left, settings) is None
