"""Messages to bytes and back: Pyro's wire protocol, version 502.

This room knows the header, annotations, compression and the size limits. It knows nothing of what a
payload means, and nothing of sockets: bytes come in, bytes go out.

A message is a header of 40 bytes, then the annotation chunks, then the payload; all integers are
big-endian. A chunk is a four-letter id, the length in four bytes, and that many bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from enum import IntEnum, IntFlag
from io import BytesIO
from types import MappingProxyType
from typing import Any

from .contracts import Buffer
from .errors import MessageTooLargeError, ProtocolError

__all__ = [
    "FAULT",
    "HEADER_SIZE",
    "NO_ANNOTATIONS",
    "PROTOCOL_VERSION",
    "Flags",
    "Message",
    "MessageType",
    "Receiver",
    "check_annotations",
    "encode",
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
HEADER_SIZE = _HEADER.size
_CHUNK = struct.Struct("!4sI")
_pack, _unpack = _HEADER.pack, _HEADER.unpack_from

COMPRESSION_THRESHOLD = 100
"""Payloads up to this many bytes are not worth compressing; Pyro5 has the same figure."""
JOIN_LIMIT = 16 * 1024
"""Up to this many bytes, copying header and payload together is cheaper than sending two buffers."""

_NO_MEMORY = memoryview(b"")

NO_ANNOTATIONS: Mapping[str, Buffer] = MappingProxyType({})


class Message:
    """One received message.

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
        payload: bytes,
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
            f"sequence={self.sequence} payload={len(self.payload)} annotations={list(self.annotations)}>"
        )


FAULT = Message(0, 0, 0, 0, b"")
"""Stands among received messages for bytes that are none."""


# Out -------------------------------------------------------------------------------------------------


def encode(
    type: int,
    serializer_id: int,
    flags: int,
    sequence: int,
    payload: Buffer,
    annotations: Mapping[str, Buffer] = NO_ANNOTATIONS,
    correlation_id: bytes | None = None,
    *,
    compress: bool = False,
    limit: int = 0xFFFFFFFF,
) -> Sequence[Buffer]:
    """The buffers to send, in order, for one message. A large payload is among them as it is, not copied.

    :param flags: COMPRESSED and CORRELATION_ID are added here as needed.
    :param correlation_id: 16 bytes, or ``None`` for none.
    :param compress: compress a payload that is worth it.
    :param limit: the largest sum of payload and annotations, in bytes, before compression.
    :raises MessageTooLargeError: if the message is over the limit.
    :raises ProtocolError: for an annotation that cannot be sent.
    """
    size = len(payload)
    chunks = _encode_annotations(annotations) if annotations else b""
    if size + len(chunks) > limit:
        raise _too_large(size + len(chunks), limit)
    if compress and size > COMPRESSION_THRESHOLD:
        payload = zlib.compress(payload, 4)
        size = len(payload)
        flags |= COMPRESSED
    if correlation_id is None:
        correlation_id = NO_CORRELATION_ID
    else:
        flags |= CORRELATION_ID
    header = _pack(PREFIX, type, serializer_id, flags, sequence, size, len(chunks), correlation_id, 0, MAGIC)
    if size <= JOIN_LIMIT:
        return (b"".join((header, chunks, payload)) if chunks else header + payload,)
    return (header + chunks, payload)


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
        parts.append(_CHUNK.pack(key.encode("ascii"), len(data)))
        parts.append(data)
    return b"".join(parts)


def _too_large(size: int, limit: int) -> MessageTooLargeError:
    return MessageTooLargeError(
        f"message of {size:,} bytes is larger than the allowed {limit:,}",
        hint="send it in parts (a remote iterator does), or raise MAX_MESSAGE_SIZE on both sides",
    )


# In --------------------------------------------------------------------------------------------------


_NO_BODY = (BytesIO(), BytesIO())


