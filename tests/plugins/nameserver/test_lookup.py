"""From names and tags to addresses: what is asked, how often, for how long, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroplug_nameserver import lookup as looking
from pyroplug_nameserver.lookup import lookup, until_found, yplookup

from pyroplug.api import URI, Proxy, config, expose, resolve
from pyroplug.config import Configuration
from pyroplug.errors import AddressError, ConnectionClosedError, NamingError, TimeoutError
from tests.running import Running, settings
from tests.support import PATIENCE

from .fake import FakeNames

THING = "PYRO:thing@127.0.0.1:4711"


class Clock:
    """Time that passes only where somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        assert seconds > 0
        self.waits.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(looking, "clock", made.monotonic)
    monkeypatch.setattr(looking, "wait", made.wait)
    return made


class Attempts:
    """Fails some times."""

    def __init__(self, *failures: BaseException) -> None:
        self.failures = list(failures)
        self.made = 0

    def __call__(self) -> str:
        self.made += 1
        if self.failures:
            raise self.failures.pop(0)
        return "found"


# Trying for a while


def test_what_works_is_not_repeated(clock: Clock) -> None:
    attempts = Attempts()
    assert until_found(attempts, 10) == "found"
    assert (attempts.made, clock.waits) == (1, [])


@pytest.mark.parametrize("error", [NamingError("x"), TimeoutError("x"), ConnectionClosedError("x")])
def test_without_a_delay_there_is_one_attempt(clock: Clock, error: Exception) -> None:
    with pytest.raises(type(error)):
        until_found(Attempts(error), 0)
    assert clock.waits == []


@pytest.mark.parametrize(("delay", "pause"), [(0.1, 0.1), (0.5, 0.2), (1, 0.2), (2, 0.4), (10, 2)])
def test_the_pause_is_a_fifth_and_no_shorter_than_a_fifth_of_a_second(
    clock: Clock, delay: float, pause: float
) -> None:
    assert until_found(Attempts(NamingError("x")), delay) == "found"
    assert clock.waits == [pytest.approx(pause)]


@given(st.floats(0.001, 100))
def test_it_is_tried_to_the_end_and_no_longer(delay: float) -> None:
    clock = Clock()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(looking, "clock", clock.monotonic)
        patch.setattr(looking, "wait", clock.wait)
        attempts = Attempts(*[NamingError(str(number)) for number in range(100)])
        with pytest.raises(NamingError) as caught:
            until_found(attempts, delay)
    assert clock.now - 1000 == pytest.approx(delay)
    assert attempts.made == len(clock.waits) + 1 <= 7
    assert str(caught.value) == str(attempts.made - 1), "it is the last attempt's"


def test_the_askers_time_ends_it(clock: Clock) -> None:
    def left() -> float:
        if clock.now >= 1003:
            raise TimeoutError("over")
        return 1003 - clock.now

    attempts = Attempts(*[NamingError("unknown")] * 100)
    with pytest.raises(NamingError, match="unknown"):
        until_found(attempts, 10, left)
    assert clock.waits == [2, 1]


@pytest.mark.parametrize("error", [ValueError("x"), KeyboardInterrupt()])
def test_what_another_attempt_cannot_change(clock: Clock, error: BaseException) -> None:
    with pytest.raises(type(error)):
        until_found(Attempts(error), 10)
    assert clock.waits == []


# Of a name server that is known


@expose
class Late(FakeNames):
    """Learns of something at the third question."""

    def _maybe(self) -> None:
        if len(self.calls) == 2:
            self.entries["thing"] = THING
            self.tags["thing"] = {"a"}

    def lookup(self, name: str, return_metadata: bool = False) -> Any:
        self._maybe()
        return super().lookup(name, return_metadata)

    def yplookup(self, meta_all: Any = None, meta_any: Any = None, return_metadata: bool = True) -> Any:
        self._maybe()
        return super().yplookup(meta_all, meta_any, return_metadata)


def test_lookup(clock: Clock) -> None:
    names = FakeNames(thing=THING)
    names.tags["thing"] = {"a"}
    assert lookup(names, "thing") == URI(THING)
    assert lookup(names, "thing", True) == (URI(THING), {"a"})
    with pytest.raises(NamingError, match="unknown name: other"):
        lookup(names, "other")
    assert clock.waits == []
    assert lookup(Late(), "thing", delay_time=5) == URI(THING)
    assert clock.waits == [1, 1]


