"""Addresses and the names of well-known objects."""

from __future__ import annotations

from pyroplug.api import URI, Daemon, current_context, locate_ns, resolve, type_meta
from pyroplug.uri import DAEMON_NAME, NAMESERVER_NAME

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
