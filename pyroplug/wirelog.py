"""Every message of a connection in the log ``pyroplug.wire``, at the level DEBUG: ``LOGWIRE`` wants it.

It is decided when a connection is made. The ends of the others are as they would be without this module, so
that their messages cost nothing. Of the handshake only sizes and names are told, for it may carry secrets,
and of everything else no more than a beginning.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from .contracts import Buffer, Connection, Payload, Peer, Session, joined, size_of
from .wire import COMPRESSED, CORRELATION_ID, FAULT, HEADER_SIZE, Flags, Message, MessageType, unpack_header

__all__ = ["log_client", "log_session"]

log = logging.getLogger("pyroplug.wire")

_SHOWN = 200
"""Bytes of a payload that are shown; there is no telling what is in the rest, and how much."""
_HANDSHAKE = frozenset((MessageType.CONNECT, MessageType.CONNECTOK, MessageType.CONNECTFAIL))


def log_session(session: Session, connection: Connection) -> Session:
    """A session that does the same, and logs its messages."""
    return cast(Session, _LoggedSession(session, _Diary(connection.peer, session.accepted)))


def log_client(connection: Connection, protocol: Any, *, accepted: bool) -> Connection:
    """A client's connection that logs what is sent; what its protocol receives is logged from now on, too.

    :param protocol: a :class:`~pyroplug.client.ClientProtocol`.
    :param accepted: there is no handshake.
    """
    diary = _Diary(connection.peer, accepted)
    buffer_updated = protocol.buffer_updated

    def logging_buffer_updated(count: int) -> Sequence[Message]:
        return diary.received(buffer_updated(count))

    protocol.buffer_updated = logging_buffer_updated
    protocol.plain_size = -1  # every answer goes through the protocol
    return cast(Connection, _LoggedConnection(connection, diary))


class _Diary:
    """Writes down the messages of one connection. It raises nothing that writing a log does not raise."""

    __slots__ = ("_accepted", "_peer")

    def __init__(self, peer: Peer, accepted: bool) -> None:
        self._peer = peer
        self._accepted = accepted

    def received(self, messages: Sequence[Message]) -> Sequence[Message]:
        """Note messages, and give them back."""
        for message in messages:
            if message is FAULT:
                log.debug("from %s: bytes that are no message", self._peer)
            else:
                sizes = {key: len(value) for key, value in message.annotations.items()}
                self._note("from", message, sizes, message.payload, size_of(message.payload), False)
        return messages

    def sent(self, buffers: Sequence[Buffer]) -> Sequence[Buffer]:
        """Note a message's buffers, and give them back."""
        if buffers:
            head = memoryview(buffers[0])
            _, kind, serializer, flags, sequence, size, chunks, correlation_id, _, _ = unpack_header(head)
            body = head[HEADER_SIZE:]
            payload = (body[chunks:], *buffers[1:])
            message = Message(kind, serializer, flags, sequence, b"", correlation_id=correlation_id)
            sizes = _annotation_sizes(bytes(body[:chunks]))
            self._note("to", message, sizes, payload, size, bool(flags & COMPRESSED))
        return buffers

    def _note(
        self,
        direction: str,
        message: Message,
        annotations: Mapping[str, int],
        payload: Payload,
        size: int,
        compressed: bool,
    ) -> None:
        if message.type == MessageType.CONNECTOK:
            self._accepted = True
        if not log.isEnabledFor(logging.DEBUG):
            return
        told = [f"serializer {message.serializer_id}", f"sequence {message.sequence}"]
        told += [f"flags {_flags(message.flags)}"] if message.flags else []
        if message.flags & CORRELATION_ID and message.correlation_id:
            told.append(f"correlation {UUID(bytes=message.correlation_id)}")
        if annotations:
            told.append("annotations " + " ".join(f"{key}:{length}" for key, length in annotations.items()))
        told.append(f"{size} bytes{' compressed' if compressed else ''}")
        if not self._accepted or message.type in _HANDSHAKE:
            told.append("not shown")
        elif size and not compressed:
            told.append(f"{_beginning(payload)!r}{'...' if size > _SHOWN else ''}")
        log.debug("%s %s: %s, %s", direction, self._peer, _kind(message.type), ", ".join(told))


def _beginning(payload: Payload) -> bytes:
    parts = payload if isinstance(payload, tuple) else (payload,)
    return bytes(joined(tuple(memoryview(part)[:_SHOWN] for part in parts[:_SHOWN]))[:_SHOWN])


def _kind(number: int) -> str:
    return MessageType(number).name if number in MessageType.__members__.values() else f"type {number}"


def _flags(flags: int) -> str:
    known = [flag for flag in Flags if flags & flag]
    rest = flags & ~sum(known)
    return "+".join([*(str(flag.name) for flag in known), *([f"{rest:#x}"] if rest else [])])


def _annotation_sizes(chunks: bytes) -> dict[str, int]:
    sizes, start = {}, 0
    while start < len(chunks):
        size = int.from_bytes(chunks[start + 4 : start + 8], "big")
        sizes[chunks[start : start + 4].decode("ascii")] = size
        start += 8 + size
    return sizes


class _LoggedSession:
    """Satisfies :class:`~pyroplug.contracts.Session`."""

    __slots__ = ("_diary", "_session", "get_buffer")

    def __init__(self, session: Session, diary: _Diary) -> None:
        self._session = session
        self._diary = diary
        self.get_buffer = session.get_buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def buffer_updated(self, count: int) -> Sequence[Any]:
        return self._diary.received(self._session.buffer_updated(count))

    def handle_plain(self, _piece: memoryview, _count: int) -> None:
        return None

    def handle(self, request: Any) -> Sequence[Buffer]:
        return self._diary.sent(self._session.handle(request))

    def refuse(self, reason: str, *, passing: bool = False) -> Sequence[Buffer]:
        return self._diary.sent(self._session.refuse(reason, passing=passing))


class _LoggedConnection:
    """Satisfies :class:`~pyroplug.contracts.Connection`, as far as a client uses it."""

    direct = None

    __slots__ = ("_connection", "_diary", "recv_into")

    def __init__(self, connection: Connection, diary: _Diary) -> None:
        self._connection = connection
        self._diary = diary
        self.recv_into = connection.recv_into

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def send(self, buffers: Sequence[Buffer]) -> None:
        self._connection.send(self._diary.sent(buffers))
