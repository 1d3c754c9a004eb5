"""TLS contexts from configuration items: files are read, and checked, before anything is opened.

A context belongs to the values that it was made of and to the files as they were then. Nothing here
touches a socket.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import NoReturn

from pyroplug.contracts import Settings
from pyroplug.errors import ConfigError

__all__ = ["Contexts", "TlsValues", "client_values", "server_values"]

_MOST_CONTEXTS = 32
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
"""What ``openssl rehash`` calls certificates, so that OpenSSL finds them in a folder."""

# Nobody renegotiates: a peer could do so for ever. An end of the stream without farewell is an end, as most
# Pyro peers, Pyro5 among them, never say farewell; message frames tell what is incomplete.
_OPTIONS = ssl.OP_NO_RENEGOTIATION | getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)


@dataclass(frozen=True, slots=True)
class TlsValues:
    """The values that a context is made of.

    :ivar side: ``SERVER`` or ``CLIENT``, as in the items' names.
    :ivar key: the private key's file; empty if it is in the certificate's.
    :ivar authorities: a file or folder with the certificates of those who are trusted.
    :ivar verify: whether the other side needs a certificate.
    """

    side: str
    certificate: str
    key: str
    password: str = field(repr=False)
    authorities: str
    verify: bool

    def state_of_files(self) -> tuple[object, ...]:
        """Something that differs when a file was changed or replaced."""
        return tuple(_state(path) for path in (self.certificate, self.key, self.authorities) if path)

    def item(self, what: str) -> str:
        """The name of the configuration item for ``CERT``, ``KEY`` or ``KEYPASSWD``."""
        return f"SSL_{self.side}{what}"


def server_values(settings: Settings) -> TlsValues:
    """What a listener's context is made of. Raises :exc:`~pyroplug.errors.ConfigError`."""
    values = TlsValues(
        "SERVER",
        settings.SSL_SERVERCERT,
        settings.SSL_SERVERKEY,
        settings.SSL_SERVERKEYPASSWD,
        settings.SSL_CACERTS,
        settings.SSL_REQUIRECLIENTCERT,
    )
    if not values.certificate:
        raise ConfigError(
            "SSL is on, and SSL_SERVERCERT is not set: a server needs a certificate",
            hint="name a PEM file with the certificate, and its key in SSL_SERVERKEY",
        )
    if values.verify and not values.authorities:
        # The system's authorities would let in everybody who has bought a certificate anywhere.
        raise ConfigError(
            "SSL_REQUIRECLIENTCERT is on, and SSL_CACERTS is not set: it says whose clients are let in",
            hint="name a PEM file, or a folder of them, with the certificates of those who issue them",
        )
    return values


def client_values(settings: Settings) -> TlsValues:
    """What a client's context is made of. Raises :exc:`~pyroplug.errors.ConfigError`."""
    values = TlsValues(
        "CLIENT",
        settings.SSL_CLIENTCERT,
        settings.SSL_CLIENTKEY,
        settings.SSL_CLIENTKEYPASSWD,
        settings.SSL_CACERTS,
        True,
    )
    if values.key and not values.certificate:
        raise ConfigError(
            "SSL_CLIENTKEY is set, and SSL_CLIENTCERT is not: a key is of no use without its certificate",
            hint="name a PEM file with the certificate, or leave both empty",
        )
    return values


class Contexts:
    """Contexts by their values; one whose files have changed is made anew. For any thread."""

    def __init__(self) -> None:
        self._made: dict[TlsValues, tuple[tuple[object, ...], ssl.SSLContext]] = {}

    def get(self, values: TlsValues) -> ssl.SSLContext:
        """The context for these values. Raises :exc:`~pyroplug.errors.ConfigError`."""
        state = values.state_of_files()
        made = self._made.get(values)
        if made is not None and made[0] == state:
            return made[1]
        context = _build(values)
        if len(self._made) >= _MOST_CONTEXTS:
            self._made = {}
        self._made[values] = (state, context)
        return context


