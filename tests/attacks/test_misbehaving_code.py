"""Code of the server's program that misbehaves: each error is an answer, and nobody else notices."""

from __future__ import annotations

import builtins
import contextlib
import gc
import logging
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import (
    BatchProxy,
    Daemon,
    Proxy,
    behavior,
    current_context,
    expose,
    register_class_to_dict,
    register_dict_to_class,
    unregister_class_to_dict,
    unregister_dict_to_class,
)
from pyroplug.errors import HandshakeError, PyroError, RemoteError
from pyroplug.hookspecs import hookimpl
from pyroplug.plugins import PluginSet
from tests.running import BOTH_MODELS, Running, Way, settings
from tests.support import PATIENCE, wait_until

from .harness import MODELS, Place, attacked
from .misbehaving import MAKERS, Service, Unwritable

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
SERIALIZERS = ("serpent", "json", "msgpack", "marshal")


def creator(kind: str) -> Callable[[type], Any]:
    def create(_cls: type) -> Any:
        raise MAKERS[kind]()

    return create


def bystander(running: Running) -> Any:
    """Somebody else, who is connected all the time."""
    proxy = running.proxy("service")
    assert proxy.fine() == "fine"
    return proxy


def check(kind: str, error: BaseException, where: str = "") -> None:
    """An error as it has arrived: of a harmless class, with its traceback."""
    original = MAKERS[kind]()
    assert isinstance(error, Exception)
    if not isinstance(original, Exception):
        assert isinstance(error, RemoteError)
        assert error.type_name.endswith(type(original).__name__)
    lines = error._pyroTraceback  # type: ignore[attr-defined]
    assert where in "".join(lines), lines


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """What is logged is of no interest, but that nobody fails at it."""
    raising, logging.raiseExceptions = logging.raiseExceptions, False
    yield
    logging.raiseExceptions = raising
    gc.collect()


@pytest.fixture
def serve(run_daemon: Callable[..., Running]) -> Callable[..., Running]:
    def serve(way: Way, **parts: Any) -> Running:
        return run_daemon(way, SERIALIZERS_ACCEPTED=SERIALIZERS, service=Service(), **parts)

    return serve


@EITHER
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_every_error_in_every_form(serve: Callable[..., Running], way: Way, serializer: str) -> None:
    running = serve(way)
    other = bystander(running)
    proxy = running.proxy("service")
    proxy._pyroSerializer = serializer
    assert proxy.fine() == "fine"
    connection = proxy._pyroConnection
    for kind in MAKERS:
        with pytest.raises(Exception) as caught:  # noqa: PT011
            proxy.fail(kind)
        check(kind, caught.value, "in fail")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            proxy.broken = kind
        check(kind, caught.value, "in broken")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            _ = proxy.broken
        check(kind, caught.value, "in broken")
        batch = BatchProxy(proxy)
        batch.fine()
        batch.fail(kind)
        batch.fine()
        results = batch()
        assert results is not None
        assert next(results) == "fine"
        with pytest.raises(Exception) as caught:  # noqa: PT011
            next(results)
        check(kind, caught.value, "in fail")
        assert list(results) == []
        assert proxy.fine() == "fine", kind
        assert other.fine() == "fine", kind
    assert proxy._pyroConnection is connection


@EITHER
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_one_way(serve: Callable[..., Running], way: Way, serializer: str) -> None:
    running = serve(way)
    proxy = running.proxy("service")
    proxy._pyroSerializer = serializer
    for kind in MAKERS:
        proxy.note(kind)
        batch = BatchProxy(proxy)
        batch.note(kind)
        batch(oneway=True)
    proxy.note()
    wait_until(lambda: proxy.noted_so_far() == 2 * len(MAKERS) + 1)