class Receiver:
    """Cuts a stream of bytes into messages; any split of the stream gives the same messages.

    Per piece, fill ``get_buffer(scratch)`` from its start and call ``buffer_updated(n)``. Small messages
    pass through the scratch memory, which is free for others in between; a message that does not arrive
    in one piece gets memory of its own, of exactly its size, into which the rest is received.

    Nothing is raised: when the peer breaks the rules, the last message is ``FAULT``, ``error`` says what is
    wrong, and whatever comes after is discarded. ``broken`` then is the message in question, without payload,
    if its header was sound.
    """

    __slots__ = (
        "_body",
        "_filled",
        "_head",
        "_header",
        "_scratch",
        "_target",
        "_told",
        "_waiting",
        "broken",
        "error",
        "limit",
    )

    def __init__(self, limit: int) -> None:
        """
        :param limit: the largest sum of payload and annotations, in bytes; it also holds for what
            decompressing a payload yields. May be changed between two messages.
        """
        self.limit = limit
        self.error: ProtocolError | None = None
        self._told = False
        self.broken: Message | None = None
        self._scratch = _NO_MEMORY
        self._head = b""  # what has arrived of a header
        self._header: Message | None = None  # its header has arrived, its body is arriving
        self._body = _NO_BODY  # memory for its annotations and its payload
        self._waiting: list[BytesIO] = []  # those of the two that want bytes, and have none yet
        self._target: memoryview | None = None  # the one that is arriving
        self._filled = 0

    @property
    def idle(self) -> bool:
        """Whether the stream is between two messages."""
        return not self._head and self._header is None

    def get_buffer(self, scratch: memoryview) -> memoryview:
        """Where the next bytes go: ``scratch``, or memory of the message's own. Never empty."""
        if self._target is None:
            self._scratch = scratch
            return scratch
        return self._target[self._filled :]

    def buffer_updated(self, count: int) -> list[Message]:
        """Take note of ``count`` new bytes in the buffer: the messages that are complete now."""
        if count >= HEADER_SIZE and self._target is None and not self._head and self.error is None:
            # The usual case, short: one whole message, without annotations, not compressed.
            prefix, kind, serializer, flags, sequence, size, chunks, corr, _, magic = _unpack(self._scratch)
            if (
                size == count - HEADER_SIZE
                and not chunks
                and size <= self.limit
                and not flags & COMPRESSED
                and prefix == PREFIX
                and magic == MAGIC
            ):
                payload = bytes(self._scratch[HEADER_SIZE:count])
                if not flags & CORRELATION_ID:
                    corr = None
                return [Message(kind, serializer, flags, sequence, payload, NO_ANNOTATIONS, corr)]
        return self._advance(count)

    def _advance(self, count: int) -> list[Message]:
        messages: list[Message] = []
        data = memoryview(b"")
        if self._target is None:
            data = self._scratch[:count]
        else:
            self._filled += count
        while self.error is None:
            if self._target is None:
                if not data:
                    return messages
                data = self._take_header(data, messages)
            else:
                data = self._take_body(data)
                if self._filled < len(self._target):
                    return messages
                self._next_part(messages)
        if not self._told:
            self._told = True
            messages.append(FAULT)
        return messages

    def _take_header(self, data: memoryview, messages: list[Message]) -> memoryview:
        taken = HEADER_SIZE - len(self._head)
        head = self._head + bytes(data[:taken])
        if not PREFIX.startswith(head[: len(PREFIX)]):
            self._fail(_wrong_prefix(head))
        elif len(head) < HEADER_SIZE:
            self._head = head
        else:
            self._head = b""
            self._begin_body(head, messages)
        return data[taken:]

    def _begin_body(self, head: bytes, messages: list[Message]) -> None:
        _, kind, serializer, flags, sequence, size, chunks, corr, _, magic = _unpack(head)
        if magic != MAGIC:
            self._fail(ProtocolError("invalid data: the magic number at the header's end is missing"))
            return
        header = Message(kind, serializer, flags, sequence, b"")
        if flags & CORRELATION_ID:
            header.correlation_id = corr
        self._header = header
        if size + chunks > self.limit:
            self._fail(_too_large(size + chunks, self.limit), header)
        else:
            self._body = (_memory(chunks), _memory(size))
            self._waiting = [part for part, wanted in zip(self._body, (chunks, size), strict=True) if wanted]
            self._next_part(messages)

    def _take_body(self, data: memoryview) -> memoryview:
        assert self._target is not None
        taken = min(len(self._target) - self._filled, len(data))
        if taken:
            self._target[self._filled : self._filled + taken] = data[:taken]
            self._filled += taken
        return data[taken:]

    def _next_part(self, messages: list[Message]) -> None:
        self._target, self._filled = None, 0
        if self._waiting:
            self._target = self._waiting.pop(0).getbuffer()
        else:
            self._finish(messages)

    def _finish(self, messages: list[Message]) -> None:
        message, self._header = self._header, None
        assert message is not None
        annotations, payload = self._body
        try:
            message.annotations = _decode_annotations(annotations.getvalue())
            message.payload = payload.getvalue()
            if message.flags & COMPRESSED:
                message.payload = _decompress(message.payload, self.limit)
        except ProtocolError as error:
            message.payload = b""
            self._fail(error, message)
        else:
            messages.append(message)

    def _fail(self, error: ProtocolError, message: Message | None = None) -> None:
        # Where it was raised leads back to this object, which would be garbage in a cycle.
        self.error, self.broken = error.with_traceback(None), message
        self.discard()

    def discard(self) -> None:
        """Give up what has arrived of a message, and the memory for the rest of it."""
        self._head, self._header = b"", None
        self._target, self._body, self._waiting = None, _NO_BODY, []


