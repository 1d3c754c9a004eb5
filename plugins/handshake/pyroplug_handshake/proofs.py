"""How a client and a server prove to each other that they know a secret.

The server sends random bytes. The client answers with random bytes of its own and an HMAC over both, and
the server's proof is another HMAC over both. What is signed begins with the signer's role, so that no answer
can be played back to its sender, and holds the object's id, so that none serves for another object.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from pyroplug.contracts import Buffer, Challenge, Hello
from pyroplug.errors import SecurityError

__all__ = ["SecretGate", "SecretResponder"]

_ITEM = "HANDSHAKE_SECRET"

_NONCE_SIZE = 32
_HASH = "sha256"
_CONTEXT = b"pyroplug handshake, shared-secret, version 1"


class SecretGate:
    """Challenges clients.

    :param plain: a client may send the secret itself instead.
    """

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
            f"\nhint: use a pyroplug client whose {_ITEM} is the same{plain}"
        )

    def verify(self, response: Buffer, /) -> bytes:
        """The server's proof, if the client's is right."""
        answered, self._answered = self._answered, True
        nonce, proof = bytes(response[:_NONCE_SIZE]), bytes(response[_NONCE_SIZE:])
        expected = _proof(self._key, b"client", self.question, nonce, self._object_id)
        if answered or len(nonce) != _NONCE_SIZE or not hmac.compare_digest(proof, expected):
            raise SecurityError(
                "the response to the challenge is wrong", hint=f"is {_ITEM} the same on both sides?"
            )
        return _proof(self._key, b"server", self.question, nonce, self._object_id)


class SecretResponder:
    """A client's answers, for one connection."""

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
