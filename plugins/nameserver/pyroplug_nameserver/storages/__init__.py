"""Where names are kept: the storages that the plugin offers. What does the work is imported by ``open``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyroplug.contracts import Settings
from pyroplug.errors import ConfigError

if TYPE_CHECKING:
    from .memory import MemoryStore
    from .sql import SqlStore

__all__ = ["MemoryStorage", "SqlStorage"]


class MemoryStorage:
    """In this process's memory, as long as it is open: ``memory``."""

    name = "memory"

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """
        :param clock: what time it is, in seconds since the epoch, for leases.
        """
        self._clock = clock

    def open(self, address: str, _settings: Settings, /) -> MemoryStore:
        """An empty store of its own.

        :raises ConfigError: there is an address, and memory has none.
        """
        from .memory import MemoryStore

        if address:
            raise ConfigError(
                f"the storage 'memory' has no address, and {address!r} is one", hint="write memory"
            )
        return MemoryStore(self._clock)


class SqlStorage:
    """In a file of SQLite's: ``sql:FILE``. Several name servers of one machine may share it."""

    name = "sql"

    def __init__(self, clock: Callable[[], float] = time.time, patience: float = 5.0) -> None:
        """
        :param clock: what time it is, in seconds since the epoch, for leases.
        :param patience: seconds that locks of other programs are waited for.
        """
        self._clock = clock
        self._patience = patience

    def open(self, address: str, _settings: Settings, /) -> SqlStore:
        """Open the file, or make it.

        :raises ConfigError: no file is named.
        :raises NamingError: it cannot be used; nothing in it was changed.
        """
        from .sql import SqlStore

        if not address or address.lower() == ":memory:":
            raise ConfigError(
                f"the storage 'sql' needs a file, and {address!r} is no file",
                hint="write sql:FILE, or memory for what need not last",
            )
        if "\0" in address:
            raise ConfigError(f"{address!r} cannot be a file's name: there is a NUL character in it")
        return SqlStore(address, self._clock, self._patience)
