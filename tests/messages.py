"""Messages for tests: a recorded one, any that there may be, and ways to receive them."""

from __future__ import annotations

from collections.abc import Iterable

from pyroplug import wire
from pyroplug.receiver import Receiver
from pyroplug.testing import strategies
from pyroplug.testing.strategies import cut
from pyroplug.wire import Message

LIMIT = 1 << 20

EXAMPLE = bytes.fromhex(
    "5059524f01f6 0401 0040 0001 00000038 0000000a 112233445566778899aabbccddeeff00 0000 4dc5"
    "58595a5a 00000002 6869"
    "2320736572" "70656e74" "207574662d38" "20707974686f6e332e320a"
    "28276f626a272c276563686f272c28312c277827292c7b276b273a327d29"
)  # fmt: skip
"""Recorded from real Pyro5: obj.echo(1, "x", k=2) with an annotation and a correlation id."""

PING = bytes.fromhex("5059524f01f6062a 0000 0000 00000004 00000000" + "00" * 16 + "0000 4dc5 70696e67")

annotations = strategies.message_annotations()
messages = strategies.messages()


def bytes_of(message: Message, **options: bool) -> bytes:
    return b"".join(
        wire.encode(
            message.type,
            message.serializer_id,
            message.flags,
            message.sequence,
            message.payload,
            message.annotations,
            message.correlation_id,
            **options,
        )
    )


def facts(message: Message) -> tuple[object, ...]:
    return (
        message.type,
        message.serializer_id,
        message.flags & ~0x42,
        message.sequence,
        message.payload,
        {key: bytes(value) for key, value in message.annotations.items()},
        message.correlation_id,
    )


def feed(receiver: Receiver, pieces: Iterable[bytes], scratch: memoryview | None = None) -> list[Message]:
    """Hand the pieces to the receiver as a connection would, into the room that it offers."""
    received = []
    scratch = memoryview(bytearray(256)) if scratch is None else scratch
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            room = receiver.get_buffer(scratch)
            assert len(room) > 0
            count = min(len(room), len(rest))
            room[:count] = rest[:count]
            del room  # Python 3.13 complains of memory that is lent when it becomes garbage
            received += receiver.buffer_updated(count)
            rest = rest[count:]
    return received


def new_receiver(limit: int = LIMIT) -> Receiver:
    return Receiver(limit)


split = cut
