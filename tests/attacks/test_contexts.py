"""Nothing of one client is ever seen in what is done for another one, wherever the server's program looks."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import pytest

from pyroplug.api import BatchProxy, Daemon, Proxy, behavior, current_context, expose, oneway
from pyroplug.errors import HandshakeError
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE, wait_until

whose: ContextVar[str | None] = ContextVar("attacks_whose", default=None)
"""What a program keeps for the call that is running."""

seen: list[tuple[str, str, str]] = []
"""What was seen where it does not belong: the place, whose turn it was, and whose it was."""
places: set[str] = set()
"""Where it was looked."""


def look(place: str, name: str | None = None) -> str:
    """Look for traces of others; leave some of this client's own. Its name."""
    places.add(place)
    context = current_context
    said = bytes(context.annotations.get("WHOM", b"")).decode()
    correlation = str(context.correlation_id or "")
    name = name or said
    traces = {
        "annotations": said,
        "context variable": (whose.get() or name),
        "response": bytes(context.response_annotations.get("ANSW", b"")).decode() or name,
    }
    for trace, value in traces.items():
        if value and value != name:
            seen.append((f"{place}: {trace}", name, value))
    if said and correlation and uuid.UUID(correlation) != identity(said):
        seen.append((f"{place}: correlation id", name, correlation))
    if said:
        whose.set(said)
        if context.client is not None:
            context.response_annotations = {"ANSW": said.encode()}
            known = context.client.__dict__.setdefault("name", said)
            if known != said:
                seen.append((f"{place}: connection", said, known))
    return said


def identity(name: str) -> uuid.UUID:
    return uuid.uuid5(uuid.NAMESPACE_DNS, name)


class Resource:
    def __init__(self, name: str) -> None:
        self._name = name

    def close(self) -> None:
        if whose.get() is not None:
            seen.append(("resource", self._name, str(whose.get())))
        places.add("resource")


class Watching(Daemon):
    def validateHandshake(self, conn: Any, data: Any) -> Any:
        look("handshake", data[1])
        if data[0] == "refuse":
            raise ValueError(f"refused, {data[1]}")
        return data[1]

    def clientDisconnect(self, conn: Any) -> None:
        look("disconnect", conn.__dict__.get("name"))

    def annotations(self) -> Any:
        place = "annotations()"
        name = bytes(current_context.annotations.get("WHOM", b"")).decode()
        places.add(place)
        if whose.get() not in (None, name):
            seen.append((place, name, str(whose.get())))
        return {"DAEM": name.encode()}

    def housekeeping(self) -> None:
        if look("housekeeping") or whose.get() is not None:
            seen.append(("housekeeping", "nobody", str(whose.get())))


def create(cls: type) -> Any:
    look("creator")
    return cls()


@expose
@behavior("session", create)
class Service:
    def __init__(self) -> None:
        self._kept: list[Resource] = []

    def call(self) -> str:
        return look("call")

    def fail(self) -> None:
        raise ValueError(look("fail"))

    @property
    def level(self) -> str:
        return look("property")

    @oneway
    def note(self) -> None:
        look("one-way")

    def hold(self) -> str:
        name = look("resources")
        self._kept.append(Resource(name))
        current_context.track_resource(self._kept[-1])
        return name

    def items(self) -> Iterator[str]:
        try:
            for _ in range(4):
                yield look("iterator")
        finally:
            look("end of an iterator", current_context.annotations and None)


def handle(_daemon: Any, _client: Any, _method: str, _args: Any, _kwargs: Any, error: BaseException) -> None:
    look("error handler", str(error))


def act(proxy: Any, what: str, name: str) -> list[str]:
    """Do something, and give the names that came back."""
    if what == "fail":
        with pytest.raises(ValueError, match=name):
            proxy.fail()
        return [name]
    if what == "batch":
        batch = BatchProxy(proxy)
        batch.call()
        batch.hold()
        batch.fail()
        results = batch()
        assert results is not None
        found = [next(results), next(results)]
        with pytest.raises(ValueError, match=name):
            next(results)
        return found
    if what == "some items":
        items = proxy.items()
        found = [next(items)]
        items.close()
        return found
    if what == "items":
        return list(proxy.items())
    if what == "level":
        return [proxy.level]
    return [getattr(proxy, "_pyroRelease" if what == "release" else what)() or name]


WHATS = ["call", "call", "fail", "batch", "items", "some items", "level", "note", "hold", "release", "call"]


def live(uri: Any, name: str, refused: bool) -> None:
    """One client's life, in a thread of its own."""
    chance = random.Random(name)
    context = current_context
    context.annotations = {"WHOM": name.encode()}
    context.correlation_id = identity(name)
    try:
        with Proxy[Any](uri) as proxy:
            proxy._pyroTimeout = PATIENCE
            proxy._pyroHandshake = ["refuse" if refused else "accept", name]
            if refused:
                with pytest.raises(HandshakeError, match=name):
                    proxy.call()
                return
            for what in chance.sample(WHATS, len(WHATS)):
                assert act(proxy, what, name) == [name] * len(act_names(what)), what
                response = context.response_annotations
                for key in ("ANSW", "DAEM"):
                    assert bytes(response.get(key, name.encode())).decode() in (name, ""), (what, key)
    finally:
        context.annotations = {}
        context.correlation_id = None


def act_names(what: str) -> range:
    return range({"batch": 2, "items": 4}.get(what, 1))


@pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
@pytest.mark.parametrize("prefetch", [-1, 0, 3])
def test_many_clients(run_daemon: Callable[..., Running], way: Way, prefetch: int) -> None:
    seen.clear()
    places.clear()
    # Few threads, so that many clients have the same.
    running = run_daemon(
        way,
        cls=Watching,
        service=Service,
        THREADPOOL_SIZE=3,
        THREADPOOL_SIZE_MIN=1,
        ONEWAY_THREADS=2,
        POLLTIMEOUT=0.02,
        ITER_STREAM_PREFETCH=prefetch,
    )
    running.daemon.methodcall_error_handler = handle
    uri = running.daemon.uriFor("service")
    with ThreadPoolExecutor(8) as threads:
        lives = [threads.submit(live, uri, f"client-{number}", number % 5 == 4) for number in range(40)]
        for each in lives:
            each.result(PATIENCE)
    wait_until(lambda: "one-way" in places and "resource" in places)
    running.stop()
    assert seen == []
    assert places >= {
        *("handshake", "disconnect", "annotations()", "housekeeping", "creator", "call", "fail", "property"),
        *("one-way", "resources", "resource", "iterator", "end of an iterator", "error handler"),
    }