def test_yplookup(clock: Clock) -> None:
    names = FakeNames(thing=THING)
    names.tags["thing"] = {"a"}
    assert yplookup(names, ["a"]) == {"thing": (THING, {"a"})}
    assert yplookup(names, ["a"], return_metadata=False) == {"thing": THING}
    assert yplookup(names, ["b"]) == {}
    assert clock.waits == []
    assert yplookup(Late(), ["a"], None, False, 5) == {"thing": THING}
    assert clock.waits == [1, 1]
    clock.waits.clear()
    assert yplookup(names, ["b"], delay_time=1) == {}
    assert clock.now > 1000
    assert sum(clock.waits) == pytest.approx(1)


def test_the_configured_delay(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "NS_LOOKUP_DELAY", 5.0)
    assert lookup(Late(), "thing") == URI(THING)
    assert yplookup(Late(), ["a"], None, False) == {"thing": THING}
    assert clock.waits == [1] * 4


# Of whichever there is


@expose
class Thing:
    def who(self) -> str:
        return "a thing"


class Place:
    """A name server, and a configuration by which it is found."""

    def __init__(self, running: Running, names: FakeNames) -> None:
        self.running, self.names = running, names
        self.port = running.daemon.sock.getsockname()[1]
        self.config: Configuration = settings(NS_PORT=self.port, BROADCAST_ADDRS=[])


@pytest.fixture
def place(run_daemon: Callable[..., Running]) -> Place:
    """One that learns of it late."""
    names = Late()
    return Place(run_daemon(**{"Pyro.NameServer": names}), names)


@pytest.fixture
def known(run_daemon: Callable[..., Running]) -> Place:
    """One that knows a thing."""
    names = FakeNames(thing=THING)
    names.tags["thing"] = {"a", "b"}
    return Place(run_daemon(**{"Pyro.NameServer": names}), names)


def test_a_name(known: Place) -> None:
    assert resolve("PYRONAME:thing", config=known.config) == URI(THING)
    elsewhere = settings(BROADCAST_ADDRS=[], NS_PORT=1)
    for where in (f"127.0.0.1:{known.port}", f"localhost:{known.port}"):
        assert resolve(f"PYRONAME:thing@{where}", config=elsewhere) == URI(THING)
        assert resolve(f"PYROMETA:a@{where}", config=elsewhere) == URI(THING)


def test_tags(known: Place) -> None:
    assert resolve("PYROMETA:a,b", config=known.config) == URI(THING)
    assert known.names.calls == [["a", "b"]], "a list, which every serializer carries"
    with pytest.raises(NamingError, match="no object has all of the tags a, c") as caught:
        resolve("PYROMETA:c,a", config=known.config)
    assert f"localhost:{known.port}" in str(caught.value)


def test_any_of_those_that_have_the_tags(known: Place) -> None:
    for number in range(10):
        known.names.entries[f"thing {number}"] = f"PYRO:thing@127.0.0.1:{number + 1}"
        known.names.tags[f"thing {number}"] = {"printer"}
    found = {resolve("PYROMETA:printer", config=known.config).port for _ in range(60)}
    assert len(found) > 3


def test_an_unknown_name(known: Place) -> None:
    with pytest.raises(NamingError) as caught:
        resolve("PYRONAME:thong", config=known.config)
    text = str(caught.value)
    assert text.startswith(
        f"unknown name: thong (the name server at localhost:{known.port} does not know it)"
    )
    assert "pyroplug nsc" in (caught.value.hint or "")
    assert isinstance(caught.value.__cause__, NamingError)


@pytest.mark.parametrize("uri", ["PYRONAME:thing", "PYROMETA:a"])
def test_the_delay_works(place: Place, clock: Clock, uri: str) -> None:
    found = resolve(uri, delay_time=5, config=place.config)
    assert found == URI(THING), "a URI, and no tags with it"
    assert clock.waits == [1, 1]


def test_so_does_the_configured_one(place: Place, clock: Clock, run_daemon: Callable[..., Running]) -> None:
    place.config.NS_LOOKUP_DELAY = 5
    assert resolve("PYRONAME:thing", config=place.config) == URI(THING)
    place.names.entries.clear()
    place.names.calls.clear()
    with Proxy("PYRONAME:thing", config=place.config) as proxy, pytest.raises(AddressError):
        proxy._pyroBind()
    assert clock.waits == [1] * 4


