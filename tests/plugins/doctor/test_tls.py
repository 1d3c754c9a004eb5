"""TLS on one side alone, and certificates that do not do."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyroplug_doctor.findings import Outcome
from pyroplug_doctor.remedies import Fault

from pyroplug.api import URI
from tests.certificates import Authority, Files
from tests.running import Running, Way

from .conftest import SHORT, Process, Thing, Walk, free_port, listening, port_of, scripted, walk_to

ServeTls = Callable[..., URI]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def good(authority: Authority) -> Files:
    return authority.issue("good")


@pytest.fixture(params=["threadpool", "multiplex"])
def serve_tls(run_daemon: Callable[..., Running], request: pytest.FixtureRequest) -> ServeTls:
    def serve_tls(files: Files, **items: Any) -> URI:
        running = run_daemon(Way(request.param), thing=Thing(), **files.server(), **items)
        return running.daemon.uriFor("thing")

    return serve_tls


def walk_trusting(authority: Authority, uri: Any, **items: Any) -> Walk:
    return walk_to(uri, **{"SSL": True, "SSL_CACERTS": authority.file, **items})


def test_calls_get_through(serve_tls: ServeTls, authority: Authority, good: Files) -> None:
    walk = walk_trusting(authority, serve_tls(good))
    assert walk.reached, walk
    assert walk.step("TLS").outcome is Outcome.OK


def test_a_client_without_tls(serve_tls: ServeTls, good: Files) -> None:
    walk = walk_to(serve_tls(good), timeout=5.0)
    assert walk.fault == ("protocol", Fault.TLS_ONLY), walk


def test_a_client_without_tls_and_a_server_that_just_closes(good: Files) -> None:
    """Other servers do not say in TLS that this was none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(good.cert, good.key)

    def serve(client: Any) -> None:
        if client.recv(1, 2) == b"\x16":  # MSG_PEEK
            context.wrap_socket(client, server_side=True).close()

    with scripted(serve) as port:
        walk = walk_to(f"PYRO:thing@localhost:{port}")
    assert walk.fault == ("protocol", Fault.TLS_ONLY), walk


def test_a_client_without_tls_and_a_server_of_pyro5(
    pyro5_server: Callable[..., Process], authority: Authority, good: Files
) -> None:
    server = pyro5_server(SSL="1", SSL_SERVERCERT=good.cert, SSL_SERVERKEY=good.key)
    assert walk_to(server.said).fault == ("protocol", Fault.TLS_ONLY)
    assert walk_trusting(authority, server.said).reached


def test_a_server_without_tls(run_daemon: Callable[..., Running], authority: Authority) -> None:
    walk = walk_trusting(authority, run_daemon(thing=Thing()).daemon.uriFor("thing"))
    assert walk.fault == ("TLS", Fault.NO_TLS), walk


def test_a_server_of_pyro5_without_tls(pyro5_server: Callable[..., Process], authority: Authority) -> None:
    walk = walk_trusting(authority, pyro5_server().said)
    assert walk.fault == ("TLS", Fault.NO_TLS), walk


def test_no_pyro_server_at_all(authority: Authority) -> None:
    with scripted(lambda client: client.sendall(b"SSH-2.0-OpenSSH\r\n")) as port:
        walk = walk_trusting(authority, f"PYRO:thing@127.0.0.1:{port}")
    assert walk.fault == ("TLS", Fault.NOT_PYRO), walk


def test_nobody_speaks(authority: Authority) -> None:
    with listening() as sock:
        walk = walk_trusting(authority, f"PYRO:thing@127.0.0.1:{port_of(sock)}", timeout=SHORT)
    assert walk.fault == ("TLS", Fault.TLS_FAILED), walk


def test_a_certificate_of_somebody_who_is_not_trusted(
    serve_tls: ServeTls, authority: Authority, tmp_path: Path
) -> None:
    walk = walk_trusting(authority, serve_tls(Authority(tmp_path).issue("other")))
    assert walk.fault == ("TLS", Fault.CERTIFICATE_UNTRUSTED), walk


@pytest.mark.parametrize("days", [(-30, -1), (1, 30)])
def test_a_certificate_of_another_time(
    serve_tls: ServeTls, authority: Authority, days: tuple[int, int]
) -> None:
    walk = walk_trusting(authority, serve_tls(authority.issue("time", days=days)))
    assert walk.fault == ("TLS", Fault.CERTIFICATE_EXPIRED), walk


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_certificate_for_another_host(serve_tls: ServeTls, authority: Authority, host: str) -> None:
    uri = serve_tls(authority.issue("elsewhere", "warehouse.example.org"))
    walk = walk_trusting(authority, f"PYRO:thing@{host}:{uri.port}")
    assert walk.fault == ("TLS", Fault.CERTIFICATE_FOR_ANOTHER_HOST), walk
    assert walk.failed.facts["host"] == host


def test_no_client_certificate(serve_tls: ServeTls, authority: Authority, good: Files) -> None:
    uri = serve_tls(good, SSL_REQUIRECLIENTCERT=True, SSL_CACERTS=authority.file)
    walk = walk_trusting(authority, uri)
    assert walk.fault == ("TLS", Fault.CLIENT_CERTIFICATE), walk
    assert walk_trusting(authority, uri, SSL_CLIENTCERT=good.cert, SSL_CLIENTKEY=good.key).reached


def test_files_that_are_not_there(authority: Authority) -> None:
    with listening() as sock:
        walk = walk_to(f"PYRO:thing@127.0.0.1:{port_of(sock)}", SSL=True, SSL_CACERTS="/nowhere.pem")
    assert walk.fault == ("TLS", Fault.MISCONFIGURED), walk


def test_tls_is_not_tried_where_nobody_listens(authority: Authority) -> None:
    walk = walk_trusting(authority, f"PYRO:thing@127.0.0.1:{free_port()}")
    assert walk.fault == ("port", Fault.REFUSED), walk
