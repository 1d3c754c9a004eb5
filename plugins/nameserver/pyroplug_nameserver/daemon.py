"""A name server and what it is served with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyroplug.contracts import LookupContext, NameServerOptions
from pyroplug.errors import NamingError

__all__ = ["serve", "start"]


def start(_options: NameServerOptions, _context: LookupContext) -> tuple[Any, Any, Any]:
    """Start a name server: its URI, its daemon, and its broadcast responder."""
    raise NamingError("no name server can be started yet")


def serve(options: NameServerOptions, _condition: Callable[[], bool], context: LookupContext) -> None:
    """Start a name server and serve it."""
    start(options, context)
