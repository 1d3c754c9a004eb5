"""Requests of an accepted client, in each serializer: calls, properties, batches, one-way calls, errors."""

from __future__ import annotations

from typing import Any

import pytest

from pyroplug import errors
from pyroplug.errors import DaemonError, ProtocolError, RemoteError
from pyroplug.uri import DAEMON_NAME
from pyroplug.values import ExceptionWrapper
from pyroplug.wire import Flags, MessageType

from .conversation import SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon, answer_to, messages_in
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


class TestCalls:
    def test_with_arguments_of_all_sorts(self, client: Conversation) -> None:
        assert client.call("echo") == [[], {}]
        assert client.call("echo", 1, "x", None) == [[1, "x", None], {}]
        assert client.call("echo", 1, kwargs={"k": 2, "m": [3]}) == [[1], {"k": 2, "m": [3]}]
        assert client.call("__len__") == 3
        assert client.call("__getitem__", 7) == ["item", 7]

    def test_the_answer_repeats_what_belongs_to_the_request(self, client: Conversation) -> None:
        corr = b"0123456789abcdef"
        answer = answer_to(client, client.invoke("give", 1, sequence=65535, correlation_id=corr))
        assert (answer.type, answer.sequence, answer.serializer_id, answer.correlation_id) == (
            *(MessageType.RESULT, 65535, client.serializer_id, corr),
        )
        assert answer.flags == Flags.CORRELATION_ID
        answer = answer_to(client, client.invoke("give", 1))
        assert answer.correlation_id is None
        assert answer.flags == 0

    def test_a_correlation_id_is_made_when_the_method_asks(self, client: Conversation) -> None:
        first = answer_to(client, client.invoke("correlation"))
        second = answer_to(client, client.invoke("correlation"))
        assert first.correlation_id is not None
        assert client.value_of(first).replace("-", "") == first.correlation_id.hex()
        assert first.correlation_id != second.correlation_id

    def test_several_serializers_on_one_connection(self, daemon: MemoryDaemon) -> None:
        client = Conversation(daemon).greet()
        for name, wire_id in WIRE_IDS.items():
            other = Conversation(daemon, name)
            answer = answer_to(client, other.invoke("echo", name))
            assert answer.serializer_id == wire_id
            assert other.value_of(answer) == [[name], {}]
            error = other.value_of(answer_to(client, other.invoke("fail", "ValueError")))
            assert type(error) is ValueError

    def test_a_serializer_that_is_not_accepted_ends_the_conversation(self, thing: Thing) -> None:
        daemon = MemoryDaemon({"thing": thing}, accepted=("serpent", "json"))
        client = Conversation(daemon).greet()
        answer = answer_to(client, Conversation(daemon, "marshal").invoke("echo"))
        assert answer.type == MessageType.CONNECTFAIL
        assert "SERIALIZERS_ACCEPTED" in client.text_of(answer)
        assert client.session.closing
        assert thing.reached == []

    @pytest.mark.parametrize("flags", [0x80, 0x8000, 0xFF80])
    def test_unknown_flags_are_ignored(self, client: Conversation, flags: int) -> None:
        answer = answer_to(client, client.invoke("give", 1, flags=flags))
        assert (client.value_of(answer), answer.flags) == (1, 0)

    def test_the_reserved_field_is_ignored(self, client: Conversation) -> None:
        request = bytearray(client.invoke("give", 1))
        request[36:38] = b"\xff\xff"
        assert client.value_of(answer_to(client, bytes(request))) == 1

    def test_compression_either_way(self, thing: Thing) -> None:
        daemon = MemoryDaemon({"thing": thing}, COMPRESSION=True)
        client = Conversation(daemon).greet()
        raw = client.send(client.invoke("give", "x" * 5000, compress=True))
        assert len(raw) < 200
        [answer] = messages_in(raw)
        assert client.value_of(answer) == "x" * 5000

    def test_other_objects_of_the_daemon(self, client: Conversation) -> None:
        assert client.call("ping", object_id=DAEMON_NAME) is None
        assert sorted(client.call("registered", object_id=DAEMON_NAME)) == [DAEMON_NAME, "thing"]


