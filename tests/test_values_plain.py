"""What a peer that is not accepted yet sends: data, of which nothing is made."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import Pyro5.serializers
import pytest

from pyroplug.api import Proxy
from pyroplug.contracts import Hello
from pyroplug.errors import SecurityError
from pyroplug.values import register_dict_to_class, registry, unregister_dict_to_class
from pyroplug.wire import MessageType

from .conversation import SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon
from .served import Thing

CLASSES = (
    "tests.Registered",
    "Pyro5.client.Proxy",
    "Pyro5.server.Daemon",
    "Pyro5.core.URI",
    "Pyro5.core._ExceptionWrapper",
    "builtins.ValueError",
    "ValueError",
    "Pyro5.errors.NamingError",
    "collections.OrderedDict",
    "os.path.__import__",
    "no.such.Class",
)


class Listening:
    """A validator that remembers what it is shown."""

    name = "listening"

    def __init__(self, reason: str | None = None) -> None:
        self.reason = reason
        self.seen: list[Any] = []

    def open(self, settings: Any, /) -> Any:
        return self

    def validate(self, hello: Hello, /) -> None:
        self.seen.append(hello.data)
        if self.reason is not None:
            raise SecurityError(self.reason)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What was made of dictionaries."""
    made: list[str] = []
    from_dict = type(registry).from_dict

    def noting(self: Any, data: Any, /) -> Any:
        if self is registry:
            made.append(data["__class__"])
        return from_dict(self, data)

    monkeypatch.setattr(type(registry), "from_dict", noting)
    register_dict_to_class("tests.Registered", lambda name, data: made.append(name))
    yield made
    unregister_dict_to_class("tests.Registered")


def greeting(client: Conversation, handshake: Any) -> bytes:
    """With a payload as Pyro5 writes it."""
    serializer = Pyro5.serializers.serializers[
        {number: name for name, number in WIRE_IDS.items()}[client.serializer_id]
    ]
    payload = serializer.dumps({"handshake": handshake, "object": "thing"})
    return client.bytes_of(MessageType.CONNECT, payload)


@pytest.mark.parametrize("serializer", SERIALIZERS)
class TestObjects:
    @pytest.mark.parametrize("name", CLASSES)
    def test_are_dictionaries(self, made: list[str], serializer: str, name: str) -> None:
        data = {
            "__class__": name,
            "__exception__": True,
            "state": ["PYRO:a@b:1"],
            "args": [],
            "attributes": {},
        }
        data["exception"] = {"__class__": "builtins.ValueError", "__exception__": True, "args": [1]}
        for reason in (None, "no"):
            listening = Listening(reason)
            daemon = MemoryDaemon({"thing": Thing()}, handshake=[listening])
            daemon.answer = lambda conn, said: listening.seen.append(said)  # noqa: B023
            client = Conversation(daemon, serializer)
            answer = client.ask(greeting(client, [data, {"deep": data}]))
            assert answer is not None
            assert answer.type == (MessageType.CONNECTFAIL if reason else MessageType.CONNECTOK)
            assert made == []
            for seen in listening.seen:
                assert list(seen) == [data, {"deep": data}]
            assert len(listening.seen) == (1 if reason else 2)

    def test_cannot_be_the_whole_of_it(self, made: list[str], serializer: str) -> None:
        client = Conversation(MemoryDaemon({"thing": Thing()}), serializer)
        answer = client.ask(client.connect({"__class__": "tests.Registered", "object": "thing"}))
        assert answer is not None
        assert made == []

    def test_of_real_programs(self, made: list[str], serializer: str) -> None:
        listening = Listening()
        client = Conversation(MemoryDaemon({"thing": Thing()}, handshake=[listening]), serializer)
        with Proxy("PYRO:some@localhost:4711") as proxy:
            answer = client.ask(client.hello(handshake=[proxy, ValueError("wrong")]))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK
        [[proxy_data, error_data]] = listening.seen
        assert proxy_data["__class__"] == "Pyro5.client.Proxy"
        assert error_data["__class__"] == "builtins.ValueError"
        assert made == []

    def test_are_made_once_the_client_is_accepted(self, made: list[str], serializer: str) -> None:
        client = Conversation(MemoryDaemon({"thing": Thing()}), serializer).greet()
        client.call("give", {"__class__": "tests.Registered"})
        assert "tests.Registered" in made


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 5, -(2**40), 1.5, "hello", "ключ \N{KEY}", "", [], [1, [2, "three"]], {}),
        *({"user": "ann", "token": "t", "more": {"deep": [1, None]}}, math.inf, -math.inf),
    ],
)
def test_values_of_either_library_arrive(serializer: str, value: Any) -> None:
    for make in (greeting, lambda client, data: client.hello(handshake=data)):
        listening = Listening()
        client = Conversation(MemoryDaemon({"thing": Thing()}, handshake=[listening]), serializer)
        answer = client.ask(make(client, value))
        assert answer is not None
        assert answer.type == MessageType.CONNECTOK, client.text_of(answer)
        assert listening.seen == [value]
        assert type(listening.seen[0]) is type(value)


@pytest.mark.parametrize("serializer", ["serpent", "marshal", "msgpack"])
@pytest.mark.parametrize("value", [b"bytes", 3 + 4j, (1, 2), {1, 2}, [math.nan], [{"x": 1.0 + 2j}]])
def test_values_that_not_every_format_has(serializer: str, value: Any) -> None:
    listening = Listening()
    client = Conversation(MemoryDaemon({"thing": Thing()}, handshake=[listening]), serializer)
    answer = client.ask(client.hello(handshake=value))
    assert answer is not None
    assert answer.type == MessageType.CONNECTOK, client.text_of(answer)
    [seen] = listening.seen
    assert "__class__" not in repr(seen)


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("value", [[], {}, "many", None, {"__class__": "float", "value": "1"}])
def test_numbers_that_are_none(serializer: str, value: Any) -> None:
    for data in ({"__class__": "float", "value": value}, {"__class__": "complex", "real": value, "imag": 1}):
        client = Conversation(MemoryDaemon({"thing": Thing()}), serializer)
        answer = client.ask(client.hello(handshake=[data]))
        assert answer is not None
        assert answer.type in (MessageType.CONNECTOK, MessageType.CONNECTFAIL)
