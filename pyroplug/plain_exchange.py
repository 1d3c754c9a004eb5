"""The short way of a call: a small request goes out and a small answer comes in, in one function.

It does what ``ClientProtocol`` and ``Receiver`` do, for messages with nothing beside their payload, which
nearly all are. Whatever is not like that is left to them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .contracts import Buffer, Connection, DirectIO, direct_io
from .errors import CommunicationError, PyroError
from .time_limit import TimeLimit
from .wire import (
    CORRELATION_ID,
    HEADER_SIZE,
    INVOKE_PREFIX,
    MAGIC,
    RESULT_PREFIX,
    Message,
    pack_plain_header,
    unpack_plain_header,
)

__all__ = ["InUseError", "plain_exchange"]


class InUseError(PyroError):
    """Another thread is in the middle of an exchange on the same connection, which is not disturbed."""

    def __init__(self) -> None:
        super().__init__(
            "another thread is in the middle of a call of this proxy",
            hint="claim a proxy when the other thread's call is over, or give each thread a copy of its own",
        )


def plain_exchange(
    connection: Connection,
    scratch: memoryview,
    serializer_id: int,
    limit: int,
    go_on: Callable[[int | None], Sequence[Message]],
    time_limit: TimeLimit,
    turn: list[None],
) -> Callable[[bytes, int, int], bytes | Sequence[Message] | None]:
    """A function that sends a call and receives the answer, for one connection.

    It takes the payload, which is as small as :func:`~pyroplug.wire.largest_plain` says, the sequence number,
    and the flags: those of a one-way call, whose answer is not waited for, or none. It returns the answer's
    payload if that came in one piece, alone, with nothing beside it; otherwise what ``go_on`` gives; and
    ``None`` for a one-way call. It raises what the connection raises, marked as ``unsent`` if it was not sent
    as a whole.

    :param scratch: memory to receive into; the connection is between two messages whenever it is used.
    :param limit: bytes of the largest answer.
    :param time_limit: what the connection is held to once the call is sent.
    :param turn: has an element unless somebody uses the connection; raising leaves it without.
    :param go_on: told how much has arrived in ``scratch``, waits for the rest and gives the messages.
    """
    recv_into, send, no_wait, recv_failed, send_failed = direct_io(connection) or _indirect(connection)
    largest = min(limit, len(scratch)) + HEADER_SIZE

    def exchange(payload: bytes, sequence: int, flags: int = 0) -> bytes | Sequence[Message] | None:
        size = len(payload)
        head = pack_plain_header(INVOKE_PREFIX, serializer_id, flags, sequence, size, 0, MAGIC)
        try:
            turn.pop()  # two threads never get the same one
        except IndexError:
            raise InUseError from None
        message = head + payload
        try:
            try:
                sent = send(message, no_wait)
            except OSError as error:
                sent = send_failed(connection, error)
            if sent != len(message):
                connection.send((memoryview(message)[sent:],))
        except CommunicationError as error:
            error.unsent = True
            raise
        if flags:
            turn.append(None)
            return None
        if time_limit.seconds is not None:
            time_limit.hold(connection)
        count: int | None
        try:
            count = recv_into(scratch)
        except OSError as error:
            count = recv_failed(connection, error)
        if count is not None and HEADER_SIZE <= count <= largest:
            prefix, serializer, flags, number, size, chunks, magic = unpack_plain_header(scratch)
            if (
                number == sequence
                and size == count - HEADER_SIZE
                and prefix == RESULT_PREFIX
                and serializer == serializer_id
                and (not flags or flags == CORRELATION_ID)  # Pyro5 gives each answer one, which nobody reads
                and not chunks
                and magic == MAGIC
            ):
                payload = scratch[HEADER_SIZE:count].tobytes()
                turn.append(None)
                return payload
        messages = go_on(count)
        turn.append(None)
        return messages

    return exchange


def _indirect(connection: Connection) -> DirectIO:
    """The same for a connection that has no direct way."""

    def send(buffer: Buffer, _no_wait: int) -> int:
        connection.send((buffer,))
        return len(buffer)

    def failed(_connection: Connection, error: OSError) -> Any:
        raise error  # it should not have come this far

    return DirectIO(connection.recv_into, send, 0, failed, failed)  # type: ignore[arg-type]
