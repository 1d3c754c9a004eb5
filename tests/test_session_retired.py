"""A session whose server is closing: it runs nothing any more, and says so."""

from __future__ import annotations

import pytest

from pyroplug.exposure import expose
from pyroplug.wire import Flags, MessageType

from .conversation import Conversation, MemoryDaemon
from .served import Thing

REASON = "the daemon is shutting down"
NOT_RUN = Flags.EXCEPTION | Flags.TRY_AGAIN


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def client(thing: Thing) -> Conversation:
    return Conversation(MemoryDaemon({"thing": thing}))


@pytest.mark.parametrize("flags", [0, Flags.BATCH, Flags.KEEP_SERIALIZED])
def test_calls_are_refused_and_the_conversation_ends(client: Conversation, thing: Thing, flags: int) -> None:
    client.greet().session.retire()
    answer = client.ask(client.invoke("echo", sequence=7, flags=flags))
    assert answer is not None
    assert (answer.type, answer.flags, answer.sequence) == (MessageType.RESULT, NOT_RUN, 7)
    error = client.value_of(answer)
    assert type(error).__name__ == "ConnectionClosedError"
    assert str(error) == f"{REASON}; this call was not run"
    assert client.session.closing
    assert client.send(client.invoke("echo")) == b""
    assert thing.reached == []


def test_a_one_way_call_has_no_answer(client: Conversation, thing: Thing) -> None:
    client.greet().session.retire()
    assert client.send(client.invoke("note", 1, flags=Flags.ONEWAY)) == b""
    assert client.session.closing
    assert client.run_spawned() == 0
    assert thing.reached == []


def test_a_serializer_that_is_not_accepted_changes_nothing(client: Conversation) -> None:
    client.greet().session.retire()
    answer = client.ask(client.invoke("echo", serializer_id=99))
    assert answer is not None
    assert client.text_of(answer) == REASON


def test_a_greeting_is_refused(client: Conversation) -> None:
    client.session.retire()
    answer = client.ask(client.hello())
    assert answer is not None
    assert answer.type == MessageType.CONNECTFAIL
    assert client.text_of(answer) == REASON
    assert client.session.closing


def test_a_sign_of_life_is_answered(client: Conversation) -> None:
    client.greet().session.retire()
    answer = client.ask(client.bytes_of(MessageType.PING, b"ping"))
    assert answer is not None
    assert answer.type == MessageType.PING
    assert not client.session.closing


def test_it_may_come_in_the_middle_of_the_greeting(client: Conversation, thing: Thing) -> None:
    client.daemon.answer = lambda conn, data: client.session.retire()
    client.greet()
    answer = client.ask(client.invoke("echo"))
    assert answer is not None
    assert REASON in str(client.value_of(answer))
    assert thing.reached == []


def test_a_call_that_is_running_goes_on(client: Conversation, thing: Thing) -> None:
    thing.give = expose(lambda value: (client.session.retire(), value)[1])  # type: ignore[method-assign]
    assert client.greet().call("give", 5) == 5
    assert REASON in str(client.failure("give", 6))
