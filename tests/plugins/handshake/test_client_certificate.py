"""Who is let in for the name in its certificate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pyroplug_handshake.certificates import ClientCertificate

from pyroplug.contracts import Hello, Peer
from pyroplug.errors import ConfigError, SecurityError

FACTS = {"tls_version": "TLSv1.3", "cipher": "some cipher"}


def certificate(*names: tuple[str, str], common_name: str | None = None) -> dict[str, Any]:
    """One as ``getpeercert`` gives it."""
    subject = [(("countryName", "NL"),), (("organizationName", "everybody"),)]
    if common_name is not None:
        subject.append((("commonName", common_name),))
    return {"subject": tuple(subject), "issuer": ((("commonName", "the issuer"),),), "subjectAltName": names}


def opened(names: Any) -> Any:
    return ClientCertificate().open(SimpleNamespace(HANDSHAKE_CERTIFICATE_NAMES=names))


def hello(**facts: Any) -> Hello:
    return Hello(Peer(("10.0.0.1", 4711), "tcp", facts), "some object", "client.example.org", {})


def admits(allowed: list[str], presented: dict[str, Any]) -> bool:
    try:
        opened(allowed).validate(hello(**FACTS, certificate=presented))
    except SecurityError:
        return False
    return True


@pytest.mark.parametrize(
    ("allowed", "kind", "name", "expected"),
    [
        ("client.example.org", "DNS", "client.example.org", True),
        ("client.example.org", "DNS", "CLIENT.Example.org", True),
        ("Client.example.org", "DNS", "client.example.org", True),
        ("client.example.org", "DNS", "other.example.org", False),
        ("client.example.org", "DNS", "client.example.org.evil.net", False),
        ("client.example.org", "DNS", "client.example.org\0.evil.net", False),
        ("client.example.org", "IP Address", "client.example.org", False),
        ("10.0.0.1", "IP Address", "10.0.0.1", False),
        ("alice@example.org", "email", "alice@example.org", True),
        ("alice@example.org", "email", "ALICE@example.org", False),
        ("spiffe://example.org/billing", "URI", "spiffe://example.org/billing", True),
        ("spiffe://example.org/billing", "URI", "spiffe://example.org/billing/2", False),
        ("*.example.org", "DNS", "client.example.org", True),
        ("*.Example.org", "DNS", "CLIENT.example.org", True),
        ("*.example.org", "DNS", "*.example.org", True),
        ("*.example.org", "DNS", "a.b.example.org", False),
        ("*.example.org", "DNS", "example.org", False),
        ("*.example.org", "DNS", ".example.org", False),
        ("*.example.org", "DNS", "clientexample.org", False),
        ("*.example.org", "email", "alice@mail.example.org", False),
        ("*.example.org", "URI", "http://host.example.org", False),
        ("client.example.org", "DNS", "*.example.org", False),
        ("*.org", "DNS", "example.org", True),
    ],
)
def test_alternative_names(allowed: str, kind: str, name: str, expected: bool) -> None:
    assert admits([allowed], certificate((kind, name))) is expected


@pytest.mark.parametrize(
    ("allowed", "name", "expected"),
    [
        ("Alice Smith", "Alice Smith", True),
        ("Alice Smith", "alice smith", False),
        ("client.example.org", "client.example.org", True),
        ("*.example.org", "client.example.org", True),
        ("*.example.org", "alice@mail.example.org", False),
        ("everybody", "Alice Smith", False),
        ("the issuer", "Alice Smith", False),
        ("NL", "Alice Smith", False),
    ],
)
def test_the_subjects_common_name(allowed: str, name: str, expected: bool) -> None:
    assert admits([allowed], certificate(common_name=name)) is expected


def test_one_of_several_is_enough() -> None:
    presented = certificate(("DNS", "a.example.org"), ("email", "b@example.org"), common_name="c")
    for allowed in ("a.example.org", "b@example.org", "c"):
        assert admits(["somebody else", allowed], presented)
    assert not admits(["somebody else"], presented)


def test_a_certificate_without_names_is_nobodys() -> None:
    for presented in ({}, certificate()):
        with pytest.raises(SecurityError, match="'nobody'"):
            opened(["client"]).validate(hello(**FACTS, certificate=presented))


def test_what_the_refused_client_is_told() -> None:
    gate = opened(["secret.example.org"])
    cases = {
        "this is not TLS": hello(),
        "SSL_REQUIRECLIENTCERT": hello(**FACTS),
        "'me.example.org, me@example.org' are not": hello(
            **FACTS, certificate=certificate(("DNS", "me.example.org"), ("email", "me@example.org"))
        ),
    }
    for text, greeting in cases.items():
        with pytest.raises(SecurityError, match=text) as caught:
            gate.validate(greeting)
        assert "secret" not in str(caught.value)


def test_a_certificate_that_was_not_verified_does_not_count() -> None:
    """Python shows such a one as an empty dictionary, or as bytes; transports leave it out."""
    with pytest.raises(SecurityError):
        opened(["client"]).validate(hello(**FACTS, certificate=b"client"))


@pytest.mark.parametrize("name", ["", " ", "*", "*.", "a.*.org", "*.*.org", "cli*.example.org"])
def test_unusable_names(name: str) -> None:
    with pytest.raises(ConfigError, match="HANDSHAKE_CERTIFICATE_NAMES") as caught:
        opened(["client.example.org", name])
    assert repr(name) in str(caught.value)


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(ConfigError, match="the list is empty"):
        opened(())
