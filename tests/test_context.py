from __future__ import annotations

from contextvars import copy_context
from typing import Any
from uuid import UUID, uuid4

import pytest

from pyroplug.client import ClientProtocol
from pyroplug.context import ClientConnection, current_call, current_context, keep_received
from pyroplug.errors import PyroError
from pyroplug.exposure import expose
from pyroplug.wire import Flags, Message

from .conversation import ADDRESS, Conversation, FakeConnection, MemoryDaemon, alone, codec_of, messages_in
from .served import Thing


def sent(method: str = "echo") -> Message:
    """What a client would send from here."""
    protocol = ClientProtocol(codec_of("serpent"), 1, limit=1 << 20, compress=False)
    [message] = messages_in(b"".join(protocol.call("thing", method, (), {}, 0, 1)))
    return message


def texts(annotations: Any) -> dict[str, bytes]:
    return {key: bytes(value) for key, value in annotations.items()}


@pytest.fixture(autouse=True)
def own_context() -> Any:
    """Leave no trace in the context in which other tests run."""
    before = dict(copy_context().items())
    yield
    for variable, value in copy_context().items():
        if before.get(variable) is not value and variable.name.startswith("pyroplug"):
            variable.set(before.get(variable))


def serve(target: Any, **parts: Any) -> Message:
    """The answer to a call of ``go``."""
    client = Conversation(MemoryDaemon({"thing": expose(type("Target", (), {"go": target}))()}))
    client.greet()
    answer = client.ask(client.invoke("go", **parts))
    assert answer is not None
    assert not answer.flags & Flags.EXCEPTION, client.value_of(answer)
    return answer


class TestClient:
    def test_there_is_nothing_at_first(self) -> None:
        context = current_context
        assert context.client is None
        assert context.client_sock_addr is None
        assert (context.seq, context.msg_flags, context.serializer_id) == (0, 0, 0)
        assert context.annotations == {}
        assert dict(context.response_annotations) == {}
        assert context.correlation_id is None
        message = sent()
        assert dict(message.annotations) == {}
        assert message.correlation_id is None

    def test_annotations_go_out_with_every_call(self) -> None:
        current_context.annotations["AAAA"] = b"1"
        current_context.annotations.update({"BBBB": bytearray(b"2")})
        for _ in range(2):
            assert texts(sent().annotations) == {"AAAA": b"1", "BBBB": b"2"}
        del current_context.annotations["AAAA"]
        assert texts(sent().annotations) == {"BBBB": b"2"}
        current_context.annotations = {"CCCC": b"3"}
        assert texts(sent().annotations) == {"CCCC": b"3"}
        current_context.annotations.clear()
        assert texts(sent().annotations) == {}

    def test_annotations_can_be_looked_at(self) -> None:
        annotations = current_context.annotations
        annotations["AAAA"] = b"1"
        assert annotations == current_context.annotations == {"AAAA": b"1"}
        assert repr(annotations) == "{'AAAA': b'1'}"
        assert (len(annotations), list(annotations), annotations["AAAA"]) == (1, ["AAAA"], b"1")
        assert dict(annotations) == {"AAAA": b"1"}
        assert annotations.copy() == {"AAAA": b"1"}  # type: ignore[attr-defined]
        with pytest.raises(KeyError):
            annotations["BBBB"]
        with pytest.raises(KeyError):
            del annotations["BBBB"]

    @pytest.mark.parametrize("way", ["item", "set", "delete"])
    def test_tasks_do_not_see_each_others_annotations(self, way: str) -> None:
        annotations = current_context.annotations
        annotations["AAAA"] = b"1"

        def task() -> None:
            assert texts(sent().annotations) == {"AAAA": b"1"}
            if way == "item":
                annotations["BBBB"] = b"2"
            elif way == "set":
                current_context.annotations = {"BBBB": b"2"}
            else:
                del annotations["AAAA"]
            assert ("BBBB" in sent().annotations) is (way != "delete")

        alone(task)
        assert texts(annotations) == texts(sent().annotations) == {"AAAA": b"1"}

    def test_tasks_do_not_see_what_others_received(self) -> None:
        keep_received({"AAAA": b"mine"})

        def task() -> None:
            assert texts(current_context.response_annotations) == {"AAAA": b"mine"}
            keep_received({"BBBB": b"theirs"})
            assert texts(current_context.response_annotations) == {"BBBB": b"theirs"}

        alone(task)
        assert texts(current_context.response_annotations) == {"AAAA": b"mine"}

    def test_what_was_received_is_replaced_by_the_next_answer(self) -> None:
        keep_received({"AAAA": b"1"})
        keep_received({})
        assert dict(current_context.response_annotations) == {}
        current_context.response_annotations = {"BBBB": b"2"}
        assert texts(current_context.response_annotations) == {"BBBB": b"2"}
        assert texts(sent().annotations) == {}

    def test_a_correlation_id_goes_out(self) -> None:
        corr = uuid4()
        current_context.correlation_id = corr
        assert sent().correlation_id == corr.bytes
        assert current_context.correlation_id == corr

        def task() -> None:
            current_context.correlation_id = None
            assert sent().correlation_id is None

        alone(task)
        assert sent().correlation_id == corr.bytes

    @pytest.mark.parametrize("wrong", ["11223344-5566-7788-99aa-bbccddeeff00", bytes(16), 5])
    def test_a_correlation_id_is_a_uuid(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=r"a correlation id is a uuid.UUID, not a"):
            current_context.correlation_id = wrong
        assert current_context.correlation_id is None

    def test_there_is_nothing_to_track_resources_for(self) -> None:
        for method in (current_context.track_resource, current_context.untrack_resource):
            with pytest.raises(PyroError, match="while a request of a client is being handled"):
                method(object())


