"""The built-in validators pass the suite that every validator has to pass."""

from __future__ import annotations

import os
from typing import Any, ClassVar

import pytest
from pyroplug_handshake import AllowNetworks, ClientCertificate, PeerCredentials, SharedSecret

from pyroplug.contracts import HandshakeValidator
from pyroplug.testing import HandshakeValidatorSuite, hello

SECRET = "correct horse battery staple"


def certificate(name: str) -> dict[str, Any]:
    """One as ``getpeercert`` gives it."""
    return {"subject": ((("countryName", "NL"),),), "subjectAltName": (("DNS", name),)}


class TestAllowNetworks(HandshakeValidatorSuite):
    configuration: ClassVar[Any] = {
        "HANDSHAKE_ALLOWED_NETWORKS": ("local", "203.0.113.0/24", "2001:db8::/32")
    }
    welcome = (hello(), hello(address=""), hello(address=("2001:db8::1", 1, 0, 0)))
    refused = (hello(address=("198.51.100.1", 1)), hello(address=("::1", 1, 0, 0)), hello(address=None))
    unusable = (
        ({"HANDSHAKE_ALLOWED_NETWORKS": ()}, "HANDSHAKE_ALLOWED_NETWORKS"),
        ({"HANDSHAKE_ALLOWED_NETWORKS": ("example.com",)}, "HANDSHAKE_ALLOWED_NETWORKS"),
    )

    @pytest.fixture
    def validator(self) -> HandshakeValidator:
        return AllowNetworks()


class TestClientCertificate(HandshakeValidatorSuite):
    configuration: ClassVar[Any] = {"HANDSHAKE_CERTIFICATE_NAMES": ("*.example.org",)}
    welcome = (hello(facts={"certificate": certificate("client.example.org")}),)
    refused = (hello(facts={"certificate": certificate("client.example.net")}), hello())
    unusable = (({"HANDSHAKE_CERTIFICATE_NAMES": ()}, "HANDSHAKE_CERTIFICATE_NAMES"),)

    @pytest.fixture
    def validator(self) -> HandshakeValidator:
        return ClientCertificate()


class TestPeerCredentials(HandshakeValidatorSuite):
    configuration: ClassVar[Any] = {"HANDSHAKE_ALLOWED_USERS": (), "HANDSHAKE_ALLOWED_GROUPS": ()}
    welcome = (hello(address="", facts={"uid": os.geteuid(), "gid": 54321}),)
    refused = (hello(address="", facts={"uid": 54321, "gid": 54321}), hello())
    unusable = (({"HANDSHAKE_ALLOWED_USERS": ("no such user here",)}, "HANDSHAKE_ALLOWED_USERS"),)

    @pytest.fixture
    def validator(self) -> HandshakeValidator:
        return PeerCredentials()


class TestSharedSecret(HandshakeValidatorSuite):
    configuration: ClassVar[Any] = {"HANDSHAKE_SECRET": SECRET, "HANDSHAKE_PLAIN_TOKEN": False}
    foreign: ClassVar[Any] = {"HANDSHAKE_SECRET": "another horse battery staple"}
    secrets = (SECRET,)
    welcome = (hello(),)
    unusable = (
        ({"HANDSHAKE_SECRET": None}, "HANDSHAKE_SECRET"),
        ({"HANDSHAKE_SECRET": "too short"}, "HANDSHAKE_SECRET"),
    )

    @pytest.fixture
    def validator(self) -> HandshakeValidator:
        return SharedSecret()


class TestSharedSecretWithATokenInstead(TestSharedSecret):
    configuration: ClassVar[Any] = {"HANDSHAKE_SECRET": SECRET, "HANDSHAKE_PLAIN_TOKEN": True}
    welcome = (hello(SECRET), hello(), hello({"token": SECRET}))
