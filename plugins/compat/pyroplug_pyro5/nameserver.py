"""The name server, which is not there yet: its names exist, and using them raises ``NamingError``.

Looking names up works, with any name server.
"""

from __future__ import annotations

from typing import Any

from pyroplug_nameserver.lookup import lookup, yplookup

from pyroplug.api import start_ns, start_ns_loop

from .later import no_name_server

__all__ = [
    "AutoCleaner",
    "BroadcastServer",
    "MemoryStorage",
    "NameServer",
    "NameServerDaemon",
    "SqlStorage",
    "lookup",
    "main",
    "start_ns",
    "start_ns_loop",
    "yplookup",
]


class _Later:
    """Cannot be made."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise no_name_server(type(self).__name__)


class NameServer(_Later):
    """The object that knows names."""


class NameServerDaemon(_Later):
    """The daemon that serves it."""


class BroadcastServer(_Later):
    """Tells those who ask the network where it is."""


class AutoCleaner(_Later):
    """Removes the names of what is gone."""


class MemoryStorage(_Later):
    """Keeps names in memory."""


class SqlStorage(_Later):
    """Keeps names in a file."""


def main(args: Any = None) -> None:
    """Raises ``NamingError``: there is no name server to start."""
    raise no_name_server("the name server")


if __name__ == "__main__":
    main()
