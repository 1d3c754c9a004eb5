"""What TLS reports, told to people: which side is at fault, why, and which configuration item to look at.

OpenSSL's names are looked up here and nowhere else. No socket is touched.
"""

from __future__ import annotations

import ssl
from typing import NamedTuple

from pyroplug.contracts import Peer
from pyroplug.errors import HandshakeError

__all__ = ["handshake_error", "is_alert", "is_just_an_end", "reason_of"]


class _Words(NamedTuple):
    text: str
    hint: str | None = None


_ITS_TIME = "its owner has to renew it; if it looks fine, check this machine's clock"
_TRUST = "SSL_CACERTS names the file or folder with the certificates of those who are trusted to issue them"

_CERTIFICATE_FAULTS = {
    # the numbers of X509_V_ERR_…, which are part of OpenSSL's interface
    9: _Words("it is not valid yet", "check the clocks of both machines"),
    10: _Words("it has expired", _ITS_TIME),
    18: _Words("it is self-signed", _TRUST),
    19: _Words("it was issued by somebody who is not trusted here", _TRUST),
    20: _Words("it was issued by somebody who is not trusted here", _TRUST),
    21: _Words("it was issued by somebody who is not trusted here", _TRUST),
    23: _Words("it was revoked", "its owner needs another one"),
    26: _Words("it is not meant for this purpose", "servers and clients may need different certificates"),
    62: _Words("it is for another host name", "use a host name that it lists, also in the object's URI"),
    64: _Words("it is for another IP address", "use a host name or address that it lists, also in the URI"),
}

_NOT_TLS = _Words(
    "it does not speak TLS", "set SSL to False to talk to it without, or to True on the other side as well"
)
_NO_CERTIFICATE = _Words(
    "it wants a client certificate, and got none", "SSL_CLIENTCERT and SSL_CLIENTKEY name this side's"
)
_REFUSED = "look at the certificate that SSL_CLIENTCERT (or the server's SSL_SERVERCERT) names"
_VERSIONS = "both sides need TLS 1.2 or later"

_REASONS = {
    "WRONG_VERSION_NUMBER": _NOT_TLS,
    "HTTP_REQUEST": _NOT_TLS,
    "HTTPS_PROXY_REQUEST": _NOT_TLS,
    "UNKNOWN_PROTOCOL": _NOT_TLS,
    "PACKET_LENGTH_TOO_LONG": _NOT_TLS,
    "RECORD_LAYER_FAILURE": _NOT_TLS,
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": _Words(
        "it has no client certificate", "SSL_CLIENTCERT on the client's side names it"
    ),
    "UNSUPPORTED_PROTOCOL": _Words("it speaks too old a version of TLS", _VERSIONS),
    "NO_SHARED_CIPHER": _Words("the two sides have no cipher in common", _VERSIONS),
}
"""What went wrong on this side, by OpenSSL's name for it."""

_ALERTS = {
    "UNKNOWN_CA": _Words("it does not trust whoever issued this side's certificate", _REFUSED),
    "BAD_CERTIFICATE": _Words("it does not accept this side's certificate", _REFUSED),
    "UNSUPPORTED_CERTIFICATE": _Words("this side's certificate is not meant for this purpose", _REFUSED),
    "CERTIFICATE_REVOKED": _Words("this side's certificate was revoked", _REFUSED),
    "CERTIFICATE_EXPIRED": _Words("this side's certificate has expired", _REFUSED),
    "CERTIFICATE_UNKNOWN": _Words("it does not accept this side's certificate", _REFUSED),
    "CERTIFICATE_REQUIRED": _NO_CERTIFICATE,
    "HANDSHAKE_FAILURE": _Words(
        "it refuses, and does not say why", "it may want a client certificate: SSL_CLIENTCERT names it"
    ),
    "PROTOCOL_VERSION": _Words("it does not speak this side's versions of TLS", _VERSIONS),
    "INSUFFICIENT_SECURITY": _Words("it wants stronger ciphers", _VERSIONS),
    "UNRECOGNIZED_NAME": _Words("it does not know the host name", "use a host name that it knows"),
    "DECRYPT_ERROR": _Words("it does not accept this side's certificate", _REFUSED),
}
"""What the other side said, by the end of OpenSSL's name for it."""

_ENDED = _Words(
    "it closed the connection in the middle of the TLS handshake",
    "it may not speak TLS: SSL has to be the same on both sides",
)


def is_alert(error: OSError) -> bool:
    """Whether it is something that the other side said."""
    return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")


def is_just_an_end(error: OSError) -> bool:
    """Whether the other side merely went away."""
    return isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionError))


def handshake_error(peer: Peer, error: OSError) -> HandshakeError:
    """Why there is no TLS connection with ``peer``."""
    words = _words(error)
    made = HandshakeError(f"no TLS connection with {peer}: {words.text}", hint=words.hint)
    made.__cause__ = error
    return made


def reason_of(error: OSError) -> str:
    """The reason in a few words, without OpenSSL's source lines."""
    return _words(error).text


def _words(error: OSError) -> _Words:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate_fault(error)
    if isinstance(error, ssl.SSLError) and error.reason:
        name: str = error.reason
        found = _REASONS.get(name)
        if found is None and "ALERT_" in name:
            found = _ALERTS.get(name.partition("ALERT_")[2])
        return found or _Words(name.replace("_", " ").lower())
    if is_just_an_end(error):
        return _ENDED
    return _Words(error.strerror or str(error) or type(error).__name__)


def _certificate_fault(error: ssl.SSLCertVerificationError) -> _Words:
    found = _CERTIFICATE_FAULTS.get(error.verify_code)
    if found is None:
        return _Words(f"its certificate is not accepted: {error.verify_message}")
    return _Words(f"its certificate is not accepted: {found.text} ({error.verify_message})", found.hint)
