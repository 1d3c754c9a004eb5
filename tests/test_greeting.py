"""The client's half of the handshake: whom it answers, and which server it refuses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pytest

from pyroplug.challenges import CHALLENGE_ANNOTATION, pack_challenges, unpack_challenges
from pyroplug.client import ClientProtocol
from pyroplug.config import Configuration
from pyroplug.context import current_context
from pyroplug.contracts import Buffer
from pyroplug.errors import ConfigError, HandshakeError, PluginUnavailableError, ProtocolError, SecurityError
from pyroplug.greeting import Greeting
from pyroplug.plugins import PluginSet
from pyroplug.selection import select_for_proxy
from pyroplug.values import registry
from pyroplug.wire import Message, MessageType

from .conversation import SERIALIZERS, WIRE_IDS, codec_of, messages_in, settings_with
from .fabricate import FakeSerializer, offering, set_of


class Plain(FakeSerializer):
    def codec(self, settings: Any, classes: Any, /) -> Any:
        return codec_of("json")


def responders_of(plugins: PluginSet, settings: Configuration) -> Mapping[str, Any]:
    return select_for_proxy(plugins, Plain.name, settings, registry).responders(settings)


class Answering:
    """A responder that remembers what it hears."""

    def __init__(self, refusal: str | None = None) -> None:
        self.refusal = refusal
        self.heard: list[Any] = []

    def respond(self, question: Buffer, object_id: str, /) -> Buffer:
        self.heard.append((bytes(question), object_id))
        return b"answer to " + bytes(question)

    def conclude(self, proof: Buffer | None, /) -> None:
        self.heard.append(proof)
        if self.refusal:
            raise SecurityError(self.refusal)


class Server:
    """Gives one answer after the other, whatever it is told."""

    def __init__(self, *answers: tuple[int, dict[str, Any]], serializer: str = "serpent") -> None:
        self.codec = codec_of(serializer)
        self.serializer_id = WIRE_IDS[serializer]
        self.answers = list(answers)
        self.said: list[Message] = []

    def exchange(self, request: Sequence[Buffer]) -> Message:
        self.said += messages_in(b"".join(request))
        kind, annotations = self.answers.pop(0)
        meta = {"methods": ["echo"], "oneway": [], "attrs": []}
        said = "no" if kind == MessageType.CONNECTFAIL else {"handshake": "hello", "meta": meta}
        payload = bytes(self.codec.dumps(said))
        return Message(kind, self.serializer_id, 0, 5, payload, annotations)

    def greet(self, responders: Any = MappingProxyType({}), required: Any = ()) -> Any:
        protocol = ClientProtocol(self.codec, self.serializer_id, limit=1 << 20, compress=False)
        return Greeting(protocol, self.exchange, responders, required).greet("thing", "hello", 5)

    def parts(self, index: int) -> dict[str, bytes]:
        return unpack_challenges(self.said[index].annotations[CHALLENGE_ANNOTATION])


def carrying(**parts: bytes) -> dict[str, Any]:
    return {CHALLENGE_ANNOTATION: pack_challenges(dict(parts))}


ACCEPTING = (int(MessageType.CONNECTOK), dict[str, Any]())
REFUSING = (int(MessageType.CONNECTFAIL), dict[str, Any]())


def asking(**parts: bytes) -> tuple[int, dict[str, Any]]:
    return int(MessageType.CONNECTFAIL), carrying(**parts)


def proving(**parts: bytes) -> tuple[int, dict[str, Any]]:
    return int(MessageType.CONNECTOK), carrying(**parts)


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_challenge_is_answered(serializer: str) -> None:
    one, two = Answering(), Answering()
    server = Server(asking(two=b"2?", one=b"1?"), proving(one=b"1!"), serializer=serializer)
    said = server.greet({"one": one, "two": two, "three": Answering()})
    assert said["handshake"] == "hello"
    hello, response = server.said
    assert server.parts(0) == {"one": b"", "two": b"", "three": b""}
    assert (response.type, response.sequence, response.payload) == (MessageType.CONNECT, hello.sequence, b"")
    assert server.parts(1) == {"two": b"answer to 2?", "one": b"answer to 1?"}
    assert one.heard == [(b"1?", "thing"), b"1!"]
    assert two.heard == [(b"2?", "thing"), None]


def test_the_proof_is_nobody_elses_business() -> None:
    more = {**carrying(one=b"1!"), "MORE": b"m"}
    server = Server(asking(one=b"1?"), (int(MessageType.CONNECTOK), more))
    server.greet({"one": Answering()})
    assert current_context.response_annotations == {"MORE": b"m"}
    current_context.response_annotations = {}


def test_without_anything_to_answer_with() -> None:
    """It is the greeting of Pyro5, to the byte; what a server's annotation of that name says is its own."""
    server = Server((int(MessageType.CONNECTOK), {CHALLENGE_ANNOTATION: b"its own"}))
    server.greet()
    assert server.said[0].annotations == {}
    assert bytes(current_context.response_annotations[CHALLENGE_ANNOTATION]) == b"its own"
    current_context.response_annotations = {}
    for answer in (REFUSING, asking(one=b"1?")):
        with pytest.raises(HandshakeError, match="no"):
            Server(answer).greet()


