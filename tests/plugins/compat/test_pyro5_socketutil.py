"""``pyroplug_pyro5.socketutil`` does what Pyro5's helpers for sockets do."""

from __future__ import annotations

import builtins
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import Pyro5.socketutil
import pytest
from pyroplug_pyro5 import socketutil

from pyroplug.config import config
from pyroplug.errors import ConnectionClosedError, TimeoutError

LOOPBACK = ipaddress.ip_address("127.0.0.1")


@pytest.fixture(params=[socketutil, Pyro5.socketutil], ids=["ours", "theirs"])
def util(request: pytest.FixtureRequest) -> Any:
    """Both, so that the tests say what is so in both."""
    return request.param


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


# Addresses


def test_the_address_of_a_host(util: Any) -> None:
    assert util.get_ip_address("localhost", version=4) == LOOPBACK
    assert util.get_ip_address("", version=4) == LOOPBACK
    assert util.get_ip_address("127.0.0.1", version=6) == LOOPBACK
    assert util.get_ip_address("::1") == ipaddress.ip_address("::1")
    assert util.get_interface("127.0.0.1").ip == util.get_interface(LOOPBACK).ip == LOOPBACK


def test_the_preferred_version_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "PREFER_IP_VERSION", 4)
    assert socketutil.get_ip_address("localhost") == LOOPBACK


def test_a_host_without_an_address(monkeypatch: pytest.MonkeyPatch, util: Any) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "nothing is known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    monkeypatch.setattr(socket, "gethostbyname", fail)
    with pytest.raises(OSError, match="nothing is known"):
        util.get_ip_address("nowhere")


def test_the_address_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network has none, so this one's is not asked for."""
    away = ipaddress.ip_interface("198.51.100.7")
    monkeypatch.setattr(socketutil, "get_interface", lambda address: away)
    assert socketutil.get_ip_address("localhost", workaround127=True, version=4) == away.ip
    assert socketutil.get_ip_address("198.51.100.9", workaround127=True) == ipaddress.ip_address(
        "198.51.100.9"
    )


def test_free_ports(util: Any) -> None:
    port = util.find_probably_unused_port()
    with socket.create_server(("127.0.0.1", port)):
        assert port > 1023
    assert util.find_probably_unused_port(socktype=socket.SOCK_DGRAM) > 1023
    with socket.socket() as sock:
        port = util.bind_unused_port(sock)
        assert sock.getsockname() == ("127.0.0.1", port)
    with socket.socket() as sock:
        assert util.bind_unused_port(sock, LOOPBACK) > 1023


# Sockets


def test_a_socket_that_is_connected(util: Any, listening: socket.socket) -> None:
    with closing(util.create_socket(connect=listening.getsockname(), timeout=5)) as sock:
        assert sock.getpeername() == listening.getsockname()
        assert sock.gettimeout() == 5
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert not sock.get_inheritable()
        assert util.family_str(sock) == "IPv4"
        listening.accept()[0].close()


def test_a_socket_that_listens(util: Any) -> None:
    with closing(util.create_socket(bind=("localhost", 0), reuseaddr=True, keepalive=False)) as sock:
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR)
        assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert sock.gettimeout() is None


def test_a_unix_socket(util: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "socket")
    with (
        closing(util.create_socket(bind=path)) as server,
        closing(util.create_socket(connect=path)) as client,
    ):
        assert client.getpeername() == server.getsockname() == path
        assert util.family_str(server) == "Unix"


def test_a_socket_that_does_nothing_yet(util: Any) -> None:
    with closing(util.create_socket(timeout=None, noinherit=True)) as sock:
        assert sock.family == socket.AF_INET
        assert sock.gettimeout() is None
        for option in (util.set_keepalive, util.set_nodelay, util.set_reuseaddr, util.set_noinherit):
            option(sock)


def test_what_cannot_be_made(util: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="both"):
        util.create_socket(bind=("localhost", 0), connect=("localhost", 1))
    with pytest.raises(FileNotFoundError):
        util.create_socket(connect=str(tmp_path / "nothing"))


def test_tls_is_begun_when_connecting(listening: socket.socket) -> None:
    context = socketutil.get_ssl_context()
    listening.settimeout(5)
    with pytest.raises(builtins.TimeoutError):  # nobody answers
        socketutil.create_socket(connect=listening.getsockname(), timeout=0.05, sslContext=context)
    listening.accept()[0].close()


def test_broadcasts(util: Any) -> None:
    with closing(util.create_bc_socket(("127.0.0.1", 0), reuseaddr=True, timeout=3)) as sock:
        assert sock.type == socket.SOCK_DGRAM
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST)
        assert sock.gettimeout() == 3


def test_an_interrupted_socket(util: Any, listening: socket.socket) -> None:
    util.interrupt_socket(listening.getsockname())
    listening.settimeout(5)
    with listening.accept()[0] as connection:
        assert connection.recv(100) == b"!" * 16


def test_nobody_there_to_be_interrupted() -> None:
    socketutil.interrupt_socket(("127.0.0.1", 1))


# Bytes


def test_all_of_it(util: Any, pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    util.send_data(one, b"a" * 50_000)
    assert util.receive_data(other, 20_000) == b"a" * 20_000
    assert util.receive_data(other, 30_000) == b"a" * 30_000


def test_a_connection_that_ends(pair: tuple[socket.socket, socket.socket]) -> None:
    one, other = pair
    one.sendall(b"abc")
    one.close()
    with pytest.raises(ConnectionClosedError, match="3 of 5"):
        socketutil.receive_data(other, 5)
    with pytest.raises(ConnectionClosedError):
        socketutil.send_data(other, b"x" * 100_000)


def test_a_closed_socket(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].close()
    with pytest.raises(ConnectionClosedError):
        socketutil.receive_data(pair[0], 1)


def test_time_limits(pair: tuple[socket.socket, socket.socket]) -> None:
    for sock in pair:
        sock.settimeout(0.02)
    with pytest.raises(TimeoutError, match="0 of 5"):
        socketutil.receive_data(pair[0], 5)
    with pytest.raises(TimeoutError):
        socketutil.send_data(pair[0], b"x" * 10_000_000)


# TLS


def test_a_context_for_clients(util: Any) -> None:
    context = util.get_ssl_context()
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_wrong_certificates(util: Any, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"found|No such file"):
        util.get_ssl_context(servercert=str(tmp_path / "nothing"))


def test_certificates_of_both_kinds() -> None:
    with pytest.raises(ValueError, match="not both"):
        socketutil.get_ssl_context(servercert="a", clientcert="b")


def test_the_class_of_connections() -> None:
    from pyroplug.context import ClientConnection

    assert socketutil.SocketConnection is ClientConnection
