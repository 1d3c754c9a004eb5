"""What a daemon's own methods and validators say about connections, and what becomes of their errors."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from pyroplug.api import Daemon, DaemonObject, current_context, expose
from pyroplug.errors import HandshakeError, PyroError, SecurityError, SerializeError

from .running import BOTH_MODELS, Running, Way
from .support import wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)


@expose
class Thing:
    def echo(self, value: Any) -> Any:
        return value

    def fail(self) -> None:
        raise ValueError("it fails")

    def items(self) -> Any:
        return iter([1, 2])

    def track(self, resource: Any) -> None:
        current_context.track_resource(Resource.all[resource])


class Resource:
    """Remembers whether it was closed."""

    all: dict[str, Resource] = {}  # noqa: RUF012

    def __init__(self, name: str) -> None:
        self.closed = threading.Event()
        self.all[name] = self

    def close(self) -> None:
        self.closed.set()


class Watching(Daemon):
    """Remembers what it is asked and told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.greeted: list[Any] = []
        self.lost: list[Any] = []
        super().__init__(*args, **kwargs)

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        self.greeted.append((conn, data, current_context.client_sock_addr, dict(current_context.annotations)))
        if isinstance(data, str) and data.startswith("raise "):
            raise {"ValueError": ValueError, "SystemExit": SystemExit, "SecurityError": SecurityError}[
                data[6:]
            ]("not you")
        return object() if data == "what cannot be sent" else {"you": data}

    def clientDisconnect(self, conn: Any) -> None:
        self.lost.append((conn, set(conn.tracked_resources), dict(conn.pyroInstances)))


def watching(run_daemon: Callable[..., Running], way: Way, **named: Any) -> tuple[Running, Any]:
    running = run_daemon(way, cls=Watching, **(named or {"thing": Thing()}))
    return running, running.daemon


# The handshake


@EITHER
def test_the_daemon_sees_who_comes(run_daemon: Callable[..., Running], way: Way) -> None:
    running, daemon = watching(run_daemon, way)
    proxy = running.proxy()
    proxy._pyroHandshake = ("me", {"key": [1]})
    current_context.annotations = {"ABCD": b"x"}
    try:
        proxy._pyroBind()
    finally:
        current_context.annotations = {}
    ((conn, data, address, annotations),) = daemon.greeted
    assert data == ("me", {"key": [1]})
    assert {key: bytes(value) for key, value in annotations.items()} == {"ABCD": b"x"}
    if way.transport == "tcp":
        assert address == proxy._pyroLocalSocket
        assert conn.peer.address == address
    assert conn.getpeercert() is None
    running.proxy()._pyroBind()
    assert daemon.greeted[1][1] == "hello"
    assert daemon.greeted[1][3] == {}


@EITHER
@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "SecurityError"])
def test_whatever_it_raises_refuses(run_daemon: Callable[..., Running], way: Way, error: str) -> None:
    running, daemon = watching(run_daemon, way)
    proxy = running.proxy()
    proxy._pyroHandshake = f"raise {error}"
    for _ in range(3):
        with pytest.raises(HandshakeError, match="not you"):
            proxy.echo(1)
    accepted = running.proxy()
    assert accepted.echo(1) == 1
    accepted._pyroRelease()
    wait_until(lambda: daemon.lost, "the end of the connection")
    assert [conn for conn, *_ in daemon.lost] == [daemon.greeted[-1][0]], "nobody else was ever a client"


@EITHER
def test_an_answer_that_cannot_be_sent_refuses(run_daemon: Callable[..., Running], way: Way) -> None:
    running, _ = watching(run_daemon, way)
    proxy = running.proxy()
    proxy._pyroHandshake = "what cannot be sent"
    with pytest.raises(HandshakeError, match="object"):
        proxy.echo(1)
    assert running.proxy().echo(1) == 1


@EITHER
def test_a_greeting_that_cannot_be_sent(run_daemon: Callable[..., Running], way: Way) -> None:
    proxy = run_daemon(way, thing=Thing()).proxy()
    proxy._pyroHandshake = object()
    with pytest.raises(SerializeError):
        proxy.echo(1)
    assert proxy._pyroConnection is None
    proxy._pyroHandshake = "x" * 100_000
    with pytest.raises(PyroError, match=r"larger|closed"):
        proxy.echo(1)
    proxy._pyroHandshake = "hello"
    assert proxy.echo(1) == 1


class Validator:
    """Agrees unless the handshake's value has its name."""

    def __init__(self, name: str, error: type[BaseException] = SecurityError) -> None:
        self.name = name
        self._error = error
        self.seen: list[Any] = []

    def open(self, settings: Any) -> Validator:
        return self

    def validate(self, hello: Any) -> None:
        self.seen.append((hello.object_id, hello.data))
        if hello.data == self.name:
            raise self._error(f"{self.name} says no")


