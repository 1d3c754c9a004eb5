"""Annotations: bytes that travel beside calls and answers, in every kind of call and both ways."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import Pyro5.api
import Pyro5.errors
import pytest

from pyroplug.api import BatchProxy, Daemon, Proxy, current_context, expose, oneway
from pyroplug.errors import ProtocolError
from tests.features.programs import pyro5_proxy, pyro5_server
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERVER = pytest.mark.parametrize("server", ["threadpool", "multiplex"])


@contextmanager
def sending(**annotations: Any) -> Iterator[None]:
    """Calls have these annotations."""
    current_context.annotations = dict(annotations)
    try:
        yield
    finally:
        current_context.annotations = {}


def received() -> dict[str, bytes]:
    """Those of the last answer."""
    return {key: bytes(value) for key, value in current_context.response_annotations.items()}


@expose
class Thing:
    def __init__(self) -> None:
        self.seen: list[Any] = []
        self.news = threading.Semaphore(0)

    def echo(self) -> dict[str, str]:
        """Send back what came, as an annotation and as the result."""
        came = {key: bytes(value) for key, value in current_context.annotations.items()}
        current_context.response_annotations = {key: value[::-1] for key, value in came.items()}
        return {key: value.decode("latin-1") for key, value in came.items()}

    def fail(self) -> None:
        current_context.response_annotations = {"WHYF": b"on purpose"}
        raise ValueError("failed")

    def wrong(self, key: str, value: Any) -> str:
        current_context.response_annotations = {key: value}
        return "a result"

    def nothing(self) -> None:
        pass

    @property
    def value(self) -> int:
        current_context.response_annotations["PROP"] = b"read"  # type: ignore[index]
        return 1

    def count(self) -> Iterator[int]:
        for number in range(3):
            current_context.response_annotations = {"ITEM": b"%d" % number}
            yield number

    @oneway
    def note(self) -> None:
        current_context.response_annotations = {"LOST": b"nobody gets this"}
        self.seen.append({key: bytes(value) for key, value in current_context.annotations.items()})
        self.news.release()


class Annotating(Daemon):
    """Has something to say with every answer."""

    def annotations(self) -> dict[str, bytes]:
        return {"DAEM": b"from the daemon", "BOTH": b"the daemon's"}


@EITHER
def test_both_ways(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    sent = {
        "ABCD": b"bytes \x00\xff",
        "BYTA": bytearray(b"bytearray"),
        "VIEW": memoryview(b"view"),
        "NONE": b"",
    }
    with sending(**sent):
        assert proxy.echo() == {key: bytes(value).decode("latin-1") for key, value in sent.items()}
        assert received() == {key: bytes(value)[::-1] for key, value in sent.items()}
        large = bytes(range(256)) * 10_000
        with sending(LARG=large):
            proxy.echo()
            assert received() == {"LARG": large[::-1]}
    proxy.nothing()
    assert received() == {}


@EITHER
def test_on_exceptions_too(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, cls=Annotating, thing=Thing()).proxy()
    with pytest.raises(ValueError, match="failed"):
        proxy.fail()
    assert received() == {"WHYF": b"on purpose", **Annotating.annotations(proxy)}
    with pytest.raises(AttributeError):
        proxy._pyroInvoke("secret", (), {})
    assert received() == Annotating.annotations(proxy)


@EITHER
def test_the_daemons_own(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, cls=Annotating, thing=Thing())
    daemons = Annotating.annotations(running.daemon)  # type: ignore[arg-type]
    proxy = running.proxy()
    proxy._pyroBind()
    assert received() == daemons
    with sending(ABCD=b"xyz"):
        proxy.echo()
        assert received() == {"ABCD": b"zyx", **daemons}
    assert proxy.value == 1
    assert received() == {"PROP": b"read", **daemons}
    batch = BatchProxy(proxy)
    batch.nothing()
    list(batch() or ())
    assert received() == daemons


@EITHER
def test_in_batches_one_way_calls_and_iterators(run_daemon: Callable[..., Running], way: Way) -> None:
    thing = Thing()
    proxy = run_daemon(way, thing=thing).proxy()
    batch = BatchProxy(proxy)
    with sending(ABCD=b"xyz"):
        batch.echo()
        batch.echo()
        assert list(batch() or ()) == [{"ABCD": "xyz"}] * 2
        assert received() == {"ABCD": b"zyx"}
        proxy.note()
        batch.note()
        batch(oneway=True)
        for _ in range(2):
            assert thing.news.acquire(timeout=PATIENCE)
    assert thing.seen == [{"ABCD": b"xyz"}] * 2
    proxy.nothing()
    assert received() == {}
    assert list(proxy.count()) == [0, 1, 2]
    proxy.nothing()
    assert received() == {}


WRONG = [
    ("ABC", b"", "ABC"),
    ("ABCDE", b"", "ABCDE"),
    ("äöü1", b"", "annotation"),
    ("ABCD", "text", "ABCD"),
    ("ABCD", None, "ABCD"),
    ("ABCD", 5, "ABCD"),
    (4, b"", "annotation"),
]


@EITHER
@pytest.mark.parametrize(
    ("key", "value", "text"), WRONG, ids=[f"{key!r}-{value!r}" for key, value, _ in WRONG]
)
def test_wrong_ones_are_refused_before_anything_is_sent(
    run_daemon: Callable[..., Running], way: Way, key: Any, value: Any, text: str
) -> None:
    thing = Thing()
    proxy = run_daemon(way, thing=thing).proxy()
    proxy._pyroBind()
    connection = proxy._pyroConnection
    current_context.annotations = {key: value}
    try:
        batch = BatchProxy(proxy)
        batch.note()
        attempts: list[Callable[[], Any]] = [proxy.echo, proxy.note, batch, lambda: proxy.value]
        for attempt in attempts:
            with pytest.raises(ProtocolError, match=text):
                attempt()
    finally:
        current_context.annotations = {}
    assert proxy._pyroConnection is connection
    assert proxy.echo() == {}
    assert thing.seen == []


@EITHER
def test_wrong_ones_of_a_server_are_told_to_the_client(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    for key, value in (("ABC", b"x"), ("ABCD", "text")):
        with pytest.raises(ProtocolError, match=key):
            proxy.wrong(key, value)
        assert received() == {}
    assert proxy.echo() == {}


# With real Pyro5

PYRO5 = """
class Annotating(Daemon):
    def annotations(self):
        return {"DAEM": b"from the daemon"}

