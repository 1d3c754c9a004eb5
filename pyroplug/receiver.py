"""A stream of bytes, cut into messages: the receiving half of Pyro's wire protocol.

Limits are checked before memory is taken. Nothing here knows what a payload means, or where bytes come from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from io import BytesIO

from .contracts import Buffer, Codec
from .errors import MessageTooLargeError, ProtocolError
from .memory import fresh_memory, passing_memory
from .wire import (
    CHUNK,
    COMPRESSED,
    CORRELATION_ID,
    FAULT,
    HEADER_SIZE,
    MAGIC,
    NO_ANNOTATIONS,
    PREFIX,
    PROTOCOL_VERSION,
    Flags,
    Message,
    MessageType,
    too_large,
    unpack_header,
)

__all__ = ["Receiver"]

HEAD_SIZE = 4096
"""Bytes of a payload in which a codec looks for the beginning of a large byte string."""
LARGE = 1 << 16
"""Bytes of payload from which on a codec is asked."""

FIRST = 1 << 14
"""Bytes of memory that a message gets on its header's word alone, at most."""
GROWTH = 16
"""So many times larger the memory becomes when it is full; a part of what arrives is copied, therefore."""

_NO_MEMORY = memoryview(b"")
_NO_CODECS: Mapping[int, Codec] = {}
_WITH_VALUES = (int(MessageType.INVOKE), int(MessageType.RESULT))
_NO_VERSION = PREFIX[:-2]
"""What comes before the version, of which a single byte says nothing."""
_AS_IT_CAME = COMPRESSED | int(Flags.KEEP_SERIALIZED)
_ANNOTATIONS, _HEAD, _PIECE = "annotations", "head", "piece"
"""What arrives of a message: a head is how the payload goes on, and tells what to do with that."""


