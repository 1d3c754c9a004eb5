"""TLS: whether the other side speaks it at all, and what is wrong with its certificate."""

from __future__ import annotations

import socket
import ssl

from pyroplug.errors import PyroError
from pyroplug_doctor.remedies import Fault

__all__ = ["fault_of", "speaks_tls"]

_CERTIFICATE_FAULTS = {
    # the numbers of X509_V_ERR_..., which are part of OpenSSL's interface
    9: Fault.CERTIFICATE_EXPIRED,
    10: Fault.CERTIFICATE_EXPIRED,
    62: Fault.CERTIFICATE_FOR_ANOTHER_HOST,
    64: Fault.CERTIFICATE_FOR_ANOTHER_HOST,
}
_WANTS_CERTIFICATE = ("ALERT_CERTIFICATE_REQUIRED", "ALERT_HANDSHAKE_FAILURE", "ALERT_UNKNOWN_CA")


def speaks_tls(host: str, port: int, timeout: float) -> bool:
    """Whether TLS is spoken there, whatever the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), timeout) as sock,
            context.wrap_socket(sock, server_hostname=host),
        ):
            return True
    except ssl.SSLError as error:
        return "ALERT" in (error.reason or "")  # said in TLS
    except (OSError, ValueError):
        return False


def fault_of(error: PyroError) -> Fault:
    """What is wrong, of an error that a transport raised for TLS."""
    cause = error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _CERTIFICATE_FAULTS.get(cause.verify_code, Fault.CERTIFICATE_UNTRUSTED)
    if isinstance(cause, ssl.SSLError) and any(name in (cause.reason or "") for name in _WANTS_CERTIFICATE):
        return Fault.CLIENT_CERTIFICATE
    return Fault.TLS_FAILED
