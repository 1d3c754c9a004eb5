"""Strangers, messages that are too large, and the end of a session."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from pyroplug import wire
from pyroplug.context import ClientConnection
from pyroplug.wire import MessageType

from .conversation import Conversation, MemoryDaemon, messages_in, refusal
from .served import Thing


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def daemon(thing: Thing) -> MemoryDaemon:
    return MemoryDaemon({"thing": thing})


class TestStrangers:
    @pytest.mark.parametrize(
        "data",
        [
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            *(b"\r\n", b"!" * 16, b"PYR0", b"\x16\x03\x01", b"PYRO\x00\x30\x01" + bytes(40)),
            b"PYRO\x01\xf6" + bytes(32) + b"\0\0",
        ],
    )
    def test_are_told_what_is_spoken_here(self, daemon: MemoryDaemon, data: bytes) -> None:
        for pieces in ([data], [data[i : i + 1] for i in range(len(data))]):
            client = Conversation(daemon)
            raw = client.send(*pieces)
            assert raw[:6].hex() == "5059524f01f6"
            [answer] = messages_in(raw)
            assert (answer.type, answer.serializer_id) == (3, 2)
            assert "invalid" in client.text_of(answer)
            assert client.session.closing

    def test_are_told_of_another_version(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        text = refusal(client, b"PYRO\x00\x30")
        assert "invalid protocol version: 48" in text

    def test_once_they_were_accepted_are_not_answered(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon).greet()
        assert client.send(b"GET / HTTP/1.1\r\n") == b""
        assert client.session.closing

    @pytest.mark.parametrize("annotations", [0, 0x40000000])
    def test_cannot_announce_much_before_the_greeting(self, daemon: MemoryDaemon, annotations: int) -> None:
        client = Conversation(daemon)
        header = wire._HEADER.pack(
            wire.PREFIX, 1, 1, 0, 0, (64 << 10) + 1, annotations, bytes(16), 0, wire.MAGIC
        )
        text = refusal(client, header)
        assert "65,536" in text

    def test_the_limit_before_the_greeting_can_be_set(self, thing: Thing) -> None:
        daemon = MemoryDaemon({"thing": thing}, MAX_HANDSHAKE_SIZE=100)
        client = Conversation(daemon)
        assert "100" in refusal(client, client.hello(handshake="x" * 100))

    def test_the_limit_after_the_greeting_is_another(self, thing: Thing) -> None:
        daemon = MemoryDaemon({"thing": thing}, MAX_MESSAGE_SIZE=200_000)
        client = Conversation(daemon).greet()
        assert client.call("give", "x" * 150_000) == "x" * 150_000
        header = wire._HEADER.pack(wire.PREFIX, 4, 1, 0, 6, 200_001, 0, bytes(16), 0, wire.MAGIC)
        answer = client.ask(header)
        assert answer is not None
        assert (answer.type, answer.sequence) == (MessageType.RESULT, 6)
        error = client.value_of(answer)
        assert type(error).__name__ == "MessageTooLargeError"
        assert "200,001" in str(error)
        assert "MAX_MESSAGE_SIZE" in str(error)
        assert client.session.closing

    @pytest.mark.parametrize("greeting", [True, False])
    def test_cannot_send_bombs(self, thing: Thing, greeting: bool) -> None:
        daemon = MemoryDaemon({"thing": thing}, MAX_MESSAGE_SIZE=1 << 20)
        client = Conversation(daemon)
        if greeting:
            client.greet()
        make = client.invoke if greeting else client.hello
        bomb = make("x" * (1 << 20) if greeting else "thing", "x" * (1 << 20), compress=True)
        assert len(bomb) < 20_000
        answer = client.ask(bomb)
        assert answer is not None
        assert client.session.closing
        text = client.text_of(answer)
        assert "compressed payload" in text
        assert thing.reached == []

    def test_a_compressed_greeting_is_welcome(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        answer = client.ask(client.hello(handshake="x" * 1000, compress=True))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK


class TestLost:
    def test_releases_what_belonged_to_it_once(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon).greet()
        released: list[str] = []
        tracking = client.session._tracking
        client.session._tracking = _Counting(tracking, released)
        client.session.client.instances[Thing] = Thing()
        seen: list[Any] = []

        def disconnected(conn: ClientConnection) -> None:
            seen.append((conn, dict(conn.instances), list(released)))
            raise SystemExit("from clientDisconnect")

        daemon.clientDisconnect = disconnected  # type: ignore[method-assign]
        for _ in range(2):
            client.session.lost("the test says so")
        [(conn, instances, before)] = seen
        assert conn is client.session.client
        assert list(instances) == [Thing]
        assert before == []
        assert released == ["released"]
        assert conn.instances == {}
        assert client.session.closing

    def test_before_the_greeting(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        client.session.lost("gone")
        assert daemon.disconnected == [], "it was never accepted"

    def test_nothing_is_run_afterwards(self, daemon: MemoryDaemon, thing: Thing) -> None:
        client = Conversation(daemon).greet()
        request = client.invoke("echo")
        room = client.session.get_buffer(memoryview(bytearray(1000)))
        room[: len(request)] = request
        requests = client.session.buffer_updated(len(request))
        client.session.lost("gone")
        assert list(itertools.chain(*map(client.session.handle, requests))) == []
        assert thing.reached == []


class _Counting:
    def __init__(self, tracking: Any, released: list[str]) -> None:
        self._tracking, self._released = tracking, released

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracking, name)

    def release(self) -> None:
        self._released.append("released")
        self._tracking.release()
