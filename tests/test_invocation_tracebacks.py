"""What the tracebacks that clients get begin with, show, and leave out."""

from __future__ import annotations

from typing import Any

import pytest

from pyroplug.exposure import expose
from pyroplug.uri import DAEMON_NAME

from .conversation import Conversation, MemoryDaemon, traceback_of
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


class TestTraceback:
    def test_begins_in_the_method(self, client: Conversation) -> None:
        lines = client.failure("fail", "ValueError", "here")._pyroTraceback
        assert lines[0].startswith("Traceback")
        assert "served.py" in lines[1]
        assert ", in fail" in lines[1]
        assert lines[-1] == "ValueError: here\n"

    @pytest.mark.parametrize(
        ("method", "args", "place"),
        [
            ("__getattr__", ("broken",), "in broken"),
            ("__setattr__", ("level", "wrong"), "in level"),
            ("fail", ("ValueError",), "in fail"),
            ("recurse", (), "in recurse"),
        ],
    )
    def test_shows_nothing_of_pyroplug(
        self, client: Conversation, method: str, args: tuple[Any, ...], place: str
    ) -> None:
        text = traceback_of(client.failure(method, *args))
        assert place in text
        assert "/pyroplug/" not in text

    @pytest.mark.parametrize(("method", "args"), [("work", ()), ("__getattr__", ("state",))])
    def test_of_a_failing_constructor(self, client: Conversation, method: str, args: tuple[Any, ...]) -> None:
        text = traceback_of(client.failure(method, *args, object_id="maker"))
        assert "in __init__" in text
        assert "not today" in text
        assert "/pyroplug/" not in text

    def test_in_a_batch(self, client: Conversation) -> None:
        answer = client.ask(client.batch(("fail", ("ValueError",), {})))
        assert answer is not None
        [wrapper] = client.value_of(answer)
        assert "/pyroplug/" not in traceback_of(wrapper.exception)
        assert "in fail" in traceback_of(wrapper.exception)

    def test_of_a_generator(self, client: Conversation) -> None:
        answer = client.ask(client.invoke("count", 0, kwargs={"failing": True}))
        assert answer is not None
        stream_id = bytes(answer.annotations["STRM"]).decode()
        error = client.failure("get_next_stream_item", stream_id, object_id=DAEMON_NAME)
        assert error.args == ("in the generator",)
        assert "in count" in traceback_of(error)
        assert "/pyroplug/" not in traceback_of(error)

    def test_of_an_error_of_pyroplug_itself_is_short(self, client: Conversation) -> None:
        error = client.failure("nothing")
        assert len(error._pyroTraceback) == 3

    def test_with_details_shows_local_variables(self) -> None:
        for detailed in (False, True):
            daemon = MemoryDaemon({"thing": Talker()}, DETAILED_TRACEBACK=detailed)
            text = traceback_of(Conversation(daemon).greet().failure("fail"))
            assert ("a golden ring" in text) is detailed
            assert "ValueError: 13" in text

    @pytest.mark.parametrize("kind", ["error", "exit"])
    def test_a_local_variable_that_cannot_be_shown(self, kind: str) -> None:
        daemon = MemoryDaemon({"thing": Talker()}, DETAILED_TRACEBACK=True)
        error = Conversation(daemon).greet().failure("fail_beside", kind)
        assert type(error) is ValueError
        assert "in fail_beside" in traceback_of(error)

    def test_of_a_nested_remote_call_has_both(self, daemon: MemoryDaemon) -> None:
        inner = Conversation(daemon).greet()

        @expose
        class Middle:
            def ask(self) -> Any:
                return inner.call("fail", "ValueError", "deep down")

        daemon.table.add("middle", Middle())
        error = Conversation(daemon).greet("middle").failure("ask", object_id="middle")
        text = traceback_of(error)
        assert "in ask" in text
        assert "in fail" in text.partition("Remote traceback")[2]
