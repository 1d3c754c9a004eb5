"""The server models, by the names under which a daemon chooses one; it imports what serves."""

from __future__ import annotations

from collections.abc import Sequence

from pyroplug.contracts import Connection, Listener, Server, SessionHost, Settings

__all__ = ["MultiplexModel", "ThreadPoolModel"]


class MultiplexModel:
    """One thread serves all connections; calls run one after the other."""

    name = "multiplex"
    aliases: frozenset[str] = frozenset()
    serial = True

    def create(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
        /,
    ) -> Server:
        """A server. Raises :exc:`~pyroplug.errors.ConfigError`, or ``OSError`` if the system has no room."""
        from .multiplex import MultiplexServer

        return MultiplexServer(host, listeners, connections, settings)


class ThreadPoolModel:
    """A pool of threads; calls of different connections run side by side."""

    name = "threadpool"
    aliases = frozenset({"thread"})

    def create(
        self,
        host: SessionHost,
        listeners: Sequence[Listener],
        connections: Sequence[Connection],
        settings: Settings,
        /,
    ) -> Server:
        """A server. Raises :exc:`~pyroplug.errors.ConfigError`, or ``OSError`` if the system has no room."""
        from .threadpool import ThreadPoolServer

        return ThreadPoolServer(host, listeners, connections, settings)
