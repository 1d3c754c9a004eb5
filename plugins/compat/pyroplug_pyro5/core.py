"""Addresses and the names of well-known objects."""

from __future__ import annotations

from typing import Any

from pyroplug.api import URI, Daemon, current_context, type_meta
from pyroplug.uri import DAEMON_NAME, NAMESERVER_NAME

from .later import no_name_server

__all__ = [
    "DAEMON_NAME",
    "NAMESERVER_NAME",
    "URI",
    "Daemon",
    "current_context",
    "locate_ns",
    "resolve",
    "type_meta",
]


def resolve(uri: str | URI, delay_time: float = 0.0) -> URI:
    """The direct address that a URI stands for; of a direct one, a copy of it.

    :raises NamingError: it would have to be looked up, and no name server can be asked yet.
    """
    uri = URI(uri)
    if uri.protocol != "PYRO":
        raise no_name_server(f"looking up {uri}")
    return uri


def locate_ns(host: Any = "", port: int | None = None, broadcast: bool = True) -> Any:
    """Raises ``NamingError``: no name server can be looked for yet."""
    raise no_name_server("looking for a name server")
