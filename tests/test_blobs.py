"""Blobs travel unread: the dispatcher in the middle passes on the very bytes that it got."""

from __future__ import annotations

from typing import Any

import pytest

from pyroplug import wire
from pyroplug.blobs import BLOB_ANNOTATION, ReceivedPayload, SerializedBlob, read_blob
from pyroplug.client import ClientProtocol
from pyroplug.errors import ProtocolError, SerializeError
from pyroplug.exposure import expose
from pyroplug.marshalled import dump, load
from pyroplug.wire import Flags, Message, MessageType
from tests.conversation import SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon, codec_of
from tests.messages import feed, new_receiver

VALUE = [1, "two", {"three": 3.5}]


class Unknown:
    """No serializer can make one of these here."""


@expose
class Target:
    def work(self, blob: SerializedBlob) -> Any:
        return [blob.info, blob.deserialized()]

    def keep(self, blob: SerializedBlob) -> None:
        Target.kept = blob

    kept: SerializedBlob


def client_of(serializer: str) -> ClientProtocol:
    codecs = {wire_id: codec_of(name) for name, wire_id in WIRE_IDS.items()}
    return ClientProtocol(
        codec_of(serializer), WIRE_IDS[serializer], limit=1 << 20, compress=False, codecs=codecs.__getitem__
    )


def only(buffers: Any) -> Message:
    [message] = feed(new_receiver(), [b"".join(buffers)])
    return message


def ask(daemon: MemoryDaemon, client: ClientProtocol, serializer: str, blob: SerializedBlob) -> Any:
    talk = Conversation(daemon, serializer).greet("target")
    request = b"".join(client.call("target", "work", (blob,), {}, 0, 5))
    [answer] = feed(new_receiver(), [talk.send(request)])
    return client.result(client.answer([answer], 5))


@pytest.fixture
def daemon() -> MemoryDaemon:
    return MemoryDaemon({"target": Target()})


@pytest.mark.parametrize("serializer", SERIALIZERS)
class TestWithEverySerializer:
    def test_the_value_arrives(self, daemon: MemoryDaemon, serializer: str) -> None:
        blob = SerializedBlob({"for": "you"}, VALUE)
        assert ask(daemon, client_of(serializer), serializer, blob) == [{"for": "you"}, VALUE]

    def test_a_dispatcher_passes_on_the_bytes_that_it_got(
        self, daemon: MemoryDaemon, serializer: str
    ) -> None:
        first = only(
            client_of(serializer).call("dispatcher", "work", (SerializedBlob("x", VALUE),), {}, 0, 1)
        )
        _, _, (received,), _ = read_blob(first, codec_of(serializer))
        onwards = only(client_of(serializer).call("target", "work", (received,), {}, 0, 2))
        assert onwards.payload == first.payload
        assert onwards.flags == first.flags == Flags.KEEP_SERIALIZED
        assert load(onwards.annotations[BLOB_ANNOTATION]) == ("x", "target", "work")

    @pytest.mark.parametrize("dispatcher", SERIALIZERS)
    def test_the_dispatchers_own_serializer_does_not_matter(
        self, daemon: MemoryDaemon, serializer: str, dispatcher: str
    ) -> None:
        first = only(
            client_of(serializer).call("dispatcher", "work", (SerializedBlob(None, VALUE),), {}, 0, 1)
        )
        _, _, (received,), _ = read_blob(first, codec_of(serializer))
        assert ask(daemon, client_of(dispatcher), serializer, received) == [None, VALUE]


def test_nothing_is_read_before_it_is_asked_for(daemon: MemoryDaemon) -> None:
    class Unreadable:
        def loads_call(self, _data: bytes) -> Any:
            raise SerializeError("unreadable")

    said = dump(("info", "target", "keep"))
    request = Message(
        MessageType.INVOKE, 4, Flags.KEEP_SERIALIZED, 1, b"\xc1 no msgpack", {BLOB_ANNOTATION: said}
    )
    object_id, method, (blob,), kwargs = read_blob(request, Unreadable())  # type: ignore[arg-type]
    assert (object_id, method, kwargs) == ("target", "keep", {})
    assert blob.info == "info"
    with pytest.raises(SerializeError, match="unreadable"):
        blob.deserialized()


def test_what_is_said_beside_it_decides_and_not_the_payload(daemon: MemoryDaemon) -> None:
    talk = Conversation(daemon, "msgpack").greet("target")
    payload = codec_of("msgpack").dumps_call("Pyro.Daemon", "registered", VALUE, {})
    data = wire.encode(
        MessageType.INVOKE,
        4,
        Flags.KEEP_SERIALIZED,
        1,
        payload,
        {BLOB_ANNOTATION: dump((0, "target", "work"))},
    )
    [answer] = feed(new_receiver(), [talk.send(b"".join(data))])
    assert codec_of("msgpack").loads(answer.payload) == [0, VALUE]


@pytest.mark.parametrize(
    "said",
    [
        b"",
        dump(None),
        dump(("info", "target")),
        dump(("info", "target", 5)),
        dump(("info", 7, "work")),
        b"junk",
    ],
)
def test_who_does_not_say_whom_it_is_for(said: bytes) -> None:
    request = Message(MessageType.INVOKE, 4, 0, 1, b"", {BLOB_ANNOTATION: said} if said else {})
    with pytest.raises(ProtocolError, match="invalid data"):
        read_blob(request, codec_of("msgpack"))


def test_it_is_the_only_argument() -> None:
    client, blob = client_of("json"), SerializedBlob("x", 1)
    for args, kwargs in (((blob, 2), {}), ((blob,), {"more": 1})):
        with pytest.raises(SerializeError, match="only argument") as caught:
            client.call("target", "work", args, kwargs, 0, 1)
        assert caught.value.hint


def test_the_info_is_plain() -> None:
    with pytest.raises(ProtocolError, match="Unknown"):
        client_of("json").call("target", "work", (SerializedBlob(Unknown(), 1),), {}, 0, 1)


def test_a_received_one_needs_a_payload() -> None:
    with pytest.raises(TypeError, match="payload"):
        SerializedBlob("x", b"bytes", is_blob=True)
    received = SerializedBlob("x", ReceivedPayload(b"", 4, codec_of("msgpack")), is_blob=True)
    assert "as received" in repr(received)
    assert "as received" not in repr(SerializedBlob("x", 1))


def test_an_answer_in_another_serializer_is_for_blobs_alone() -> None:
    client = client_of("json")
    client.call("target", "work", (SerializedBlob("x", 1),), {}, 0, 1)
    with pytest.raises(SerializeError, match="answered with serializer 4"):
        client.answer([Message(MessageType.RESULT, 4, 0, 1, b"")], 1)