class Receiver:
    """Cuts a stream of bytes into messages; any split of the stream gives the same messages.

    Per piece, fill ``get_buffer(scratch)`` from its start and call ``buffer_updated(n)``. Small messages
    pass through the scratch memory, which is free for others in between; a message that does not arrive
    in one piece gets memory of its own, in the end of exactly its size, into which the rest is received. A
    large one gets it bit by bit, as it arrives: a header alone may claim anything. Where one of ``codecs``
    wants it so, each large byte string in a payload gets memory of its own, too.

    Nothing is raised: when the peer breaks the rules, the last message is ``FAULT``, ``error`` says what is
    wrong, and whatever comes after is discarded. ``broken`` then is the message in question, without payload,
    if its header was sound.
    """

    __slots__ = (
        "_annotations",
        "_at_hand",
        "_filled",
        "_find_bulk",
        "_head",
        "_header",
        "_part",
        "_pieces",
        "_rest",
        "_room",
        "_scratch",
        "_target",
        "_told",
        "_wanted",
        "between",
        "broken",
        "codecs",
        "error",
        "limit",
    )

    def __init__(self, limit: int) -> None:
        """
        :param limit: the largest sum of payload and annotations, in bytes; it also holds for what
            decompressing a payload yields. May be changed between two messages, as ``codecs`` may.
        """
        self.limit = limit
        self.codecs = _NO_CODECS
        """Those that peers may use by now, by wire id; see :class:`~pyroplug.contracts.BulkCodec`."""
        self.error: ProtocolError | None = None
        self._told = False
        self.between = True  # what comes next is a message's first byte
        self.broken: Message | None = None
        self._scratch = _NO_MEMORY
        self._head = b""  # what has arrived of a header
        self._header: Message | None = None  # its header has arrived, its body is arriving
        self._annotations = b""
        self._pieces: list[bytes] = []  # of its payload, one after the other
        self._rest = 0  # bytes of the payload that belong to no piece yet
        self._find_bulk: Callable[[bytes, int], tuple[int, int] | None] | None = None
        # What is arriving, and where. Its buffer is lent for a moment only: meanwhile it cannot be freed.
        self._part = _PIECE
        self._target: BytesIO | None = None
        self._room = self._filled = self._wanted = self._at_hand = 0

    @property
    def idle(self) -> bool:
        """Whether the stream is between two messages."""
        return not self._head and self._header is None

    def get_buffer(self, scratch: memoryview) -> memoryview:
        """Where the next bytes go: ``scratch``, or memory of the message's own. Never empty."""
        if self._target is None:
            self._scratch = scratch
            return scratch
        return self._target.getbuffer()[self._filled :]

    def buffer_updated(self, count: int) -> list[Message]:
        """Take note of ``count`` new bytes in the buffer: the messages that are complete now."""
        start = 0
        messages: list[Message] = []
        if self.between:
            start = self._cut(count, messages)
            if start == count:
                return messages
        self._advance(start, count, messages)
        self.between = self.idle and self.error is None
        return messages

    def _cut(self, count: int, messages: list[Message]) -> int:
        """The usual case, short: whole messages without annotations, not compressed. Where they end."""
        scratch, limit, start = self._scratch, self.limit, 0
        while count - start >= HEADER_SIZE:
            prefix, kind, serializer, flags, sequence, size, chunks, corr, _, magic = unpack_header(
                scratch, start
            )
            end = start + HEADER_SIZE + size
            if (
                end > count
                or chunks
                or size > limit
                or flags & COMPRESSED
                or prefix != PREFIX
                or magic != MAGIC
            ):
                break
            payload = scratch[start + HEADER_SIZE : end].tobytes()
            if not flags & CORRELATION_ID:
                corr = None
            messages.append(Message(kind, serializer, flags, sequence, payload, NO_ANNOTATIONS, corr))
            start = end
        return start

    def _advance(self, start: int, count: int, messages: list[Message]) -> None:
        data = memoryview(b"")
        if self._target is None:
            data = self._scratch[start:count]
        else:
            self._filled += count
        self._at_hand = len(data)
        while self.error is None:
            if self._target is None:
                if not data:
                    return
                data = self._take_header(data, messages)
            else:
                data = self._take_body(data)
                if self._filled == self._wanted:
                    self._next_part(messages)
                elif self._filled == self._room:
                    self._make_room()
                else:
                    return
        if not self._told:
            self._told = True
            messages.append(FAULT)

    def _take_header(self, data: memoryview, messages: list[Message]) -> memoryview:
        taken = HEADER_SIZE - len(self._head)
        head = self._head + bytes(data[:taken])
        if not PREFIX.startswith(head[: len(PREFIX)]) and head[:-1] != _NO_VERSION:
            self._fail(_wrong_prefix(head))
        elif len(head) < HEADER_SIZE:
            self._head = head
        else:
            self._head = b""
            self._begin_body(head, messages)
        return data[taken:]

    def _begin_body(self, head: bytes, messages: list[Message]) -> None:
        _, kind, serializer, flags, sequence, size, chunks, corr, _, magic = unpack_header(head)
        if magic != MAGIC:
            self._fail(ProtocolError("invalid data: the magic number at the header's end is missing"))
            return
        header = Message(kind, serializer, flags, sequence, b"")
        if flags & CORRELATION_ID:
            header.correlation_id = corr
        self._header = header
        if size + chunks > self.limit:
            self._fail(too_large(size + chunks, self.limit), header)
            return
        if size >= LARGE and kind in _WITH_VALUES and not flags & _AS_IT_CAME:
            self._find_bulk = getattr(self.codecs.get(serializer), "find_bulk", None)
        self._rest = size
        if chunks:
            self._receive(_ANNOTATIONS, chunks)
        else:
            self._next_part(messages)

    def _take_body(self, data: memoryview) -> memoryview:
        assert self._target is not None
        taken = min(self._room - self._filled, len(data))
        if taken:
            self._target.getbuffer()[self._filled : self._filled + taken] = data[:taken]
            self._filled += taken
        return data[taken:]

    def _next_part(self, messages: list[Message]) -> None:
        arrived, self._target = self._target, None
        if arrived is not None:
            data = arrived.getvalue()
            if self._part is _HEAD:
                self._divide(data)
                return
            if self._part is _ANNOTATIONS:
                self._annotations = data
            else:
                self._pieces.append(data)
        if self._rest >= LARGE and self._find_bulk is not None:
            self._receive(_HEAD, HEAD_SIZE)
        elif self._rest:
            self._take_piece(self._rest)
        else:
            self._finish(messages)

    def _divide(self, head: bytes) -> None:
        """Receive the next large byte string into memory of its own; the rest as a whole if there is none."""
        assert self._find_bulk is not None
        start, size = self._find_bulk(head, self._rest) or (0, 0)
        if 0 < start < len(head) < start + size <= self._rest:
            self._pieces.append(head[:start])
            self._rest -= start
            self._take_piece(size, head[start:])
        else:
            self._find_bulk = None
            self._take_piece(self._rest, head)

    def _take_piece(self, size: int, begun: bytes = b"") -> None:
        self._rest -= size
        self._receive(_PIECE, size, begun)

    def _receive(self, part: str, size: int, begun: bytes = b"") -> None:
        self._part, self._target, self._room = part, None, 0
        self._filled, self._wanted = len(begun), size
        self._make_room(begun)

    def _make_room(self, begun: bytes = b"") -> None:
        """Memory for more of what is arriving, in the end for all of it."""
        room = self._wanted
        arrived = max(self._filled, self._at_hand)
        while room > FIRST and (less := -(-room // GROWTH)) >= 2 * arrived:
            room = less
        try:
            target = (fresh_memory if room == self._wanted else passing_memory)(room)
        except MemoryError:
            target = None
        if target is None:
            self._fail(_no_memory(self._wanted), self._header)
            return
        target.getbuffer()[: self._filled] = begun if self._target is None else self._target.getbuffer()
        self._target, self._room = target, room

    def _finish(self, messages: list[Message]) -> None:
        message = self._header
        assert message is not None
        annotations, pieces = self._annotations, self._pieces
        self.discard()
        try:
            message.annotations = _decode_annotations(annotations)
            message.payload = tuple(pieces) if len(pieces) > 1 else pieces[0] if pieces else b""
            if message.flags & COMPRESSED:
                message.payload = _decompress(message.payload, self.limit - len(annotations))
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
        self._target, self._annotations, self._pieces = None, b"", []
        self._find_bulk, self._rest = None, 0


def _no_memory(size: int) -> MessageTooLargeError:
    return MessageTooLargeError(
        f"there is no memory left for {size:,} bytes of a message",
        hint="send it in parts (a remote iterator does), or let fewer messages be sent at a time",
    )


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
        if len(data) - start < CHUNK.size:
            raise ProtocolError("invalid data: an annotation ends before its length")
        key, size = CHUNK.unpack_from(data, start)
        start += CHUNK.size
        if size > len(data) - start:
            raise ProtocolError(f"invalid data: annotation {key!r} claims more bytes than there are")
        if not key.isascii():
            raise ProtocolError(f"invalid data: annotation id {key!r} is not ASCII")
        annotations[key.decode("ascii")] = view[start : start + size]
        start += size
    return annotations


def _decompress(data: bytes, limit: int) -> bytes:
    import zlib  # few programs need it

    engine, damage = zlib.decompressobj(), ""
    try:
        inflated = engine.decompress(data, limit + 1)
    except (zlib.error, MemoryError) as error:
        damage = str(error) or "there is no memory left for what it holds"
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
