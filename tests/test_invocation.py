"""Who is told of errors, what tracebacks show, and what is sent in the place of what cannot be sent."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

from pyroplug.context import current_context
from pyroplug.errors import ProtocolError, PyroError, RemoteError, SerializeError
from pyroplug.exposure import behavior, expose
from pyroplug.wire import Flags, MessageType

from .conversation import ADDRESS, SERIALIZERS, Conversation, MemoryDaemon, messages_in, traceback_of
from .served import Maker, Talker, Thing


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def daemon(thing: Thing) -> MemoryDaemon:
    return MemoryDaemon({"thing": thing, "maker": Maker, "talker": Talker()})


@pytest.fixture
def client(daemon: MemoryDaemon) -> Conversation:
    return Conversation(daemon).greet()


class TestErrorHandler:
    def test_is_told_of_what_a_method_raises(self, client: Conversation, daemon: MemoryDaemon) -> None:
        client.failure("fail", "ValueError", 1, 2)
        [(address, method, args, kwargs, error)] = daemon.failures
        assert address == ADDRESS
        assert (method, list(args), kwargs) == ("fail", ["ValueError", 1, 2], {})
        assert type(error) is ValueError
        assert error.args == (1, 2)

    def test_gets_the_keyword_arguments(self, client: Conversation, daemon: MemoryDaemon) -> None:
        client.failure("fail", kwargs={"kind": "OwnError"})
        [(_, _, args, kwargs, _)] = daemon.failures
        assert list(args) == []
        assert kwargs == {"kind": "OwnError"}

    @pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
    def test_is_told_of_every_class(self, client: Conversation, daemon: MemoryDaemon, kind: str) -> None:
        client.failure("fail", kind)
        assert [type(facts[-1]).__name__ for facts in daemon.failures] == [kind]

    def test_is_told_of_a_failing_property(self, client: Conversation, daemon: MemoryDaemon) -> None:
        client.failure("__getattr__", "broken")
        client.failure("__setattr__", "level", "wrong")
        assert [(facts[1], list(facts[2])) for facts in daemon.failures] == [
            ("__getattr__", ["broken"]),
            ("__setattr__", ["level", "wrong"]),
        ]

    def test_is_told_of_one_way_calls_and_batches(self, client: Conversation, daemon: MemoryDaemon) -> None:
        client.send(client.invoke("fail", "OwnError", flags=Flags.ONEWAY))
        client.send(client.batch(("fail", ("ValueError", "batch"), {})))
        client.send(client.batch(("fail", ("OwnError",), {}), flags=Flags.ONEWAY))
        client.run_spawned()
        assert [list(facts[2]) for facts in daemon.failures] == [
            ["ValueError", "batch"],
            ["OwnError"],
            ["OwnError"],
        ]

    @pytest.mark.parametrize(
        ("method", "args"),
        [
            ("secret", ()),
            ("nothing", ()),
            ("__init__", ()),
            ("__getattr__", ("hidden",)),
            ("__getattr__", ()),
            ("__getattr__", ("level", 3)),
            ("__setattr__", ("fixed", 1)),
            ("__setattr__", ("level",)),
            ("make", ("function",)),  # the method succeeds, its result cannot be sent
            ("annotate_wrongly", ()),
        ],
    )
    def test_is_not_told_of_what_no_method_raised(
        self, client: Conversation, daemon: MemoryDaemon, method: str, args: tuple[Any, ...]
    ) -> None:
        client.failure(method, *args)
        client.send(client.invoke(method, *args, flags=Flags.ONEWAY))
        if method not in ("make", "annotate_wrongly"):
            client.send(client.batch((method, args, {})))
        client.send(client.batch(("count", (3,), {})))
        client.run_spawned()
        assert daemon.failures == []

    def test_may_fail_itself(self, client: Conversation, daemon: MemoryDaemon) -> None:
        def handler(*_: object) -> None:
            raise SystemExit("from the handler")

        daemon.methodcall_error_handler = handler
        assert client.failure("fail", "ValueError", "mine").args == ("mine",)

    def test_a_callback_is_logged_as_a_warning(
        self, client: Conversation, caplog: pytest.LogCaptureFixture
    ) -> None:
        client.failure("fail", "ValueError")
        assert [record.levelname for record in caplog.records if record.levelno >= logging.WARNING] == []
        client.failure("call_back")
        [record] = [record for record in caplog.records if record.levelno >= logging.WARNING]
        assert record.levelname == "WARNING"
        assert record.getMessage() == "the callback thing.call_back raised an exception"
        assert record.exc_info is not None
        assert "in the callback" in str(record.exc_info[1])

    def test_an_object_that_removes_itself_and_fails(self, daemon: MemoryDaemon) -> None:
        @expose
        class Fleeting:
            def go(self) -> None:
                daemon.table.remove("fleeting")
                raise ValueError("gone")

        daemon.table.add("fleeting", Fleeting())
        client = Conversation(daemon).greet("fleeting")
        assert client.failure("go", object_id="fleeting").args == ("gone",)


class TestWhatCannotBeSent:
    @pytest.mark.parametrize("serializer", SERIALIZERS)
    @pytest.mark.parametrize("kind", ["function", "frames"])
    def test_a_result(self, daemon: MemoryDaemon, serializer: str, kind: str) -> None:
        client = Conversation(daemon, serializer).greet()
        assert isinstance(client.failure("make", kind), SerializeError)
        assert client.call("give", 5) == 5

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_an_exception(self, daemon: MemoryDaemon, serializer: str) -> None:
        client = Conversation(daemon, serializer).greet()
        error = client.failure("fail_unsendably")
        assert type(error) is PyroError
        assert "builtins.ValueError: bad" in str(error)
        assert "cannot be sent" in str(error)
        assert "in fail_unsendably" in traceback_of(error)
        assert client.call("give", 5) == 5

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_an_exception_in_a_batch(self, daemon: MemoryDaemon, serializer: str) -> None:
        client = Conversation(daemon, serializer).greet()
        answer = client.ask(client.batch(("give", (1,), {}), ("fail_unsendably", (), {})))
        assert answer is not None
        first, wrapper = client.value_of(answer)
        assert first == 1
        assert "builtins.ValueError: bad" in str(wrapper.exception)

    def test_an_exception_without_a_text(self, client: Conversation) -> None:
        error = client.failure("fail", "UnspeakableError")
        assert isinstance(error, RemoteError)
        assert error.type_name == "tests.served.UnspeakableError"
        assert client.call("give", 5) == 5

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_an_exception_that_is_too_large(self, serializer: str) -> None:
        daemon = MemoryDaemon({"thing": Talker()}, MAX_MESSAGE_SIZE=20_000)
        client = Conversation(daemon, serializer).greet()
        raw = client.send(client.invoke("fail_at_length"))
        assert len(raw) <= 20_000 + 40
        [answer] = messages_in(raw)
        assert "builtins.ValueError: xxxx" in str(client.value_of(answer))

    @pytest.mark.parametrize("serializer", SERIALIZERS)
    def test_a_traceback_that_is_too_large(self, serializer: str) -> None:
        daemon = MemoryDaemon({"thing": Talker()}, MAX_MESSAGE_SIZE=4_000)
        client = Conversation(daemon, serializer).greet()
        raw = client.send(client.invoke("fail_far_down", 100))
        assert len(raw) <= 4_000 + 40
        [answer] = messages_in(raw)
        error = client.value_of(answer)
        assert type(error) is ValueError
        assert "left out" in error._pyroTraceback[0]
        assert error._pyroTraceback[-1] == "ValueError: at the bottom\n"
        assert "in fail_far_down" in traceback_of(error)

    def test_a_result_that_is_too_large(self) -> None:
        daemon = MemoryDaemon({"thing": Thing()}, MAX_MESSAGE_SIZE=20_000)
        client = Conversation(daemon).greet()
        error = client.failure("make", "large")
        assert type(error).__name__ == "MessageTooLargeError"
        assert "20,000" in str(error)
        assert client.call("give", 5) == 5

    def test_annotations(self, client: Conversation) -> None:
        error = client.failure("annotate_wrongly")
        assert "four ASCII characters" in str(error)
        assert client.call("give", 5) == 5

    def test_annotations_beside_an_iterator_leave_no_stream(self, daemon: MemoryDaemon) -> None:
        closed = []

        @expose
        class Source:
            def items(self) -> Iterator[int]:
                current_context.response_annotations = {"bad": b""}
                return self._items()

            def _items(self) -> Iterator[int]:
                try:
                    yield 1
                finally:
                    closed.append(True)

        daemon.table.add("source", Source())
        client = Conversation(daemon).greet("source")
        client.failure("items", object_id="source")
        assert len(daemon.streams) == 0

    def test_an_answer_about_nothing_at_all(self, client: Conversation, daemon: MemoryDaemon) -> None:
        """The serializer itself fails: words are what is left."""

        class Broken:
            def loads_call(self, data: Any) -> Any:
                raise ValueError("unreadable")

            def dumps(self, value: Any) -> bytes:
                raise SystemExit

        daemon.host.codecs[1] = Broken()  # type: ignore[index]
        answer = client.ask(client.invoke("echo"))
        assert answer is not None
        assert answer.type == MessageType.CONNECTFAIL
        assert "builtins.ValueError: unreadable" in client.text_of(answer)


class TestOneWay:
    def test_a_call_that_cannot_be_handed_over_harms_nobody(
        self, client: Conversation, caplog: pytest.LogCaptureFixture
    ) -> None:
        def spawn(call: Any, connection: Any, size: int) -> None:
            raise RuntimeError("can't start new thread")

        client.session._spawn = spawn
        assert client.send(client.invoke("note", 1, flags=Flags.ONEWAY)) == b""
        assert "can't start new thread" in caplog.text
        assert client.call("give", 5) == 5

    def test_errors_before_the_method_are_told_in_the_log(
        self, client: Conversation, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert client.send(client.invoke("secret", flags=Flags.ONEWAY)) == b""
        client.run_spawned()
        assert "a one-way call of 192.0.2.7:4711 failed: " in caplog.text
        assert "no exposed method or property 'secret'" in caplog.text

    def test_a_blob_that_does_not_say_whom_it_is_for(
        self, client: Conversation, caplog: pytest.LogCaptureFixture
    ) -> None:
        flags = Flags.ONEWAY | Flags.KEEP_SERIALIZED
        assert client.send(client.invoke("note", 1, flags=flags)) == b""
        assert client.run_spawned() == 1
        assert "does not say which object" in caplog.text
        error = client.failure("echo", 1, flags=Flags.KEEP_SERIALIZED)
        assert isinstance(error, ProtocolError)
        assert "does not say which object" in str(error)


def test_an_instance_is_made_for_the_call_and_no_error_of_the_method(daemon: MemoryDaemon) -> None:
    @behavior("percall")
    @expose
    class Fresh:
        def me(self) -> int:
            return id(self)

    daemon.table.add("fresh", Fresh)
    client = Conversation(daemon).greet("fresh")
    assert client.call("me", object_id="fresh")
    client.failure("work", object_id="maker")
    assert daemon.failures == []