class TestRequest:
    def test_what_a_method_sees(self) -> None:
        client = Conversation(MemoryDaemon({"thing": Thing()}), "msgpack").greet()
        seen = client.call("context", sequence=513, annotations={"TOKN": b"t"}, flags=0x4000)
        assert seen == [513, 0x4000, 4, {"TOKN": "t"}, [], list(ADDRESS)]

    def test_what_came_in_does_not_go_out_again(self) -> None:
        def go(self: Any) -> list[Any]:
            before = list(sent().annotations)
            current_context.annotations["MINE"] = b"m"
            return [before, list(sent().annotations), sorted(current_context.annotations)]

        client_answer = serve(go, annotations={"TOKN": b"t"})
        assert codec_of("serpent").loads(client_answer.payload) == [[], ["MINE"], ["MINE", "TOKN"]]
        assert dict(client_answer.annotations) == {}

    def test_an_annotation_of_the_same_name_goes_out_if_it_is_new(self) -> None:
        def go(self: Any) -> Any:
            current_context.annotations["TOKN"] = b"new"
            return sent().annotations["TOKN"] == b"new"

        answer = serve(go, annotations={"TOKN": b"t"})
        assert codec_of("serpent").loads(answer.payload) is True

    def test_a_nested_answer_does_not_replace_ones_own_annotations(self) -> None:
        def go(self: Any) -> Any:
            current_context.response_annotations["MINE"] = b"m"  # type: ignore[index]
            keep_received({"THEI": b"r", "MINE": b"theirs"})
            return None

        assert texts(serve(go).annotations) == {"MINE": b"m"}

    def test_a_nested_answers_annotations_can_be_seen_and_stay_here(self) -> None:
        seen = []

        def go(self: Any) -> Any:
            keep_received({"THEI": b"r"})
            seen.append(texts(current_context.response_annotations))
            current_context.response_annotations["MINE"] = b"m"  # type: ignore[index]
            keep_received({"OTHR": b"o"})
            return None

        assert texts(serve(go).annotations) == {"MINE": b"m"}
        assert seen == [{"THEI": b"r"}]

    def test_a_nested_answers_annotations_go_on_if_they_are_set(self) -> None:
        def go(self: Any) -> Any:
            keep_received({"THEI": b"r"})
            current_context.response_annotations = dict(current_context.response_annotations)
            return None

        assert texts(serve(go).annotations) == {"THEI": b"r"}

    def test_adding_in_place_sets_nothing_else(self) -> None:
        def go(self: Any) -> Any:
            keep_received({"THEI": b"r"})
            current_context.response_annotations |= {"MINE": b"m"}  # type: ignore[operator]
            return None

        assert texts(serve(go).annotations) == {"MINE": b"m"}

    def test_there_always_is_a_correlation_id(self) -> None:
        ids = []

        def go(self: Any) -> Any:
            ids.append(sent().correlation_id)
            ids.append(sent().correlation_id)
            assert current_context.correlation_id is not None
            ids.append(current_context.correlation_id.bytes)
            return None

        answer = serve(go)
        assert len(set(ids)) == 1
        assert answer.correlation_id == ids[0]

    def test_a_correlation_id_is_passed_on(self) -> None:
        corr = UUID("11223344-5566-7788-99aa-bbccddeeff00")

        def go(self: Any) -> Any:
            return [str(current_context.correlation_id), str(UUID(bytes=sent().correlation_id or b""))]

        answer = serve(go, correlation_id=corr.bytes)
        assert codec_of("serpent").loads(answer.payload) == [str(corr), str(corr)]
        assert answer.correlation_id == corr.bytes

    def test_tasks_of_a_request_share_its_context(self) -> None:
        def go(self: Any) -> Any:
            def task() -> Any:
                current_context.response_annotations["TASK"] = b"t"  # type: ignore[index]
                return current_context.seq

            return alone(task)

        answer = serve(go, sequence=8)
        assert codec_of("serpent").loads(answer.payload) == 8
        assert texts(answer.annotations) == {"TASK": b"t"}

    def test_resources_are_closed_with_the_connection(self) -> None:
        closed = []

        class Resource:
            def close(self) -> None:
                closed.append(self)

        kept, forgotten = Resource(), Resource()

        def go(self: Any) -> Any:
            current_context.track_resource(kept)
            current_context.track_resource(forgotten)
            current_context.untrack_resource(forgotten)
            current_context.untrack_resource(object())
            assert current_context.client is not None
            return len(list(current_context.client.tracked_resources))

        client = Conversation(MemoryDaemon({"thing": expose(type("Target", (), {"go": go}))()})).greet()
        assert client.call("go") == 1
        assert closed == []
        client.session.lost("gone")
        assert closed == [kept]