def _memory(size: int) -> BytesIO:
    # Fresh bytes come cleared from the system, page by page as they are used, and getvalue() does not
    # copy them; a bytearray would be cleared at once, and copied to become bytes.
    return BytesIO(bytes(size))


def _wrong_prefix(head: bytes) -> ProtocolError:
    if head[:4] == PREFIX[:4]:
        version = int.from_bytes(head[4:6], "big")
        return ProtocolError(
            f"invalid protocol version: {version}",
            hint=f"this side speaks version {PROTOCOL_VERSION}, that of Pyro5 and pyroplug",
        )
    return ProtocolError("invalid data: this is not a Pyro message")


def _decode_annotations(data: bytes) -> Mapping[str, Buffer]:
    if not data:
        return NO_ANNOTATIONS
    annotations: dict[str, Buffer] = {}
    view, start = memoryview(data), 0
    while start < len(data):
        if len(data) - start < _CHUNK.size:
            raise ProtocolError("invalid data: an annotation ends before its length")
        key, size = _CHUNK.unpack_from(data, start)
        start += _CHUNK.size
        if size > len(data) - start:
            raise ProtocolError(f"invalid data: annotation {key!r} claims more bytes than there are")
        if not key.isascii():
            raise ProtocolError(f"invalid data: annotation id {key!r} is not ASCII")
        annotations[key.decode("ascii")] = view[start : start + size]
        start += size
    return annotations


def _decompress(data: bytes, limit: int) -> bytes:
    engine, damage = zlib.decompressobj(), ""
    try:
        inflated = engine.decompress(data, limit + 1)
    except zlib.error as error:
        damage = str(error)
    if damage:  # raised out here: the other error's frames would make a cycle of garbage
        raise ProtocolError(f"invalid data: the compressed payload is damaged ({damage})")
    if len(inflated) > limit:
        raise MessageTooLargeError(
            f"a compressed payload of {len(data):,} bytes holds more than the allowed {limit:,}",
            hint="raise MAX_MESSAGE_SIZE on the receiving side if this was meant",
        )
    if not engine.eof or engine.unused_data:
        raise ProtocolError("invalid data: the compressed payload is cut off, or is followed by other bytes")
    return inflated
