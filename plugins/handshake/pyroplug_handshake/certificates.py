"""The validator that looks at whose certificate a TLS client has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pyroplug.contracts import Gate, Hello, Settings
from pyroplug.errors import ConfigError, SecurityError

__all__ = ["ClientCertificate"]

ITEM = "HANDSHAKE_CERTIFICATE_NAMES"

_WILDCARD = "*."
_LABEL = re.compile(r"[A-Za-z0-9_-]+")
_KINDS = frozenset({"DNS", "email", "URI"})
"""The kinds of subject alternative names that count, as Python calls them."""

_LONGEST_SHOWN = 200


class ClientCertificate:
    """Lets in clients with a certificate for one of the names that HANDSHAKE_CERTIFICATE_NAMES lists.

    TLS has verified the certificate by then; what the client says has no part in it.
    """

    name = "client-certificate"

    def open(self, settings: Settings, /) -> Gate:
        """What knows the names. Raises ``ConfigError`` if there are none, or one is unusable."""
        names = tuple(settings.HANDSHAKE_CERTIFICATE_NAMES)
        if not names:
            raise ConfigError(
                f"configuration item {ITEM}: the list is empty, so that nobody could connect",
                hint="list names in clients' certificates, such as client.example.org or *.example.org",
            )
        for name in names:
            _check(name)
        return _AllowedNames(names)


class _AllowedNames:
    def __init__(self, names: tuple[str, ...]) -> None:
        self._exact = frozenset(names)
        self._hosts = frozenset(name.lower() for name in names)

    def validate(self, hello: Hello, /) -> None:
        """Agree if one of the names in the client's certificate is allowed."""
        facts = hello.peer.facts
        certificate = facts.get("certificate")
        if not isinstance(certificate, Mapping):
            if "tls_version" not in facts:
                raise SecurityError(
                    "only TLS clients with a certificate are allowed here, and this is not TLS"
                )
            raise SecurityError(
                "only clients with a certificate are allowed here, and this one was asked for none",
                hint="the server's SSL_REQUIRECLIENTCERT asks for it, the client's SSL_CLIENTCERT names it",
            )
        names = list(_names(certificate))
        if not any(self._allows(kind, name) for kind, name in names):
            shown = ", ".join(name for _, name in names)[:_LONGEST_SHOWN] or "nobody"
            raise SecurityError(f"clients with a certificate for {shown!r} are not allowed here")

    def _allows(self, kind: str, name: str) -> bool:
        if name in self._exact:
            return True
        if kind == "DNS" and name.lower() in self._hosts:
            return True
        label, dot, domain = name.lower().partition(".")
        is_host = kind in ("DNS", "commonName") and bool(dot) and bool(_LABEL.fullmatch(label))
        return is_host and _WILDCARD + domain in self._hosts


def _names(certificate: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a certificate is for, as ``getpeercert`` tells it: kinds and names."""
    for part in certificate.get("subject", ()):
        yield from ((kind, name) for kind, name in part if kind == "commonName")
    yield from ((kind, name) for kind, name in certificate.get("subjectAltName", ()) if kind in _KINDS)


def _check(name: str) -> None:
    rest = name.removeprefix(_WILDCARD)
    if not rest.strip() or "*" in rest:
        raise ConfigError(
            f"configuration item {ITEM}: {name!r} is no name",
            hint="write it as in the certificate; the one thing else is *.example.org, for one more label",
        )
