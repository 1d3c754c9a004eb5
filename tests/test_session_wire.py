"""Whatever comes in, in whatever pieces: the same answers, no exception, and no door that is not open."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug import wire
from pyroplug.exposure import expose
from pyroplug.wire import Flags, MessageType

from .conversation import SERIALIZERS, Conversation, MemoryDaemon, messages_in
from .served import Thing

serializers = st.sampled_from(SERIALIZERS)
ALLOWED = frozenset(("echo", "give", "get level", "set level", "count over"))
"""What the conversation below may reach in the thing; mutated, also any failure and any note."""


@expose
class Calculator:
    def add(self, a: int, b: int) -> int:
        return a + b


def whole_conversation(client: Conversation) -> bytes:
    """A greeting, and one request of every sort."""
    return b"".join(
        [
            client.hello(annotations={"TOKN": b"t"}),
            client.invoke("echo", 1, "x", kwargs={"k": 2}, sequence=1, correlation_id=b"c" * 16),
            client.invoke("give", "y" * 300, sequence=2, compress=True),
            client.invoke("note", 5, sequence=3, flags=Flags.ONEWAY),
            client.batch(("give", (1,), {}), ("secret", (), {}), sequence=4),
            client.invoke("__getattr__", "level", sequence=5),
            client.invoke("hidden", sequence=6),
            client.invoke("context", sequence=7, annotations={"AAAA": b"a", "BBBB": b"bb"}),
            client.bytes_of(MessageType.PING, b"ping", serializer_id=42),
            client.invoke("annotate", "z" * 20, sequence=8),
            client.bytes_of(MessageType.RESULT, b"", sequence=9),
            client.invoke("echo", "never", sequence=10),
        ]
    )


def new_client(serializer: str, **settings: Any) -> tuple[Conversation, Thing]:
    thing = Thing()
    return Conversation(MemoryDaemon({"thing": thing}, **settings), serializer, scratch=700), thing


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in itertools.pairwise(edges) if a < b]


def comparable(data: bytes) -> list[Any]:
    """Answers without what differs from run to run: the order of sets, and addresses in tracebacks."""
    return [
        (
            m.type,
            m.serializer_id,
            m.flags,
            m.sequence,
            m.correlation_id,
            list(m.annotations),
            sorted(m.payload),
        )
        for m in messages_in(data)
    ]


class TestRecordedExchange:
    def test_gives_the_bytes_of_a_real_daemon(self) -> None:
        """Recorded from real Pyro5 with msgpack; only its made-up correlation ids are left out here."""
        client = Conversation(MemoryDaemon({"calc": Calculator()}), "msgpack")
        tail = "00" * 16 + "00004dc5"
        connect = bytes.fromhex(
            f"5059524f01f601040000 0000 0000001d 00000000 {tail}"
            "82a968616e647368616b65a568656c6c6fa66f626a656374a463616c63"
        )
        accepted = bytes.fromhex(
            f"5059524f01f602040000 0000 00000033 00000000 {tail}"
            "82a968616e647368616b65a568656c6c6fa46d65746183"
            "a76d6574686f647391a3616464a66f6e6577617990a5617474727390"
        )
        invoke = bytes.fromhex(
            f"5059524f01f604040000 0001 0000000e 00000000 {tail} 94a463616c63a361646492020380"
        )
        result = bytes.fromhex(f"5059524f01f605040000 0001 00000001 00000000 {tail} 05")
        assert client.send(connect) == accepted
        assert client.send(invoke) == result

    def test_with_the_correlation_id_that_it_had(self) -> None:
        client = Conversation(MemoryDaemon({"calc": Calculator()}), "msgpack").greet("calc")
        corr = bytes.fromhex("ce7095e532eb4f54ba87ea334e844feb")
        request = client.invoke("add", 2, 3, object_id="calc", correlation_id=corr)
        assert client.send(request) == bytes.fromhex(
            "5059524f01f605040040000100000001 00000000 ce7095e532eb4f54ba87ea334e844feb 00004dc5 05"
        )


class TestSplits:
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_in_two_pieces_anywhere(self, serializer: str) -> None:
        client, _ = new_client(serializer)
        data = whole_conversation(client)
        expected = comparable(client.send(data))
        assert len(expected) == 10
        for cut in range(1, len(data), 3):
            client, thing = new_client(serializer)
            assert comparable(client.send(data[:cut], data[cut:])) == expected
            assert "never" not in str(thing.reached)

    @given(serializers, st.lists(st.integers(0, 5000), max_size=40))
    def test_in_any_pieces(self, serializer: str, cuts: list[int]) -> None:
        client, _ = new_client(serializer)
        data = whole_conversation(client)
        expected = comparable(client.send(data))
        client, thing = new_client(serializer)
        assert comparable(client.send(*split(data, cuts))) == expected
        assert client.run_spawned() == 1
        assert ("note", 5) in thing.reached

    def test_byte_by_byte(self) -> None:
        client, _ = new_client("serpent")
        data = whole_conversation(client)
        expected = comparable(client.send(data))
        client, _ = new_client("serpent")
        assert comparable(client.send(*[data[i : i + 1] for i in range(len(data))])) == expected


class TestStrangers:
    @given(st.lists(st.binary(min_size=1, max_size=200), max_size=4), st.booleans())
    def test_arbitrary_bytes(self, pieces: list[bytes], greeted: bool) -> None:
        client, thing = new_client("serpent")
        if greeted:
            client.greet()
        assert isinstance(client.send(*pieces), bytes)
        assert thing.reached == []
        client.session.lost("the test is over")

    @given(
        st.integers(0, 7),
        serializers,
        st.integers(0, 0xFFFF),
        st.binary(max_size=200),
        st.binary(max_size=60),
    )
    def test_sound_headers_and_anything_behind_them(
        self, kind: int, serializer: str, flags: int, payload: bytes, chunks: bytes
    ) -> None:
        for greeted in (False, True):
            client, thing = new_client(serializer)
            if greeted:
                client.greet()
            header = wire._HEADER.pack(
                *(wire.PREFIX, kind, client.serializer_id, flags, 3, len(payload), len(chunks)),
                *(bytes(16), 0, wire.MAGIC),
            )
            messages_in(client.send(header + chunks + payload))
            client.run_spawned()
            assert thing.reached == []
            client.session.lost("the test is over")

    @given(
        serializers,
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
        st.lists(st.integers(0, 5000), max_size=3),
    )
    def test_conversations_with_wrong_bytes(
        self, serializer: str, changes: list[tuple[int, int]], cuts: list[int]
    ) -> None:
        client, thing = new_client(serializer, MAX_MESSAGE_SIZE=100_000)
        data = bytearray(whole_conversation(client))
        for place, value in changes:
            data[place % len(data)] = value
        messages_in(client.send(*split(bytes(data), cuts)))
        client.run_spawned()
        for reached in thing.reached:
            assert reached in ALLOWED or reached[0] == "note" or reached.startswith("fail"), reached
        client.session.lost("the test is over")

    @given(
        serializers,
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers(-5, 5)
            | st.sampled_from(["thing", "secret", "echo", "hidden"]),
            lambda inner: (
                st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2)
            ),
        ),
        st.integers(0, 63),
    )
    def test_requests_of_any_shape(self, serializer: str, said: Any, flags: int) -> None:
        """Values that can be read, and are no calls."""
        client, thing = new_client(serializer)
        hello = client.connect(said)
        messages_in(client.send(hello))
        client, thing = new_client(serializer)
        client.greet()
        payload = client.codec.dumps(said)
        messages_in(
            client.send(client.bytes_of(MessageType.INVOKE, payload, flags=flags & ~Flags.COMPRESSED))
        )
        client.run_spawned()
        assert set(thing.reached) <= {"echo"}
        assert not client.session.closing

    @given(
        serializers,
        st.sampled_from(["thing", "Pyro.Daemon", "other"]),
        st.text(max_size=12)
        | st.sampled_from(
            [name for name in dir(Thing) if name not in ("echo", "give", "fail", "note", "count")]
        ),
        st.lists(
            st.none() | st.integers() | st.text(max_size=5) | st.sampled_from(["hidden", "level"]), max_size=3
        ),
        st.sampled_from([0, 0, Flags.ONEWAY, Flags.KEEP_SERIALIZED]),
    )
    def test_any_name_and_any_arguments(
        self, serializer: str, object_id: str, method: str, args: list[Any], flags: int
    ) -> None:
        client, thing = new_client(serializer)
        client.greet()
        try:
            request = client.invoke(method, *args, object_id=object_id, flags=flags)
        except Exception:  # a text or number that this format cannot carry
            return
        messages_in(client.send(request))
        client.run_spawned()
        assert set(thing.reached) <= ALLOWED
        assert not client.session.closing
