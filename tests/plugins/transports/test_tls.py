"""Who talks to whom over TLS, and who does without."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from pyroplug_transports import UnixTransport

from tests.certificates import PASSWORD, Authority
from tests.support import PATIENCE

from .tls_support import (
    Meeting,
    client_settings,
    exchange,
    raw_client,
    server_settings,
    serving,
)

InThread = Callable[..., "Future[Any]"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_one_way(stack: ExitStack, authority: Authority, host: str) -> None:
    client, server = Meeting(stack, server_settings(authority)).pair(client_settings(authority), host)
    exchange(client, server)
    facts = client.peer.facts
    assert facts["tls_version"] == server.peer.facts["tls_version"] == "TLSv1.3"
    assert facts["cipher"] == server.peer.facts["cipher"] == client.sock.cipher()[0]
    assert facts["certificate"] == client.sock.getpeercert()
    assert ("DNS", "localhost") in facts["certificate"]["subjectAltName"]
    assert "certificate" not in server.peer.facts
    assert isinstance(client.sock, ssl.SSLSocket)
    assert isinstance(server.sock, ssl.SSLSocket)
    for connection in (client, server):
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_the_clients_certificate_is_a_fact_after_the_handshake(
    stack: ExitStack, authority: Authority
) -> None:
    meeting = Meeting(stack, server_settings(authority, SSL_REQUIRECLIENTCERT=True))
    mine = authority.issue("alice", "alice@example.org")
    with serving(meeting) as accepted:
        client = meeting.connect(client_settings(authority, mine))
    (server,) = accepted
    exchange(client, server)
    assert server.peer.facts["certificate"]["subjectAltName"] == (("email", "alice@example.org"),)
    assert server.peer.address == client.sock.getsockname()


def test_before_the_handshake_there_are_no_facts(stack: ExitStack, authority: Authority) -> None:
    meeting = Meeting(stack, server_settings(authority))
    stack.enter_context(socket.create_connection(meeting.listener.sock.getsockname()))
    accepted = meeting.accept()
    assert accepted.peer.facts == {}
    assert accepted.peer.transport == "tcp"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_either_version(
    stack: ExitStack, authority: Authority, version: ssl.TLSVersion, in_thread: InThread
) -> None:
    meeting = Meeting(stack, server_settings(authority))
    with serving(meeting) as accepted, raw_client(meeting, authority, version) as client:
        assert client.version() == version.name.replace("_", ".")
        client.sendall(b"hello")
    accepted[0].set_timeout(PATIENCE)


def test_keys_may_be_encrypted_and_in_the_same_file(stack: ExitStack, authority: Authority) -> None:
    server, mine = authority.issue("keys"), authority.issue("client keys", "alice@example.org")
    ours = server_settings(authority, server, SSL_REQUIRECLIENTCERT=True)
    ours.SSL_SERVERKEY, ours.SSL_SERVERKEYPASSWD = server.encrypted, PASSWORD
    theirs = client_settings(authority, SSL_CLIENTCERT=mine.both)
    exchange(*Meeting(stack, ours).pair(theirs))


def test_authorities_may_be_a_folder(stack: ExitStack, authority: Authority, tmp_path: Any) -> None:
    (tmp_path / "README").write_text("certificates are in the other file")
    (tmp_path / "ours.crt").write_bytes(Path(authority.file).read_bytes())
    meeting = Meeting(stack, server_settings(authority))
    exchange(*meeting.pair(client_settings(authority, SSL_CACERTS=str(tmp_path))))


def test_authorities_may_be_a_folder_for_openssl(
    stack: ExitStack, authority: Authority, tmp_path: Any
) -> None:
    content = Path(authority.file).read_bytes()
    done = subprocess.run(
        ["openssl", "x509", "-noout", "-hash"],
        input=content,
        capture_output=True,
        check=True,
        timeout=PATIENCE,
    )
    (tmp_path / f"{done.stdout.decode().strip()}.0").write_bytes(content)
    meeting = Meeting(stack, server_settings(authority))
    exchange(*meeting.pair(client_settings(authority, SSL_CACERTS=str(tmp_path))))


def test_a_unix_socket_does_without(stack: ExitStack, authority: Authority, tmp_path: Any) -> None:
    settings = server_settings(authority)
    listener = UnixTransport().listen(str(tmp_path / "sock"), settings)
    stack.callback(listener.close)
    client = UnixTransport().connect(str(tmp_path / "sock"), settings, PATIENCE)
    stack.callback(client.close)
    server = listener.accept()
    assert server is not None
    stack.callback(server.close)
    exchange(client, server)
    assert "tls_version" not in client.peer.facts


def test_programs_without_tls_do_not_import_it() -> None:
    code = "import sys, pyroplug_transports as t; import types\n"
    code += "s = types.SimpleNamespace(SOCK_REUSE=True, SOCK_NODELAY=False, PREFER_IP_VERSION=0, SSL=False)\n"
    code += (
        "l = t.TcpTransport().listen('127.0.0.1:0', s); t.TcpTransport().connect(l.location, s, 9).close()\n"
    )
    code += "l.close(); assert 'ssl' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE)
