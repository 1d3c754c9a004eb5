"""Compressed messages that hold far more than their bytes, at both ends, in every kind of message."""

from __future__ import annotations

import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug import wire
from pyroplug.blobs import SerializedBlob, describe_blob
from pyroplug.client import ClientProtocol
from pyroplug.errors import MessageTooLargeError
from pyroplug.wire import Flags, MessageType

from .conversation import SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon, codec_of, messages_in
from .messages import feed

LIMIT = 1 << 20
BOMB = zlib.compress(bytes(64 << 20))
INNER_BOMB = zlib.compress(BOMB)
ABOUT = {"BLBI": describe_blob(SerializedBlob("info", None), "thing", "echo")}
KINDS = [
    (0, {}),
    (Flags.BATCH, {}),
    (Flags.ONEWAY, {}),
    (Flags.BATCH | Flags.ONEWAY, {}),
    (Flags.KEEP_SERIALIZED, ABOUT),
    (Flags.KEEP_SERIALIZED | Flags.ONEWAY, ABOUT),
    (Flags.KEEP_SERIALIZED | Flags.BATCH, ABOUT),
]


class Thing:
    def echo(self, value: Any) -> Any:
        return value


def most_memory(use: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        use()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def message(serializer: str, kind: int, flags: int, notes: Any, payload: bytes = BOMB) -> bytes:
    return b"".join(wire.encode(kind, WIRE_IDS[serializer], flags | Flags.COMPRESSED, 1, payload, notes))


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(("flags", "notes"), KINDS)
def test_a_server_inflates_no_more_than_its_limit(serializer: str, flags: int, notes: Any) -> None:
    daemon = MemoryDaemon({"thing": Thing}, MAX_MESSAGE_SIZE=LIMIT)
    client = Conversation(daemon, serializer).greet()
    data, answers = message(serializer, MessageType.INVOKE, flags, notes), list[bytes]()
    assert most_memory(lambda: answers.append(client.send(data))) < 5 * LIMIT
    (answer,) = messages_in(answers[0])
    assert type(client.value_of(answer)) is MessageTooLargeError
    assert client.session.closing


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_before_it_is_accepted_a_client_may_have_less_inflated(serializer: str) -> None:
    client = Conversation(MemoryDaemon({"thing": Thing}, MAX_MESSAGE_SIZE=LIMIT), serializer)
    data = message(serializer, MessageType.CONNECT, 0, {}, zlib.compress(bytes(65_537)))
    (answer,) = messages_in(client.send(data))
    assert "more than the allowed 65,536" in client.text_of(answer)


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("kind", [MessageType.CONNECTOK, MessageType.CONNECTFAIL, MessageType.RESULT])
@pytest.mark.parametrize("flags", [0, Flags.EXCEPTION, Flags.BATCH])
def test_a_client_inflates_no_more_than_its_limit(serializer: str, kind: int, flags: int) -> None:
    protocol = ClientProtocol(codec_of(serializer), WIRE_IDS[serializer], limit=LIMIT, compress=False)

    def receive() -> None:
        messages = feed(protocol._receiver, [message(serializer, kind, flags, {})])
        with pytest.raises(MessageTooLargeError):
            protocol.only(messages)

    assert most_memory(receive) < 5 * LIMIT


@pytest.mark.parametrize("flags", [0, Flags.EXCEPTION])
@pytest.mark.parametrize(("payload", "chunks"), [(1 << 30, 0), (0, 1 << 30), ((1 << 30) - 100, 100)])
def test_a_client_takes_no_memory_on_a_servers_word(flags: int, payload: int, chunks: int) -> None:
    protocol = ClientProtocol(codec_of("msgpack"), 4, limit=1 << 30, compress=False)
    head = wire.pack_header(wire.PREFIX, 5, 4, flags, 1, payload, chunks, bytes(16), 0, wire.MAGIC)
    assert most_memory(lambda: feed(protocol._receiver, [head + bytes(1000)])) < 100_000


def test_what_is_compressed_twice_is_inflated_once() -> None:
    client = Conversation(MemoryDaemon({"thing": Thing}, MAX_MESSAGE_SIZE=LIMIT), "msgpack").greet()
    data = message("msgpack", MessageType.INVOKE, 0, {}, INNER_BOMB)
    assert most_memory(lambda: client.send(data)) < 5 * LIMIT
