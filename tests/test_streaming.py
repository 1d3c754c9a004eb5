"""Remote iterators between real proxies and daemons, in both server models."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from pyroplug.api import behavior, expose
from pyroplug.errors import ConnectionClosedError, PyroError, SerializeError, TimeoutError

from .running import BOTH_MODELS, Running, Way, release, settings
from .streamer import Streamer
from .support import PATIENCE, wait_until

Run = Callable[..., Running]

AHEAD = {"ITER_STREAM_PREFETCH": 64}
"""Lets iterators run ahead in every server model."""


@pytest.fixture(params=BOTH_MODELS, ids=str)
def way(request: pytest.FixtureRequest) -> Way:
    found: Way = request.param
    return found


def test_several_items_travel_together(run_daemon: Run, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    daemon = run_daemon(way, thing=Streamer(), **AHEAD)
    proxy, streams, portions = daemon.proxy(), daemon.daemon.streams, []
    next_items = streams.next_items

    def noting(*args: Any) -> Any:
        answer = next_items(*args)
        portions.append(len(answer[0]))
        return answer

    monkeypatch.setattr(streams, "next_items", noting)
    assert list(proxy.at_hand(1000)) == list(range(1000))
    assert portions == [64] * 15 + [40]
    portions.clear()
    assert list(proxy.count(5000)) == list(range(5000))
    assert sum(portions) == 5000
    assert len(portions) < 4000  # how many depends on the threads


@pytest.mark.parametrize("serializer", ["serpent", "json", "msgpack", "marshal"])
def test_everything_arrives_in_order(run_daemon: Run, way: Way, serializer: str) -> None:
    served = Streamer()
    daemon = run_daemon(
        way, thing=served, SERIALIZERS_ACCEPTED=("serpent", "json", "msgpack", "marshal"), **AHEAD
    )
    proxy = daemon.proxy()
    proxy._pyroSerializer = serializer
    assert list(proxy.count(1000)) == list(range(1000))
    assert list(proxy.at_hand(1000)) == list(range(1000))
    assert list(proxy.numbers) == list(range(20))
    assert list(proxy.count(0)) == []
    wait_until(lambda: served.over == 3)


def test_two_items_arrive_before_the_third_is_made(run_daemon: Run, way: Way) -> None:
    served = Streamer()
    proxy = run_daemon(way, thing=served, **AHEAD).proxy()
    items = proxy.two_then_wait()
    assert [next(items), next(items)] == [1, 2]
    assert not served.go_on.is_set()
    assert proxy.go() == "gone on"  # the iterator that waits ahead holds up nobody
    assert list(items) == [3]


def test_waiting_for_an_item_that_is_being_made(
    run_daemon: Run, in_thread: Callable[..., Future[Any]]
) -> None:
    served = Streamer()
    daemon = run_daemon(thing=served)
    proxy = daemon.proxy()
    items = proxy.two_then_wait()
    assert [next(items), next(items)] == [1, 2]

    def rest() -> list[Any]:
        proxy._pyroClaimOwnership()
        return list(items)

    third = in_thread(rest)
    assert daemon.proxy().go() == "gone on"
    assert third.result(PATIENCE) == [3]


def test_nothing_runs_ahead_where_one_call_runs_at_a_time(run_daemon: Run) -> None:
    served = Streamer()
    proxy = run_daemon(Way("multiplex"), thing=served).proxy()
    items = proxy.count(100)
    for number in range(20):
        assert next(items) == number
        assert served.taken == number + 1
    assert len(served.threads) == 1
    items.close()


@behavior(instance_mode="session")
class OneAtATime(Streamer):
    pass


def test_nor_with_an_object_that_belongs_to_one_connection(run_daemon: Run) -> None:
    daemon = run_daemon()
    proxy = daemon.proxy(expose(OneAtATime))
    items = proxy.count(100)
    assert [next(items) for _ in range(20)] == list(range(20))
    assert not [thread for thread in threading.enumerate() if thread.name == "pyroplug-iterator"]
    items.close()


def test_nor_where_it_is_forbidden(run_daemon: Run, way: Way) -> None:
    served = Streamer()
    proxy = run_daemon(way, thing=served, ITER_STREAM_PREFETCH=0).proxy()
    items = proxy.count(100)
    for number in range(20):
        assert next(items) == number
        assert served.taken == number + 1
    assert list(items) == list(range(20, 100))


def test_it_sees_the_client_wherever_it_runs(run_daemon: Run) -> None:
    served = Streamer()
    proxy = run_daemon(thing=served).proxy()
    assert len(list(proxy.count(300))) == 300
    clients = {client for client, _ in served.seen}
    assert len(clients) == 1
    assert None not in clients
    assert all(correlation is not None for _, correlation in served.seen)


def test_calls_and_other_iterators_in_between(run_daemon: Run, way: Way) -> None:
    proxy = run_daemon(way, thing=Streamer(), **AHEAD).proxy()
    first, second = proxy.count(300), proxy.at_hand(300)
    for number in range(300):
        assert next(first) == next(second) == proxy.value(number)
    assert list(first) == list(second) == []


def test_going_on_after_a_reconnect(run_daemon: Run, way: Way) -> None:
    proxy = run_daemon(way, thing=Streamer(), **AHEAD).proxy()
    items, others = proxy.count(500), proxy.at_hand(500)
    received: list[int] = []
    received_others: list[int] = []
    while len(received) < 500:
        received += [next(items) for _ in range(25)]
        received_others += [next(others) for _ in range(25)]
        proxy._pyroRelease()
        with pytest.raises(ConnectionClosedError):
            next(items)
        proxy._pyroBind()
    assert received == received_others == list(range(500))
    assert list(items) == list(others) == []


def test_going_on_after_a_time_out(run_daemon: Run) -> None:
    served = Streamer()
    daemon = run_daemon(thing=served)
    proxy = daemon.proxy()
    items = proxy.two_then_wait()
    assert [next(items), next(items)] == [1, 2]
    proxy._pyroTimeout = 0.2
    with pytest.raises(TimeoutError):
        next(items)
    proxy._pyroTimeout = PATIENCE
    served.go_on.set()
    proxy._pyroBind()
    assert list(items) == [3]


def test_retries_lose_and_double_nothing(run_daemon: Run) -> None:
    proxy = run_daemon(thing=Streamer()).proxy()
    proxy._pyroMaxRetries = 2
    items = proxy.count(300)
    received = []
    for number in range(300):
        if number % 50 == 40:
            with contextlib.suppress(OSError):  # it is not needed yet since the last time
                proxy._pyroConnection.sock.shutdown(socket.SHUT_RDWR)
        received.append(next(items))
    assert received == list(range(300))


@pytest.mark.parametrize("at", [0, 1, 5, 100])
@pytest.mark.parametrize("kind", ["with_a_bad_one", "with_a_bad_one_at_hand"])
def test_what_comes_before_a_bad_item_arrives(run_daemon: Run, way: Way, kind: str, at: int) -> None:
    daemon = run_daemon(way, thing=Streamer(), **AHEAD)
    proxy = daemon.proxy()
    proxy._pyroSerializer = "msgpack"
    items = getattr(proxy, kind)(at)
    assert [next(items) for _ in range(at)] == list(range(at))
    with pytest.raises((SerializeError, PyroError)):
        next(items)
    assert list(items) == []
    assert proxy.value(1) == 1
    wait_until(lambda: len(daemon.daemon.streams) == 0)


@pytest.mark.parametrize("whose", ["server", "client"])
def test_more_than_a_message_may_have_comes_in_several(run_daemon: Run, way: Way, whose: str) -> None:
    limit = {"MAX_MESSAGE_SIZE": 20_000, "MAX_HANDSHAKE_SIZE": 20_000}
    daemon = run_daemon(way, thing=Streamer(), **AHEAD, **(limit if whose == "server" else {}))
    proxy = daemon.proxy(config=settings(**limit)) if whose == "client" else daemon.proxy()
    items = [item[0][0][0] for item in proxy.blocks(40, 2000)]
    assert items == [[number, "x" * 2000] for number in range(40)]


def test_errors_come_behind_the_items(run_daemon: Run, way: Way) -> None:
    daemon = run_daemon(way, thing=Streamer(), **AHEAD)
    proxy = daemon.proxy()
    for end in (0, 1, 2, 50):
        items = proxy.failing(end)
        assert [next(items) for _ in range(end)] == list(range(end))
        with pytest.raises(ValueError, match="no more of these") as caught:
            next(items)
        assert "in failing" in "".join(caught.value._pyroTraceback)  # type: ignore[attr-defined]
        assert list(items) == []
    assert len(daemon.daemon.streams) == 0


@pytest.mark.parametrize("how", ["close", "collected", "released", "shutdown"])
def test_a_generator_finishes_when_nobody_wants_more(run_daemon: Run, way: Way, how: str) -> None:
    served = Streamer()
    daemon = run_daemon(way, thing=served, **AHEAD)
    proxy = daemon.proxy()
    items = proxy.count(1_000_000)
    for _ in range(10):
        next(items)
    if how == "close":
        items.close()
        proxy.value(1)
    elif how == "collected":
        del items
        proxy.value(1)
    elif how == "released":
        items.close()
        proxy._pyroRelease()
    else:
        daemon.stop()
    wait_until(lambda: served.over == 1)
    assert len(daemon.daemon.streams) == 0
    assert served.taken < 1000


def test_one_that_waits_is_closed_as_soon_as_it_returns(run_daemon: Run) -> None:
    served = Streamer()
    daemon = run_daemon(thing=served)
    proxy = daemon.proxy()
    items = proxy.noted_two_then_wait()
    assert [next(items), next(items)] == [1, 2]
    items.close()
    assert proxy.value(1) == 1
    wait_until(lambda: len(daemon.daemon.streams) == 0)
    assert served.over == 0
    served.go_on.set()
    wait_until(lambda: served.over == 1)


def test_many_streams_at_a_time_and_no_more_than_allowed(run_daemon: Run, way: Way) -> None:
    served = Streamer()
    daemon = run_daemon(way, thing=served, ITER_STREAMS_PER_CLIENT=50, **AHEAD)
    proxy = daemon.proxy()
    streams = [proxy.count(100) for _ in range(50)]
    with pytest.raises(PyroError, match="ITER_STREAMS_PER_CLIENT"):
        proxy.count(100)
    assert daemon.proxy().at_hand(3) is not None
    for _ in range(100):
        assert len({next(items) for items in streams}) == 1
    streams.pop().close()
    assert proxy.value("the other side is told") is not None
    wait_until(lambda: len(list(proxy.at_hand(2))) == 2)


GREEDY = """
import itertools, signal, sys
from pyroplug.api import Proxy
items = Proxy(sys.argv[1]).count(1_000_000)
print(*itertools.islice(items, 10), sep="", flush=True)
signal.pause()
"""


def test_a_client_that_is_killed(run_daemon: Run, way: Way) -> None:
    served = Streamer()
    daemon = run_daemon(way, thing=served, ITER_STREAM_LINGER=0.0, **AHEAD)
    child = subprocess.Popen(
        [sys.executable, "-c", GREEDY, str(daemon.daemon.uriFor("thing"))], stdout=subprocess.PIPE
    )
    with child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"0123456789\n"
        child.kill()
    wait_until(lambda: served.over == 1)
    assert len(daemon.daemon.streams) == 0


def test_nobody_else_can_take_or_close_it(run_daemon: Run, way: Way) -> None:
    daemon = run_daemon(way, thing=Streamer(), **AHEAD)
    items = daemon.proxy().count(10)
    assert next(items) == 0
    stranger = daemon.proxy("Pyro.Daemon")
    with pytest.raises(PyroError, match="terminated"):
        stranger.get_next_stream_item(items.stream_id)
    assert stranger.get_next_stream_items(items.stream_id, 1, 5) == [[], 3]
    stranger.close_stream(items.stream_id)
    assert list(items) == list(range(1, 10))


def test_only_in_the_thread_that_owns_the_proxy(
    run_daemon: Run, in_thread: Callable[..., Future[Any]]
) -> None:
    proxy = run_daemon(thing=Streamer()).proxy()
    items = proxy.at_hand(10)
    assert next(items) == 0
    with pytest.raises(PyroError, match="not the owner"):
        in_thread(next, items).result(PATIENCE)
    assert next(items) == 1

    def rest() -> list[int]:
        proxy._pyroClaimOwnership()
        return list(items)

    assert in_thread(rest).result(PATIENCE) == list(range(2, 10))
    release(proxy)