def _state(path: str) -> object:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino, found.st_dev


def _build(values: TlsValues) -> ssl.SSLContext:
    is_server = values.side == "SERVER"
    # Not ssl.create_default_context: what it accepts differs between versions of Python.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if is_server else ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= _OPTIONS
    if is_server:
        # Nobody resumes sessions, and a client that leaves with unread tickets would reset the connection,
        # which loses what it has sent.
        context.num_tickets = 0
    if values.certificate:
        _load_own(context, values)
    if values.verify:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authorities(context, values.authorities)
    return context


# This side's certificate -----------------------------------------------------------------------------


def _load_own(context: ssl.SSLContext, values: TlsValues) -> None:
    _check_readable(values.item("CERT"), values.certificate)
    if values.key:
        _check_readable(values.item("KEY"), values.key)
    asked = False

    def password() -> str:
        # Without this function OpenSSL would ask at the terminal.
        nonlocal asked
        asked = True
        return values.password

    try:
        context.load_cert_chain(values.certificate, values.key or None, password)
    except (OSError, ValueError) as error:
        _own_failed(values, error, asked)


def _own_failed(values: TlsValues, error: Exception, is_encrypted: bool) -> NoReturn:
    key_item, key = (
        (values.item("KEY"), values.key) if values.key else (values.item("CERT"), values.certificate)
    )
    trial = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if _fails(partial(trial.load_verify_locations, values.certificate)):
        text = f"{values.item('CERT')}: there is no usable certificate in {values.certificate!r}"
        hint = "it has to be a PEM file that begins with this side's own certificate"
    elif is_encrypted:
        wrong = "is not the right one" if values.password else "is not set"
        text = f"{key_item}: the key in {key!r} is encrypted, and {values.item('KEYPASSWD')} {wrong}"
        hint = f"{values.item('KEYPASSWD')} is the password of the private key"
    elif getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        text = f"{key_item}: the key in {key!r} does not belong to the certificate in {values.certificate!r}"
        hint = f"{values.item('CERT')} and {values.item('KEY')} are made together"
    else:
        text = f"{key_item}: there is no usable private key in {key!r}"
        hint = f"it has to be a PEM file; {values.item('KEY')} names it if it is not in {values.item('CERT')}"
    raise ConfigError(f"configuration item {text}", hint=hint) from error


def _check_readable(item: str, path: str) -> None:
    try:
        with open(path, "rb"):
            return
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"configuration item {item}: cannot read {path!r}: {reason}",
            hint="it is the path of a PEM file; a relative one begins at the working directory",
        ) from error


def _fails(action: Callable[[], object]) -> bool:
    try:
        action()
    except (OSError, ValueError):
        return True
    return False


# Those who are trusted -------------------------------------------------------------------------------


def _load_authorities(context: ssl.SSLContext, path: str) -> None:
    """Trust the certificates in a file or folder, and no others; without either, those of the system."""
    if not path:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    elif os.path.isdir(path):
        _load_folder(context, path)
    else:
        _check_readable("SSL_CACERTS", path)
        if _fails(partial(context.load_verify_locations, cafile=path)):
            raise _nothing_to_trust(path)


def _load_folder(context: ssl.SSLContext, path: str) -> None:
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise ConfigError(
            f"configuration item SSL_CACERTS: cannot read {path!r}: {error.strerror}",
            hint="it is a PEM file with certificates, or a folder of such files",
        ) from error
    if any(_HASHED.fullmatch(name) for name in names):
        context.load_verify_locations(capath=path)
        return
    files = [os.path.join(path, name) for name in names]
    loaded = [not _fails(partial(context.load_verify_locations, cafile=file)) for file in files]
    if not any(loaded):
        raise _nothing_to_trust(path)


def _nothing_to_trust(path: str) -> ConfigError:
    return ConfigError(
        f"configuration item SSL_CACERTS: there is no certificate in {path!r}",
        hint="it is a PEM file with certificates, or a folder of such files",
    )
