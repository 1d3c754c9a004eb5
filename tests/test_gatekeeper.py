"""The rules of the handshake on the server: who judges, in which order, and what a stranger can do."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pyroplug.challenges import CHALLENGE_ANNOTATION, pack_challenges, unpack_challenges
from pyroplug.context import ClientConnection, current_context
from pyroplug.contracts import Hello
from pyroplug.errors import ConfigError, PluginError, SecurityError
from pyroplug.wire import Flags, Message, MessageType

from .conversation import SERIALIZERS, Conversation, MemoryDaemon
from .served import Thing

Validate = Callable[[Hello], Any]


class Guard:
    """A validator that judges as it is told to."""

    def __init__(self, name: str, validate: Validate = lambda hello: None) -> None:
        self.name = name
        self.validate = validate

    def open(self, settings: Any, /) -> Any:
        return self


class Riddle:
    """A challenge whose answer is known."""

    def __init__(self, answer: bytes = b"42", proof: Any = None) -> None:
        self.question: Any = b"what is it?"
        self.reason: Any = "there is a riddle to solve"
        self.answer = answer
        self.proof = proof
        self.heard: list[bytes] = []

    def verify(self, response: Any, /) -> Any:
        self.heard.append(bytes(response))
        if response != self.answer:
            raise SecurityError("that is not it")
        return self.proof


@pytest.fixture
def thing() -> Thing:
    return Thing()


def conversation(thing: Thing, *guards: Any, serializer: str = "serpent", **settings: Any) -> Conversation:
    return Conversation(MemoryDaemon({"thing": thing}, handshake=guards, **settings), serializer)


def able(*names: str) -> Mapping[str, bytes]:
    return {CHALLENGE_ANNOTATION: pack_challenges(dict.fromkeys(names, b""))}


def response(client: Conversation, **parts: bytes) -> bytes:
    return client.bytes_of(
        MessageType.CONNECT, b"", annotations={CHALLENGE_ANNOTATION: pack_challenges(dict(parts))}
    )


def answered(client: Conversation, *pieces: bytes) -> Message:
    message = client.ask(*pieces)
    assert message is not None
    return message


def refusal(client: Conversation, *pieces: bytes) -> str:
    message = answered(client, *pieces)
    assert message.type == MessageType.CONNECTFAIL
    assert CHALLENGE_ANNOTATION not in message.annotations
    assert client.session.closing
    assert not client.session.accepted
    return client.text_of(message)


def challenged(client: Conversation, *names: str) -> dict[str, bytes]:
    """What a client that can answer is asked."""
    message = answered(client, client.hello(annotations=able(*names)))
    assert message.type == MessageType.CONNECTFAIL
    assert not client.session.closing
    assert not client.session.accepted
    return unpack_challenges(message.annotations[CHALLENGE_ANNOTATION])


class TestValidators:
    def test_are_asked_in_order_until_one_refuses(self, thing: Thing) -> None:
        asked: list[str] = []

        def noting(name: str, reason: str = "") -> Guard:
            def validate(hello: Hello) -> None:
                asked.append(name)
                if reason:
                    raise SecurityError(reason)

            return Guard(name, validate)

        guards = [noting("one"), noting("two", "no"), noting("three", "never")]
        client = conversation(thing, *guards)
        assert refusal(client, client.hello()) == "no"
        assert asked == ["one", "two"]
        asked.clear()
        conversation(thing, guards[0], noting("four")).greet()
        assert asked == ["one", "four"]

    def test_come_before_the_daemons_own_word(self, thing: Thing) -> None:
        asked: list[str] = []
        client = conversation(thing, Guard("one", lambda hello: asked.append("guard")))
        client.daemon.answer = lambda conn, data: asked.append("daemon")
        client.greet()
        assert asked == ["guard", "daemon"]

    def test_come_before_what_there_is(self, thing: Thing) -> None:
        def refuse(hello: Hello) -> None:
            raise SecurityError(f"not for {hello.object_id}")

        client = conversation(thing, Guard("one", refuse))
        assert refusal(client, client.hello("no such thing")) == "not for no such thing"

    @pytest.mark.parametrize(
        "error", [KeyError, SystemExit, KeyboardInterrupt, GeneratorExit, RecursionError]
    )
    def test_that_fail_refuse_and_say_nothing(
        self, thing: Thing, error: type[BaseException], caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(hello: Hello) -> None:
            raise error("the password is swordfish")

        client = conversation(thing, Guard("faulty", fail))
        assert refusal(client, client.hello()) == "the connection is refused"
        [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert "'faulty'" in record.getMessage()
        assert "swordfish" in caplog.text

    @pytest.mark.parametrize("nonsense", [True, False, 0, "", b"", {}, [], object(), "welcome", Hello])
    def test_that_return_nonsense_refuse(self, thing: Thing, nonsense: Any) -> None:
        for said in ({}, able("odd")):
            client = conversation(thing, Guard("odd", lambda hello: nonsense))
            assert refusal(client, client.hello(annotations=said)) == "the connection is refused"

    def test_see_the_client_in_the_context(self, thing: Thing) -> None:
        seen: list[Any] = []
        client = conversation(thing, Guard("one", lambda hello: seen.append(current_context.client)))
        client.greet()
        assert seen == [client.session.client]

    def test_that_are_none_stop_the_daemon(self, thing: Thing) -> None:
        for wrong, why in (
            (Guard, "is a class"),
            (object(), "has no 'name'"),
            (type("Closed", (), {"name": "closed"})(), "has no 'open'"),
            (type("Empty", (Guard,), {"open": lambda self, settings: None})("empty"), "cannot validate"),
        ):
            with pytest.raises(PluginError, match=why):
                conversation(thing, wrong)
        with pytest.raises(ConfigError, match="'one' is listed twice"):
            conversation(thing, Guard("one"), Guard("one"))

    def test_may_be_a_single_name(self, thing: Thing) -> None:
        daemon = MemoryDaemon({"thing": thing}, handshake="allow-networks")
        client = Conversation(daemon)
        assert "192.0.2.7" in refusal(client, client.hello())


class TestAChallenge:
    def test_is_passed(self, thing: Thing) -> None:
        riddle = Riddle(proof=b"indeed")
        client = conversation(thing, Guard("first"), Guard("riddle", lambda hello: riddle))
        assert challenged(client, "riddle", "more") == {"riddle": b"what is it?"}
        message = answered(client, response(client, riddle=b"42"))
        assert message.type == MessageType.CONNECTOK
        assert unpack_challenges(message.annotations[CHALLENGE_ANNOTATION]) == {"riddle": b"indeed"}
        assert client.call("give", 1) == 1

    def test_may_give_no_proof(self, thing: Thing) -> None:
        client = conversation(thing, Guard("riddle", lambda hello: Riddle()))
        challenged(client, "riddle")
        message = answered(client, response(client, riddle=b"42"))
        assert message.type == MessageType.CONNECTOK
        assert CHALLENGE_ANNOTATION not in message.annotations

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_refuses_who_cannot_answer(self, thing: Thing, serializer: str) -> None:
        for said in (
            {},
            able(),
            able("other"),
            {CHALLENGE_ANNOTATION: b"an annotation of its own"},
            {CHALLENGE_ANNOTATION: b"\x06\0\0ridd"},
        ):
            client = conversation(thing, Guard("riddle", lambda hello: Riddle()), serializer=serializer)
            assert refusal(client, client.hello(annotations=said)) == "there is a riddle to solve"
        client = conversation(thing, serializer=serializer)
        own = {CHALLENGE_ANNOTATION: b"an annotation of its own"}
        assert answered(client, client.hello(annotations=own)).type == MessageType.CONNECTOK

    def test_may_be_one_of_several(self, thing: Thing) -> None:
        one, two = Riddle(b"1", b"one"), Riddle(b"2", b"two")
        guards = [Guard("one", lambda hello: one), Guard("free"), Guard("two", lambda hello: two)]
        client = conversation(thing, *guards)
        assert list(challenged(client, "two", "one")) == ["one", "two"]
        message = answered(client, response(client, two=b"2", one=b"1"))
        proofs = unpack_challenges(message.annotations[CHALLENGE_ANNOTATION])
        assert proofs == {"one": b"one", "two": b"two"}
        for wrong in ({"one": b"1"}, {"one": b"1", "two": b"1"}, {"two": b"2", "one": b""}):
            client = conversation(thing, *guards)
            challenged(client, "one", "two")
            assert refusal(client, response(client, **wrong))
        client = conversation(thing, *guards)
        assert "riddle" in refusal(client, client.hello(annotations=able("one")))

    def test_waits_for_nothing_if_another_refuses(self, thing: Thing) -> None:
        def refuse(hello: Hello) -> None:
            raise SecurityError("no")

        client = conversation(thing, Guard("riddle", lambda hello: Riddle()), Guard("no", refuse))
        assert refusal(client, client.hello(annotations=able("riddle"))) == "no"

    @pytest.mark.parametrize(
        "annotations",
        [
            {},
            able("riddle"),
            able("other"),
            {CHALLENGE_ANNOTATION: b"\x06"},
            {CHALLENGE_ANNOTATION: pack_challenges({"riddle": b"42"})[:-1]},
            {CHALLENGE_ANNOTATION: pack_challenges({"riddle": b"42"}) + b"\0"},
            {CHALLENGE_ANNOTATION: pack_challenges({"riddle": b"42"}) * 2},
            {CHALLENGE_ANNOTATION: pack_challenges({"Riddle": b"42"})},
        ],
    )
    def test_is_answered_at_once_or_not_at_all(self, thing: Thing, annotations: Any) -> None:
        riddle = Riddle()
        client = conversation(thing, Guard("riddle", lambda hello: riddle))
        challenged(client, "riddle")
        wrong = client.bytes_of(MessageType.CONNECT, b"", annotations=annotations)
        right = response(client, riddle=b"42")
        assert refusal(client, wrong + right)
        assert b"42" not in riddle.heard

    def test_is_not_put_twice(self, thing: Thing) -> None:
        """A second greeting is an answer, or the end."""
        riddle = Riddle()
        client = conversation(thing, Guard("riddle", lambda hello: riddle))
        challenged(client, "riddle")
        assert refusal(client, client.hello(annotations=able("riddle"))) == "that is not it"
        assert client.ask(response(client, riddle=b"42")) is None

    def test_runs_nothing_that_does_not_answer_it(self, thing: Thing) -> None:
        hurried = conversation(thing, Guard("riddle", lambda hello: Riddle()))
        hello = hurried.hello(annotations=able("riddle"))
        calls = hurried.invoke("echo") + hurried.invoke("note", 1, flags=Flags.ONEWAY)
        raw = hurried.send(hello + calls + response(hurried, riddle=b"42") + calls)
        assert raw.count(b"PYRO") == 2
        assert hurried.session.closing
        for between in (calls, hurried.bytes_of(MessageType.PING, b"ping")):
            client = conversation(thing, Guard("riddle", lambda hello: Riddle()))
            challenged(client, "riddle")
            assert "expected: 1" in refusal(client, between)
            assert client.spawned == []
        assert thing.reached == []

    def test_concerns_what_was_said_before_it(self, thing: Thing) -> None:
        """Validators have judged the first greeting, so that it is the one which counts."""
        client = conversation(thing, Guard("riddle", lambda hello: Riddle()))
        seen: list[Any] = []

        def answer(conn: ClientConnection, data: Any) -> Any:
            context = current_context
            annotations = {key: bytes(value) for key, value in context.annotations.items()}
            seen.append((data, context.seq, annotations["TOKN"]))
            return data

        client.daemon.answer = answer
        first = client.hello("thing", "first", sequence=7, annotations={**able("riddle"), "TOKN": b"1"})
        answered(client, first)
        said = {CHALLENGE_ANNOTATION: pack_challenges({"riddle": b"42"}), "TOKN": b"2"}
        message = answered(client, client.hello("other", "second", sequence=9, annotations=said))
        assert (message.type, message.sequence) == (MessageType.CONNECTOK, 7)
        assert client.value_of(message)["handshake"] == "first"
        assert seen == [("first", 7, b"1")]

    def test_comes_before_what_there_is(self, thing: Thing) -> None:
        client = conversation(thing, Guard("riddle", lambda hello: Riddle()))
        called: list[Any] = []
        client.daemon.answer = lambda conn, data: called.append(data)
        hello = client.hello("no such thing", annotations=able("riddle"))
        assert CHALLENGE_ANNOTATION in answered(client, hello).annotations
        assert called == []
        assert "no such thing" in refusal(client, response(client, riddle=b"42"))

    def test_leaves_the_limit_as_it_is(self, thing: Thing) -> None:
        client = conversation(thing, Guard("riddle", lambda hello: Riddle()), MAX_HANDSHAKE_SIZE=200)
        challenged(client, "riddle")
        assert "200" in refusal(client, response(client, riddle=bytes(300)))

    def test_is_forgotten_with_its_connection(self, thing: Thing) -> None:
        client = conversation(thing, Guard("riddle", lambda hello: Riddle()))
        challenged(client, "riddle")
        client.session.lost("gone")
        assert client.session._challenged is None
        assert client.session.closing

    @pytest.mark.parametrize(
        ("part", "value"),
        [
            *(("question", None), ("question", "text"), ("question", 5), ("verify", None), ("verify", 5)),
            *(("proof", True), ("proof", 32), ("proof", "text"), ("proof", [b""])),
        ],
    )
    def test_that_is_none_refuses(self, thing: Thing, part: str, value: Any) -> None:
        riddle = Riddle()
        setattr(riddle, part, value)
        client = conversation(thing, Guard("riddle", lambda hello: riddle))
        message = answered(client, client.hello(annotations=able("riddle")))
        if not client.session.closing:
            message = answered(client, response(client, riddle=b"42"))
        assert client.text_of(message) == "the connection is refused"
        assert client.session.closing

    @pytest.mark.parametrize("error", [KeyError, SystemExit])
    def test_that_fails_refuses_and_says_nothing(self, thing: Thing, error: type[BaseException]) -> None:
        class Faulty(Riddle):
            def verify(self, response: Any, /) -> Any:
                raise error("the password is swordfish")

        client = conversation(thing, Guard("riddle", lambda hello: Faulty()))
        challenged(client, "riddle")
        assert refusal(client, response(client, riddle=b"42")) == "the connection is refused"
