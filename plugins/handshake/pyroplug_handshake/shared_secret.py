"""The validator for who knows a secret, which never crosses the wire.

The server sends random bytes. The client answers with random bytes of its own and an HMAC over both, and
the server's proof is another HMAC over both. What is signed begins with the signer's role, so that no answer
can be played back to its sender, and holds the object's id, so that none serves for another object.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from pyroplug.contracts import Buffer, Challenge, Gate, Hello, Responder, Settings
from pyroplug.errors import ConfigError, SecurityError

__all__ = ["SharedSecret"]

SECRET = "HANDSHAKE_SECRET"
PLAIN_TOKEN = "HANDSHAKE_PLAIN_TOKEN"

LEAST = 16
"""Characters of a secret: whoever sees a handshake can try out all that are short."""

_NONCE_SIZE = 32
_HASH = "sha256"
_CONTEXT = b"pyroplug handshake, shared-secret, version 1"


class SharedSecret:
    """Lets in clients that know HANDSHAKE_SECRET, and proves to them that the server knows it as well."""

    name = "shared-secret"

    def open(self, settings: Settings, /) -> Gate:
        """What challenges clients. Raises ``ConfigError`` without a secret, or with one that is too short."""
        key = _key(settings)
        if key is None:
            raise ConfigError(
                f"configuration item {SECRET}: the validator {self.name!r} needs a secret",
                hint=_HOW_TO_MAKE_ONE,
            )
        return _SecretGate(key, bool(settings.HANDSHAKE_PLAIN_TOKEN))

    def responder(self, settings: Settings, /) -> Responder | None:
        """What answers with the secret, if there is one. Raises ``ConfigError`` if it is too short."""
        key = _key(settings)
        return None if key is None else _SecretResponder(key)


_HOW_TO_MAKE_ONE = (
    "make one with `python -c 'import secrets; print(secrets.token_urlsafe(32))'`, the same for both sides"
)


def _key(settings: Settings) -> bytes | None:
    secret = settings.HANDSHAKE_SECRET
    if not secret:
        return None
    if len(secret) < LEAST:
        raise ConfigError(
            f"configuration item {SECRET}: a secret of fewer than {LEAST} characters can be found by trying",
            hint=_HOW_TO_MAKE_ONE,
        )
    return _bytes(secret)


class _SecretGate:
    def __init__(self, key: bytes, plain: bool) -> None:
        self._key = key
        self._plain = plain

    def validate(self, hello: Hello, /) -> Challenge | None:
        """Agree if the client sends the secret itself, where that is allowed; else challenge it."""
        if self._plain and _is_secret(self._key, _token(hello.data)):
            return None
        return _SecretChallenge(self._key, hello.object_id, self._plain)


class _SecretChallenge:
    def __init__(self, key: bytes, object_id: str, plain: bool) -> None:
        self.question = secrets.token_bytes(_NONCE_SIZE)
        self._key = key
        self._object_id = object_id
        self._plain = plain
        self._answered = False

    @property
    def reason(self) -> str:
        """Says what a client needs."""
        plain = ", or with the secret as its _pyroHandshake" if self._plain else ""
        return (
            "this daemon lets in only clients that know its secret"
            f"\nhint: use a pyroplug client whose {SECRET} is the same{plain}"
        )

    def verify(self, response: Buffer, /) -> bytes:
        """The server's proof, if the client's is right."""
        answered, self._answered = self._answered, True
        nonce, proof = bytes(response[:_NONCE_SIZE]), bytes(response[_NONCE_SIZE:])
        expected = _proof(self._key, b"client", self.question, nonce, self._object_id)
        if answered or len(nonce) != _NONCE_SIZE or not hmac.compare_digest(proof, expected):
            raise SecurityError(
                "the response to the challenge is wrong", hint=f"is {SECRET} the same on both sides?"
            )
        return _proof(self._key, b"server", self.question, nonce, self._object_id)


class _SecretResponder:
    def __init__(self, key: bytes) -> None:
        self._key = key
        self._expected = b""

    def respond(self, question: Buffer, object_id: str, /) -> bytes:
        """Random bytes, and what proves the knowledge of the secret."""
        nonce = secrets.token_bytes(_NONCE_SIZE)
        self._expected = _proof(self._key, b"server", question, nonce, object_id)
        return nonce + _proof(self._key, b"client", question, nonce, object_id)

    def conclude(self, proof: Buffer | None, /) -> None:
        """Accept the server if its proof is right."""
        if not self._expected or not hmac.compare_digest(bytes(proof or b""), self._expected):
            raise SecurityError("the server lets this client in, and does not prove that it knows the secret")


def _proof(key: bytes, role: bytes, question: Buffer, nonce: bytes, object_id: str) -> bytes:
    mac = hmac.new(key, digestmod=_HASH)
    for part in (_CONTEXT, role, question, nonce, _bytes(object_id)):
        mac.update(len(part).to_bytes(8, "big"))  # so that no other parts give the same bytes
        mac.update(part)
    return mac.digest()


def _token(data: Any) -> str | None:
    """The secret as a handshake value has it: all of it, or under the key ``token``."""
    token = data.get("token") if isinstance(data, dict) else data
    return token if isinstance(token, str) else None


def _is_secret(key: bytes, token: str | None) -> bool:
    # Hashes have the same length whatever the texts have, so that time tells nothing of that either.
    return token is not None and hmac.compare_digest(_hashed(_bytes(token)), _hashed(key))


def _hashed(data: bytes) -> bytes:
    return hashlib.new(_HASH, data).digest()


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
