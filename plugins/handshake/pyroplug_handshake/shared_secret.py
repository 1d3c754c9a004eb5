"""The validator for who knows a secret, which never crosses the wire.

Here is what it needs of a configuration; ``proofs`` is imported by who has a secret.
"""

from __future__ import annotations

from pyroplug.contracts import Gate, Responder, Settings
from pyroplug.errors import ConfigError

__all__ = ["SharedSecret"]

SECRET = "HANDSHAKE_SECRET"
PLAIN_TOKEN = "HANDSHAKE_PLAIN_TOKEN"

LEAST = 16
"""Characters of a secret: whoever sees a handshake can try out all that are short."""


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
        from .proofs import SecretGate

        return SecretGate(key, bool(settings.HANDSHAKE_PLAIN_TOKEN))

    def responder(self, settings: Settings, /) -> Responder | None:
        """What answers with the secret, if there is one. Raises ``ConfigError`` if it is too short."""
        key = _key(settings)
        if key is None:
            return None
        from .proofs import SecretResponder

        return SecretResponder(key)


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


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
