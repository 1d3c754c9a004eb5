"""Who does not talk to whom over TLS, and what they are told."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack
from typing import Any

import pytest
from pyroplug_transports import TcpTransport

from pyroplug.contracts import Connection
from pyroplug.errors import ConfigError, HandshakeError, TimeoutError
from tests.certificates import Authority, Files
from tests.support import PATIENCE

from .tls_support import (
    Meeting,
    client_settings,
    limit_to,
    plain_settings,
    raw_client_in_a_hurry,
    server_settings,
    serving,
)

InThread = Callable[..., "Future[Any]"]


def certificates_nobody_takes(authority: Authority, stranger: Authority) -> dict[str, tuple[Files, str]]:
    return {
        "expired": (authority.issue("expired", days=(-9, -2)), "it has expired"),
        "early": (authority.issue("early", days=(2, 9)), "it is not valid yet"),
        "name": (authority.issue("name", "example.org"), "another (host name|IP address)"),
        "stranger": (stranger.issue("stranger"), "issued by somebody who is not trusted"),
    }


@pytest.mark.parametrize("fault", ["expired", "early", "name", "stranger"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_server_that_is_not_to_be_trusted(
    stack: ExitStack, authority: Authority, stranger: Authority, fault: str, host: str
) -> None:
    files, reason = certificates_nobody_takes(authority, stranger)[fault]
    meeting = Meeting(stack, server_settings(authority, files))
    with pytest.raises(HandshakeError, match=reason) as caught:
        meeting.pair(client_settings(authority), host)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    assert caught.value.hint


def test_by_default_the_systems_authorities_are_trusted_and_ours_is_none(
    stack: ExitStack, authority: Authority
) -> None:
    meeting = Meeting(stack, server_settings(authority))
    with pytest.raises(HandshakeError, match="not trusted here"):
        meeting.pair(client_settings(authority, SSL_CACERTS=""))


def ask(meeting: Meeting, settings: Any) -> None:
    """Connect, and be answered: with TLS 1.3 a client connects before the server sees its certificate."""
    client = meeting.connect(settings)
    client.set_timeout(PATIENCE)
    client.send([b"hello"])
    client.recv_into(memoryview(bytearray(9)))


def send_slowly(client: Connection) -> None:
    for _ in range(1000):
        client.send([b"x" * 1000])
        time.sleep(0.001)


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("none", "wants a client certificate|refuses, and does not say why"),
        ("expired", "this side's certificate has expired"),
        ("stranger", "does not trust whoever issued this side's certificate"),
    ],
)
def test_a_client_that_is_not_to_be_trusted_learns_why(
    stack: ExitStack, authority: Authority, stranger: Authority, version: str, fault: str, reason: str,
    monkeypatch: pytest.MonkeyPatch, in_thread: InThread,
) -> None:  # fmt: skip
    mine = {
        "none": None,
        "expired": authority.issue("expired client", days=(-9, -2)),
        "stranger": stranger.issue("strange client"),
    }[fault]
    transport = TcpTransport()
    meeting = Meeting(stack, server_settings(authority, SSL_REQUIRECLIENTCERT=True), transport)
    settings = client_settings(authority, mine)
    limit_to(version, transport, settings)
    with pytest.raises(HandshakeError, match=reason) as caught, serving(meeting):
        ask(meeting, settings)
    assert "SSL_CLIENTCERT" in (caught.value.hint or "")


def test_a_refused_client_learns_why_even_when_it_goes_on_sending(
    stack: ExitStack, authority: Authority
) -> None:
    meeting = Meeting(stack, server_settings(authority, SSL_REQUIRECLIENTCERT=True))
    with serving(meeting) as accepted:
        client = meeting.connect(client_settings(authority))
        select.select([client], [], [], PATIENCE)
        accepted[0].close()
        with pytest.raises(HandshakeError, match="wants a client certificate"):
            send_slowly(client)


def test_the_server_says_why_it_refuses(stack: ExitStack, authority: Authority) -> None:
    meeting = Meeting(stack, server_settings(authority, SSL_REQUIRECLIENTCERT=True))
    with raw_client_in_a_hurry(meeting, authority):
        accepted = meeting.accept()
        accepted.set_timeout(PATIENCE)
        with pytest.raises(HandshakeError, match="it has no client certificate"):
            accepted.recv_into(memoryview(bytearray(9)))


@pytest.mark.parametrize(
    "greeting", [b"PYRO\x01\xf6" + bytes(40), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\0" * 60]
)
def test_a_client_without_tls(stack: ExitStack, authority: Authority, greeting: bytes, caplog: Any) -> None:
    meeting = Meeting(stack, server_settings(authority))
    with socket.create_connection(meeting.listener.sock.getsockname(), PATIENCE) as sock:
        accepted = meeting.accept()
        sock.sendall(greeting)
        accepted.set_timeout(PATIENCE)
        with caplog.at_level("INFO"), pytest.raises(HandshakeError, match="it does not speak TLS"):
            accepted.recv_into(memoryview(bytearray(9)))
    assert "it does not speak TLS" in caplog.text


def test_a_client_that_just_looks_whether_somebody_is_there(
    stack: ExitStack, authority: Authority, caplog: Any
) -> None:
    meeting = Meeting(stack, server_settings(authority))
    socket.create_connection(meeting.listener.sock.getsockname()).close()
    accepted = meeting.accept()
    accepted.set_timeout(PATIENCE)
    with caplog.at_level("INFO"), pytest.raises(HandshakeError, match="in the middle of the TLS handshake"):
        accepted.recv_into(memoryview(bytearray(9)))
    assert not caplog.text


@pytest.mark.parametrize("answer", [b"PYRO\x01\xf6" + bytes(40), b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_a_server_without_tls(
    stack: ExitStack, authority: Authority, in_thread: InThread, answer: bytes
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            sock, _ = server.accept()
            with sock, contextlib.suppress(OSError):
                sock.recv(9999)
                sock.sendall(answer)
                sock.shutdown(socket.SHUT_WR)
                sock.recv(9999)

        serving = in_thread(serve)
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(HandshakeError, match="TLS") as caught:
            TcpTransport().connect(address, client_settings(authority), PATIENCE)
        assert "SSL" in str(caught.value.hint)
        serving.result(PATIENCE)


def test_a_silent_server_uses_up_the_time(authority: Authority, nothing_left_behind: None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(TimeoutError, match="TLS handshake was not over in time"):
            TcpTransport().connect(address, client_settings(authority), 0.1)
        assert 0.09 < time.monotonic() - start < PATIENCE / 2


def test_errors_of_settings_come_before_anything_is_opened(authority: Authority) -> None:
    with pytest.raises(ConfigError, match="SSL_SERVERCERT"):
        TcpTransport().listen("127.0.0.1:0", plain_settings(SSL=True))
    with pytest.raises(ConfigError, match="SSL_CACERTS"):
        TcpTransport().connect("127.0.0.1:1", client_settings(authority, SSL_CACERTS="/nowhere"), 1.0)
