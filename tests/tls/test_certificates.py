"""Whose certificates are used, who is let in, and what happens where only one side speaks TLS."""

from __future__ import annotations

import contextlib
import shutil
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy
from pyroplug.errors import CommunicationError, ConfigError, ConnectionClosedError, HandshakeError
from tests.certificates import Authority, Files
from tests.running import Way, settings
from tests.support import PATIENCE, wait_until

from .conftest import RunDaemon, Thing

# Whose certificates ----------------------------------------------------------------------------------


def test_two_daemons_with_certificates_of_their_own(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority, alice: Files, tmp_path: Path
) -> None:
    others = Authority(tmp_path)
    theirs = others.issue("theirs")
    first = serve()
    second = serve(**theirs.server(), SSL_CACERTS=others.file, SSL_REQUIRECLIENTCERT=True)
    assert proxy_for(first).echo(1) == 1
    assert proxy_for(second, others.issue("mine"), SSL_CACERTS=others.file).echo(2) == 2
    with pytest.raises(HandshakeError, match="not trusted here"):
        proxy_for(second).echo(3)
    with pytest.raises(HandshakeError, match="not trusted here"):
        proxy_for(first, SSL_CACERTS=others.file).echo(3)
    with pytest.raises(HandshakeError, match="does not trust whoever issued this side's certificate"):
        proxy_for(second, alice, SSL_CACERTS=others.file).echo(3)
    assert proxy_for(first).echo(4) == 4


def test_a_renewed_certificate_is_used_at_once(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority, tmp_path: Path, caplog: Any
) -> None:
    old, new = authority.issue("old", "127.0.0.1", "old.example.org"), authority.issue("new", "127.0.0.1")
    for name in ("cert", "key"):
        shutil.copy(getattr(old, name), tmp_path / name)
    running = serve(SSL_SERVERCERT=str(tmp_path / "cert"), SSL_SERVERKEY=str(tmp_path / "key"))

    def serial(proxy: Any) -> str:
        proxy.echo(1)
        return str(proxy._pyroConnection.getpeercert()["serialNumber"])

    before = proxy_for(running)
    first = serial(before)
    shutil.copy(new.cert, tmp_path / "cert")
    assert serial(proxy_for(running)) == first  # the key does not belong to it yet
    assert serial(proxy_for(running)) == first
    assert caplog.text.count("the certificates in use stay") == 1
    shutil.copy(new.key, tmp_path / "key")
    assert serial(proxy_for(running)) != first
    assert before.echo("goes on") == "goes on"


def test_a_daemon_without_a_usable_certificate_is_not_made(
    authority: Authority, nothing_left_behind: None
) -> None:
    with pytest.raises(ConfigError, match="SSL_SERVERCERT"):
        Daemon(config=settings(SSL=True))


# Who is let in ---------------------------------------------------------------------------------------


def test_the_validator_sees_the_certificate(
    serve: RunDaemon, proxy_for: Callable[..., Any], authority: Authority, alice: Files
) -> None:
    items = {"HANDSHAKE_VALIDATORS": ("client-certificate",), "SSL_REQUIRECLIENTCERT": True}
    for names in (["Alice"], ["*.example.org"], ["alice@example.org"]):
        running = serve(**items, HANDSHAKE_CERTIFICATE_NAMES=names)
        assert proxy_for(running, alice).echo(1) == 1
        with pytest.raises(HandshakeError, match=r"rejected: .*'bob.example.net' are not allowed"):
            proxy_for(running, authority.issue("bob", "bob.example.net")).echo(1)


def test_the_validator_lets_in_nobody_without(
    serve: RunDaemon, proxy_for: Callable[..., Any], run_daemon: RunDaemon, way: Way
) -> None:
    items = {"HANDSHAKE_VALIDATORS": ("client-certificate",), "HANDSHAKE_CERTIFICATE_NAMES": ["Alice"]}
    with pytest.raises(HandshakeError, match="SSL_REQUIRECLIENTCERT"):
        proxy_for(serve(**items)).echo(1)
    plain = run_daemon(way, thing=Thing(), **items)
    with pytest.raises(HandshakeError, match="this is not TLS"):
        plain.proxy().echo(1)


def test_programs_may_look_at_certificates_themselves(
    serve: RunDaemon, proxy_for: Callable[..., Any], alice: Files
) -> None:
    seen: list[Any] = []

    class Careful(Daemon):
        def validateHandshake(self, conn: Any, data: Any) -> Any:
            seen.append(conn.getpeercert())
            return super().validateHandshake(conn, data)

    class CarefulProxy(Proxy):
        def _pyroValidateHandshake(self, response: Any) -> None:
            seen.append(self._pyroConnection.getpeercert())
            raise ValueError("I do not like it")

    running = serve(cls=Careful, SSL_REQUIRECLIENTCERT=True)
    with pytest.raises(ValueError, match="I do not like it"):
        proxy_for(running, alice, cls=CarefulProxy).echo(1)
    client, daemon = seen
    assert ("email", "alice@example.org") in client["subjectAltName"]
    assert ("DNS", "localhost") in daemon["subjectAltName"]


# With and without ------------------------------------------------------------------------------------


def test_a_client_without_tls_is_cut_off_at_once(serve: RunDaemon, caplog: Any) -> None:
    running = serve()
    with caplog.at_level("INFO"), pytest.raises(CommunicationError):
        running.proxy(config=settings()).echo(1)
    wait_until(lambda: "it does not speak TLS" in caplog.text)
    with socket.create_connection(running.daemon.sock.getsockname(), PATIENCE) as sock:
        sock.sendall(b"PYRO" + bytes(60))
        with contextlib.suppress(ConnectionError):
            while sock.recv(100):
                pass


def test_a_server_without_tls_is_told_apart(
    run_daemon: RunDaemon, way: Way, proxy_for: Callable[..., Any]
) -> None:
    running = run_daemon(way, thing=Thing())
    with pytest.raises(HandshakeError, match="it does not speak TLS") as caught:
        proxy_for(running).echo(1)
    assert "set SSL to False" in str(caught.value.hint)
    assert running.proxy().echo("still here") == "still here"


def test_a_unix_socket_works_without_although_ssl_is_on(
    run_daemon: RunDaemon, way: Way, server: Files, authority: Authority
) -> None:
    items = {**server.server(), "SSL_CACERTS": authority.file}
    running = run_daemon(Way(way.server, "unix"), thing=Thing(), **items)
    assert running.proxy(config=settings(**items)).echo(1) == 1


def test_a_connected_socket_stays_as_it_is(
    run_daemon: RunDaemon, way: Way, server: Files, authority: Authority
) -> None:
    items = {**server.server(), "SSL_CACERTS": authority.file}
    ours, theirs = socket.socketpair()
    with ours, theirs:
        run_daemon(way, daemon={"connected_socket": ours}, thing=Thing(), **items)
        with Proxy("thing", connected_socket=theirs, config=settings(**items)) as proxy:
            assert proxy.echo(1) == 1


def test_a_broken_connection_is_made_anew(serve: RunDaemon, proxy_for: Callable[..., Any]) -> None:
    proxy = proxy_for(serve(COMMTIMEOUT=0.1))
    assert proxy.echo(1) == 1
    time.sleep(0.4)
    with pytest.raises(ConnectionClosedError):
        proxy.echo(2)
    assert proxy.echo(3) == 3
