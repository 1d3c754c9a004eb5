"""The call context: everything in it, for every kind of call, and nothing of anybody else's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID, uuid4

import pytest

from pyroplug.api import BatchProxy, Daemon, Proxy, current_context, expose, oneway
from pyroplug.wire import Flags
from tests.features.programs import pyro5_server
from tests.running import BOTH_MODELS, Running, Way
from tests.support import PATIENCE, wait_for

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
OTHER_WAY = {BOTH_MODELS[0]: BOTH_MODELS[1], BOTH_MODELS[1]: BOTH_MODELS[0]}

USER: ContextVar[str] = ContextVar("user", default="nobody")


@contextmanager
def sending(correlation: UUID | None = None, **annotations: bytes) -> Iterator[None]:
    """Calls have these annotations, and this correlation id."""
    current_context.annotations = dict(annotations)
    current_context.correlation_id = correlation
    try:
        yield
    finally:
        current_context.annotations = {}
        current_context.correlation_id = None


def look() -> dict[str, Any]:
    """The context, as values that every serializer knows."""
    context = current_context
    return {
        "client": None if context.client is None else context.client.fileno() >= 0,
        "address": context.client_sock_addr,
        "seq": context.seq,
        "flags": context.msg_flags,
        "serializer": context.serializer_id,
        "annotations": {key: bytes(value).decode() for key, value in context.annotations.items()},
        "correlation": str(context.correlation_id),
    }


@expose
class Looking:
    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.news = threading.Semaphore(0)

    def look(self, *_: Any) -> dict[str, Any]:
        return look()

    @oneway
    def note(self) -> None:
        current_context.response_annotations = {"LEAK": b"from the one-way call"}
        self.seen.append(look())
        self.news.release()

    @property
    def view(self) -> dict[str, Any]:
        return look()

    @view.setter
    def view(self, value: Any) -> None:
        self.seen.append({**look(), "value": value})

    def views(self, count: int) -> Iterator[dict[str, Any]]:
        for _ in range(count):
            yield look()

    def nested(self, uris: list[Any]) -> Any:
        """What is seen here before and after calls of the others along the way."""
        before = look()
        inner: Any = None
        if uris:
            with Proxy(uris[0]) as proxy:
                inner = proxy.nested(uris[1:])
        return [before, look(), inner]

    def answer(self, number: int) -> Any:
        current_context.response_annotations = {"NUMB": str(number).encode()}
        return [
            current_context.annotations["NUMB"] == str(number).encode(),
            str(current_context.correlation_id),
        ]

    def log_in(self, name: str) -> str:
        before = USER.get()
        USER.set(name)
        return before

    def who(self) -> str:
        return USER.get()

    def whos(self, name: str) -> Iterator[str]:
        token = USER.set(name)
        for _ in range(3):
            yield USER.get()
        USER.reset(token)
        yield USER.get()


class Watching(Daemon):
    """Looks around when clients come and go."""

    def __init__(self, **arguments: Any) -> None:
        self.seen: dict[str, Any] = {}
        self.gone = threading.Event()
        super().__init__(**arguments)

    def validateHandshake(self, conn: Any, data: Any) -> Any:
        self.seen["hello"] = {**look(), "same": current_context.client is conn}
        USER.set("whoever says hello")
        return look()

    def clientDisconnect(self, conn: Any) -> None:
        self.seen["gone"] = {**look(), "same": current_context.client is conn}
        USER.set("whoever leaves")
        self.gone.set()


@EITHER
@pytest.mark.parametrize("serializer", ["serpent", "json", "marshal", "msgpack"])
def test_every_kind_of_call(run_daemon: Callable[..., Running], way: Way, serializer: str) -> None:
    thing = Looking()
    accepted = ("serpent", "json", "marshal", "msgpack")
    proxy = run_daemon(way, thing=thing, SERIALIZERS_ACCEPTED=accepted).proxy()
    proxy._pyroSerializer = serializer
    batch = BatchProxy(proxy)
    correlation = uuid4()
    with sending(correlation, ABCD=b"text"):
        seen = [proxy.look(), proxy.view]
        batch.look()
        batch.look()
        results = batch()
        assert results is not None
        seen += results
        sequences = [proxy._pyroSeq - 2, proxy._pyroSeq - 1, proxy._pyroSeq, proxy._pyroSeq]
        proxy.view = "new"
        sequences.append(proxy._pyroSeq)
        proxy.note()
        sequences.append(proxy._pyroSeq)
        assert thing.news.acquire(timeout=PATIENCE)
        seen += thing.seen
    ids = {"serpent": 1, "marshal": 2, "json": 3, "msgpack": 4}
    address = proxy._pyroLocalSocket
    for one in seen:
        assert one["client"] is True
        assert one["serializer"] == ids[serializer]
        assert one["annotations"] == {"ABCD": "text"}
        assert one["correlation"] == str(correlation)
        assert way.transport != "tcp" or tuple(one["address"]) == address
    assert [one["seq"] for one in seen] == sequences
    plain = int(Flags.CORRELATION_ID)
    batch_flag, oneway_flag = int(Flags.BATCH), int(Flags.ONEWAY)
    special = [0, 0, batch_flag, batch_flag, 0, oneway_flag]
    assert [one["flags"] for one in seen] == [plain | flag for flag in special]
    assert proxy.look()["annotations"] == {}
    assert "LEAK" not in current_context.response_annotations


@EITHER
@pytest.mark.parametrize("prefetch", [-1, 0, 64])
def test_items_of_iterators(run_daemon: Callable[..., Running], way: Way, prefetch: int) -> None:
    proxy = run_daemon(way, thing=Looking(), ITER_STREAM_PREFETCH=prefetch).proxy()
    correlation = uuid4()
    with sending(correlation, ABCD=b"text"):
        seen = list(proxy.views(200))
    assert len(seen) == 200
    for one in seen:
        assert one["client"] is True
        assert one["annotations"] == {"ABCD": "text"}
        assert one["correlation"] == str(correlation)
        assert one["serializer"] == 1
        assert 2 <= one["seq"] <= proxy._pyroSeq  # that of a request of this client's


@EITHER
def test_when_clients_come_and_go(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, cls=Watching, thing=Looking())
    daemon: Any = running.daemon
    correlation = uuid4()
    with sending(correlation, ABCD=b"text"):
        proxy = running.proxy()
        proxy._pyroBind()
        address = proxy._pyroLocalSocket
    assert daemon.seen["hello"]["same"]
    assert daemon.seen["hello"]["annotations"] == {"ABCD": "text"}
    assert daemon.seen["hello"]["correlation"] == str(correlation)
    assert proxy.who() == "nobody"
    with sending(other := uuid4(), EFGH=b"other"):
        assert proxy.look()["correlation"] == str(other)
    proxy._pyroRelease()
    wait_for(daemon.gone, "clientDisconnect")
    gone = daemon.seen["gone"]
    assert gone["same"]
    assert (gone["annotations"], gone["seq"], gone["correlation"]) == ({}, 0, "None")
    if way.transport == "tcp":
        assert gone["address"] == daemon.seen["hello"]["address"] == address
    assert running.proxy().who() == "nobody"


@EITHER
def test_a_client_that_another_ones_call_cuts_off(run_daemon: Callable[..., Running], way: Way) -> None:
    @expose
    class Closing:
        def close(self) -> None:
            self._pyroDaemon.close()  # type: ignore[attr-defined]

    running = run_daemon(way, cls=Watching, thing=Closing())
    daemon: Any = running.daemon
    idle = running.proxy()
    idle._pyroBind()
    running.proxy().close()
    wait_for(daemon.gone, "clientDisconnect")
    assert daemon.seen["gone"]["same"]


@EITHER
def test_what_a_handler_sets_for_itself_stays_its_own(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Looking(), THREADPOOL_SIZE=1, THREADPOOL_SIZE_MIN=1)
    first, second = running.proxy(), running.proxy()
    assert first.log_in("first") == "nobody"
    assert second.who() == "nobody"
    assert first.who() == "nobody"
    batch = BatchProxy(first)
    batch.log_in("batch")
    batch.who()
    assert list(batch() or ()) == ["nobody", "batch"]
    assert second.who() == "nobody"


@EITHER
@pytest.mark.parametrize("prefetch", [0, 64])
def test_an_iterator_keeps_what_it_sets(run_daemon: Callable[..., Running], way: Way, prefetch: int) -> None:
    running = run_daemon(way, thing=Looking(), ITER_STREAM_PREFETCH=prefetch)
    first, second = running.proxy(), running.proxy()
    one, other = first.whos("one"), second.whos("other")
    assert [next(one), next(other)] == ["one", "other"]
    assert first.who() == second.who() == "nobody"
    assert [*one, *other] == ["one", "one", "nobody", "other", "other", "nobody"]


@EITHER
def test_many_clients_at_once_see_only_their_own(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    running = run_daemon(way, thing=Looking(), THREADPOOL_SIZE=4, THREADPOOL_SIZE_MIN=1)
    start = threading.Barrier(12)

    def hammer(client: int) -> int:
        right = 0
        with Proxy(running.daemon.uriFor("thing")) as proxy:
            proxy._pyroBind()
            start.wait(PATIENCE)
            for number in range(client, client + 60):
                with sending(uuid4(), NUMB=str(number).encode()):
                    mine, correlation = proxy.answer(number)
                    right += (
                        mine
                        and correlation == str(current_context.correlation_id)
                        and bytes(current_context.response_annotations["NUMB"]) == str(number).encode()
                    )
        return right

    clients = [in_thread(hammer, 1000 * client) for client in range(12)]
    assert [client.result(PATIENCE) for client in clients] == [60] * 12


# Chains

PYRO5_LINK = """
@expose
class Looking:
    def nested(self, uris):
        def look():
            return {"correlation": str(current_context.correlation_id), "seq": current_context.seq}
        before, inner = look(), None
        if uris:
            with Proxy(uris[0]) as proxy:
                inner = proxy.nested(uris[1:])
        return [before, look(), inner]
