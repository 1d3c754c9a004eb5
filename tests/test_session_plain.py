"""The short way of a request answers as the plain way does, byte for byte, or leaves the request alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyroplug.api import current_context, expose
from pyroplug.wire import Flags, MessageType, encode
from tests.conversation import SERIALIZERS, Conversation, MemoryDaemon
from tests.messages import annotations

SCRATCH = 1 << 16


@expose
class Thing:
    def __init__(self) -> None:
        self.calls: list[Any] = []

    def echo(self, *args: Any, **kwargs: Any) -> Any:
        self.calls.append((args, kwargs, current_context.seq, current_context.serializer_id))
        return [list(args), kwargs]

    def fail(self) -> None:
        self.calls.append("fail")
        raise ValueError("on purpose")

    def annotate(self) -> str:
        current_context.response_annotations = {"ABCD": b"said"}
        return "annotated"

    def large(self) -> str:
        return "x" * SCRATCH

    def count(self) -> Iterator[int]:
        self.calls.append("count")
        return iter(range(3))

    def unsendable(self) -> object:
        return Thing.echo


class Ways:
    """The same conversation twice: the first goes the short way wherever that can be gone."""

    def __init__(self, serializer: str, **settings: Any) -> None:
        self.things = [Thing(), Thing()]
        daemons = [MemoryDaemon({"thing": thing}, **settings) for thing in self.things]
        self.ends = [
            Conversation(daemon, serializer, short_way=short_way)
            for daemon, short_way in zip(daemons, (True, False), strict=True)
        ]
        for end in self.ends:
            end.ask(end.hello())

    def send(self, data: bytes) -> bytes:
        """What both answer, having done the same."""
        first, second = (end.send(data) for end in self.ends)
        assert first == second
        assert self.things[0].calls == self.things[1].calls
        assert self.ends[0].session.closing == self.ends[1].session.closing
        return first

    def is_short(self, data: bytes) -> bool:
        """Whether the short way takes it."""
        scratch = memoryview(bytearray(SCRATCH))
        session = self.ends[0].session
        room = session.get_buffer(scratch)
        size = min(len(room), len(data))
        room[:size] = data[:size]
        return session.handle_plain(room, size) is not None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=20) | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize("serializer", SERIALIZERS)
@given(
    st.lists(values, max_size=3),
    st.dictionaries(st.from_regex("[a-z]{1,5}", fullmatch=True), values, max_size=2),
)
def test_calls(serializer: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    ways = Ways(serializer)
    request = ways.ends[0].invoke("echo", *args, kwargs=kwargs, sequence=4711)
    assert ways.send(request)
    assert ways.things[0].calls[0][2] == 4711
    assert ways.is_short(request)


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("method", ["annotate", "large", "nothing", "__getattr__"])
def test_whatever_becomes_of_a_call(serializer: str, method: str) -> None:
    ways = Ways(serializer)
    request = ways.ends[0].invoke(method)
    assert ways.send(request)
    assert ways.is_short(request)


@pytest.mark.parametrize("method", ["fail", "unsendable", "count"])
def test_what_is_never_the_same_twice_is_of_the_same_kind(method: str) -> None:
    """Tracebacks name lines, and streams have ids."""
    ways = Ways("msgpack")
    request = ways.ends[0].invoke(method)
    first, second = (end.ask(request) for end in ways.ends)
    assert first is not None
    assert second is not None
    assert (first.type, first.flags, first.sequence) == (second.type, second.flags, second.sequence)
    assert first.annotations.keys() == second.annotations.keys()
    assert ways.things[0].calls == ways.things[1].calls


@pytest.mark.parametrize("flags", [flag for flag in Flags if flag is not Flags.COMPRESSED], ids=repr)
def test_a_request_with_flags_is_left_alone(flags: Flags) -> None:
    ways = Ways("msgpack")
    request = ways.ends[0].invoke("echo", 1, flags=int(flags))
    assert not ways.is_short(request)
    assert not ways.things[0].calls


@given(annotations.filter(bool))
def test_a_request_with_annotations_is_left_alone(said: dict[str, bytes]) -> None:
    ways = Ways("msgpack")
    assert not ways.is_short(ways.ends[0].invoke("echo", annotations=said))
    assert not ways.things[0].calls


@given(st.data())
def test_damaged_and_incomplete_requests(data: st.DataObject) -> None:
    ways = Ways("marshal")
    request = bytearray(ways.ends[0].invoke("echo", "value"))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, 39))
        request[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(request)))
    ways.send(bytes(request[:cut]))
    ways.send(bytes(request[cut:]) or b"x")


def test_a_piece_that_is_more_or_less_than_a_request() -> None:
    ways = Ways("json")
    request = ways.ends[0].invoke("echo")
    for piece in (request[:-1], request + b"P", request + request, request[:40], request[:3]):
        assert not ways.is_short(piece)
    assert ways.send(request + request) == 2 * ways.send(request)
    assert ways.send(request[:50]) == b""
    assert not ways.is_short(request)  # it is the middle of another one
    assert ways.send(request[50:])


def test_who_has_not_said_hello_and_who_is_turned_away() -> None:
    stranger = Conversation(MemoryDaemon({"thing": (thing := Thing())}))
    scratch = memoryview(bytearray(SCRATCH))
    request = stranger.invoke("echo")
    stranger.session.get_buffer(scratch)[: len(request)] = request
    assert stranger.session.handle_plain(scratch, len(request)) is None
    assert not thing.calls
    for end in (lambda session: session.retire(), lambda session: session.lost("gone")):
        ways = Ways("msgpack")
        for each in ways.ends:
            end(each.session)
        ways.send(ways.ends[0].invoke("echo"))
        assert not ways.things[0].calls


def test_the_limit_of_a_message() -> None:
    ways = Ways("msgpack", MAX_MESSAGE_SIZE=1000)
    payload = ways.ends[0].codec.dumps_call("thing", "echo", ("x" * 1000,), {})
    request = b"".join(encode(MessageType.INVOKE, 4, 0, 1, payload))
    assert not ways.is_short(request)
    assert ways.send(request)
    assert not ways.things[0].calls


def test_a_serializer_that_is_not_accepted() -> None:
    ways = Ways("msgpack", accepted=("msgpack", "json"))
    request = Conversation(MemoryDaemon({}), "marshal").invoke("echo")
    assert not ways.is_short(request)
    ways.send(request)
    assert not ways.things[0].calls


@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.parametrize("nonsense", [None, 0, False, 5])
def test_arguments_that_are_no_sequence_are_not_taken_for_none(serializer: str, nonsense: Any) -> None:
    ways = Ways(serializer)
    end = ways.ends[0]
    payload = end.codec.dumps_call("thing", "echo", nonsense, {})
    answer = end.ask(b"".join(encode(MessageType.INVOKE, end.serializer_id, 0, 1, payload)))
    assert answer is not None
    assert answer.flags & Flags.EXCEPTION
    assert not ways.things[0].calls
