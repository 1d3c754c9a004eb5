"""How daemons end: from anywhere, by anything, at once, and for good."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyroplug.api import Daemon, Proxy, expose, oneway
from pyroplug.errors import CommunicationError, ConnectionClosedError, DaemonError, PyroError

from .running import BOTH_MODELS, Running, Way, settings
from .support import PATIENCE, wait_for, wait_until

EITHER = pytest.mark.parametrize("way", BOTH_MODELS, ids=str)
ROOT = Path(__file__).parents[1]


@expose
class Thing:
    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()

    def name(self) -> str:
        return "thing"

    def wait(self) -> str:
        self.entered.set()
        wait_for(self.gate, "the gate's opening")
        return "through"

    def shut_down(self) -> str:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]
        return "the last answer"

    def close(self) -> str:
        self._pyroDaemon.close()  # type: ignore[attr-defined]
        return "the last answer"

    @oneway
    def shut_down_one_way(self) -> None:
        self._pyroDaemon.shutdown()  # type: ignore[attr-defined]


# From somewhere


@EITHER
def test_from_another_thread(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    proxy = running.proxy()
    assert proxy.name() == "thing"
    running.daemon.shutdown()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    with pytest.raises(ConnectionClosedError):
        proxy.name()
    with pytest.raises(CommunicationError):
        proxy.name()


@EITHER
@pytest.mark.parametrize("method", ["shut_down", "close"])
def test_from_inside_a_call(run_daemon: Callable[..., Running], way: Way, method: str) -> None:
    running = run_daemon(way, thing=Thing())
    proxy = running.proxy()
    assert getattr(proxy, method)() == "the last answer"
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()
    with pytest.raises(CommunicationError):
        proxy.name()


@EITHER
def test_from_inside_a_one_way_call(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    assert running.proxy().shut_down_one_way() is None
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


@EITHER
def test_from_many_threads_at_once(run_daemon: Callable[..., Running], in_thread: Any, way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    running.proxy().name()
    for ending in [in_thread(running.daemon.shutdown) for _ in range(4)]:
        ending.result(PATIENCE)
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


@EITHER
def test_before_the_loop_begins(way: Way, tmp_path: Path) -> None:
    with Daemon(unixsocket=str(tmp_path / "s"), config=settings(SERVERTYPE=way.server)) as daemon:
        daemon.shutdown()
        daemon.requestLoop()


@EITHER
def test_a_call_that_is_running_is_answered(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing)
    proxy = running.proxy()
    proxy._pyroBind()
    proxy_answer = in_thread(lambda: (proxy._pyroClaimOwnership(), proxy.wait())[1])
    wait_for(thing.entered)
    ending = in_thread(running.daemon.shutdown)
    wait_until(lambda: running.daemon.sock.fileno() < 0, "the end of listening")
    thing.gate.set()
    assert proxy_answer.result(PATIENCE) == "through"
    ending.result(PATIENCE)


@EITHER
def test_a_call_that_does_not_end_holds_up_nobody_for_ever(
    run_daemon: Callable[..., Running], in_thread: Any, way: Way
) -> None:
    thing = Thing()
    running = run_daemon(way, thing=thing, SHUTDOWN_TIMEOUT=0.05)
    proxy = running.proxy()
    proxy._pyroBind()
    answer = in_thread(lambda: (proxy._pyroClaimOwnership(), proxy.wait())[1])
    wait_for(thing.entered)
    running.daemon.shutdown()
    if way.server == "threadpool":
        with pytest.raises(ConnectionClosedError):
            answer.result(PATIENCE)
    thing.gate.set()
    running.thread.join(PATIENCE)


def test_connections_that_said_no_hello_end_too(run_daemon: Callable[..., Running]) -> None:
    for way in BOTH_MODELS:
        running = run_daemon(way)
        with socket.socket(running.daemon.sock.family) as stranger:
            stranger.settimeout(PATIENCE)
            stranger.connect(running.daemon.sock.getsockname())
            stranger.send(b"PYR")
            running.stop()
            try:
                while stranger.recv(1000):
                    pass
            except ConnectionResetError:
                pass


# Closing


@EITHER
def test_closing_twice_and_the_with_block(way: Way, tmp_path: Path) -> None:
    own = settings(SERVERTYPE=way.server)
    with Daemon(unixsocket=str(tmp_path / "socket"), config=own) as daemon:
        daemon.close()
        daemon.close()
        daemon.shutdown()
    assert not (tmp_path / "socket").exists()


def test_a_closed_daemon_refuses() -> None:
    daemon = Daemon(config=settings())
    other = Daemon(config=settings())
    daemon.close()
    refusing: list[Callable[[], Any]] = [
        daemon.requestLoop,
        lambda: daemon.events([]),
        lambda: daemon.combine(other),
        lambda: other.combine(daemon),
        lambda: daemon.sockets,
        daemon.__enter__,
    ]
    for attempt in refusing:
        with pytest.raises(PyroError, match="closed"):
            attempt()
    other.close()


@EITHER
def test_a_daemon_that_was_closed_while_it_served(run_daemon: Callable[..., Running], way: Way) -> None:
    running = run_daemon(way, thing=Thing())
    running.proxy().name()
    running.daemon.close()
    running.thread.join(PATIENCE)
    assert not running.thread.is_alive()


# The loop


@EITHER
def test_the_loops_condition(way: Way, tmp_path: Path) -> None:
    asked = []
    own = settings(SERVERTYPE=way.server, POLLTIMEOUT=0.01)
    with Daemon(unixsocket=str(tmp_path / "s"), config=own) as daemon:
        daemon.requestLoop(lambda: asked.append(1) or len(asked) < 4)  # type: ignore[func-returns-value]
        assert len(asked) == 4
        with pytest.raises(ZeroDivisionError):
            daemon.requestLoop(lambda: bool(1 / 0))
        daemon.requestLoop(lambda: False)


@EITHER
def test_the_loop_can_go_on_later(way: Way, in_thread: Any, tmp_path: Path) -> None:
    going = [True]
    own = settings(SERVERTYPE=way.server, POLLTIMEOUT=0.01)
    with Daemon(unixsocket=str(tmp_path / "s"), config=own) as daemon:
        daemon.register(Thing(), "thing")
        for _ in range(2):
            going[0] = True
            loop = in_thread(daemon.requestLoop, lambda: going[0])
            with Proxy(daemon.uriFor("thing")) as proxy:
                assert proxy.name() == "thing"
                going[0] = False
                loop.result(PATIENCE)


def test_two_loops_at_once(run_daemon: Callable[..., Running]) -> None:
    running = run_daemon(thing=Thing())
    running.proxy().name()
    with pytest.raises(DaemonError, match="already"):
        running.daemon.requestLoop()


@EITHER
def test_an_event_loop_of_ones_own(in_thread: Any, way: Way, tmp_path: Path) -> None:
    import select

    with Daemon(unixsocket=str(tmp_path / "s"), config=settings(SERVERTYPE=way.server)) as daemon:
        uri = daemon.register(Thing(), "thing")

        def call() -> Any:
            with Proxy(uri) as proxy:
                return [proxy.name() for _ in range(3)]

        answer = in_thread(call)
        while not answer.done():
            daemon.events(select.select(daemon.sockets, [], [], 0.05)[0])
        assert answer.result() == ["thing"] * 3


def test_combined_daemons(run_daemon: Callable[..., Running]) -> None:
    for way in BOTH_MODELS:
        running = run_daemon(way, thing=Thing())
        with Daemon(config=settings(SERVERTYPE=way.server)) as other:
            uri = other.register(Thing(), "other")
            running.daemon.combine(other)
            with Proxy(uri) as proxy:
                assert proxy.name() == "thing"
