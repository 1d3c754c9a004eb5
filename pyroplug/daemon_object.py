"""What a daemon tells about itself: the object that every daemon serves under the id ``Pyro.Daemon``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .context import current_context
from .errors import PyroError, SecurityError
from .exposure import expose

if TYPE_CHECKING:
    from .context import ClientConnection
    from .daemon import Daemon

__all__ = ["DaemonObject"]


@expose
class DaemonObject:
    """The remote interface of a daemon. Subclasses can add to it: ``Daemon(interface=…)``."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon

    def registered(self) -> list[str]:
        """The ids of all objects that the daemon serves.

        :raises SecurityError: its configuration item ``DAEMON_INFO`` is off.
        """
        self._check_told()
        return list(self.daemon.objectsById)

    def ping(self) -> None:
        """Nothing: a sign of life."""

    def info(self) -> str:
        """A line about the daemon, with what its limits have refused so far, if anything.

        Raises as :meth:`registered` does.
        """
        self._check_told()
        refused = str(self.daemon.refusals)
        line = f"{self.daemon!r}, {len(self.daemon.objectsById)} objects"
        return f"{line}; refused by limits: {refused}" if refused else line

    def get_metadata(self, objectId: str, as_lists: bool = False) -> Mapping[str, Any]:
        """The names of an object's ``methods``, those of them that are ``oneway``, and its ``attrs``.

        :raises DaemonError: there is no such object.
        """
        metadata = self.daemon.metadata(objectId)
        return {part: sorted(names) for part, names in metadata.items()} if as_lists else metadata

    def get_next_stream_item(self, streamId: str) -> Any:
        """The next item of an iterator that a method has returned to this client.

        :raises StopIteration: there is none.
        :raises PyroError: there is no such stream any longer, or it is another client's.
        """
        return self.daemon.streams.next_item(streamId, _client())

    def get_next_stream_items(self, streamId: str, position: int, most: int) -> list[Any]:
        """Several items of such an iterator, as many as are ready, and how it goes on.

        No Pyro5 knows of this. Clients know of it by an annotation of the answer that opens the stream.

        :param position: how many items have been received so far.
        :param most: how many are wanted.
        :returns: a list of the items, and a :class:`~pyroplug.streams.State`.
        :raises PyroError: there is no such stream any longer, or it is not at that position.
        """
        return self.daemon.streams.next_items(streamId, position, most, _client())

    def close_stream(self, streamId: str) -> None:
        """Forget an iterator that a method has returned to this client."""
        self.daemon.streams.close(streamId, _client())

    def _check_told(self) -> None:
        if not self.daemon.config.DAEMON_INFO:
            raise SecurityError(
                "this daemon tells nobody what it serves",
                hint="ask for an object by its id, or have the server's DAEMON_INFO switched on",
            )


def _client() -> ClientConnection:
    client = current_context.client
    if client is None:
        raise PyroError("item streams belong to clients: this can only be called remotely")
    return client
