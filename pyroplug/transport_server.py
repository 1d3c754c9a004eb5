"""A daemon's server as Pyro5's programs see it: ``daemon.transportServer``.

Server models are plugins, and have to provide no more than their contract says; the rest is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .contracts import HasFileno, Listener, Server

__all__ = ["TransportServer"]


class TransportServer:
    """What moves a daemon's bytes, for programs with an event loop of their own.

    :ivar server: the server model's own object.
    """

    __slots__ = ("_grace", "_listeners", "server")

    def __init__(self, server: Server, listeners: Sequence[Listener], grace: float) -> None:
        """
        :param grace: the seconds that running calls get when it is closed.
        """
        self.server = server
        self._listeners = listeners
        self._grace = grace

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.server!r}>"

    @property
    def sock(self) -> Any:
        """The first listening socket; ``None`` where there is none."""
        return self._listeners[0].sock if self._listeners else None

    @property
    def locationStr(self) -> str:
        """Where it listens: the first location; empty for a connected socket."""
        return self._listeners[0].location if self._listeners else ""

    @property
    def sockets(self) -> Sequence[HasFileno]:
        """What an event loop of your own has to watch for readability, to call :meth:`events` then."""
        return self.server.sockets

    def events(self, eventsockets: Iterable[HasFileno]) -> None:
        """Serve those of :attr:`sockets` that were found readable."""
        self.server.events(eventsockets)

    def loop(self, loopCondition: Callable[[], bool] = lambda: True) -> None:
        """Serve requests as long as ``loopCondition()``, asked every ``POLLTIMEOUT`` seconds, is true.

        ``Daemon.requestLoop`` does this, and looks after Ctrl-C and ``Daemon.shutdown`` too.
        """
        self.server.run(loopCondition)

    def combine_loop(self, server: TransportServer) -> None:
        """Serve another server's connections in this one's loop.

        :raises DaemonError: they do not go together.
        """
        self.server.combine(server.server)

    def wakeup(self) -> None:
        """Have the loop ask its condition at once. For any thread."""
        self.server.wake()

    def shutdown(self) -> None:
        """End the loop and all connections."""
        self.close()

    def close(self) -> None:
        """End everything, and stop listening."""
        self.server.close(self._grace)
        for listener in self._listeners:
            listener.close()