class TestGlobal:
    def test_a_request_can_be_handed_over(self) -> None:
        handed = {}

        def go(self: Any) -> None:
            current_context.correlation_id = UUID(int=7)
            handed.update(current_context.to_global())

        serve(go, sequence=12, annotations={"TOKN": b"t"})
        assert set(handed) == {
            *("client", "client_sock_addr", "seq", "msg_flags", "serializer_id"),
            *("annotations", "response_annotations", "correlation_id"),
        }

        def elsewhere() -> None:
            current_context.from_global(handed)
            assert current_context.client is handed["client"]
            assert current_context.client_sock_addr == ADDRESS
            assert (current_context.seq, current_context.serializer_id) == (12, 1)
            assert texts(current_context.annotations) == {"TOKN": b"t"}
            assert current_context.correlation_id == UUID(int=7)
            assert sent().correlation_id == UUID(int=7).bytes
            assert dict(sent().annotations) == {}

        alone(elsewhere)
        assert current_context.client is None

    def test_a_clients_own_can_be_handed_over(self) -> None:
        current_context.annotations["AAAA"] = b"1"
        current_context.correlation_id = UUID(int=7)
        keep_received({"BBBB": b"2"})
        handed = current_context.to_global()
        current_context.annotations["AAAA"] = b"changed"

        def elsewhere() -> None:
            current_context.from_global(handed)
            assert texts(sent().annotations) == {"AAAA": b"1"}
            assert texts(current_context.response_annotations) == {"BBBB": b"2"}
            assert current_context.correlation_id == UUID(int=7)

        alone(elsewhere)


class TestClientConnection:
    def test_shows_the_connection(self) -> None:
        connection = FakeConnection()
        client = ClientConnection(connection)
        assert client.peer.address == ADDRESS
        assert repr(client) == "<ClientConnection 192.0.2.7:4711>"
        assert client.fileno() == 99
        assert client.sock is None
        assert client.getpeercert() is None
        assert client.pyroInstances is client.instances
        client.close()
        assert connection.shut == 1

    def test_gives_the_certificate(self) -> None:
        class Secured:
            def getpeercert(self) -> dict[str, str]:
                return {"subject": "ann"}

        connection = FakeConnection()
        connection.sock = Secured()
        assert ClientConnection(connection).getpeercert() == {"subject": "ann"}

    def test_without_a_connection(self) -> None:
        client = ClientConnection(None)
        client.close()
        assert client.fileno() == -1
        assert client.sock is None
        assert list(client.tracked_resources) == []
        with pytest.raises(PyroError, match="no tracker"):
            client.tracking  # noqa: B018


def test_what_was_received_and_is_gone_again_leaves_nothing_behind() -> None:
    """A client with something in its context makes its calls the long way."""

    def client() -> None:
        assert current_call.get() is None
        keep_received({"ABCD": b"x"})
        assert current_context.response_annotations == {"ABCD": b"x"}
        assert current_call.get() is not None
        keep_received({})
        assert current_call.get() is None
        current_context.annotations = {"EFGH": b"y"}
        keep_received({"ABCD": b"x"})
        keep_received({})
        assert current_context.annotations == {"EFGH": b"y"}
        current_context.annotations = {}
        current_context.correlation_id = UUID(int=7)
        keep_received({})
        assert current_context.correlation_id == UUID(int=7)
        current_context.correlation_id = None
        keep_received({})
        assert current_call.get() is None

    alone(client)
