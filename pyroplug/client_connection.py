"""The connection with a client, as programs on the server see it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

from .contracts import NO_PEER, Connection, Peer, Tracking
from .errors import PyroError

__all__ = ["ClientConnection"]


class ClientConnection:
    """The connection with a client, as programs on the server see it, and where they keep what belongs to it.

    :ivar instances: the objects that exist for this connection alone, by their class.
    :ivar creating: what is held while one of them is created, likewise.
    :ivar served_by: what serves the client; something of its daemon's.
    :ivar turn: stands for the client's calls, which take turns, in whatever threads; ``None`` where one
        thread runs the calls of all clients.
    """

    __slots__ = (
        *("__dict__", "__weakref__", "_connection", "_tracking"),
        *("creating", "instances", "served_by", "turn"),
    )

    def __init__(
        self, connection: Connection | None, tracking: Tracking | None = None, served_by: object = None
    ) -> None:
        self.instances: dict[type, Any] = {}
        self.creating: dict[type, AbstractContextManager[Any]] = {}
        self.served_by = served_by
        self.turn: object = None
        self._connection = connection
        self._tracking = tracking

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.peer}>"

    @property
    def peer(self) -> Peer:
        """Who the client is, as the operating system knows it; with TLS, its certificate is a fact too."""
        # Asked for anew, as the certificate comes after the connection.
        return NO_PEER if self._connection is None else self._connection.peer

    @property
    def sock(self) -> Any:
        """The socket; ``None`` where there is none."""
        return None if self._connection is None else self._connection.sock

    @property
    def pyroInstances(self) -> dict[type, Any]:
        """The objects that exist for this connection alone, by their class."""
        return self.instances

    @property
    def tracked_resources(self) -> Iterable[Any]:
        """The resources whose ``close()`` will be called when the connection is lost."""
        return () if self._tracking is None else self._tracking.resources

    @property
    def tracking(self) -> Tracking:
        """What looks after the client's resources; raises ``PyroError`` if nothing does."""
        if self._tracking is None:
            raise PyroError("resources cannot be tracked here: this connection has no tracker")
        return self._tracking

    def limit_reached(self, limit: str, what: str) -> None:
        """Have a refusal counted that is due to a limit.

        :param limit: the configuration item's name.
        :param what: who was refused what, for the log.
        """
        refused = getattr(self.served_by, "refused", None)
        if refused is not None:
            refused(limit, what)

    def getpeercert(self) -> Any:
        """The client's certificate as :meth:`ssl.SSLSocket.getpeercert` gives it; ``None`` without TLS."""
        ask = getattr(self.sock, "getpeercert", None)
        return None if ask is None else ask()

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return -1 if self._connection is None else self._connection.fileno()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.shutdown()
