"""One connection of a proxy, and the messages on it: requests go out, answers come in.

Nothing here decides when to connect, what to try again, or what an answer means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from .client import ClientProtocol
from .contracts import Buffer, Connection
from .errors import ConnectionClosedError
from .plain_exchange import plain_exchange
from .wire import Message

__all__ = ["Line", "ServerConnection"]

SCRATCH_SIZE = 16 * 1024


class ServerConnection:
    """A proxy's connection, for programs that want to look at it. It is true while it exists.

    :ivar objectId: the object that the connection was made for.
    """

    __slots__ = ("_connection", "objectId")

    def __init__(self, connection: Connection, object_id: str) -> None:
        self._connection = connection
        self.objectId = object_id

    def __repr__(self) -> str:
        return f"<{type(self).__name__} to {self._connection.peer}>"

    @property
    def sock(self) -> Any:
        """The socket; ``None`` where there is none."""
        return self._connection.sock

    def getpeercert(self) -> Any:
        """The server's certificate as :meth:`ssl.SSLSocket.getpeercert` gives it; ``None`` without TLS."""
        ask = getattr(self.sock, "getpeercert", None)
        return None if ask is None else ask()

    def fileno(self) -> int:
        """The file descriptor; -1 once closed."""
        return self._connection.fileno()


class Line:
    """A connection to a server.

    When one of its methods raises, it is of no more use.

    :ivar exchange_plain: the short way of a small call, see :mod:`pyroplug.plain_exchange`.
    """

    __slots__ = ("_receive", "connection", "exchange_plain", "protocol")

    def __init__(self, connection: Connection, protocol: ClientProtocol, peer: str) -> None:
        """
        :param peer: what the other end is called in errors.
        """
        self.connection = connection
        self.protocol = protocol
        scratch = memoryview(bytearray(SCRATCH_SIZE))
        # Bound to what they need and not to this object, which would be garbage in a cycle otherwise.
        self._receive = partial(_receive, connection, protocol, scratch, peer)
        go_on = partial(_go_on, connection, protocol, scratch, peer)
        self.exchange_plain = plain_exchange(
            connection, scratch, protocol.serializer_id, protocol.limit, go_on
        )

    def send(self, request: Sequence[Buffer]) -> None:
        """Send a message that wants no answer."""
        self.connection.send(request)

    def exchange(self, request: Sequence[Buffer]) -> Sequence[Message]:
        """Send a message, and wait for what comes back: at least one message.

        :raises CommunicationError: that fails.
        """
        self.connection.send(request)
        return self._receive()

    def ping(self) -> None:
        """Make sure that the other side is alive. Raises as ``exchange`` does."""
        self.protocol.pong(self.protocol.only(self.exchange(self.protocol.ping())))


def _receive(
    connection: Connection, protocol: ClientProtocol, scratch: memoryview, peer: str
) -> Sequence[Message]:
    return _go_on(connection, protocol, scratch, peer, connection.recv_into(protocol.get_buffer(scratch)))


def _go_on(
    connection: Connection, protocol: ClientProtocol, scratch: memoryview, peer: str, count: int | None
) -> Sequence[Message]:
    """The messages of which ``count`` bytes have come into the memory already."""
    protocol.get_buffer(scratch)
    while count:
        messages = protocol.buffer_updated(count)
        if messages:
            return messages
        count = connection.recv_into(protocol.get_buffer(scratch))
    raise ConnectionClosedError(f"{peer}: the connection was closed by the other side")