class TestWhatIsNotThere:
    @pytest.mark.parametrize(
        ("method", "words"),
        [
            ("secret", "no exposed method or property 'secret'"),
            ("nothing", "no exposed method or property 'nothing'"),
            ("plain", "no exposed"),
            ("level", "no exposed"),
            ("echo.__call__", "no exposed"),
            ("", "no exposed"),
            ("_level", "private attribute '_level'"),
            ("__init__", "private"),
            ("__class__", "private"),
            ("__getattribute__", "private"),
            ("__reduce_ex__", "private"),
            ("__dict__", "no exposed"),
        ],
    )
    def test_methods(self, client: Conversation, thing: Thing, method: str, words: str) -> None:
        error = client.failure(method, 1)
        assert type(error) is AttributeError
        assert words in str(error)
        assert thing.reached == []
        assert client.call("give", 1) == 1

    def test_objects(self, client: Conversation) -> None:
        error = client.failure("echo", object_id="other")
        assert type(error) is DaemonError
        assert str(error).startswith("unknown object 'other'")

    @pytest.mark.parametrize("wrong", [["thing"], 5, None, {"a": 1}])
    def test_names_of_a_wrong_type(self, msgpack: Conversation, thing: Thing, wrong: Any) -> None:
        for call in ((wrong, "echo", [], {}), ("thing", wrong, [], {}), ("thing", "echo", wrong, wrong)):
            payload = msgpack.codec.dumps(list(call))
            answer = answer_to(msgpack, msgpack.bytes_of(MessageType.INVOKE, payload))
            if (
                call != ("thing", "echo", ["thing"], ["thing"])
                and call[2] != {"a": 1}
                and call[2] is not None
            ):
                assert answer.flags & Flags.EXCEPTION
        assert not msgpack.session.closing
        assert msgpack.call("give", 1) == 1

    @pytest.mark.parametrize("payload", [b"", b"\xc1", b"\xff" * 30, b"[]", b"# serpent utf-8 python3.2\n[]"])
    def test_payloads_that_are_no_call(self, client: Conversation, thing: Thing, payload: bytes) -> None:
        answer = answer_to(client, client.bytes_of(MessageType.INVOKE, payload))
        assert answer.flags & Flags.EXCEPTION
        assert isinstance(client.value_of(answer), errors.PyroError)
        assert thing.reached == []
        assert client.call("give", 1) == 1


