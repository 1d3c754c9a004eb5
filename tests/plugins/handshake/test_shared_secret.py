"""Who knows the secret is let in, and nobody else; the secret stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_handshake import SharedSecret

from pyroplug.challenges import CHALLENGE_ANNOTATION, pack_challenges, unpack_challenges
from pyroplug.client import ClientProtocol
from pyroplug.contracts import NO_PEER, Buffer, Hello
from pyroplug.errors import ConfigError, HandshakeError, PyroError, SecurityError
from pyroplug.greeting import Greeting
from pyroplug.wire import Message, MessageType
from tests.conversation import SERIALIZERS, Conversation, MemoryDaemon, codec_of, messages_in
from tests.served import Thing

SECRET = "correct horse battery staple"
NAME = "shared-secret"


def settings(secret: Any = SECRET, plain: bool = False) -> Any:
    return SimpleNamespace(HANDSHAKE_SECRET=secret, HANDSHAKE_PLAIN_TOKEN=plain)


def hello(data: Any = "hello", object_id: str = "thing") -> Hello:
    return Hello(NO_PEER, object_id, data, {})


def challenge(object_id: str = "thing", secret: str = SECRET) -> Any:
    return SharedSecret().open(settings(secret)).validate(hello(object_id=object_id))


def responder(secret: str = SECRET) -> Any:
    return SharedSecret().responder(settings(secret))


class TestTheProof:
    @given(st.text(min_size=16, max_size=80), st.text(max_size=50))
    def test_of_either_side_convinces_the_other(self, secret: str, object_id: str) -> None:
        asked, answering = challenge(object_id, secret), responder(secret)
        answering.conclude(asked.verify(answering.respond(asked.question, object_id)))

    @given(st.data())
    def test_of_another_secret_does_not(self, data: st.DataObject) -> None:
        one = data.draw(st.text(min_size=16, max_size=40))
        other = data.draw(st.text(min_size=16, max_size=40).filter(lambda text: text != one))
        asked = challenge(secret=one)
        with pytest.raises(SecurityError, match="wrong"):
            asked.verify(responder(other).respond(asked.question, "thing"))

    def test_is_for_one_object(self) -> None:
        asked = challenge("thing")
        with pytest.raises(SecurityError, match="wrong"):
            asked.verify(responder().respond(asked.question, "other"))

    def test_is_taken_once(self) -> None:
        asked = challenge()
        response = responder().respond(asked.question, "thing")
        asked.verify(response)
        with pytest.raises(SecurityError, match="wrong"):
            asked.verify(response)

    def test_is_not_what_the_other_side_said(self) -> None:
        """Neither side is content with its own words."""
        asked, answering = challenge(), responder()
        response = answering.respond(asked.question, "thing")
        proof = asked.verify(response)
        for wrong in (response[32:], response, b"", None, proof[:31], proof + b"\0"):
            with pytest.raises(SecurityError, match="does not prove"):
                answering.conclude(wrong)
        again = challenge()
        with pytest.raises(SecurityError, match="wrong"):
            again.verify(response[:32] + proof)

    def test_is_owed_to_who_has_responded(self) -> None:
        with pytest.raises(SecurityError, match="does not prove"):
            responder().conclude(b"")

    def test_does_not_tell_the_secret(self) -> None:
        asked, answering = challenge(), responder()
        response = answering.respond(asked.question, "thing")
        for said in (asked.question, response, asked.verify(response), asked.reason.encode()):
            assert SECRET.encode() not in bytes(said)
        for thing in (asked, answering, SharedSecret().open(settings())):
            assert SECRET not in repr(thing)


class TestTheSecret:
    @pytest.mark.parametrize("secret", [None, ""])
    def test_is_needed_by_a_daemon(self, secret: Any) -> None:
        with pytest.raises(ConfigError, match="needs a secret") as caught:
            SharedSecret().open(settings(secret))
        assert "token_urlsafe" in str(caught.value.hint)
        assert SharedSecret().responder(settings(secret)) is None

    def test_is_not_short(self) -> None:
        for use in (SharedSecret().open, SharedSecret().responder):
            with pytest.raises(ConfigError, match="fewer than 16") as caught:
                use(settings("fifteen letters"))
            assert "fifteen" not in str(caught.value)


class TestAPlainToken:
    @pytest.mark.parametrize("data", [SECRET, {"token": SECRET}, {"token": SECRET, "user": "ann"}])
    def test_is_as_good_where_it_is_allowed(self, data: Any) -> None:
        assert SharedSecret().open(settings(plain=True)).validate(hello(data)) is None
        assert SharedSecret().open(settings(plain=False)).validate(hello(data)) is not None

    @pytest.mark.parametrize(
        "data",
        [
            *(None, "", "hello", SECRET + " ", SECRET[:-1], SECRET.encode(), [SECRET], 5, "\ud800"),
            *({}, {"token": None}, {"token": [SECRET]}, {"Token": SECRET}, {"token": {"token": SECRET}}),
        ],
    )
    def test_is_the_whole_secret(self, data: Any) -> None:
        asked = SharedSecret().open(settings(plain=True)).validate(hello(data))
        assert asked is not None
        assert "_pyroHandshake" in asked.reason

    def test_is_not_asked_for_where_it_is_not_allowed(self) -> None:
        assert "_pyroHandshake" not in challenge().reason

    def test_of_any_characters(self) -> None:
        secret = "ключ \N{KEY} \ud800 and more text"
        assert SharedSecret().open(settings(secret, plain=True)).validate(hello(secret)) is None


# In a conversation


class Wire:
    """Carries a client's requests to a daemon, and remembers them."""

    def __init__(self, daemon: MemoryDaemon, serializer: str) -> None:
        self.conversation = Conversation(daemon, serializer)
        self.sent: list[bytes] = []
        self.received = b""

    def exchange(self, request: Sequence[Buffer]) -> Message:
        self.sent.append(b"".join(request))
        answer = self.conversation.send(self.sent[-1])
        self.received += answer
        [message] = messages_in(answer)
        return message


