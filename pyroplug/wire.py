"""Messages, and how they become bytes: Pyro's wire protocol, version 502. The way back is ``receiver``'s.

This room knows the header, annotations, compression and the size limits. It knows nothing of what a
payload means, and nothing of sockets.

A message is a header of 40 bytes, then the annotation chunks, then the payload; all integers are
big-endian. A chunk is a four-letter id, the length in four bytes, and that many bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from types import MappingProxyType
from typing import Any

from .contracts import Buffer, Payload, size_of
from .errors import MessageTooLargeError, ProtocolError

__all__ = [
    "FAULT",
    "HEADER_SIZE",
    "NO_ANNOTATIONS",
    "PROTOCOL_VERSION",
    "Flags",
    "Message",
    "MessageType",
    "check_annotations",
    "encode",
    "largest_plain",
    "plain_message",
]

PROTOCOL_VERSION = 502


class MessageType(IntEnum):
    """What a message is for."""

    CONNECT = 1
    CONNECTOK = 2
    CONNECTFAIL = 3
    INVOKE = 4
    RESULT = 5
    PING = 6


class Flags(IntFlag):
    """How a message is to be read. Bits unknown here are ignored, as every implementation does."""

    EXCEPTION = 0x01
    COMPRESSED = 0x02
    ONEWAY = 0x04
    BATCH = 0x08
    ITEM_STREAM_RESULT = 0x10
    KEEP_SERIALIZED = 0x20
    CORRELATION_ID = 0x40
    TRY_AGAIN = 0x80
    """Nothing was run, and the same may be asked again, later or elsewhere. Pyro5 does not know of it."""


# Plain integers: an operation on an IntFlag member costs a microsecond, and every message has some.
COMPRESSED = int(Flags.COMPRESSED)
CORRELATION_ID = int(Flags.CORRELATION_ID)

PREFIX = b"PYRO" + PROTOCOL_VERSION.to_bytes(2, "big")
MAGIC = 0x4DC5
NO_CORRELATION_ID = bytes(16)
TEXT_SERIALIZER_ID = 2
"""What messages name when no serializer has been agreed on: their payload then is a marshalled text."""

_HEADER = struct.Struct("!6sBBHHII16sHH")
"""Prefix, type, serializer, flags, sequence, payload and annotation size, correlation id, reserved, magic."""
_PLAIN_HEADER = struct.Struct("!7sBHHII18xH")
"""The same for a message without a correlation id, with prefix and type in one, for the short ways."""
HEADER_SIZE = _HEADER.size
CHUNK = struct.Struct("!4sI")
pack_header, unpack_header = _HEADER.pack, _HEADER.unpack_from
pack_plain_header, unpack_plain_header = _PLAIN_HEADER.pack, _PLAIN_HEADER.unpack_from
INVOKE_PREFIX, RESULT_PREFIX = (PREFIX + bytes((kind,)) for kind in (MessageType.INVOKE, MessageType.RESULT))

COMPRESSION_THRESHOLD = 100
"""Payloads up to this many bytes are not worth compressing; Pyro5 has the same figure."""
JOIN_LIMIT = 16 * 1024
"""Up to this many bytes, copying header and payload together is cheaper than sending two buffers."""

NO_ANNOTATIONS: Mapping[str, Buffer] = MappingProxyType({})


class Message:
    """One received message.

    :ivar payload: bytes; in pieces, a tuple, only for a codec that has asked for that, see
        :class:`~pyroplug.contracts.BulkCodec`.
    :ivar state: what its receiver keeps with it; ``None`` at first.
    """

    __slots__ = (
        "annotations",
        "correlation_id",
        "flags",
        "payload",
        "sequence",
        "serializer_id",
        "state",
        "type",
    )

    def __init__(
        self,
        type: int,
        serializer_id: int,
        flags: int,
        sequence: int,
        payload: Any,
        annotations: Mapping[str, Buffer] = NO_ANNOTATIONS,
        correlation_id: bytes | None = None,
    ) -> None:
        self.type = type
        self.serializer_id = serializer_id
        self.flags = flags
        self.sequence = sequence
        self.payload = payload
        self.annotations = annotations
        self.correlation_id = correlation_id
        self.state: Any = None

    def __repr__(self) -> str:
        return (
            f"<Message type={self.type} serializer={self.serializer_id} flags={self.flags:#x} "
            f"sequence={self.sequence} payload={size_of(self.payload)} annotations={list(self.annotations)}>"
        )


def plain_message(header: tuple[Any, ...], payload: bytes) -> Message:
    """A message with nothing beside its payload.

    :param header: as ``unpack_plain_header`` gives it.
    """
    prefix, serializer_id, flags, sequence = header[:4]
    return Message(prefix[-1], serializer_id, flags, sequence, payload)


FAULT = Message(0, 0, 0, 0, b"")
"""Stands among received messages for bytes that are none."""


# Out -------------------------------------------------------------------------------------------------


def encode(
    type: int,
    serializer_id: int,
    flags: int,
    sequence: int,
    payload: Payload,
    annotations: Mapping[str, Buffer] = NO_ANNOTATIONS,
    correlation_id: bytes | None = None,
    *,
    compress: bool = False,
    limit: int = 0xFFFFFFFF,
) -> Sequence[Buffer]:
    """The buffers to send, in order, for one message. Large parts of a payload are among them uncopied.

    :param flags: COMPRESSED and CORRELATION_ID are added here as needed.
    :param correlation_id: 16 bytes, or ``None`` for none.
    :param compress: compress a payload that is worth it.
    :param limit: the largest sum of payload and annotations, in bytes, before compression.
    :raises MessageTooLargeError: if the message is over the limit.
    :raises ProtocolError: for an annotation that cannot be sent.
    """
    size = sum(map(len, payload)) if isinstance(payload, tuple) else len(payload)
    chunks = _encode_annotations(annotations) if annotations else b""
    if size + len(chunks) > limit:
        raise too_large(size + len(chunks), limit)
    if compress and size > COMPRESSION_THRESHOLD:
        payload = _compressed(payload)
        size = len(payload)
        flags |= COMPRESSED
    if correlation_id is None:
        correlation_id = NO_CORRELATION_ID
    else:
        flags |= CORRELATION_ID
    header = pack_header(
        PREFIX, type, serializer_id, flags, sequence, size, len(chunks), correlation_id, 0, MAGIC
    )
    if isinstance(payload, tuple):
        return _in_parts(header + chunks, payload, size)
    if size <= JOIN_LIMIT:
        return (b"".join((header, chunks, payload)) if chunks else header + payload,)
    return (header + chunks, payload)


def largest_plain(limit: int, compress: bool) -> int:
    """The largest payload, in bytes, of a message that :func:`encode` would make one buffer, uncompressed."""
    return min(limit, COMPRESSION_THRESHOLD if compress else JOIN_LIMIT)


def _in_parts(head: bytes, parts: tuple[Buffer, ...], size: int) -> Sequence[Buffer]:
    if size <= JOIN_LIMIT:
        return (b"".join((head, *parts)),)
    if len(parts[0]) <= JOIN_LIMIT:
        return (b"".join((head, parts[0])), *parts[1:])
    return (head, *parts)


def _compressed(payload: Payload) -> bytes:
    import zlib  # few programs want it

    if not isinstance(payload, tuple):
        return zlib.compress(payload, 4)
    engine = zlib.compressobj(4)
    return b"".join([*map(engine.compress, payload), engine.flush()])


def check_annotations(annotations: Mapping[str, Buffer]) -> None:
    """Make sure that annotations can be sent.

    :raises ProtocolError: for an id that is not four ASCII characters, or a value that is not bytes.
    """
    for key, value in annotations.items():
        if not isinstance(key, str) or len(key) != 4 or not key.isascii():
            raise ProtocolError(f"annotation id {key!r} is not a text of four ASCII characters")
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise ProtocolError(
                f"annotation {key!r} is a {type(value).__name__}",
                hint="encode it: annotations carry bytes, bytearray or memoryview",
            )


def _encode_annotations(annotations: Mapping[str, Buffer]) -> bytes:
    check_annotations(annotations)
    parts: list[Buffer] = []
    for key, value in annotations.items():
        data = value.cast("B") if isinstance(value, memoryview) and value.c_contiguous else bytes(value)
        parts.append(CHUNK.pack(key.encode("ascii"), len(data)))
        parts.append(data)
    return b"".join(parts)


def too_large(size: int, limit: int) -> MessageTooLargeError:
    """The error for a message of ``size`` bytes."""
    return MessageTooLargeError(
        f"message of {size:,} bytes is larger than the allowed {limit:,}",
        hint="send it in parts (a remote iterator does), or raise MAX_MESSAGE_SIZE on both sides",
    )
