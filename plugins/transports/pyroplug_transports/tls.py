"""What the TCP transport makes its connections with where SSL is on: one function for either end."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

from pyroplug.contracts import Peer, Settings
from pyroplug.errors import ConfigError, TimeoutError

from .tls_connection import TlsConnection
from .tls_contexts import Contexts, client_values, server_values

__all__ = ["acceptor", "connector"]

log = logging.getLogger(__name__)


def acceptor(
    settings: Settings, contexts: Contexts, transport: str
) -> Callable[[socket.socket, object, str], TlsConnection]:
    """What makes connections of accepted sockets. Certificates that were renewed are used from then on.

    Raises :exc:`~pyroplug.errors.ConfigError` where the settings, or the files that they name, are unusable.
    """
    values = server_values(settings)
    context = contexts.get(values)
    told = ""

    def accepted(sock: socket.socket, address: object, reached: str) -> TlsConnection:
        nonlocal context, told
        try:
            context = contexts.get(values)
            told = ""
        except ConfigError as error:
            # Files are replaced one after the other; in the meantime they need not belong together.
            if told != str(error):
                told = str(error)
                log.warning("the certificates in use stay, as the new ones are unusable: %s", error)
        wrapped = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        return TlsConnection(wrapped, Peer(address, transport, reached=reached))

    return accepted


def connector(
    settings: Settings, contexts: Contexts, host: str
) -> Callable[[socket.socket, Peer, float | None], TlsConnection]:
    """What makes a connection of a connected socket, with its peer, within a number of seconds.

    :param host: whom the certificate has to be for.
    :raises ConfigError: the settings, or the files that they name, are unusable.
    """
    context = contexts.get(client_values(settings))
    name = host.partition("%")[0].rstrip(".") or host

    def connected(sock: socket.socket, peer: Peer, seconds: float | None) -> TlsConnection:
        wrapped = context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False)
        connection = TlsConnection(wrapped, peer)
        try:
            connection.handshake(seconds)
        except TimeoutError as error:
            connection.close()
            raise TimeoutError(
                f"cannot connect to {peer}: the TLS handshake was not over in time",
                hint="the other side may not speak TLS: SSL has to be the same on both sides",
            ) from error.__cause__
        except BaseException:
            connection.close()
            raise
        return connection

    return connected
