"""What comes back for a request: exceptions, annotations, and streams."""

from __future__ import annotations

from typing import Any

import pytest

from pyroplug import errors
from pyroplug.context import current_context
from pyroplug.errors import ProtocolError, RemoteError
from pyroplug.uri import DAEMON_NAME
from pyroplug.wire import Flags, MessageType

from .conversation import SERIALIZERS, Conversation, MemoryDaemon, answer_to, traceback_of
from .served import Thing


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def daemon(thing: Thing) -> MemoryDaemon:
    return MemoryDaemon({"thing": thing})


@pytest.fixture(params=SERIALIZERS)
def client(daemon: MemoryDaemon, request: pytest.FixtureRequest) -> Conversation:
    return Conversation(daemon, request.param).greet()


@pytest.fixture
def msgpack(daemon: MemoryDaemon) -> Conversation:
    return Conversation(daemon, "msgpack").greet()


class TestExceptions:
    def test_travel_with_class_arguments_attributes_and_traceback(self, client: Conversation) -> None:
        error = client.failure("fail", "ValueError", "bad", 5)
        assert type(error) is ValueError
        assert error.args == ("bad", 5)
        assert error.colour == "blue"
        assert error._pyroTraceback[-1].startswith("ValueError: ('bad', 5)")

    @pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "GeneratorExit"])
    def test_that_would_end_a_process_do_not(self, client: Conversation, kind: str) -> None:
        error = client.failure("fail", kind, "end")
        assert isinstance(error, RemoteError)
        assert error.type_name == f"builtins.{kind}"
        assert client.call("give", 1) == 1

    def test_of_a_class_that_nobody_knows(self, client: Conversation) -> None:
        error = client.failure("fail", "OwnError", "mine")
        assert isinstance(error, RemoteError)
        assert str(error) == "tests.served.OwnError: mine"
        assert tuple(error.remote_args) == ("mine",)

    def test_that_say_a_connection_broke_are_answers_as_well(self, client: Conversation) -> None:
        error = client.failure("fail", "CommunicationError", "another one")
        assert type(error) is errors.CommunicationError
        assert not client.session.closing
        assert client.call("give", 1) == 1

    def test_of_endless_recursion(self, client: Conversation) -> None:
        assert type(client.failure("recurse")) is RecursionError
        assert client.call("give", 1) == 1

    def test_of_a_callback_end_nothing(self, client: Conversation) -> None:
        assert str(client.failure("call_back")) == "in the callback"
        assert not client.session.closing


class TestAnnotations:
    def test_of_the_answer(self, client: Conversation) -> None:
        answer = answer_to(client, client.invoke("annotate", "yes", annotations={"TOKN": b"t"}))
        assert {key: bytes(value) for key, value in answer.annotations.items()} == {"ANSW": b"yes"}

    def test_come_with_exceptions_too(self, client: Conversation) -> None:
        answer = answer_to(client, client.invoke("annotate", "no", kwargs={"then_fail": True}))
        assert answer.flags & Flags.EXCEPTION
        assert bytes(answer.annotations["ANSW"]) == b"no"

    @pytest.mark.parametrize(
        ("method", "args", "kwargs"),
        [("annotate", ("x",), {}), ("annotate", ("x",), {"then_fail": True}), ("secret", (), {})],
    )
    def test_nothing_of_one_request_is_seen_in_the_next(
        self, client: Conversation, method: str, args: Any, kwargs: Any
    ) -> None:
        client.send(
            client.invoke(method, *args, kwargs=kwargs, annotations={"TOKN": b"t"}, correlation_id=b"c" * 16)
        )
        answer = answer_to(client, client.invoke("context", sequence=3))
        assert client.value_of(answer)[0] == 3
        assert client.value_of(answer)[3:5] == [{}, []]
        assert dict(answer.annotations) == {}
        assert answer.correlation_id is None

    def test_of_the_daemon_come_with_every_answer(self, daemon: MemoryDaemon) -> None:
        daemon.annotations = lambda: {"DAEM": b"on", "ANSW": b"daemon"}  # type: ignore[method-assign]
        client = Conversation(daemon).greet()
        for request in (
            client.invoke("give", 1),
            client.invoke("fail", "ValueError"),
            client.batch(("give", (1,), {})),
            client.invoke("count", 3),
        ):
            assert bytes(answer_to(client, request).annotations["DAEM"]) == b"on"
        answer = answer_to(client, client.invoke("annotate", "mine"))
        assert set(answer.annotations) == {"DAEM", "ANSW"}

    @pytest.mark.parametrize("wrong", [{"bad": b""}, {"GOOD": "text"}, None])
    def test_of_the_daemon_that_cannot_be_sent(self, daemon: MemoryDaemon, wrong: Any) -> None:
        client = Conversation(daemon)
        daemon.annotations = lambda: wrong  # type: ignore[method-assign]
        other = Conversation(daemon)
        answer = other.ask(other.hello())
        assert answer is not None
        assert answer.type == MessageType.CONNECTFAIL
        del daemon.annotations  # type: ignore[method-assign]
        client.greet()
        daemon.annotations = lambda: wrong  # type: ignore[method-assign]
        client.session._annotate = True
        client.session._plain_size = -1
        error = client.failure("give", 1)
        assert type(error) in (ProtocolError, TypeError)
        assert "Traceback" in traceback_of(error)

    def test_they_may_ask_for_the_correlation_id(self, daemon: MemoryDaemon) -> None:
        asked: list[Any] = []

        def annotations() -> dict[str, bytes]:
            asked.append(current_context.correlation_id)
            return {}

        daemon.annotations = annotations  # type: ignore[method-assign]
        client = Conversation(daemon)
        told = [client.ask(client.hello()), answer_to(client, client.invoke("give", 1))]
        assert [answer.correlation_id for answer in told] == [each and each.bytes for each in asked]

    def test_what_they_raise_is_the_answer(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon).greet()

        def annotations() -> Any:
            raise LookupError("no annotations today")

        daemon.annotations = annotations  # type: ignore[method-assign]
        client.session._annotate = True
        client.session._plain_size = -1
        for method, args in (("give", (1,)), ("fail", ("ValueError",)), ("count", (3,))):
            error = client.failure(method, *args)
            assert "today" in str(error) or method == "fail"
            assert "Traceback" in traceback_of(error)
        del daemon.annotations  # type: ignore[method-assign]
        assert client.call("give", 1) == 1