@pytest.fixture
def daemon() -> MemoryDaemon:
    return MemoryDaemon({"thing": Thing()}, handshake=[NAME], HANDSHAKE_SECRET=SECRET)


def greet(
    wire: Wire, serializer: str = "serpent", secret: str | None = SECRET, handshake: Any = "hello"
) -> Any:
    protocol = ClientProtocol(
        codec_of(serializer), wire.conversation.serializer_id, limit=1 << 20, compress=False
    )
    responders = {} if secret is None else {NAME: responder(secret)}
    return Greeting(protocol, wire.exchange, responders).greet("thing", handshake, 7)


@pytest.mark.parametrize("serializer", SERIALIZERS)
class TestAConversation:
    def test_with_the_secret(self, daemon: MemoryDaemon, serializer: str) -> None:
        wire = Wire(daemon, serializer)
        said = greet(wire, serializer)
        assert said["handshake"] == "hello"
        assert "echo" in said["meta"]["methods"]
        assert wire.conversation.call("give", 5) == 5
        assert len(wire.sent) == 2
        assert SECRET.encode() not in b"".join(wire.sent) + wire.received

    @pytest.mark.parametrize(
        ("secret", "reason"),
        [
            ("another secret of this kind!", "the response to the challenge is wrong"),
            ("a much longer secret than the right one is", "the response to the challenge is wrong"),
            (None, "lets in only clients that know its secret"),
        ],
    )
    def test_without(self, daemon: MemoryDaemon, serializer: str, secret: str | None, reason: str) -> None:
        wire = Wire(daemon, serializer)
        with pytest.raises(HandshakeError, match=reason):
            greet(wire, serializer, secret)
        assert wire.conversation.session.closing
        assert not wire.conversation.session.accepted

    def test_that_was_recorded(self, daemon: MemoryDaemon, serializer: str) -> None:
        wire = Wire(daemon, serializer)
        greet(wire, serializer)
        again = Conversation(daemon, serializer)
        first, second = (again.ask(piece) for piece in wire.sent)
        assert first is not None
        assert first.type == MessageType.CONNECTFAIL
        assert second is not None
        assert second.type == MessageType.CONNECTFAIL
        assert "wrong" in again.text_of(second)
        assert again.session.closing

    def test_whose_answer_goes_to_another_connection(self, daemon: MemoryDaemon, serializer: str) -> None:
        one, other = Wire(daemon, serializer), Conversation(daemon, serializer)
        able = {CHALLENGE_ANNOTATION: pack_challenges({NAME: b""})}
        assert other.ask(other.hello(annotations=able)) is not None
        greet(one, serializer)
        answer = other.ask(one.sent[1])
        assert answer is not None
        assert answer.type == MessageType.CONNECTFAIL

    def test_with_a_token_instead(self, serializer: str) -> None:
        daemon = MemoryDaemon(
            {"thing": Thing()}, handshake=[NAME], HANDSHAKE_SECRET=SECRET, HANDSHAKE_PLAIN_TOKEN=True
        )
        seen: list[Any] = []
        daemon.answer = lambda client, data: seen.append(data)
        for handshake in (SECRET, {"token": SECRET, "user": "ann"}):
            wire = Wire(daemon, serializer)
            greet(wire, serializer, None, handshake)
            assert wire.conversation.call("give", 5) == 5
            assert seen.pop() == handshake
        with pytest.raises(HandshakeError, match="as its _pyroHandshake"):
            greet(Wire(daemon, serializer), serializer, None, "wrong token")
        greet(Wire(daemon, serializer), serializer, SECRET, "wrong token")


class Impostor:
    """A server that knows no secret."""

    def __init__(self, daemon: MemoryDaemon, proof: bytes | None) -> None:
        self.wire = Wire(daemon, "serpent")
        self.proof = proof

    def exchange(self, request: Sequence[Buffer]) -> Message:
        message = self.wire.exchange(request)
        if message.type == MessageType.CONNECTOK:
            assert list(unpack_challenges(message.annotations[CHALLENGE_ANNOTATION])) == [NAME]
            parts = {} if self.proof is None else {NAME: self.proof}
            message.annotations = {CHALLENGE_ANNOTATION: pack_challenges(parts)}
        return message


@pytest.mark.parametrize("proof", [None, b"", b"x" * 32])
def test_a_server_that_does_not_know_the_secret(daemon: MemoryDaemon, proof: bytes | None) -> None:
    impostor = Impostor(daemon, proof)
    protocol = ClientProtocol(codec_of("serpent"), 1, limit=1 << 20, compress=False)
    with pytest.raises(SecurityError, match="does not prove that it knows the secret"):
        Greeting(protocol, impostor.exchange, {NAME: responder()}).greet("thing", "hello", 0)


def test_a_daemon_without_a_secret_is_not_made() -> None:
    with pytest.raises(PyroError, match="HANDSHAKE_SECRET"):
        MemoryDaemon({}, handshake=[NAME])
