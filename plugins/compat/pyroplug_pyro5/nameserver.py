"""The name server, and looking names up."""

from __future__ import annotations

from typing import Any

from pyroplug_nameserver.broadcast import BroadcastServer
from pyroplug_nameserver.cleaning import AutoCleaner
from pyroplug_nameserver.daemon import NameServerDaemon
from pyroplug_nameserver.lookup import lookup, yplookup
from pyroplug_nameserver.server import NameServer
from pyroplug_nameserver.storages.memory import MemoryStore
from pyroplug_nameserver.storages.sql import SqlStore

from pyroplug.api import start_ns, start_ns_loop

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


class MemoryStorage(MemoryStore):
    """Keeps names in memory. It is for name servers to use, and no dictionary."""

    def __init__(self) -> None:
        super().__init__()


class SqlStorage(SqlStore):
    """Keeps names in a file of SQLite's. It is for name servers to use, and no dictionary."""

    def __init__(self, dbfile: str) -> None:
        """
        :raises ValueError: no file is named.
        :raises NamingError: it cannot be used.
        """
        if not dbfile or dbfile == ":memory:":
            raise ValueError(f"{dbfile!r} is no file: use MemoryStorage for names that need not last")
        super().__init__(dbfile)


def main(args: Any = None) -> None:
    """Run a name server, with the options that Pyro5's has."""
    from pyroplug_nameserver.commands.ns import main as run

    run(args)


if __name__ == "__main__":
    main()
