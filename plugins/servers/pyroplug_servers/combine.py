"""Other servers that are served by one loop."""

from __future__ import annotations

import logging
from collections.abc import Callable

from pyroplug.contracts import HasFileno, Server
from pyroplug.errors import DaemonError

from .faults import contain
from .poller import IN
from .reactor import Reactor

__all__ = ["Combined"]

log = logging.getLogger(__name__)


class Combined:
    """Watches what other servers want watched. Any server will do that has ``sockets`` and ``events``."""

    def __init__(self, reactor: Reactor, summary: Callable[[Server], list[HasFileno] | None]) -> None:
        """
        :param summary: for servers of this plugin, the few descriptors that stand for all of theirs.
        """
        self._reactor = reactor
        self._summary = summary
        self._servers: dict[int, tuple[Server, dict[int, HasFileno]]] = {}

    def __bool__(self) -> bool:
        return bool(self._servers)

    def add(self, server: Server) -> None:
        """Serve it from now on. Raises :exc:`~pyroplug.errors.DaemonError`."""
        if id(server) in self._servers:
            return
        if not (hasattr(server, "sockets") and callable(getattr(server, "events", None))):
            raise DaemonError(
                f"cannot combine with {server!r}: it is no server", hint="it needs `sockets` and `events`"
            )
        self._servers[id(server)] = (server, {})
        try:
            self._watch(server)
        except (OSError, ValueError) as error:
            self._drop(server)
            raise DaemonError(
                f"cannot combine with {server!r}: {error}", hint="a server cannot be in its own loop"
            ) from error

    def tick(self) -> None:
        """Let them do what depends on the clock."""
        for server, _ in list(self._servers.values()):
            self._serve(server, [])

    def clear(self) -> None:
        """Forget them all; they go on existing."""
        for server, _ in list(self._servers.values()):
            self._drop(server)

    def _ready(self, ready: tuple[Server, HasFileno], _mask: int) -> None:
        server, sock = ready
        self._serve(server, [sock])

    def _serve(self, server: Server, ready: list[HasFileno]) -> None:
        try:
            server.events(ready)
            self._watch(server)
        except BaseException as error:
            self._drop(server)
            contain(f"a combined server failed and is not served any more: {server!r}", error)

    def _watch(self, server: Server) -> None:
        """Bring what is watched up to date: a server's connections come and go."""
        entry = self._servers.get(id(server))
        if entry is None:
            return
        watched = entry[1]
        summary = self._summary(server)
        wanted = {sock.fileno(): sock for sock in (server.sockets if summary is None else summary)}
        for fd, sock in list(watched.items()):
            if wanted.get(fd) is not sock:
                del watched[fd]
                self._reactor.remove(fd)
        for fd, sock in wanted.items():
            if fd >= 0 and fd not in watched:
                self._reactor.add(fd, IN, self._ready, (server, sock))
                watched[fd] = sock

    def _drop(self, server: Server) -> None:
        _, watched = self._servers.pop(id(server), (server, {}))
        for fd in watched:
            self._reactor.remove(fd)
