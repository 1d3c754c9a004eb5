"""Both pollers do the same: the bare epoll, and the one over any selector."""

from __future__ import annotations

import select
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyroplug_servers import poller as module
from pyroplug_servers.poller import IN, ONESHOT, OUT, EpollPoller, SelectorPoller, Wakeup, new_poller

from .scripted import PATIENCE, frame

KINDS: dict[str, Callable[[Wakeup], Any]] = {
    "poll": lambda wakeup: SelectorPoller(wakeup, selectors.PollSelector()),
    "default": SelectorPoller,
    **({"epoll": lambda _: EpollPoller()} if hasattr(select, "epoll") else {}),
}


@pytest.fixture
def wakeup(nothing_left_behind: None) -> Iterator[Wakeup]:
    wakeup = Wakeup()
    yield wakeup
    wakeup.close()


@pytest.fixture(params=list(KINDS))
def poller(request: pytest.FixtureRequest, wakeup: Wakeup) -> Iterator[Any]:
    poller = KINDS[request.param](wakeup)
    poller.register(wakeup.fileno(), IN)
    yield poller
    poller.close()


@pytest.fixture
def pair(nothing_left_behind: None) -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_tells_what_is_ready(poller: Any, pair: Any) -> None:
    ours, theirs = pair
    poller.register(ours.fileno(), IN)
    assert poller.poll(0) == []
    theirs.send(b"x")
    assert poller.poll(PATIENCE) == [(ours.fileno(), IN)]
    assert poller.poll(PATIENCE) == [(ours.fileno(), IN)]
    poller.modify(ours.fileno(), IN | OUT)
    assert poller.poll(PATIENCE) == [(ours.fileno(), IN | OUT)]
    poller.modify(ours.fileno(), 0)
    assert poller.poll(0) == []
    poller.unregister(ours.fileno())
    with pytest.raises((OSError, KeyError)):
        poller.unregister(ours.fileno())


def test_tells_once(poller: Any, pair: Any) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    poller.register(ours.fileno(), IN | ONESHOT)
    for _ in range(2):
        assert poller.poll(PATIENCE) == [(ours.fileno(), IN)]
        assert poller.poll(0) == []
        poller.modify(ours.fileno(), IN | ONESHOT)


def test_hears_of_changes_while_it_waits(poller: Any, pair: Any) -> None:
    ours, theirs = pair
    theirs.send(b"x")
    timer = threading.Timer(0.05, poller.register, (ours.fileno(), IN))
    timer.start()
    found, before = [], time.monotonic()
    while not found:
        found = [it for it in poller.poll(PATIENCE) if it[0] == ours.fileno()]
    assert time.monotonic() - before < PATIENCE / 2
    timer.join()


def test_is_woken(poller: Any, wakeup: Wakeup) -> None:
    timer = threading.Timer(0.02, wakeup.wake)
    timer.start()
    assert poller.poll(PATIENCE) == [(wakeup.fileno(), IN)]
    wakeup.clear()
    assert poller.poll(0) == []
    timer.join()


def test_closed_ones_refuse(poller: Any, pair: Any) -> None:
    poller.close()
    poller.close()
    assert poller.fileno() == -1
    with pytest.raises(ValueError, match="closed"):
        poller.register(pair[0].fileno(), IN)


def test_waking_a_closed_wakeup_does_nothing() -> None:
    wakeup = Wakeup()
    wakeup.close()
    wakeup.wake()
    wakeup.clear()
    assert wakeup.fileno() == -1


def test_the_best_that_there_is(wakeup: Wakeup, monkeypatch: Any) -> None:
    if hasattr(select, "epoll"):
        best = new_poller(wakeup)
        assert isinstance(best, EpollPoller)
        best.close()
        monkeypatch.delattr(select, "epoll")
    with monkeypatch.context() as patch:
        patch.setattr(selectors, "DefaultSelector", selectors.PollSelector)
        other = new_poller(wakeup)
    assert isinstance(other, SelectorPoller)
    assert other.fileno() == -1
    other.close()


def test_servers_run_without_epoll(start: Callable[..., Any], monkeypatch: Any, short: Any) -> None:
    short(STAY=0.001)
    monkeypatch.setattr(
        "pyroplug_servers.reactor.new_poller", lambda wakeup: SelectorPoller(wakeup, selectors.PollSelector())
    )
    assert module.new_poller is new_poller
    running = start()
    clients = running.connect_many(20)
    for client in clients:
        client.sock.sendall(frame(b"ehello") + frame(b"b3000000"))
    for client in clients:
        assert client.receive() == b"hello"
        assert client.receive() == b"x" * 3_000_000
        assert client.ask(b"estill") == b"still"
