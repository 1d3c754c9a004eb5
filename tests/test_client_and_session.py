"""Both ends of a connection with each other, and nothing between them but bytes in pieces of any size."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pyroplug.client import ClientProtocol, StreamReference
from pyroplug.context import current_context
from pyroplug.errors import HandshakeError, PyroError, RemoteError
from pyroplug.uri import DAEMON_NAME
from pyroplug.values import ExceptionWrapper
from pyroplug.wire import Flags, Message

from .conversation import SERIALIZERS, WIRE_IDS, Conversation, MemoryDaemon, alone, codec_of
from .served import Thing

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | texts | st.floats(allow_nan=False, width=32),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(texts.filter(lambda text: "__class__" not in text), inner, max_size=3)
    ),
    max_leaves=8,
)
"""What every serializer carries unchanged."""


class Line:
    """A client and its session, with a wire between them that cuts what it carries as it likes."""

    def __init__(self, daemon: MemoryDaemon, serializer: str, *, compress: bool = False) -> None:
        self.there = Conversation(daemon, serializer, scratch=200)
        self.here = ClientProtocol(
            codec_of(serializer), WIRE_IDS[serializer], limit=1 << 20, compress=compress
        )
        self.sequence = 0
        self.sizes = [1 << 20]

    def pieces(self, data: bytes) -> list[bytes]:
        cut, turn = [], 0
        while data:
            size = self.sizes[turn % len(self.sizes)]
            cut.append(data[:size])
            data, turn = data[size:], turn + 1
        return cut

    def exchange(self, request: Any) -> Message:
        """Carry a request there, and its answer back."""
        # The session has a thread, and a context, of its own.
        came = alone(self.there.send, *self.pieces(b"".join(request)))
        scratch, received = memoryview(bytearray(150)), []
        for piece in self.pieces(came):
            rest = memoryview(piece)
            while rest:
                room = self.here.get_buffer(scratch)
                count = min(len(room), len(rest))
                room[:count] = rest[:count]
                del room  # Python 3.13 complains of memory that is lent when it becomes garbage
                rest = rest[count:]
                received += self.here.buffer_updated(count)
        return self.here.only(received)

    def greet(self, handshake: Any = "hello", object_id: str = "thing") -> Any:
        return self.here.accepted(self.exchange(self.here.connect(object_id, handshake, self.sequence)))

    def call(self, method: str, *args: Any, object_id: str = "thing", flags: int = 0, **kwargs: Any) -> Any:
        self.sequence = (self.sequence + 1) & 0xFFFF
        message = self.exchange(self.here.call(object_id, method, args, kwargs, flags, self.sequence))
        self.here.answer([message], self.sequence)
        return self.here.result(message)

    def tell(self, method: str, *args: Any) -> None:
        """A one-way call."""
        self.sequence = (self.sequence + 1) & 0xFFFF
        request = b"".join(self.here.call("thing", method, args, {}, Flags.ONEWAY, self.sequence))
        assert alone(self.there.send, *self.pieces(request)) == b""
        self.there.run_spawned()


class Calls(RuleBasedStateMachine):
    """Any calls in any order; what has to come back is known without pyroplug."""

    @initialize(serializer=st.sampled_from(SERIALIZERS), ours=st.booleans(), theirs=st.booleans())
    def connect(self, serializer: str, ours: bool, theirs: bool) -> None:
        self.thing = Thing()
        self.daemon = MemoryDaemon({"thing": self.thing}, COMPRESSION=theirs)
        self.line = Line(self.daemon, serializer, compress=ours)
        self.level: Any = 1
        self.stream: tuple[str, int, int] | None = None
        meta = self.line.greet()["meta"]
        assert "secret" not in meta["methods"]
        assert "echo" in meta["methods"]

    @rule(sizes=st.lists(st.integers(1, 100) | st.just(1 << 20), min_size=1, max_size=4))
    def cut_otherwise(self, sizes: list[int]) -> None:
        self.line.sizes = sizes

    @rule(
        args=st.lists(values, max_size=3), kwargs=st.dictionaries(st.sampled_from("abc"), values, max_size=2)
    )
    def echo(self, args: list[Any], kwargs: dict[str, Any]) -> None:
        assert self.line.call("echo", *args, **kwargs) == [args, kwargs]

    @rule(value=st.text("ab", min_size=100, max_size=3000))
    def give_much(self, value: str) -> None:
        assert self.line.call("give", value) == value

    @rule(value=values)
    def set_level(self, value: Any) -> None:
        if value != "wrong":
            assert self.line.call("__setattr__", "level", value) is None
            self.level = value

    @rule()
    def get_level(self) -> None:
        assert self.line.call("__getattr__", "level") == self.level

    @rule(value=values)
    def note(self, value: Any) -> None:
        self.line.tell("note", value)
        assert self.thing.reached[-1] == ("note", value)

    @rule(text=texts)
    def fail(self, text: str) -> None:
        with pytest.raises(ValueError) as caught:  # noqa: PT011
            self.line.call("fail", "ValueError", text)
        assert caught.value.args == (text,)

    @rule(kind=st.sampled_from(["OwnError", "SystemExit", "KeyboardInterrupt"]))
    def fail_strangely(self, kind: str) -> None:
        with pytest.raises(RemoteError, match=kind):
            self.line.call("fail", kind)

    @rule(name=st.sampled_from(["secret", "hidden", "_level", "__init__", "nothing", "__reduce__"]))
    def reach_for_what_is_closed(self, name: str) -> None:
        for call in ((name,), ("__getattr__", name), ("__setattr__", name, 1)):
            with pytest.raises(AttributeError):
                self.line.call(*call)

    @rule(given=st.lists(values, max_size=4), failing=st.booleans())
    def batch(self, given: list[Any], failing: bool) -> None:
        calls: list[Any] = [["give", [value], {}] for value in given]
        if failing:
            calls += [["fail", ["ValueError", "in the batch"], {}], ["give", ["never"], {}]]
        results = list(self.line.call("<batch>", *calls, flags=Flags.BATCH))
        if failing:
            wrapper = results.pop()
            assert isinstance(wrapper, ExceptionWrapper)
            assert wrapper.exception.args == ("in the batch",)
        assert results == given

    @rule(length=st.integers(0, 3))
    def open_stream(self, length: int) -> None:
        found = self.line.call("count", length)
        assert isinstance(found, StreamReference)
        self.stream = (found.stream_id, 0, length)

    @precondition(lambda self: self.stream is not None)
    @rule()
    def take_item(self) -> None:
        assert self.stream is not None
        stream_id, item, length = self.stream
        if item == length:
            with pytest.raises(StopIteration):
                self.line.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME)
            with pytest.raises(PyroError, match="terminated"):
                self.line.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME)
            self.stream = None
        else:
            assert self.line.call("get_next_stream_item", stream_id, object_id=DAEMON_NAME) == item
            self.stream = (stream_id, item + 1, length)

    @rule(text=texts)
    def annotate(self, text: str) -> None:
        def task() -> bytes:
            current_context.annotations["TOKN"] = text.encode()
            seen = self.line.call("context")
            assert seen[0] == self.line.sequence
            assert seen[3] == {"TOKN": text}
            self.line.call("annotate", text)
            return bytes(current_context.response_annotations["ANSW"])

        assert alone(task) == text.encode()
        assert alone(lambda: self.line.call("context"))[3:5] == [{}, []]

    @rule()
    def ping(self) -> None:
        self.line.here.pong(self.line.exchange(self.line.here.ping()))

    @invariant()
    def the_conversation_goes_on(self) -> None:
        if hasattr(self, "line"):
            assert not self.line.there.session.closing
            assert "secret" not in self.thing.reached
            assert "hidden" not in self.thing.reached

    def teardown(self) -> None:
        if hasattr(self, "line"):
            self.line.there.session.lost("the test is over")
            assert self.daemon.disconnected == [self.line.there.session.client]


TestCalls = Calls.TestCase
TestCalls.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_refusal_arrives_in_words(serializer: str) -> None:
    daemon = MemoryDaemon({"thing": Thing()})
    with pytest.raises(HandshakeError, match="unknown object 'other'"):
        Line(daemon, serializer).greet(object_id="other")
    strict = MemoryDaemon({"thing": Thing()}, accepted=())
    if serializer != "serpent":
        with pytest.raises(HandshakeError, match="SERIALIZERS_ACCEPTED"):
            Line(strict, serializer).greet()
