"""From configuration items to TLS contexts: what they accept, and what is wrong with the files."""

from __future__ import annotations

import os
import shutil
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyroplug_transports.tls_contexts import Contexts, client_values, server_values

from pyroplug.errors import ConfigError
from tests.certificates import PASSWORD, Authority, Files

from .tls_support import client_settings, plain_settings, server_settings


@pytest.fixture(scope="module")
def mine(authority: Authority) -> Files:
    return authority.issue("mine")


@pytest.fixture(scope="module")
def other(authority: Authority) -> Files:
    return authority.issue("other")


def server_context(settings: Any) -> ssl.SSLContext:
    return Contexts().get(server_values(settings))


def client_context(settings: Any) -> ssl.SSLContext:
    return Contexts().get(client_values(settings))


def test_what_contexts_demand(authority: Authority, mine: Files) -> None:
    client = client_context(client_settings(authority))
    assert client.verify_mode == ssl.CERT_REQUIRED
    assert client.check_hostname
    one_way = server_context(server_settings(authority, mine))
    assert one_way.verify_mode == ssl.CERT_NONE
    two_way = server_context(server_settings(authority, mine, SSL_REQUIRECLIENTCERT=True))
    assert two_way.verify_mode == ssl.CERT_REQUIRED
    for context in (client, one_way, two_way):
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
        assert context.options & ssl.OP_NO_RENEGOTIATION
    assert one_way.num_tickets == two_way.num_tickets == 0


def test_only_those_are_trusted_who_are_listed(authority: Authority, mine: Files) -> None:
    for context in (
        client_context(client_settings(authority)),
        server_context(server_settings(authority, mine, SSL_REQUIRECLIENTCERT=True)),
    ):
        (only,) = context.get_ca_certs()
        assert "trustme" in str(only["issuer"])


def test_the_systems_authorities_are_for_clients_alone(mine: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[object] = []
    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", lambda _self, purpose: loaded.append(purpose))
    client_context(plain_settings(SSL=True))
    assert loaded == [ssl.Purpose.SERVER_AUTH]
    server_context(plain_settings(**mine.server()))
    with pytest.raises(ConfigError, match="SSL_CACERTS is not set"):
        server_values(plain_settings(**mine.server(), SSL_REQUIRECLIENTCERT=True))
    assert len(loaded) == 1


# What is wrong ---------------------------------------------------------------------------------------


FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no such certificate": ({"CERT": "/no/such.pem"}, "CERT: cannot read '/no/such.pem': No such file"),
    "no such key": ({"KEY": "/no/such.pem"}, "KEY: cannot read '/no/such.pem': No such file"),
    "a folder": ({"CERT": "{folder}"}, "CERT: cannot read '{folder}': Is a directory"),
    "a NUL": ({"CERT": "a\0b"}, "CERT: cannot read 'a\\x00b': embedded null"),
    "no certificate": ({"CERT": "{rubbish}"}, "CERT: there is no usable certificate in '{rubbish}'"),
    "a key as certificate": ({"CERT": "{key}"}, "CERT: there is no usable certificate in '{key}'"),
    "no key": ({"KEY": "{rubbish}"}, "KEY: there is no usable private key in '{rubbish}'"),
    "no key beside it": ({"KEY": ""}, "CERT: there is no usable private key in '{cert}'"),
    "another's key": (
        {"KEY": "{others_key}"},
        "KEY: the key in '{others_key}' does not belong to the certificate in '{cert}'",
    ),
    "no password": (
        {"KEY": "{encrypted}"},
        "KEY: the key in '{encrypted}' is encrypted, and SSL_{side}KEYPASSWD is not set",
    ),
    "wrong password": (
        {"KEY": "{encrypted}", "KEYPASSWD": "a guess"},
        "KEY: the key in '{encrypted}' is encrypted, and SSL_{side}KEYPASSWD is not the right one",
    ),
    "long password": (
        {"KEY": "{encrypted}", "KEYPASSWD": "x" * 2000},
        "KEY: the key in '{encrypted}' is encrypted, and SSL_{side}KEYPASSWD is not the right one",
    ),
}
"""Items with what is wrong with them, and what has to be said."""