class TestProperties:
    def test_are_read_and_written(self, client: Conversation, thing: Thing) -> None:
        assert client.call("__getattr__", "level") == 1
        assert client.call("__setattr__", "level", [1, 2]) is None
        assert client.call("__getattr__", "level") == [1, 2]
        assert thing.reached == ["get level", "set level", "get level"]

    @pytest.mark.parametrize("kwargs", [None, {}])
    def test_without_keyword_arguments_in_any_form(self, client: Conversation, kwargs: Any) -> None:
        payload = client.codec.dumps_call("thing", "__getattr__", ("level",), kwargs)
        assert client.value_of(answer_to(client, client.bytes_of(MessageType.INVOKE, payload))) == 1

    @pytest.mark.parametrize(
        "name", ["hidden", "plain", "echo", "_level", "__class__", "__dict__", "nothing"]
    )
    def test_only_exposed_ones(self, client: Conversation, thing: Thing, name: str) -> None:
        for error in (client.failure("__getattr__", name), client.failure("__setattr__", name, 5)):
            assert type(error) is AttributeError
            assert repr(name) in str(error)
        assert thing.reached == []
        assert thing.plain == "not exposed"

    def test_only_writable_ones_are_written(self, client: Conversation) -> None:
        assert client.call("__getattr__", "fixed") == 5
        error = client.failure("__setattr__", "fixed", 6)
        assert type(error) is AttributeError
        assert "'fixed' of 'thing' cannot be set" in str(error)

    def test_raise_what_they_raise(self, client: Conversation) -> None:
        assert str(client.failure("__getattr__", "broken")) == "broken getter"
        assert str(client.failure("__setattr__", "level", "wrong")) == "no such level"

    @pytest.mark.parametrize("args", [(), (1,), (None,), ([],), ("level", 1), ("level", 1, 2)])
    def test_need_a_name(self, client: Conversation, thing: Thing, args: tuple[Any, ...]) -> None:
        assert isinstance(client.failure("__getattr__", *args), (ProtocolError, AttributeError))
        assert isinstance(client.failure("__setattr__", *args[:1]), (ProtocolError, AttributeError))
        assert thing.reached == []

    def test_may_be_iterators(self, daemon: MemoryDaemon) -> None:
        class Source(Thing):
            fixed = property(lambda self: iter([1, 2]))
            fixed.fget._pyroExposed = True  # type: ignore[union-attr]

        daemon.table.add("source", Source())
        client = Conversation(daemon).greet("source")
        answer = answer_to(client, client.invoke("__getattr__", "fixed", object_id="source"))
        assert answer.flags & Flags.ITEM_STREAM_RESULT


class TestBatches:
    def test_results_come_in_order(self, client: Conversation) -> None:
        answer = answer_to(
            client, client.batch(("give", (1,), {}), ("echo", (2,), {"k": 3}), ("give", (4,), None))
        )
        assert answer.flags & Flags.BATCH
        assert list(client.value_of(answer)) == [1, [[2], {"k": 3}], 4]

    def test_call_the_same_several_times(self, client: Conversation, thing: Thing) -> None:
        calls = [("__setattr__", ("level", 7), {}), ("__getattr__", ("level",), {})]
        calls += [("__setattr__", ("level", 9), {}), ("__getattr__", ("level",), {}), ("give", (1,), {})]
        answer = answer_to(client, client.batch(*calls, ("give", (2,), {})))
        assert list(client.value_of(answer)) == [None, 7, None, 9, 1, 2]

    def test_an_empty_one(self, client: Conversation) -> None:
        assert list(client.value_of(answer_to(client, client.batch()))) == []

    @pytest.mark.parametrize(
        ("call", "kind"),
        [
            (("fail", ("ValueError", 5), {}), ValueError),
            (("fail", ("SystemExit",), {}), RemoteError),
            (("secret", (), {}), AttributeError),
            (("_level", (), {}), AttributeError),
            (("nothing", (), {}), AttributeError),
            (("__getattr__", ("hidden",), {}), AttributeError),
            (("count", (3,), {}), ProtocolError),
            (("give", (1, 2, 3), {}), TypeError),
            (("give",), ProtocolError),
            (("give", (1,), {}, 4), ProtocolError),
            (5, ProtocolError),
            ("abc", ProtocolError),
            (([], (), {}), ProtocolError),
            (("give", 5, {}), TypeError),
        ],
    )
    def test_end_with_the_first_failure(
        self, client: Conversation, thing: Thing, call: Any, kind: type[Exception]
    ) -> None:
        answer = answer_to(client, client.batch(("give", (1,), {}), call, ("give", (2,), {})))
        assert not answer.flags & Flags.EXCEPTION
        first, wrapper = client.value_of(answer)
        assert first == 1
        assert isinstance(wrapper, ExceptionWrapper)
        assert type(wrapper.exception) is kind
        assert wrapper.exception._pyroTraceback  # type: ignore[attr-defined]
        assert thing.reached[0] == "give"
        assert "give" not in thing.reached[1:]
        assert "secret" not in thing.reached

    def test_keep_an_exceptions_attributes(self, client: Conversation) -> None:
        [wrapper] = client.value_of(answer_to(client, client.batch(("fail", ("ValueError", 5), {}))))
        assert (wrapper.exception.args, wrapper.exception.colour) == ((5,), "blue")

    @pytest.mark.parametrize("calls", [None, 5, "text", {"a": 1}])
    def test_that_are_no_list(self, msgpack: Conversation, calls: Any) -> None:
        payload = msgpack.codec.dumps(["thing", "<batch>", calls, {}])
        answer = answer_to(msgpack, msgpack.bytes_of(MessageType.INVOKE, payload, flags=Flags.BATCH))
        assert answer.flags & Flags.EXCEPTION
        assert "a batch is a list of calls" in str(msgpack.value_of(answer))

    def test_share_their_annotations(self, client: Conversation) -> None:
        answer = answer_to(client, client.batch(("annotate", ("one",), {}), ("give", (1,), {})))
        assert bytes(answer.annotations["ANSW"]) == b"one"

    def test_of_an_object_that_is_not_there(self, client: Conversation) -> None:
        [wrapper] = client.value_of(answer_to(client, client.batch(("give", (1,), {}), object_id="other")))
        assert type(wrapper.exception) is DaemonError


