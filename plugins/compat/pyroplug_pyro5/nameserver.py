"""The name server, which is not there yet: its names exist, and using them raises ``NamingError``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

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


def start_ns(
    host: Any = None,
    port: int | None = None,
    enableBroadcast: bool = True,
    bchost: Any = None,
    bcport: int | None = None,
    unixsocket: str | None = None,
    nathost: str | None = None,
    natport: int | None = None,
    storage: str | None = None,
) -> Any:
    """Raises ``NamingError``: there is no name server to start."""
    raise no_name_server("start_ns")


def start_ns_loop(
    host: Any = None,
    port: int | None = None,
    enableBroadcast: bool = True,
    bchost: Any = None,
    bcport: int | None = None,
    unixsocket: str | None = None,
    nathost: str | None = None,
    natport: int | None = None,
    storage: str | None = None,
    loopCondition: Callable[[], bool] = lambda: True,
) -> None:
    """Raises ``NamingError``: there is no name server to start."""
    raise no_name_server("start_ns_loop")


def lookup(nameserver: Any, name: str, return_metadata: bool = False, delay_time: float = 0) -> Any:
    """Raises ``NamingError``: the name server's own method of that name can be called instead."""
    raise no_name_server("lookup")


def yplookup(
    nameserver: Any,
    meta_all: Any = None,
    meta_any: Any = None,
    return_metadata: bool = True,
    delay_time: float = 0,
) -> Any:
    """Raises ``NamingError``: the name server's own method of that name can be called instead."""
    raise no_name_server("yplookup")


def main(args: Any = None) -> None:
    """Raises ``NamingError``: there is no name server to start."""
    raise no_name_server("the name server")


if __name__ == "__main__":
    main()