@pytest.mark.parametrize("side", ["SERVER", "CLIENT"])
@pytest.mark.parametrize("fault", FAULTS)
def test_unusable_certificates_and_keys(
    authority: Authority, mine: Files, other: Files, tmp_path: Path, side: str, fault: str
) -> None:
    rubbish = tmp_path / "rubbish.pem"
    rubbish.write_text("no certificate")
    words = {**vars(mine), "others_key": other.key, "folder": tmp_path, "rubbish": rubbish, "side": side}
    changes, text = FAULTS[fault]
    settings = server_settings(authority, mine) if side == "SERVER" else client_settings(authority, mine)
    for what, value in changes.items():
        setattr(settings, f"SSL_{side}{what}", value.format(**words))
    with pytest.raises(ConfigError) as caught:
        (server_context if side == "SERVER" else client_context)(settings)
    assert f"configuration item SSL_{side}{text.format(**words)}" in str(caught.value)
    assert caught.value.hint
    assert "a guess" not in str(caught.value)


def test_a_right_password_and_a_useless_one_do_no_harm(authority: Authority, mine: Files) -> None:
    settings = server_settings(authority, mine)
    settings.SSL_SERVERKEYPASSWD = PASSWORD
    server_context(settings)
    settings.SSL_SERVERKEY = mine.encrypted
    server_context(settings)
    assert PASSWORD not in repr(server_values(settings))


@pytest.mark.parametrize("content", [{}, {"notes.txt": "nothing"}, None])
def test_nobody_to_trust(authority: Authority, tmp_path: Path, content: dict[str, str] | None) -> None:
    folder = tmp_path / "authorities"
    if content is not None:
        folder.mkdir()
        (folder / "more").mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    with pytest.raises(ConfigError, match="SSL_CACERTS") as caught:
        client_context(client_settings(authority, SSL_CACERTS=str(folder)))
    assert str(folder) in str(caught.value)


def test_a_file_without_authorities(authority: Authority, mine: Files) -> None:
    with pytest.raises(ConfigError, match="SSL_CACERTS: there is no certificate in"):
        client_context(client_settings(authority, SSL_CACERTS=mine.key))


@pytest.mark.parametrize(
    ("values", "settings", "text"),
    [
        (server_values, {}, "SSL_SERVERCERT is not set"),
        (server_values, {"SSL_SERVERKEY": "key.pem"}, "SSL_SERVERCERT is not set"),
        (client_values, {"SSL_CLIENTKEY": "key.pem"}, "SSL_CLIENTKEY is set, and SSL_CLIENTCERT is not"),
    ],
)
def test_half_of_what_is_needed(values: Callable[[Any], Any], settings: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError, match=text):
        values(plain_settings(SSL=True, **settings))


# Files that change -----------------------------------------------------------------------------------


def test_the_same_values_and_files_have_the_same_context(
    authority: Authority, mine: Files, other: Files
) -> None:
    contexts = Contexts()
    first = contexts.get(server_values(server_settings(authority, mine)))
    assert contexts.get(server_values(server_settings(authority, mine))) is first
    assert contexts.get(server_values(server_settings(authority, other))) is not first
    assert (
        contexts.get(server_values(server_settings(authority, mine, SSL_REQUIRECLIENTCERT=True))) is not first
    )
    assert contexts.get(client_values(client_settings(authority, mine))) is not first
    assert contexts.get(server_values(server_settings(authority, mine))) is first


def test_a_file_that_was_changed_is_read_again(authority: Authority, mine: Files, tmp_path: Path) -> None:
    for name in ("cert", "key"):
        shutil.copy(getattr(mine, name), tmp_path / name)
    settings = server_settings(authority, mine)
    settings.SSL_SERVERCERT, settings.SSL_SERVERKEY = str(tmp_path / "cert"), str(tmp_path / "key")
    contexts = Contexts()
    for name in ("cert", "key"):
        first = contexts.get(server_values(settings))
        assert contexts.get(server_values(settings)) is first
        os.utime(tmp_path / name, (1e9, 1e9))
        assert contexts.get(server_values(settings)) is not first
    (tmp_path / "key").unlink()
    with pytest.raises(ConfigError, match="No such file"):
        contexts.get(server_values(settings))


def test_contexts_do_not_pile_up(authority: Authority, mine: Files, tmp_path: Path) -> None:
    contexts = Contexts()
    for number in range(100):
        copy = tmp_path / f"authority{number}.pem"
        shutil.copy(authority.file, copy)
        contexts.get(client_values(client_settings(authority, SSL_CACERTS=str(copy))))
    assert len(contexts._made) <= 32