@EITHER
@pytest.mark.parametrize("prefetch", [0, -1, 8])
@pytest.mark.parametrize("method", ["iterate", "generate"])
def test_iterators(serve: Callable[..., Running], way: Way, prefetch: int, method: str) -> None:
    running = serve(way, ITER_STREAM_PREFETCH=prefetch)
    other = bystander(running)
    proxy = running.proxy("service")
    assert proxy.fine() == "fine"
    connection = proxy._pyroConnection
    for kind, make in MAKERS.items():
        items, stream = [], getattr(proxy, method)(kind)
        failure: BaseException | None = None
        try:
            for item in stream:
                items.append(item)
        except BaseException as error:
            failure = error
        assert items == ([1, 0] if method == "iterate" else [1]), kind
        if method == "iterate" and isinstance(make(), StopIteration):
            assert failure is None, kind
        else:
            assert isinstance(failure, Exception), kind
            assert failure._pyroTraceback, kind  # type: ignore[attr-defined]
        abandoned = getattr(proxy, method)(kind)
        next(abandoned)
        abandoned.close()
        assert proxy.fine() == "fine", kind
        assert other.fine() == "fine", kind
    assert proxy._pyroConnection is connection
    wait_until(lambda: len(running.daemon.streams) == 0)


@EITHER
@pytest.mark.parametrize("mode", ["session", "single", "percall"])
def test_instance_creators(serve: Callable[..., Running], way: Way, mode: str) -> None:
    running = serve(way)
    other = bystander(running)
    for kind in MAKERS:
        cls = type(Service.__name__, (Service,), {})
        proxy = running.proxy(behavior(mode, creator(kind))(cls))
        for _ in range(2):
            with pytest.raises(Exception) as caught:  # noqa: PT011
                proxy.fine()
            check(kind, caught.value, "in create")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            _ = proxy.broken
        check(kind, caught.value, "in create")
        proxy.note()
        proxy._pyroRelease()
        assert other.fine() == "fine", kind


@EITHER
@pytest.mark.parametrize("serializer", SERIALIZERS)
def test_converters(serve: Callable[..., Running], way: Way, serializer: str) -> None:
    def write(value: Unwritable) -> Any:
        raise MAKERS[value.kind]()

    def read(_name: str, data: dict[str, Any]) -> Any:
        if threading.current_thread() is threading.main_thread():
            return "as the client reads it"
        raise MAKERS[data["kind"]]()

    class Sent:
        def __init__(self, kind: str) -> None:
            self.kind = kind

    register_class_to_dict(Unwritable, write)
    register_class_to_dict(Sent, lambda value: {"__class__": "attacks.Sent", "kind": value.kind})
    register_dict_to_class("attacks.Sent", read)
    try:
        running = serve(way)
        other = bystander(running)
        proxy = running.proxy("service")
        proxy._pyroSerializer = serializer
        assert proxy.fine() == "fine"
        connection = proxy._pyroConnection
        for kind in MAKERS:
            with pytest.raises(Exception) as caught:  # noqa: PT011
                proxy.unwritable(kind)
            check(kind, caught.value, "in write")
            with pytest.raises(Exception) as caught:  # noqa: PT011
                proxy.take(Sent(kind))
            # A reader of values takes it for a value that is nested too deeply.
            check(kind, caught.value, "" if kind == "RecursionError" else "in read")
            proxy._pyroInvoke("note", (Sent(kind),), {}, 4)
            assert proxy.fine() == "fine", kind
            assert other.fine() == "fine", kind
        assert proxy._pyroConnection is connection
    finally:
        unregister_class_to_dict(Unwritable)
        unregister_class_to_dict(Sent)
        unregister_dict_to_class("attacks.Sent")