@EITHER
def test_all_validators_have_to_agree(
    run_daemon: Callable[..., Running], caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    first, second = Validator("first"), Validator("second", ZeroDivisionError)
    running = run_daemon(way, cls=Watching, thing=Thing(), daemon={"handshake": [first, second]})
    for word, text in (("first", "first says no"), ("second", "refused")):
        proxy = running.proxy()
        proxy._pyroHandshake = word
        with caplog.at_level(logging.CRITICAL), pytest.raises(HandshakeError, match=text) as caught:
            proxy.echo(1)
        assert "second says no" not in str(caught.value)
    assert running.daemon.greeted == []  # type: ignore[attr-defined]
    proxy = running.proxy()
    assert proxy.echo(1) == 1
    assert first.seen[-1] == second.seen[-1] == ("thing", "hello")


# The end of a connection


@EITHER
def test_the_daemon_hears_of_lost_connections(run_daemon: Callable[..., Running], way: Way) -> None:
    running, daemon = watching(run_daemon, way, thing=Thing)
    for leave in (lambda proxy: proxy._pyroRelease(), lambda proxy: proxy._pyroConnection.sock.shutdown(2)):
        resource = Resource("one")
        proxy = running.proxy()
        proxy.track("one")
        leave(proxy)
        wait_for(resource.closed, "the closing of the resource")
        wait_until(lambda: daemon.lost, "the news")
        conn, resources, instances = daemon.lost.pop()
        assert resources == {resource}
        assert list(instances) == [Thing]
        assert conn.pyroInstances == {}


@EITHER
def test_connections_that_are_there_at_the_end(run_daemon: Callable[..., Running], way: Way) -> None:
    running, daemon = watching(run_daemon, way, thing=Thing)
    resource = Resource("one")
    proxy = running.proxy()
    proxy.track("one")
    running.stop()
    assert resource.closed.is_set()
    assert len(daemon.lost) == 1


# What a daemon adds, and what fails in it


@EITHER
def test_annotations_of_the_daemon(run_daemon: Callable[..., Running], way: Way) -> None:
    class Annotating(Daemon):
        def annotations(self) -> dict[str, bytes]:
            return {"DAEM": b"x"}

    proxy = run_daemon(way, cls=Annotating, thing=Thing()).proxy()
    items = proxy.items()

    def fail() -> None:
        with pytest.raises(ValueError, match="it fails"):
            proxy.fail()

    for call in (lambda: proxy.echo(1), lambda: next(items), fail):
        current_context.response_annotations = {}
        call()
        assert bytes(current_context.response_annotations["DAEM"]) == b"x"


@EITHER
def test_annotations_replaced_on_the_instance(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    running.daemon.annotations = lambda: {"DAEM": b"y"}  # type: ignore[method-assign]
    assert running.proxy().echo(1) == 1
    assert bytes(current_context.response_annotations["DAEM"]) == b"y"


@EITHER
def test_failing_methods_of_a_daemon_harm_nobody(
    run_daemon: Callable[..., Running], caplog: pytest.LogCaptureFixture, way: Way
) -> None:
    class Broken(Daemon):
        def clientDisconnect(self, conn: Any) -> None:
            raise SystemExit("clientDisconnect")

        def housekeeping(self) -> None:
            raise RuntimeError("housekeeping")

    caplog.set_level(logging.CRITICAL)
    running = run_daemon(way, cls=Broken, thing=Thing())
    running.daemon._host.housekeeping()
    for _ in range(3):
        with running.proxy() as proxy:
            assert proxy.echo(1) == 1


@EITHER
def test_failing_annotations_are_an_error_of_the_call(run_daemon: Callable[..., Running], way: Way) -> None:
    class Broken(Daemon):
        good = True

        def annotations(self) -> dict[str, bytes]:
            return {} if self.good else {"TOO LONG": b""}

    running = run_daemon(way, cls=Broken, thing=Thing())
    proxy = running.proxy()
    proxy._pyroBind()
    running.daemon.good = False  # type: ignore[attr-defined]
    with pytest.raises(PyroError, match="TOO LONG"):
        proxy.echo(1)
    running.daemon.good = True  # type: ignore[attr-defined]
    assert proxy.echo(1) == 1


# The daemon's own object


@EITHER
def test_an_interface_of_ones_own(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class More(DaemonObject):
        def more(self) -> list[str]:
            return ["more than", *self.registered()]

    running = run_daemon(way, daemon={"interface": More}, thing=Thing())
    daemon = running.proxy("Pyro.Daemon")
    assert daemon.more() == ["more than", *daemon.registered()]
    assert daemon.ping() is None