class TestStreams:
    def take(self, client: Conversation, stream_id: str) -> Any:
        return client.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME)

    def test_an_iterator_becomes_a_stream(self, client: Conversation, thing: Thing) -> None:
        answer = answer_to(client, client.invoke("count", 2))
        assert answer.flags == Flags.EXCEPTION | Flags.ITEM_STREAM_RESULT
        assert isinstance(client.value_of(answer), ProtocolError)
        stream_id = bytes(answer.annotations["STRM"]).decode("ascii")
        assert len(stream_id) == 36
        assert [self.take(client, stream_id), self.take(client, stream_id)] == [0, 1]
        with pytest.raises(StopIteration):
            self.take(client, stream_id)
        assert thing.reached == ["count over"]
        with pytest.raises(errors.PyroError, match="item stream terminated"):
            self.take(client, stream_id)

    def test_can_be_closed(self, client: Conversation, thing: Thing) -> None:
        answer = answer_to(client, client.invoke("count", 9))
        stream_id = bytes(answer.annotations["STRM"]).decode("ascii")
        self.take(client, stream_id)
        client.send(client.invoke("close_stream", stream_id, object_id=DAEMON_NAME, flags=Flags.ONEWAY))
        client.run_spawned()
        assert thing.reached == ["count over"]

    @pytest.mark.parametrize("wrong", ["", "other", None, 5, [], {}])
    def test_that_do_not_exist(self, client: Conversation, wrong: Any) -> None:
        assert "terminated" in str(client.failure("get_next_stream_item", wrong, object_id=DAEMON_NAME))
        assert client.call("close_stream", wrong, object_id=DAEMON_NAME) is None

    def test_can_be_forbidden(self, thing: Thing) -> None:
        client = Conversation(MemoryDaemon({"thing": thing}, ITER_STREAMING=False)).greet()
        answer = answer_to(client, client.invoke("count", 2))
        assert answer.flags == Flags.EXCEPTION | Flags.ITEM_STREAM_RESULT
        assert "STRM" not in answer.annotations
        assert "ITER_STREAMING" in str(client.value_of(answer))

    def test_of_a_one_way_call_there_is_none(self, client: Conversation, daemon: MemoryDaemon) -> None:
        client.send(client.invoke("count", 2, flags=Flags.ONEWAY))
        client.run_spawned()
        assert len(daemon.streams) == 0

    def test_linger_when_the_connection_is_lost(self, client: Conversation, daemon: MemoryDaemon) -> None:
        answer = answer_to(client, client.invoke("count", 9))
        stream_id = bytes(answer.annotations["STRM"]).decode("ascii")
        other = Conversation(daemon).greet()
        assert "terminated" in str(other.failure("get_next_stream_item", stream_id, object_id=DAEMON_NAME))
        client.session.lost("gone")
        assert self.take(other, stream_id) == 0
