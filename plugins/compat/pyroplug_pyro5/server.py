"""What a server uses."""

from __future__ import annotations

from pyroplug.api import Daemon, DaemonObject, behavior, callback, expose, oneway, serve
from pyroplug.exposure import is_private_attribute

__all__ = [
    "Daemon",
    "DaemonObject",
    "behavior",
    "callback",
    "expose",
    "is_private_attribute",
    "oneway",
    "serve",
]