class TestOneWay:
    def test_has_no_answer_and_runs_elsewhere(self, client: Conversation, thing: Thing) -> None:
        assert client.send(client.invoke("note", 5, flags=Flags.ONEWAY)) == b""
        assert thing.reached == []
        assert client.run_spawned() == 1
        assert thing.reached == [("note", 5)]

    def test_any_method_can_be_called_so(self, client: Conversation, thing: Thing) -> None:
        client.send(
            client.invoke("give", 5, flags=Flags.ONEWAY), client.invoke("__setattr__", "level", 7, flags=4)
        )
        client.run_spawned()
        assert thing.reached == ["give", "set level"]

    def test_a_oneway_method_answers_if_it_is_asked_to(self, client: Conversation, thing: Thing) -> None:
        assert client.call("note", 5) is None
        assert thing.reached == [("note", 5)]

    @pytest.mark.parametrize("kind", ["ValueError", "SystemExit", "KeyboardInterrupt", "UnspeakableError"])
    def test_errors_stay_here(self, client: Conversation, kind: str) -> None:
        assert client.send(client.invoke("fail", kind, flags=Flags.ONEWAY)) == b""
        client.run_spawned()
        assert client.call("give", 1) == 1

    @pytest.mark.parametrize("payload", [b"", b"\xff\xff"])
    def test_an_unreadable_call_has_no_answer_either(self, client: Conversation, payload: bytes) -> None:
        assert client.send(client.bytes_of(MessageType.INVOKE, payload, flags=Flags.ONEWAY)) == b""
        client.run_spawned()
        assert client.call("give", 1) == 1

    def test_batches(self, client: Conversation, thing: Thing) -> None:
        calls = [("note", (1,), {}), ("secret", (), {}), ("note", (2,), {})]
        assert client.send(client.batch(*calls, flags=Flags.ONEWAY)) == b""
        assert thing.reached == []
        assert client.run_spawned() == 1
        assert thing.reached == [("note", 1)]

    def test_sees_the_request_it_belongs_to(self, daemon: MemoryDaemon) -> None:
        seen: list[Any] = []

        class Watching(Thing):
            def note(self, value: Any) -> None:
                seen.append(super().context())

        Watching.note._pyroExposed = True  # type: ignore[attr-defined]
        daemon.table.add("watching", Watching())
        client = Conversation(daemon).greet("watching")
        request = client.invoke(
            "note", 1, object_id="watching", flags=4, sequence=9, annotations={"TOKN": b"t"}
        )
        client.send(request, client.invoke("give", 1))
        client.run_spawned()
        assert seen == [[9, Flags.ONEWAY, 1, {"TOKN": "t"}, [], ["192.0.2.7", 4711]]]