objects = {"thing": Looking()}
"""


@EITHER
def test_the_correlation_id_passes_along_a_chain(run_daemon: Callable[..., Running], way: Way) -> None:
    ends = [run_daemon(each, thing=Looking()) for each in (way, OTHER_WAY[way], way)]
    program, location = pyro5_server(PYRO5_LINK, "multiplex" if way.server == "multiplex" else "thread")
    with program:
        uris = [str(running.daemon.uriFor("thing")) for running in ends]
        uris.insert(2, f"PYRO:thing@{location}")
        correlation = uuid4()
        with sending(correlation, ABCD=b"only for the first"), Proxy(uris[0]) as proxy:
            answer = proxy.nested(uris[1:])
    depth = 0
    first = answer
    while answer is not None:
        before, after, answer = answer
        assert before == after, "a nested call changed its caller's context"
        assert before["correlation"] == str(correlation)
        assert depth == 0 or not before.get("annotations")
        depth += 1
    assert depth == 4
    assert first[0]["annotations"] == {"ABCD": "only for the first"}


def test_one_is_made_where_there_is_none(run_daemon: Callable[..., Running]) -> None:
    inner = run_daemon(Way("multiplex"), thing=Looking())
    outer = run_daemon(Way("threadpool"), thing=Looking()).proxy()
    [before, _, [nested, _, _]] = outer.nested([str(inner.daemon.uriFor("thing"))])
    assert before["correlation"] == nested["correlation"] != "None"
    assert current_context.correlation_id is None
