"""One connection of a proxy, and the messages on it: requests go out, answers come in.

Nothing here decides when to connect, what to try again, or what an answer means.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from .client import ClientProtocol
from .contracts import Buffer, Connection
from .errors import CommunicationError, ConnectionClosedError
from .plain_exchange import InUseError, plain_exchange
from .time_limit import TimeLimit
from .wire import Message

__all__ = ["Line", "ServerConnection"]

SCRATCH_SIZE = 16 * 1024


class ServerConnection:
    """A proxy's connection, for programs that want to look at it. It is true while it exists.

    :ivar objectId: the object that the connection was made for.
    """

    __slots__ = ("__dict__", "_connection", "objectId")  # programs keep things of their own with it

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

    def close(self) -> None:
        """End the connection; the proxy notices with its next call."""
        self._connection.shutdown()


class Line:
    """A connection to a server.

    When one of its methods raises, it is of no more use; but for :exc:`InUseError`, if two threads use it at
    the same time: each gets the answers to its own calls, or that. Errors that were raised before a message
    was sent as a whole are marked as ``unsent``.

    :ivar exchange_plain: the short way of a small call, see :mod:`pyroplug.plain_exchange`.
    :ivar dumps_call: the protocol's, as its others are here: a step less on the way of every call.
    """

    __slots__ = (
        *("_limit", "_receive", "_turn"),
        *("connection", "dumps_call", "exchange_plain", "loads", "plain_size", "protocol"),
    )

    def __init__(self, connection: Connection, protocol: ClientProtocol, peer: str, limit: TimeLimit) -> None:
        """
        :param peer: what the other end is called in errors.
        :param limit: what receiving is held to, however often something comes in.
        """
        self.connection = connection
        self.protocol = protocol
        self.dumps_call, self.loads, self.plain_size = (
            protocol.dumps_call,
            protocol.loads,
            protocol.plain_size,
        )
        self._limit = limit
        self._turn: list[None] = [None]
        scratch = memoryview(bytearray(SCRATCH_SIZE))
        # Bound to what they need and not to this object, which would be garbage in a cycle otherwise.
        self._receive = partial(_receive, connection, protocol, scratch, peer, limit)
        go_on = partial(_go_on, connection, protocol, scratch, peer, limit)
        self.exchange_plain = plain_exchange(
            connection, scratch, protocol.serializer_id, protocol.limit, go_on, limit, self._turn
        )

    def send(self, request: Sequence[Buffer]) -> None:
        """Send a message that wants no answer."""
        self._take_turn()
        self._send(request)
        self._turn.append(None)

    def _take_turn(self) -> None:
        try:
            self._turn.pop()
        except IndexError:
            raise InUseError from None

    def _send(self, request: Sequence[Buffer]) -> None:
        try:
            self.connection.send(request)
        except CommunicationError as error:
            error.unsent = True
            raise

    def exchange(self, request: Sequence[Buffer]) -> Sequence[Message]:
        """Send a message, and wait for what comes back: at least one message.

        :raises CommunicationError: that fails.
        """
        self._take_turn()
        self._send(request)
        if self._limit.seconds is not None:
            self._limit.hold(self.connection)
        messages = self._receive()
        self._turn.append(None)
        return messages

    def ping(self) -> None:
        """Make sure that the other side is alive. Raises as ``exchange`` does."""
        self.protocol.pong(self.protocol.only(self.exchange(self.protocol.ping())))

    def close(self) -> None:
        """End it. A thread that is in the middle of an exchange gets an error, and waits no longer."""
        if not self._turn:
            self.connection.shutdown()
        self.connection.close()

    def is_over(self) -> bool:
        """Whether the other side has ended it, or has said what nobody asked for. Does not wait."""
        self._take_turn()
        try:
            self.connection.set_nonblocking()
            count = self.connection.recv_into(memoryview(bytearray(1)))
            self._limit.restore(self.connection)
        except CommunicationError:
            return True
        self._turn.append(None)
        return count is not None


def _receive(
    connection: Connection, protocol: ClientProtocol, scratch: memoryview, peer: str, limit: TimeLimit
) -> Sequence[Message]:
    count = connection.recv_into(protocol.get_buffer(scratch))
    return _go_on(connection, protocol, scratch, peer, limit, count)


def _go_on(
    connection: Connection,
    protocol: ClientProtocol,
    scratch: memoryview,
    peer: str,
    limit: TimeLimit,
    count: int | None,
) -> Sequence[Message]:
    """The messages of which ``count`` bytes have come into the memory already."""
    protocol.get_buffer(scratch)
    while count:
        messages = protocol.buffer_updated(count)
        if messages:
            return messages
        if limit.seconds is not None:
            limit.hold(connection)
        count = connection.recv_into(protocol.get_buffer(scratch))
    raise ConnectionClosedError(f"{peer}: the connection was closed by the other side")
