"""Connections that are kept: owners, limits, idle times."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from pyroplug_gateway import pool as room
from pyroplug_gateway.failures import Failure
from pyroplug_gateway.pool import Pool

from pyroplug.config import Configuration
from tests.support import wait_until


class Fake:
    """A proxy, as far as a pool knows."""

    def __init__(self, uri: str, config: Configuration) -> None:
        if uri == "bad":
            raise ValueError(uri)
        self.uri, self.owner, self.released = uri, threading.get_ident(), False
        self._pyroConnection: Any = None

    def connect(self) -> None:
        self._pyroConnection = object()

    def _pyroClaimOwnership(self) -> None:
        self.owner = threading.get_ident()

    def _pyroRelease(self) -> None:
        assert self.owner == threading.get_ident()
        self.released, self._pyroConnection = True, None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setattr(room, "_is_stale", lambda proxy: False)
    return Clock()


def make(clock: Clock, **limits: Any) -> Pool:
    arguments = {"most": 10, "most_each": 10, "idle_time": 60.0, **limits}
    return Pool(Configuration(environ={}), clock=clock, make=Fake, **arguments)


def used(pool: Pool, uri: str = "a") -> Any:
    """A proxy that was connected and given back."""
    proxy = pool.take(uri)
    proxy.connect()
    pool.give(uri, proxy)
    return proxy


def test_what_is_given_back_is_taken_again(clock: Clock) -> None:
    pool = make(clock)
    proxy = used(pool)
    assert pool.take("b") is not proxy
    assert pool.take("a") is proxy
    assert pool.take("a") is not proxy


def test_the_thread_that_takes_it_owns_it(clock: Clock, in_thread: Callable[..., Future[Any]]) -> None:
    pool = make(clock)
    proxy = used(pool)
    in_thread(pool.take, "a").result(20)
    assert proxy.owner != threading.get_ident()


def test_what_is_not_connected_is_not_kept(clock: Clock) -> None:
    pool = make(clock)
    with pool.lease("a") as lease:
        pass
    assert lease.proxy.released
    assert (pool._total, pool._idle) == (0, {})


def test_a_lease_that_is_kept(clock: Clock) -> None:
    pool = make(clock, most=1)
    with pool.lease("a") as lease:
        lease.proxy.connect()
        lease.keep()
    assert pool._total == 1
    assert not pool._idle
    lease.end()
    assert pool.take("a") is lease.proxy


def test_idle_ones_end(clock: Clock) -> None:
    pool = make(clock)
    old = used(pool)
    clock.now = 61.0
    assert pool.take("b") is not old
    assert old.released
    assert pool.take("a") is not old


def test_with_no_idle_time_none_is_kept(clock: Clock) -> None:
    assert used(make(clock, idle_time=0.0)).released


def test_stale_ones_are_connected_anew(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = make(clock)
    proxy = used(pool)
    monkeypatch.setattr(room, "_is_stale", lambda proxy: True)
    assert pool.take("a") is proxy
    assert proxy.released


@pytest.mark.parametrize("limits", [{"most": 1}, {"most_each": 1}])
def test_who_waits_gets_what_is_given_back(
    clock: Clock, in_thread: Callable[..., Future[Any]], limits: dict[str, int], monkeypatch: Any
) -> None:
    monkeypatch.setattr(room, "LONGEST_WAIT", 20.0)
    pool = make(clock, **limits)
    proxy = pool.take("a")
    proxy.connect()
    waiting = in_thread(pool.take, "a")
    wait_until(lambda: pool._waiting == 1)
    pool.give("a", proxy)
    assert waiting.result(20) is proxy


@pytest.mark.parametrize("limits", [{"most": 2}, {"most_each": 2}])
def test_nobody_waits_for_long(clock: Clock, monkeypatch: Any, limits: dict[str, int]) -> None:
    monkeypatch.setattr(room, "LONGEST_WAIT", 0.01)
    pool = make(clock, **limits)
    kept = [pool.take("a"), pool.take("a")]
    with pytest.raises(Failure) as caught:
        pool.take("a")
    assert caught.value.status == 503
    pool.give("a", kept[0])
    assert pool.take("a")


def test_other_objects_have_their_own_limit(clock: Clock) -> None:
    pool = make(clock, most_each=1)
    pool.take("a")
    assert pool.take("b")


def test_an_idle_one_of_another_object_makes_room(clock: Clock) -> None:
    pool = make(clock, most=2)
    oldest = used(pool, "a")
    clock.now = 1.0
    newer = used(pool, "b")
    pool.take("c")
    assert (oldest.released, newer.released) == (True, False)
    assert pool._total == 2


def test_a_proxy_that_cannot_be_made_takes_no_room(clock: Clock) -> None:
    pool = make(clock, most=1)
    for _ in range(3):
        with pytest.raises(ValueError, match="bad"):
            pool.take("bad")
    assert pool.take("a")


def test_the_end(clock: Clock) -> None:
    pool = make(clock)
    idle, busy = used(pool), pool.take("b")
    busy.connect()
    pool.close()
    assert idle.released
    pool.give("b", busy)
    assert busy.released
    assert pool._total == 0


def test_sweeping(clock: Clock) -> None:
    pool = make(clock)
    old = used(pool)
    clock.now = 30.0
    pool.sweep()
    assert not old.released
    clock.now = 61.0
    pool.sweep()
    assert old.released


def test_many_threads(clock: Clock, in_thread: Callable[..., Future[Any]], monkeypatch: Any) -> None:
    monkeypatch.setattr(room, "LONGEST_WAIT", 20.0)
    pool = make(clock, most=3, most_each=2)

    def work(uri: str) -> None:
        for _ in range(200):
            with pool.lease(uri) as lease:
                assert lease.proxy.owner == threading.get_ident()
                assert lease.proxy.uri == uri
                lease.proxy.connect()
                assert pool._total <= 3
                assert pool._count[uri] <= 2

    for future in [in_thread(work, "abc"[each % 3]) for each in range(9)]:
        future.result(30)
    pool.close()
    assert (pool._total, dict(pool._count)) == (0, {})