@expose
class Thing:
    def echo(self):
        came = {key: bytes(value) for key, value in current_context.annotations.items()}
        current_context.response_annotations = {key: value[::-1] for key, value in came.items()}
        return {key: value.decode("latin-1") for key, value in came.items()}
objects = {"thing": Thing()}
"""


@pytest.mark.parametrize("server", ["thread", "multiplex"])
def test_with_a_server_that_is_real_pyro5(server: str) -> None:
    program, location = pyro5_server(PYRO5, server, daemon="Annotating")
    with program, Proxy(f"PYRO:thing@{location}") as proxy, sending(ABCD=b"xyz", VIEW=memoryview(b"view")):
        assert proxy.echo() == {"ABCD": "xyz", "VIEW": "view"}
        assert received() == {"ABCD": b"zyx", "VIEW": b"weiv", "DAEM": b"from the daemon"}


@SERVER
def test_with_a_client_that_is_real_pyro5(run_daemon: Callable[..., Running], server: str) -> None:
    context = Pyro5.api.current_context
    proxy = run_daemon(Way(server), cls=Annotating, thing=Thing()).proxy(cls=pyro5_proxy)
    context.annotations = {"ABCD": b"xyz"}
    try:
        assert proxy.echo() == {"ABCD": "xyz"}
        answered = {key: bytes(value) for key, value in context.response_annotations.items()}
        assert answered == {"ABCD": b"zyx", **Annotating.annotations(proxy)}
        with pytest.raises(ValueError, match="failed"):
            proxy.fail()
        assert bytes(context.response_annotations["WHYF"]) == b"on purpose"
        with pytest.raises(Pyro5.errors.ProtocolError, match="ABC"):
            proxy.wrong("ABC", "text")
        assert list(proxy.count()) == [0, 1, 2]
    finally:
        context.annotations, context.response_annotations = {}, {}
