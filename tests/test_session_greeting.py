"""The beginning of a conversation: who is accepted, who is not, and what those are told."""

from __future__ import annotations

import gc
import marshal
from typing import Any

import Pyro5.serializers
import pytest

from pyroplug import wire
from pyroplug.context import ClientConnection, current_context
from pyroplug.contracts import Hello
from pyroplug.errors import SecurityError
from pyroplug.marshalled import load_text
from pyroplug.wire import Flags, MessageType

from .conversation import ADDRESS, SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon, messages_in, refusal
from .served import Thing


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def daemon(thing: Thing) -> MemoryDaemon:
    return MemoryDaemon({"thing": thing})


class TestAccepted:
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_with_the_answer_and_the_metadata(self, daemon: MemoryDaemon, serializer: str) -> None:
        client = Conversation(daemon, serializer)
        assert not client.session.accepted
        answer = client.ask(client.hello(sequence=77))
        assert answer is not None
        assert (answer.type, answer.sequence) == (MessageType.CONNECTOK, 77)
        said = client.value_of(answer)
        assert said["handshake"] == "hello"
        assert set(said["meta"]) == {"methods", "oneway", "attrs"}
        assert {"echo", "__len__"} <= set(said["meta"]["methods"])
        assert "secret" not in said["meta"]["methods"]
        assert set(said["meta"]["oneway"]) == {"note"}
        assert set(said["meta"]["attrs"]) == {"level", "fixed", "broken"}
        assert client.session.accepted
        assert not client.session.closing

    def test_leaves_no_garbage(self, daemon: MemoryDaemon) -> None:
        def answer(_conn: ClientConnection, data: Any) -> Any:
            current_context.response_annotations["SRVR"] = b"asks for the context"  # type: ignore[index]
            return data

        daemon.answer = answer
        greeting = Conversation(daemon).hello()
        gc.collect()
        gc.disable()
        try:
            client = Conversation(daemon)
            assert client.ask(greeting) is not None
            assert gc.collect() == 0
        finally:
            gc.enable()

    def test_the_daemon_sees_the_client_and_what_it_said(self, daemon: MemoryDaemon) -> None:
        seen: list[Any] = []

        def answer(conn: ClientConnection, data: Any) -> Any:
            context = current_context
            seen.append((data, conn.peer.address, context.client is conn, context.client_sock_addr))
            seen.append({key: bytes(value) for key, value in context.annotations.items()})
            context.response_annotations["SRVR"] = b"from the validator"  # type: ignore[index]
            return ["welcome", data]

        daemon.answer = answer
        client = Conversation(daemon)
        reply = client.ask(client.hello(handshake={"user": "ann"}, annotations={"TOKN": b"t"}))
        assert reply is not None
        assert client.value_of(reply)["handshake"] == ["welcome", {"user": "ann"}]
        assert seen == [({"user": "ann"}, ADDRESS, True, ADDRESS), {"TOKN": b"t"}]
        assert bytes(reply.annotations["SRVR"]) == b"from the validator"

    def test_the_daemons_annotations_come_along(self, daemon: MemoryDaemon) -> None:
        daemon.annotations = lambda: {"DAEM": b"on"}  # type: ignore[method-assign]
        client = Conversation(daemon)
        answer = client.ask(client.hello())
        assert answer is not None
        assert bytes(answer.annotations["DAEM"]) == b"on"

    @pytest.mark.parametrize("corr", [None, b"0123456789abcdef"])
    def test_the_correlation_id_is_given_back(self, daemon: MemoryDaemon, corr: bytes | None) -> None:
        client = Conversation(daemon)
        answer = client.ask(client.hello(correlation_id=corr))
        assert answer is not None
        assert answer.correlation_id == corr

    def test_without_a_handshake_value(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        answer = client.ask(client.connect({"object": "thing"}))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK

    def test_a_greeting_may_be_as_large_as_is_allowed(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon, "msgpack")
        answer = client.ask(client.hello(handshake="x" * (60 << 10)))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK

    def test_no_greeting_where_both_ends_were_made_by_the_user(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon, greeting=False)
        assert client.session.accepted
        assert client.call("give", 1) == 1
        large = client.call("give", "x" * (100 << 10))
        assert len(large) == 100 << 10


class TestRefused:
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_by_the_daemon_in_the_clients_serializer(self, daemon: MemoryDaemon, serializer: str) -> None:
        def refuse(conn: ClientConnection, data: Any) -> Any:
            raise ValueError("no strangers, please")

        daemon.answer = refuse
        client = Conversation(daemon, serializer)
        answer = client.ask(client.hello(sequence=9))
        assert answer is not None
        assert (answer.type, answer.serializer_id, answer.sequence) == (3, WIRE_IDS[serializer], 9)
        assert client.value_of(answer) == "no strangers, please"
        assert client.session.closing

    @pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit])
    def test_by_any_class_of_exception(self, daemon: MemoryDaemon, kind: type[BaseException]) -> None:
        def refuse(conn: ClientConnection, data: Any) -> Any:
            raise kind("go away")

        daemon.answer = refuse
        client = Conversation(daemon)
        assert refusal(client, client.hello()) == "go away"

    def test_by_a_validator_with_its_reason(self, thing: Thing) -> None:
        seen: list[Hello] = []

        class Guard:
            name = "guard"

            def open(self, settings: Any, /) -> Any:
                return self

            def validate(self, hello: Hello, /) -> None:
                seen.append(hello)
                if hello.data != "password":
                    raise SecurityError("wrong password")

        daemon = MemoryDaemon({"thing": thing}, handshake=[Guard()])
        client = Conversation(daemon)
        assert refusal(client, client.hello(annotations={"TOKN": b"t"})) == "wrong password"
        assert (seen[0].peer.address, seen[0].object_id, seen[0].data) == (ADDRESS, "thing", "hello")
        assert bytes(seen[0].annotations["TOKN"]) == b"t"
        client = Conversation(daemon)
        answer = client.ask(client.hello(handshake="password"))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK

    def test_by_a_validator_that_fails_without_a_word_about_it(self, thing: Thing) -> None:
        class Broken:
            name = "broken"

            def open(self, settings: Any, /) -> Any:
                return self

            def validate(self, hello: Hello, /) -> None:
                raise KeyError("the password file is at /etc/passwords")

        daemon = MemoryDaemon({"thing": thing}, handshake=[Broken()])
        called: list[Any] = []
        daemon.answer = lambda conn, data: called.append(data)
        client = Conversation(daemon)
        assert refusal(client, client.hello()) == "the connection is refused"
        assert called == []

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_for_an_unknown_object(self, daemon: MemoryDaemon, serializer: str) -> None:
        client = Conversation(daemon, serializer)
        assert "unknown object 'other'" in refusal(client, client.hello("other"))

    @pytest.mark.parametrize(
        ("serializer_id", "accepted"), [(2, ("serpent", "json")), (4, ("serpent",)), (99, SERIALIZERS)]
    )
    def test_for_its_serializer(self, thing: Thing, serializer_id: int, accepted: tuple[str, ...]) -> None:
        client = Conversation(MemoryDaemon({"thing": thing}, accepted=accepted))
        raw = client.send(client.bytes_of(1, b"anything", serializer_id=serializer_id))
        [answer] = messages_in(raw)
        assert (answer.type, answer.serializer_id) == (3, wire.TEXT_SERIALIZER_ID)
        text = load_text(answer.payload)
        assert f"serializer {serializer_id} is not accepted" in text
        assert "SERIALIZERS_ACCEPTED" in text
        assert all(name in text for name in accepted)
        # What real Pyro5 makes of it, which then speaks marshal.
        assert Pyro5.serializers.serializers["marshal"].loads(answer.payload) == text
        assert client.session.closing

    def test_marshal_is_never_loaded_where_it_is_not_accepted(
        self, thing: Thing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        client = Conversation(MemoryDaemon({"thing": thing}, accepted=("serpent",)), "marshal")
        hello = client.hello()
        invoke = client.invoke("echo")

        def loads(*args: object, **kwargs: object) -> None:
            raise AssertionError("loaded")

        monkeypatch.setattr(marshal, "loads", loads)
        assert "SERIALIZERS_ACCEPTED" in refusal(client, hello)
        other = Conversation(client.daemon).greet()
        other.send(invoke)
        assert other.session.closing
        assert thing.reached == []

    def test_a_reason_that_no_serializer_can_say(self, daemon: MemoryDaemon) -> None:
        def refuse(conn: ClientConnection, data: Any) -> Any:
            raise ValueError("lone surrogate \ud800")

        daemon.answer = refuse
        for serializer in SERIALIZERS:
            client = Conversation(daemon, serializer)
            assert "lone surrogate" in refusal(client, client.hello())

    @pytest.mark.parametrize("answer", [len, "x" * 100])
    def test_when_the_answer_cannot_be_sent(self, thing: Thing, answer: Any) -> None:
        daemon = MemoryDaemon({"thing": thing}, MAX_MESSAGE_SIZE=500)
        daemon.answer = lambda conn, data: answer if callable(answer) else answer * 10
        client = Conversation(daemon)
        refusal(client, client.hello())
        assert client.send(client.hello()) == b""

    @pytest.mark.parametrize(
        "wrong",
        [
            *(None, 5, "text", [], {}, {"handshake": "hello"}, {"object": None}, {"object": 5}),
            *({"object": ["thing"]}, {"object": {"a": 1}}, [["object", "thing"]], {"object": True}),
        ],
    )
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_for_what_it_said(self, daemon: MemoryDaemon, thing: Thing, serializer: str, wrong: Any) -> None:
        client = Conversation(daemon, serializer)
        text = refusal(client, client.connect(wrong))
        assert "a connect message holds a handshake and an object's name" in text
        assert thing.reached == []

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    @pytest.mark.parametrize("payload", [b"", b"\0", b"\xff\xff\xff", b"{", b"__import__('os')"])
    def test_for_a_payload_that_cannot_be_read(
        self, daemon: MemoryDaemon, serializer: str, payload: bytes
    ) -> None:
        client = Conversation(daemon, serializer)
        assert refusal(client, client.bytes_of(MessageType.CONNECT, payload))

    def test_leaves_no_context(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        refusal(client, client.hello("other"))
        assert current_context.client is None
        assert current_context.seq == 0

    def test_by_the_server_itself(self, daemon: MemoryDaemon) -> None:
        session = Conversation(daemon).session
        [answer] = messages_in(b"".join(session.refuse("the server is full: try später")))
        assert (answer.type, answer.serializer_id, answer.sequence) == (3, 2, 0)
        assert load_text(answer.payload) == "the server is full: try später"
        assert session.closing


class TestOutOfOrder:
    def test_a_call_before_the_greeting(self, daemon: MemoryDaemon, thing: Thing) -> None:
        client = Conversation(daemon)
        text = refusal(client, client.invoke("echo"))
        assert text == "invalid msg type 4 received (expected: 1)"
        assert thing.reached == []

    @pytest.mark.parametrize("kind", [0, 2, 3, 5, 6, 7, 255])
    def test_anything_else_before_the_greeting(self, daemon: MemoryDaemon, kind: int) -> None:
        client = Conversation(daemon)
        raw = client.send(client.bytes_of(kind, b"ping"))
        [answer] = messages_in(raw)
        assert (answer.type, answer.serializer_id, answer.sequence) == (3, 2, 0)
        assert client.text_of(answer) == f"invalid msg type {kind} received (expected: 1)"
        assert client.session.closing

    @pytest.mark.parametrize("kind", [0, 1, 2, 3, 5, 7, 255])
    def test_anything_but_calls_and_pings_after_it(self, daemon: MemoryDaemon, kind: int) -> None:
        client = Conversation(daemon).greet()
        answer = client.ask(client.hello() if kind == 1 else client.bytes_of(kind, b"", sequence=5))
        assert answer is not None
        assert (answer.type, answer.flags & Flags.EXCEPTION) == (MessageType.RESULT, Flags.EXCEPTION)
        error = client.value_of(answer)
        assert type(error).__name__ == "ProtocolError"
        assert str(error) == f"invalid msg type {kind} received (expected: 4)"
        assert client.session.closing

    def test_a_ping_after_it(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon).greet()
        ping = bytes.fromhex("5059524f01f6062a0000000000000004" + "00" * 22 + "4dc570696e67")
        pong = bytes.fromhex("5059524f01f6062a0000000000000004" + "00" * 22 + "4dc5706f6e67")
        assert client.send(ping) == pong
        assert client.call("give", 1) == 1

    @pytest.mark.parametrize("greeting", [True, False])
    def test_nothing_is_run_after_the_end(self, daemon: MemoryDaemon, thing: Thing, greeting: bool) -> None:
        """Not even what was received with the message that ended the conversation."""
        client = Conversation(daemon).greet() if greeting else Conversation(daemon)
        wrong = client.bytes_of(MessageType.RESULT, b"")
        rest = client.hello() + client.invoke("echo") + client.invoke("note", 1, flags=Flags.ONEWAY)
        [answer] = messages_in(client.send(wrong + rest))
        assert answer.type == (MessageType.RESULT if greeting else MessageType.CONNECTFAIL)
        assert client.spawned == []
        assert thing.reached == []

    def test_a_greeting_and_calls_in_one_piece(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon)
        raw = client.send(client.hello() + client.invoke("give", 1) + client.invoke("give", 2, sequence=2))
        assert [(m.type, m.sequence) for m in messages_in(raw)] == [(2, 0), (5, 1), (5, 2)]
