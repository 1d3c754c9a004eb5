"""Calls as observers see them, at both sides; and that nobody else notices."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from pyroplug.api import BatchProxy, Proxy, SerializedBlob, current_context, expose, oneway
from pyroplug.config import Configuration
from pyroplug.contracts import CallOutcome, ObservedCall
from pyroplug.errors import CommunicationError, PluginUnavailableError, PyroError
from pyroplug.observation import Observation
from pyroplug.plugins import PluginSet
from pyroplug.wire import MessageType
from tests.conversation import SERIALIZERS, Conversation, MemoryDaemon
from tests.fabricate import offering
from tests.support import PATIENCE, wait_until

from .running import BOTH_MODELS, Running, Way, settings

Seen = tuple[ObservedCall, CallOutcome]
_inside: ContextVar[str] = ContextVar("inside", default="nothing")


class Recorder:
    """An observer that remembers all that it is told."""

    name = "recorder"

    def __init__(self) -> None:
        self.begun: list[ObservedCall] = []
        self.ended: list[Seen] = []

    def open(self, _settings: Any, /) -> Any:
        return self.observe

    def observe(self, call: ObservedCall) -> Callable[[CallOutcome], None]:
        self.begun.append(call)
        _inside.set(f"{call.side} {call.method}")
        return lambda outcome: self.ended.append((call, outcome))

    def of(self, side: str, object_id: str = "thing") -> list[Seen]:
        return [seen for seen in self.ended if (seen[0].side, seen[0].object_id) == (side, object_id)]

    def only(self, side: str) -> Seen:
        (seen,) = self.of(side)
        return seen


class Faulty:
    """An observer that raises whenever it can."""

    name = "faulty"

    def __init__(self, error: type[BaseException], at_once: bool) -> None:
        self._error = error
        self._at_once = at_once

    def open(self, _settings: Any, /) -> Any:
        return self._observe

    def _observe(self, _call: ObservedCall) -> Callable[[CallOutcome], None]:
        if self._at_once:
            raise self._error("of the observer's")
        return self._end

    def _end(self, _outcome: CallOutcome) -> None:
        raise self._error("of the observer's")


@expose
class Thing:
    level = property(lambda self: 5)

    def __init__(self) -> None:
        self.noted: list[Any] = []

    def echo(self, *args: Any, **kwargs: Any) -> Any:
        return [list(args), kwargs]

    def inside(self) -> str:
        return _inside.get()

    def fail(self) -> None:
        raise ValueError("on purpose")

    def unsendable(self) -> object:
        return object()

    def count(self) -> Iterator[int]:
        return iter(range(3))

    def keep(self, blob: SerializedBlob) -> Any:
        return blob.deserialized()

    @oneway
    def note(self, value: Any) -> None:
        self.noted.append(value)
        if value == "fail":
            raise ValueError("on purpose")


Thing.level.fget._pyroExposed = True  # type: ignore[attr-defined]


def observed_by(*observers: Any) -> tuple[Configuration, PluginSet]:
    plugins = PluginSet(plugins={"observing": offering(call_observer=list(observers))})
    return settings(CALL_OBSERVERS=[each.name for each in observers]), plugins


@pytest.fixture(params=BOTH_MODELS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    chosen: Way = request.param
    return chosen


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def serve(run_daemon: Callable[..., Running]) -> Callable[..., Running]:
    def serve(
        way: Way, objects: dict[str, Any], config: Configuration | None = None, **daemon: Any
    ) -> Running:
        chosen = config or settings()
        chosen.SERVERTYPE, chosen.SERIALIZERS_ACCEPTED = way.server, SERIALIZERS
        return run_daemon(way, daemon={"config": chosen, **daemon}, **objects)

    return serve


@pytest.fixture
def thing() -> Thing:
    return Thing()


@pytest.fixture
def proxy(serve: Callable[..., Running], way: Way, recorder: Recorder, thing: Thing) -> Any:
    """A proxy that is observed, for a server that is."""
    config, plugins = observed_by(recorder)
    running = serve(way, {"thing": thing}, config=config, plugins=plugins)
    return running.proxy("thing", config=config, plugins=plugins)


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_both_sides_see_the_same(proxy: Any, recorder: Recorder, serializer: str) -> None:
    proxy._pyroSerializer = serializer
    assert proxy.echo(1, "two", three=3) == [[1, "two"], {"three": 3}]
    wait_until(lambda: len(recorder.ended) == 2)
    (here, outcome), (there, other) = recorder.only("client"), recorder.only("server")
    assert (here.object_id, here.method, here.oneway) == ("thing", "echo", False)
    assert there._replace(side="client", peer=here.peer) == here
    assert isinstance(here.correlation_id, uuid.UUID)
    assert 10 < outcome.request_size == other.request_size < 200
    assert 10 < outcome.response_size == other.response_size < 200
    assert 0 < other.seconds < outcome.seconds < PATIENCE
    assert outcome.error is other.error is None


def test_what_was_raised(proxy: Any, recorder: Recorder) -> None:
    with pytest.raises(ValueError, match="on purpose") as caught:
        proxy.fail()
    wait_until(lambda: len(recorder.ended) == 2)
    assert recorder.only("client")[1].error is caught.value
    error = recorder.only("server")[1].error
    assert isinstance(error, ValueError)
    assert error is not caught.value


def test_what_cannot_be_sent_has_failed(proxy: Any, recorder: Recorder) -> None:
    with pytest.raises(PyroError):
        proxy.unsendable()
    with pytest.raises(PyroError):
        proxy.echo(object())
    wait_until(lambda: len(recorder.of("client")) == 2)
    assert [type(outcome.error).__name__ for _, outcome in recorder.of("client")] == ["SerializeError"] * 2
    assert recorder.only("server")[1].error is not None


def test_one_way_calls(proxy: Any, recorder: Recorder, thing: Thing) -> None:
    proxy.note("first")
    proxy.note("fail")
    wait_until(lambda: len(recorder.of("server")) == 2)
    assert sorted(thing.noted) == ["fail", "first"]
    assert all(call.oneway and not outcome.response_size for call, outcome in recorder.ended)
    errors = {type(outcome.error) for _, outcome in recorder.of("server")}
    assert errors == {type(None), ValueError}
    assert [outcome.error for _, outcome in recorder.of("client")] == [None, None]


def test_a_batch_is_one_call(proxy: Any, recorder: Recorder) -> None:
    batch: Any = BatchProxy(proxy)
    batch.echo(1)
    batch.echo(2)
    assert len(list(batch())) == 2
    batch.fail()
    with pytest.raises(ValueError, match="on purpose"):
        list(batch())
    wait_until(lambda: len(recorder.ended) == 4)
    assert {call.method for call in recorder.begun} == {"<batch>"}
    first, second = (outcome for _, outcome in recorder.of("server"))
    assert first.error is None
    assert isinstance(second.error, ValueError)


def test_properties_blobs_and_iterators(proxy: Any, recorder: Recorder) -> None:
    assert proxy.level == 5
    assert proxy.keep(SerializedBlob("info", [1, 2])) == [1, 2]
    assert list(proxy.count()) == [0, 1, 2]
    wait_until(lambda: len(recorder.of("server")) == 3)
    assert [call.method for call, _ in recorder.of("server")] == ["__getattr__", "keep", "count"]
    assert [call.method for call, _ in recorder.of("client")] == ["__getattr__", "keep", "count"]
    assert all(outcome.request_size for _, outcome in recorder.ended)
    assert recorder.of("client", "Pyro.Daemon")


def test_the_answer_as_it_came(proxy: Any, recorder: Recorder) -> None:
    proxy._pyroRawWireResponse = True
    message = proxy.echo(1)
    assert recorder.only("client")[1].response_size == len(message.payload)


def test_it_runs_in_the_calls_own_context(proxy: Any) -> None:
    assert proxy.inside() == "server inside"
    assert _inside.get() == "client inside"


def test_the_programs_own_correlation_id(proxy: Any, recorder: Recorder) -> None:
    mine = uuid.uuid4()
    current_context.correlation_id = mine
    try:
        proxy.echo(1)
    finally:
        current_context.correlation_id = None
    proxy.echo(2)
    wait_until(lambda: len(recorder.ended) == 4)
    ids = [call.correlation_id for call, _ in recorder.of("client")]
    assert ids[0] == mine != ids[1]
    assert ids == [call.correlation_id for call, _ in recorder.of("server")]


def test_connecting_is_part_of_the_first_call_and_none_of_its_own(proxy: Any, recorder: Recorder) -> None:
    proxy._pyroBind()
    proxy._pyroRelease()
    proxy.echo(1)
    assert [call.method for call, _ in recorder.of("client")] == ["echo"]
    assert recorder.of("client", "Pyro.Daemon") == []


def test_a_call_that_nobody_answers(proxy: Any, recorder: Recorder) -> None:
    proxy.echo(1)
    proxy._pyroConnection.close()
    with pytest.raises(CommunicationError):
        proxy.echo(2)
    assert isinstance(recorder.of("client")[1][1].error, CommunicationError)


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit])
@pytest.mark.parametrize("at_once", [True, False])
def test_an_observer_that_fails_changes_nothing(
    serve: Callable[..., Running],
    way: Way,
    thing: Thing,
    error: type[BaseException],
    at_once: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    recorder = Recorder()
    config, plugins = observed_by(Faulty(error, at_once), recorder)
    running = serve(way, {"thing": thing}, config=config, plugins=plugins)
    with running.proxy("thing") as plain:
        assert plain.echo(1) == [[1], {}]
        plain.note("first")
        with pytest.raises(ValueError, match="on purpose"):
            plain.fail()
    wait_until(lambda: len(recorder.of("server")) == 3)
    assert "an observer of calls failed at thing.echo" in caplog.text
    if error is not KeyboardInterrupt:  # the program's own
        with running.proxy("thing", config=config, plugins=plugins) as observed:
            assert observed.echo(1) == [[1], {}]


def test_who_is_not_chosen_is_told_nothing(
    serve: Callable[..., Running], way: Way, recorder: Recorder, thing: Thing
) -> None:
    _, plugins = observed_by(recorder)
    running = serve(way, {"thing": thing}, plugins=plugins)
    with running.proxy("thing", plugins=plugins) as proxy:
        assert proxy.echo(1) == [[1], {}]
    assert recorder.begun == []


def test_one_that_is_missing_is_told_of_early(serve: Callable[..., Running]) -> None:
    config = settings(CALL_OBSERVERS=["missing"])
    with pytest.raises(PluginUnavailableError, match="call observer 'missing'"):
        Proxy("PYRO:thing@127.0.0.1:9", config=config)
    with pytest.raises(PluginUnavailableError, match="call observer 'missing'"):
        serve(BOTH_MODELS[0], {}, config=config)


def test_many_at_once(serve: Callable[..., Running], recorder: Recorder, thing: Thing) -> None:
    config, plugins = observed_by(recorder)
    running = serve(BOTH_MODELS[0], {"thing": thing}, config=config, plugins=plugins)

    def work(number: int) -> None:
        with Proxy[Any](running.daemon.uriFor("thing"), config=config, plugins=plugins) as proxy:
            for index in range(50):
                assert proxy.echo(number, index) == [[number, index], {}]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    wait_until(lambda: len(recorder.ended) == 800)
    sides = [{call.correlation_id for call, _ in recorder.of(side)} for side in ("client", "server")]
    assert sides[0] == sides[1]
    assert len(sides[0]) == 400


@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_a_session_answers_as_one_that_is_not_observed(serializer: str, recorder: Recorder) -> None:
    answers = []
    for observe in (False, True):
        daemon = MemoryDaemon({"thing": Thing()}, **({"CALL_OBSERVERS": ("call-log",)} if observe else {}))
        client = Conversation(daemon, serializer).greet("thing")
        requests = [
            client.invoke("echo", 1, "two"),
            client.invoke("fail"),
            client.invoke("nothing"),
            client.batch(("echo", (1,), {}), ("fail", (), {})),
            client.bytes_of(MessageType.INVOKE, b""),
        ]
        answers.append([client.send(request) for request in requests])
    assert answers[0] == answers[1]


def test_nobody_is_told_the_end_of_what_has_not_begun() -> None:
    Observation().end()
