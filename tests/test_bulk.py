"""Large values through daemon and proxy, in every way that a value can take."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pyroplug.api import BatchProxy, SerializedBlob, expose, oneway
from pyroplug.receiver import Receiver
from pyroplug.wire import Message, MessageType, encode

from .conversation import codec_of
from .running import BOTH_MODELS, Running, Way, settings
from .support import PATIENCE

SIZE = 3 << 20
MORE = 16 << 20
"""Bytes that no socket takes at once."""
DATA = bytes(range(256)) * (SIZE // 256)
MSGPACK = 4

pytestmark = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@expose
class Thing:
    def __init__(self) -> None:
        self.kept = bytearray(b"1" * MORE)
        self.noted: Any = None
        self.is_noted = threading.Event()

    def echo(self, value: Any) -> Any:
        return value

    def kinds(self, *values: Any, **named: Any) -> list[str]:
        return [type(value).__name__ for value in (*values, *named.values())]

    def made(self, kind: str) -> Any:
        return {"bytearray": bytearray, "memoryview": memoryview, "view": view_of}[kind](DATA)

    def own(self) -> bytearray:
        return self.kept

    def change(self) -> None:
        self.kept[:] = b"2" * MORE

    @oneway
    def note(self, value: Any) -> None:
        self.noted = value
        self.is_noted.set()

    def read(self, blob: SerializedBlob) -> Any:
        return blob.info, blob.deserialized()

    def chunks(self, count: int) -> Iterator[bytes]:
        for number in range(count):
            yield bytes((number,)) * (1 << 18)

    def fail(self, value: Any) -> None:
        raise ValueError(value)


def view_of(data: bytes) -> memoryview:
    return memoryview(bytearray(data))


@pytest.fixture
def served(run_daemon: Callable[..., Running], way: Way) -> tuple[Running, Thing]:
    thing = Thing()
    return run_daemon(way, thing=thing), thing


@pytest.fixture
def proxy(served: tuple[Running, Thing]) -> Any:
    return served[0].proxy("thing", config=settings(SERIALIZER="msgpack"))


def test_arguments_and_results(proxy: Any) -> None:
    for value in (DATA, bytearray(DATA), memoryview(DATA), view_of(DATA)):
        assert proxy.echo(value) == DATA
    text = "ü" * SIZE
    assert proxy.echo(text) == text
    assert proxy.echo([1, {"x": DATA}, text]) == [1, {"x": DATA}, text]
    assert proxy.kinds(DATA, bytearray(DATA), text, x=memoryview(DATA)) == ["bytes", "bytes", "str", "bytes"]
    for kind in ("bytearray", "memoryview", "view"):
        assert proxy.made(kind) == DATA


def test_a_bytearray_is_its_owners_again_after_the_call(proxy: Any) -> None:
    data = bytearray(DATA)
    assert len(proxy.echo(data)) == SIZE
    data.extend(b"more")
    try:
        proxy.fail(data)
    except ValueError:  # whose traceback has the frames that sent it
        data.clear()
    assert not data


def test_exceptions_with_large_arguments(proxy: Any) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        proxy.fail(DATA)
    assert caught.value.args == (DATA,)


def test_oneway_calls_and_batches(proxy: Any, served: tuple[Running, Thing]) -> None:
    proxy.note(DATA)
    assert served[1].is_noted.wait(PATIENCE)
    assert served[1].noted == DATA
    batch = BatchProxy(proxy)
    batch.echo(DATA)
    batch.echo([DATA])
    assert list(batch()) == [DATA, [DATA]]


def test_remote_iterators(proxy: Any) -> None:
    for number, chunk in enumerate(proxy.chunks(12)):
        assert chunk == bytes((number,)) * (1 << 18)


def test_blobs(proxy: Any) -> None:
    assert proxy.read(SerializedBlob("info", DATA)) == ["info", DATA]


def test_raw_answers_are_whole(proxy: Any) -> None:
    proxy._pyroRawWireResponse = True
    message = proxy.echo(DATA)
    assert codec_of("msgpack").loads(message.payload) == DATA
    assert type(message.payload) is bytes


def test_they_are_logged_by_their_beginnings(
    run_daemon: Callable[..., Running], way: Way, caplog: pytest.LogCaptureFixture
) -> None:
    running = run_daemon(way, thing=Thing(), LOGWIRE=True)
    proxy = running.proxy("thing", config=settings(SERIALIZER="msgpack", LOGWIRE=True))
    with caplog.at_level(logging.DEBUG, "pyroplug.wire"):
        assert proxy.echo(DATA) == DATA
        lines = [
            record.getMessage() for record in caplog.records if f"{SIZE + 5} bytes" in record.getMessage()
        ]
    assert len(lines) == 2  # the answer, at both ends
    beginning = repr((b"\xc6" + SIZE.to_bytes(4, "big") + DATA)[:200])
    assert all(line.endswith(f"{beginning}...") for line in lines)


def test_compression(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing(), COMPRESSION=True).proxy(
        "thing", config=settings(SERIALIZER="msgpack", COMPRESSION=True)
    )
    assert proxy.echo([DATA, DATA]) == [DATA, DATA]


def test_a_slow_reader_gets_what_was_returned(served: tuple[Running, Thing]) -> None:
    """The method's own bytearray is changed before its reader has taken it."""
    running, _ = served
    slow, quick = (running.proxy("thing", config=settings(SERIALIZER="msgpack")) for _ in range(2))
    slow._pyroBind()
    channel: socket.socket = slow._pyroConnection.sock
    payload = codec_of("msgpack").dumps_call("thing", "own", (), {})
    channel.sendall(b"".join(encode(MessageType.INVOKE, MSGPACK, 0, 1, payload)))
    assert channel.recv(1, socket.MSG_PEEK)  # the call is over, and its answer on its way
    quick.change()
    [message] = receive(channel)
    assert codec_of("msgpack").loads(message.payload) == b"1" * MORE


def receive(channel: socket.socket) -> list[Message]:
    receiver, scratch = Receiver(2 * MORE), memoryview(bytearray(4096))
    while True:
        buffer = receiver.get_buffer(scratch)
        count = channel.recv_into(buffer)
        del buffer
        assert count, "the server hung up"
        messages = receiver.buffer_updated(count)
        if messages:
            return messages
