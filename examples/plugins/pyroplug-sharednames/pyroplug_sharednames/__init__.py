"""A folder that several name servers share: the name storage ``sharednames``.

Here is what the plugin offers; ``store`` keeps, ``files`` reads and writes, ``watching`` notices.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from pyroplug.contracts import NameStorage, Settings
from pyroplug.errors import ConfigError
from pyroplug.hookspecs import hookimpl

if TYPE_CHECKING:
    from .store import FolderStore

__all__ = ["SharedNames"]


class SharedNames:
    """Names in a folder, a small file each: ``sharednames:FOLDER``."""

    name = "sharednames"

    def __init__(self, clock: Callable[[], float] = time.time, every: float = 0.25) -> None:
        """
        :param clock: what time it is, in seconds since the epoch, for leases.
        :param every: seconds after which a store that is watched looks for changes that others made.
        """
        self._clock = clock
        self._every = every

    def open(self, address: str, settings: Settings, /) -> FolderStore:
        """Open the folder, or make it; the one around it has to be there."""
        from .store import FolderStore

        if not address or "\0" in address:
            raise ConfigError(f"{address!r} names no folder", hint="write sharednames:FOLDER")
        return FolderStore(Path(address).absolute(), self._clock, self._every)


@hookimpl
def pyroplug_name_storages() -> list[NameStorage]:
    """The one storage."""
    return [SharedNames()]