@EITHER
@pytest.mark.parametrize("serializer", SERIALIZERS)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_result_that_raises_whatever_is_asked(
    serve: Callable[..., Running], way: Way, serializer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    running = serve(way)
    proxy = running.proxy("service")
    proxy._pyroSerializer = serializer
    for _ in range(3):
        with pytest.raises(Exception) as caught:  # noqa: PT011
            proxy.hostile()
        assert isinstance(caught.value, (RemoteError, PyroError))
        assert proxy.fine() == "fine"


class Overridden(Daemon):
    """Raises wherever a daemon can be overridden, when it is told to."""

    kind = ""
    asked = 0

    def _maybe(self, where: str) -> None:
        if self.kind.startswith(where):
            self.asked += 1
            raise MAKERS[self.kind.removeprefix(where)]()

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        self._maybe("validate ")
        return "hello"

    def annotations(self) -> Any:
        self._maybe("annotate ")
        return {"DAEM": b"on"}

    def clientDisconnect(self, conn: Any) -> None:
        self._maybe("disconnect ")

    def housekeeping(self) -> None:
        self._maybe("keep ")


@EITHER
def test_what_a_daemon_overrides(serve: Callable[..., Running], way: Way) -> None:
    running = serve(way, cls=Overridden)
    daemon: Any = running.daemon
    other = bystander(running)
    for kind in MAKERS:
        daemon.kind = f"validate {kind}"
        proxy = running.proxy("service")
        with pytest.raises(HandshakeError):
            proxy.fine()
        daemon.kind = f"annotate {kind}"
        with pytest.raises(HandshakeError):
            proxy.fine()
        with pytest.raises(Exception) as caught:  # noqa: PT011
            other.fine()
        check(kind, caught.value, "in annotations")
        with pytest.raises(Exception) as caught:  # noqa: PT011
            other.fail("crowded")
        check("crowded", caught.value, "in fail")
        daemon.kind = f"disconnect {kind}"
        daemon.asked = 0
        proxy.fine()
        proxy._pyroRelease()
        wait_until(lambda: daemon.asked)
        daemon.kind = ""
        assert other.fine() == "fine", kind


@EITHER
def test_housekeeping(serve: Callable[..., Running], way: Way) -> None:
    running = serve(way, cls=Overridden, POLLTIMEOUT=0.02)
    daemon: Any = running.daemon
    other = bystander(running)
    for kind in MAKERS:
        daemon.kind, daemon.asked = f"keep {kind}", 0
        wait_until(lambda: daemon.asked)
        assert other.fine() == "fine", kind


@EITHER
def test_the_error_handler(serve: Callable[..., Running], way: Way) -> None:
    running = serve(way)
    proxy = running.proxy("service")
    for kind, make in MAKERS.items():

        def handler(*_: Any, make: Callable[[], BaseException] = make) -> None:
            raise make()

        running.daemon.methodcall_error_handler = handler
        with pytest.raises(Exception) as caught:  # noqa: PT011
            proxy.fail(kind)
        check(kind, caught.value, "in fail")
        proxy.note(kind)
        assert proxy.fine() == "fine", kind


class Resource:
    def __init__(self, kind: str) -> None:
        self._kind = kind
        self.closed = False

    def close(self) -> None:
        self.closed = True
        raise MAKERS[self._kind]()


@expose
class Holder:
    def __init__(self) -> None:
        self.resources: list[Resource] = []

    def hold(self, kind: str) -> None:
        self.resources.append(Resource(kind))
        current_context.track_resource(self.resources[-1])


@EITHER
def test_resources(serve: Callable[..., Running], way: Way) -> None:
    holder = Holder()
    running = serve(way, holder=holder)
    other = bystander(running)
    with Proxy[Any](running.daemon.uriFor("holder")) as proxy:
        for kind in MAKERS:
            proxy.hold(kind)
    wait_until(lambda: all(resource.closed for resource in holder.resources))
    assert len(holder.resources) == len(MAKERS)
    assert other.fine() == "fine"


class Tracking:
    """What a tracker gives: it raises where it is told to."""

    resources = ()

    def __init__(self, kind: str, where: str) -> None:
        self._kind, self._where = kind, where

    def _maybe(self, where: str) -> None:
        if where == self._where:
            raise MAKERS[self._kind]()

    def track(self, resource: Any) -> None:
        self._maybe("track")

    def untrack(self, resource: Any) -> None:
        self._maybe("untrack")

    def release(self) -> None:
        # Ctrl-C is for the thread that serves: a release may be a second one, see ``contain``.
        self._maybe("release")


class Tracker:
    """Offered as a plugin."""

    name = "failing"
    kind, where = "", ""
    opened = 0

    def open(self, peer: Any, settings: Any) -> Tracking:
        self.opened += 1
        if self.where == "open":
            raise MAKERS[self.kind]()
        return Tracking(self.kind, self.where)

    @hookimpl
    def pyroplug_resource_trackers(self) -> list[Any]:
        return [self]


@expose
class Tracked:
    def track(self) -> None:
        current_context.track_resource(self)
        current_context.untrack_resource(self)


@EITHER
def test_trackers(serve: Callable[..., Running], way: Way) -> None:
    tracker = Tracker()
    plugins = PluginSet(plugins={"failing": tracker})
    running = serve(
        way, cls=Overridden, tracked=Tracked(), daemon={"plugins": plugins}, RESOURCE_TRACKER="failing"
    )
    other = bystander(running)
    for tracker.kind in MAKERS:
        tracker.where = "open"
        with pytest.raises(HandshakeError, match="its resource tracker has failed"):
            running.proxy("service").fine()
        for tracker.where in ("track", "untrack", "release"):
            with Proxy[Any](running.daemon.uriFor("tracked")) as proxy:
                if tracker.where == "release":
                    proxy.track()
                else:
                    with pytest.raises(Exception) as caught:  # noqa: PT011
                        proxy.track()
                    check(tracker.kind, caught.value, f"in {tracker.where}")
        assert other.fine() == "fine", tracker.kind


def test_errors_that_come_from_afar_end_no_program() -> None:
    """Every class that Python itself has, and would end it with."""
    from pyroplug.values import registry

    for name, cls in vars(builtins).items():
        if not (isinstance(cls, type) and issubclass(cls, BaseException)):
            continue
        for prefix in ("builtins.", "", "exceptions.", "Pyro5.errors.", "sqlite3.", "asyncio.exceptions."):
            data = {"__class__": prefix + name, "__exception__": True, "args": (), "attributes": {}}
            assert isinstance(registry.from_dict(data), Exception)


@pytest.mark.parametrize("place", MODELS, ids=str)
def test_a_process_whose_main_thread_runs_it(place: Place, tmp_path: Path) -> None:
    """With multiplex every call runs there, where ``SystemExit`` and ``KeyboardInterrupt`` end programs."""
    served = "tests.attacks.misbehaving:Service"
    with attacked(place, tmp_path, service=served) as (server, good, _), server.proxy() as proxy:
        assert proxy.fine() == "fine"
        connection = proxy._pyroConnection
        for kind in MAKERS:
            with good.asking(), pytest.raises(Exception):  # noqa: PT011, B017
                proxy.fail(kind)
            with pytest.raises(Exception):  # noqa: PT011, B017
                proxy.broken = kind
            proxy.note(kind)
            for method in ("iterate", "generate"):
                items = getattr(proxy, method)(kind)
                with contextlib.suppress(Exception):
                    list(items)
            batch = BatchProxy(proxy)
            batch.fail(kind)
            batch(oneway=True)
            assert proxy.fine() == "fine", kind
        assert proxy._pyroConnection is connection
        wait_until(lambda: proxy.noted_so_far() == len(MAKERS))
        assert server.usage().threads < 60


def test_resources_where_the_main_thread_serves(in_thread: Callable[..., Any]) -> None:
    """``KeyboardInterrupt`` of a resource is no Ctrl-C."""
    holder = Holder()
    with Daemon(config=settings(SERVERTYPE="multiplex")) as daemon:
        uri = daemon.register(holder)

        def attack() -> None:
            try:
                for kind in MAKERS:
                    with Proxy[Any](uri) as proxy:
                        proxy.hold(kind)
                with Proxy[Any](uri) as proxy:
                    proxy.hold("MemoryError")
            finally:
                daemon.shutdown()

        attacker = in_thread(attack)
        daemon.requestLoop()
        attacker.result(PATIENCE)
    assert [resource.closed for resource in holder.resources] == [True] * (len(MAKERS) + 1)