def test_a_server_that_asks_nothing() -> None:
    """Real Pyro5 does not, and is as welcome as ever."""
    answering = Answering()
    server = Server(ACCEPTING)
    server.greet({"one": answering})
    assert answering.heard == []
    with pytest.raises(HandshakeError, match="no"):
        Server(REFUSING).greet({"one": answering})


def test_a_second_question_is_a_refusal() -> None:
    answering = Answering()
    server = Server(asking(one=b"1?"), asking(one=b"2?"))
    with pytest.raises(HandshakeError, match="no"):
        server.greet({"one": answering})
    assert answering.heard == [(b"1?", "thing")]


def test_only_what_was_offered_is_answered() -> None:
    answering = Answering()
    server = Server(asking(one=b"1?", other=b"2?"), ACCEPTING)
    with pytest.raises(HandshakeError, match="'other'"):
        server.greet({"one": answering})
    assert answering.heard == []
    assert len(server.said) == 1


@pytest.mark.parametrize("malformed", [b"\x03", b"\x03\0\x01one", carrying(one=b"1")["CHLG"] * 2])
def test_what_cannot_be_read(malformed: bytes) -> None:
    for answers in (
        [(int(MessageType.CONNECTFAIL), {CHALLENGE_ANNOTATION: malformed})],
        [asking(one=b"1?"), (int(MessageType.CONNECTOK), {CHALLENGE_ANNOTATION: malformed})],
    ):
        with pytest.raises(ProtocolError, match="malformed"):
            Server(*answers).greet({"one": Answering()})


class TestAServerThatIsToProveItself:
    @pytest.mark.parametrize(
        "answers",
        [
            [ACCEPTING],
            [proving(one=b"unasked")],
            [asking(one=b"1?"), ACCEPTING],
            [asking(two=b"2?"), proving(two=b"2!")],
            [asking(two=b"2?"), proving(one=b"1!")],
        ],
    )
    def test_and_does_not(self, answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        def accepted(self: Any, message: Message) -> Any:
            raise AssertionError("its answer was read")

        monkeypatch.setattr(ClientProtocol, "accepted", accepted)
        with pytest.raises(SecurityError, match="no proof"):
            Server(*answers).greet({"one": Answering(), "two": Answering()}, ["one"])

    def test_and_does(self) -> None:
        server = Server(asking(one=b"1?"), proving(one=b"1!"))
        assert server.greet({"one": Answering()}, ["one"])

    def test_wrongly(self) -> None:
        server = Server(asking(one=b"1?"), proving(one=b"1!"))
        with pytest.raises(SecurityError, match="not yours"):
            server.greet({"one": Answering("not yours")}, ["one"])

    def test_and_refuses(self) -> None:
        with pytest.raises(HandshakeError, match="no"):
            Server(REFUSING).greet({"one": Answering()}, ["one"])


class Validator:
    """Answers challenges if it is told to."""

    def __init__(self, name: str, responder: Any) -> None:
        self.name = name
        self.made = responder

    def open(self, settings: Any, /) -> Any:
        raise AssertionError("a client opens no gate")

    def responder(self, settings: Any, /) -> Any:
        return self.made


class Mute:
    name = "mute"

    def open(self, settings: Any, /) -> Any:
        raise AssertionError("a client opens no gate")


class TestTheChoice:
    one, two = Answering(), Answering()

    @pytest.fixture
    def plugins(self) -> PluginSet:
        validators = [Validator("one", self.one), Validator("two", self.two), Validator("none", None), Mute()]
        return set_of(x=offering(handshake_validator=validators, serializer=[Plain()]))

    @pytest.mark.parametrize(
        ("answered", "required", "expected"),
        [
            ((), (), []),
            (("one",), (), ["one"]),
            (("two", "none", "mute", "one"), (), ["two", "one"]),
            ((), ("one",), ["one"]),
            (("one",), ("two",), ["two", "one"]),
        ],
    )
    def test_is_the_configurations(
        self, plugins: PluginSet, answered: Any, required: Any, expected: list[str]
    ) -> None:
        settings = settings_with(HANDSHAKE_RESPONDERS=answered, HANDSHAKE_PROOFS=required)
        assert list(responders_of(plugins, settings)) == expected

    def test_of_what_is_not_there(self, plugins: PluginSet) -> None:
        assert responders_of(plugins, settings_with()) == {}  # the default, which nobody wrote down
        for settings in (
            settings_with(HANDSHAKE_RESPONDERS=("nobody",)),
            settings_with(HANDSHAKE_PROOFS=("shared-secret",)),
        ):
            with pytest.raises(PluginUnavailableError):
                responders_of(plugins, settings)

    @pytest.mark.parametrize("name", ["none", "mute"])
    def test_of_a_proof_that_cannot_be_checked(self, plugins: PluginSet, name: str) -> None:
        with pytest.raises(ConfigError, match="HANDSHAKE_PROOFS"):
            responders_of(plugins, settings_with(HANDSHAKE_PROOFS=(name,)))