def test_a_name_server_that_starts_later(clock: Clock, run_daemon: Callable[..., Running]) -> None:
    config = settings(NS_PORT=1, BROADCAST_ADDRS=[])
    names = FakeNames(thing=THING)

    def wait(seconds: float) -> None:
        clock.wait(seconds)
        if len(clock.waits) == 2:
            config.NS_PORT = run_daemon(**{"Pyro.NameServer": names}).daemon.sock.getsockname()[1]

    looking.wait = wait  # type: ignore[assignment]  # the fixture puts back what was there
    assert resolve("PYRONAME:thing", 10, config=config) == URI(THING)
    assert clock.waits == [2, 2]


# Names that stand for names


def test_a_name_may_stand_for_a_name(known: Place) -> None:
    known.names.entries["first"] = "PYRONAME:second"
    known.names.entries["second"] = f"PYROMETA:a,b@127.0.0.1:{known.port}"
    assert resolve("PYRONAME:first", config=known.config) == URI(THING)


def test_names_in_a_circle(known: Place) -> None:
    known.names.entries["first"] = "PYRONAME:second"
    known.names.entries["second"] = "PYRONAME:first"
    with pytest.raises(NamingError, match="leads from name to name without end") as caught:
        resolve("PYRONAME:first", config=known.config)
    assert "PYRONAME:first -> PYRONAME:second -> PYRONAME:first" in str(caught.value)
    assert len(known.names.calls) < 10


# Name servers that are no good


@expose
class Nonsense(FakeNames):
    def __init__(self, answer: Any) -> None:
        super().__init__()
        self.answer = answer

    def lookup(self, name: str, return_metadata: bool = False) -> Any:
        return self.answer

    def yplookup(self, meta_all: Any = None, meta_any: Any = None, return_metadata: bool = True) -> Any:
        return self.answer


@pytest.mark.parametrize("answer", [5, "nonsense", b"x", [1], {"a": 5}, {"a": "nonsense"}, "PYRO:x"])
@pytest.mark.parametrize("uri", ["PYRONAME:thing", "PYROMETA:a"])
def test_answers_that_are_none(run_daemon: Callable[..., Running], answer: Any, uri: str) -> None:
    place = Place(run_daemon(**{"Pyro.NameServer": Nonsense(answer)}), FakeNames())
    with pytest.raises(NamingError, match=f"gave no address for {uri}: "):
        resolve(uri, config=place.config)


def test_an_answer_of_nothing(run_daemon: Callable[..., Running]) -> None:
    place = Place(run_daemon(**{"Pyro.NameServer": Nonsense(None)}), FakeNames())
    with pytest.raises(NamingError, match="unknown name"):
        resolve("PYRONAME:thing", config=place.config)


@pytest.mark.parametrize("error", [ZeroDivisionError("oops"), AttributeError("oops"), OSError("oops")])
def test_exceptions_of_the_server(known: Place, error: Exception) -> None:
    known.names.raising = error
    with pytest.raises(
        NamingError, match=f"gave no address for PYRONAME:thing: {type(error).__name__}: oops"
    ):
        resolve("PYRONAME:thing", config=known.config)


@expose
class Mute:
    def ping(self) -> None:
        """The one thing that it can do."""


def test_a_name_server_without_the_methods(run_daemon: Callable[..., Running]) -> None:
    place = Place(run_daemon(**{"Pyro.NameServer": Mute()}), FakeNames())
    for uri in ("PYRONAME:thing", "PYROMETA:a"):
        with pytest.raises(NamingError, match="gave no address"):
            resolve(uri, config=place.config)


# In proxies


def test_a_proxy_by_name_and_by_tags(known: Place, run_daemon: Callable[..., Running]) -> None:
    address = run_daemon(thing=Thing()).daemon.uriFor("thing")
    known.names.entries["thing"] = str(address)
    for uri in ("PYRONAME:thing", "PYROMETA:b,a"):
        with Proxy(uri, config=known.config) as proxy:
            assert proxy.who() == "a thing"
            assert proxy._pyroUri == address


@pytest.fixture
def stuck(run_daemon: Callable[..., Running]) -> Iterator[Place]:
    """A name server that does not answer before the test is over."""
    import threading

    gate = threading.Event()

    @expose
    class Stuck:
        def lookup(self, name: str) -> None:
            gate.wait()

    yield Place(run_daemon(**{"Pyro.NameServer": Stuck()}), FakeNames())
    gate.set()


def test_a_proxys_limit_bounds_the_question(stuck: Place, in_thread: Any) -> None:
    def bind() -> str:
        with Proxy("PYRONAME:thing", config=stuck.config) as proxy:
            proxy._pyroTimeout = 0.3
            with pytest.raises(TimeoutError):
                proxy._pyroBind()
            return str(proxy._pyroUri)

    assert in_thread(bind).result(PATIENCE) == "PYRONAME:thing"
